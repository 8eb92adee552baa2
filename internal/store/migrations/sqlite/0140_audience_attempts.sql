-- +goose Up
-- Which program's request saved a version: the same request, sent again after a crash, finds what it did.
ALTER TABLE audience_versions ADD COLUMN request_id BLOB;
CREATE INDEX audience_versions_request ON audience_versions (request_id) WHERE request_id IS NOT NULL;
-- When a count was last heard of, by the machine's clock, and how often it was begun: one whose node died begins anew.
ALTER TABLE audience_runs ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audience_runs ADD COLUMN tries INTEGER NOT NULL DEFAULT 1;
CREATE INDEX audience_runs_going ON audience_runs (seen_at) WHERE ended_at IS NULL;
