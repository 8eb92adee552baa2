-- +goose Up
-- How many texts of all purposes one person gets in a day and in a week: 0 is the product's default, -1 no limit.
ALTER TABLE organizations ADD COLUMN budget_day BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN budget_week BIGINT NOT NULL DEFAULT 0;
-- A survey keeps room for the reminders that a person's journeys will send soon.
CREATE INDEX enrollments_person ON enrollments (person_id, next_due) WHERE next_due IS NOT NULL;

-- What is wrong with the machinery, since when and why: ids and enums only. One is open for each subject of a kind.
CREATE TABLE incidents (
    id          UUID PRIMARY KEY,
    org_id      UUID NOT NULL REFERENCES organizations (id),
    kind        TEXT NOT NULL,
    subject_id  UUID NOT NULL,
    cause       TEXT NOT NULL,
    details     TEXT NOT NULL,
    since       BIGINT NOT NULL, -- machine time
    until       BIGINT
);
CREATE UNIQUE INDEX incidents_open ON incidents (org_id, kind, subject_id) WHERE until IS NULL;
CREATE INDEX incidents_org ON incidents (org_id, id);

-- The test text of a route: which phone, how often, and when next, by the machine's clock.
CREATE TABLE canaries (
    route_id    UUID PRIMARY KEY REFERENCES routes (id),
    org_id      UUID NOT NULL REFERENCES organizations (id),
    point_id    UUID NOT NULL,
    every       BIGINT NOT NULL,
    answers     BOOLEAN NOT NULL, -- whether the phone sends the code back
    next_at     BIGINT,          -- NULL is off
    updated_at  BIGINT NOT NULL
);
CREATE INDEX canaries_next ON canaries (next_at) WHERE next_at IS NOT NULL;

-- One test text on its way; all times are the machine's.
CREATE TABLE canary_runs (
    id          UUID PRIMARY KEY,
    org_id      UUID NOT NULL,
    route_id    UUID NOT NULL REFERENCES routes (id),
    point_id    UUID NOT NULL,
    message_id  UUID NOT NULL,
    code        TEXT NOT NULL,
    answers     BOOLEAN NOT NULL,
    planned_at  BIGINT NOT NULL,
    handed_at   BIGINT,
    accepted_at BIGINT,
    receipt_at  BIGINT,
    reply_at    BIGINT,
    ended_at    BIGINT,
    cause       TEXT NOT NULL
);
CREATE INDEX canary_runs_route ON canary_runs (route_id, id);
CREATE INDEX canary_runs_point ON canary_runs (point_id, id);
