-- +goose Up
-- A call that an audience asks for: one open for each person and audience.
ALTER TABLE tasks ADD COLUMN audience_id BLOB;
CREATE UNIQUE INDEX tasks_audience ON tasks (audience_id, person_id, kind) WHERE done_at IS NULL AND audience_id IS NOT NULL;
