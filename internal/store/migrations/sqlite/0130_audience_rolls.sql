-- +goose Up
-- Who is on a list is kept by upload: two that overlap do not mix. Members of older versions are under the audience's id.
ALTER TABLE audience_versions ADD COLUMN roll_id BLOB;
UPDATE audience_versions SET roll_id = audience_id WHERE kind = 'list';
CREATE INDEX audience_versions_roll ON audience_versions (roll_id) WHERE roll_id IS NOT NULL;
