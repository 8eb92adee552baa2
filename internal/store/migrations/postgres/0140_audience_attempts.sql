-- +goose Up
-- Which program's request saved a version: the same request, sent again after a crash, finds what it did.
ALTER TABLE audience_versions ADD COLUMN request_id UUID;
CREATE INDEX audience_versions_request ON audience_versions (request_id) WHERE request_id IS NOT NULL;
