-- +goose Up
CREATE TABLE journey_files (
    org_id      UUID NOT NULL REFERENCES organizations (id),
    journey     TEXT NOT NULL,
    version     BIGINT NOT NULL,
    source      TEXT NOT NULL,
    shipped     BOOLEAN NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (org_id, journey, version)
);

-- What changed and waits for the planning sweep; rows go when they were worked.
CREATE TABLE journey_touches (
    id            UUID PRIMARY KEY,
    org_id        UUID NOT NULL,
    visit_id      UUID,
    person_id     UUID,
    patient_knows BOOLEAN NOT NULL,
    visit_version BIGINT NOT NULL,
    import_id     UUID,
    at            BIGINT NOT NULL
);

CREATE TABLE enrollments (
    id          UUID PRIMARY KEY,
    org_id      UUID NOT NULL,
    person_id   UUID NOT NULL,
    visit_id    UUID NOT NULL,
    journey     TEXT NOT NULL,
    definition  BIGINT NOT NULL,
    state       TEXT NOT NULL,
    next_due    BIGINT,
    held_by     UUID,
    row_version BIGINT NOT NULL,
    saved_by    UUID NOT NULL, -- the call that wrote the row last
    body        TEXT NOT NULL, -- times, ids and enums; nothing about the person
    UNIQUE (visit_id, journey)
);
CREATE INDEX enrollments_due ON enrollments (next_due, id) WHERE next_due IS NOT NULL;
CREATE INDEX enrollments_held ON enrollments (held_by, id) WHERE held_by IS NOT NULL;
CREATE INDEX enrollments_org ON enrollments (org_id, journey, state);

CREATE TABLE tasks (
    id              UUID PRIMARY KEY,
    org_id          UUID NOT NULL,
    kind            TEXT NOT NULL,
    person_id       UUID,
    point_id        UUID,
    location_id     UUID,
    visit_id        UUID,
    message_id      UUID,
    conversation_id UUID,
    reason          TEXT NOT NULL,
    urgent          BOOLEAN NOT NULL,
    created_at      BIGINT NOT NULL,
    due_at          BIGINT NOT NULL,
    done_at         BIGINT,
    done_by         UUID,
    outcome         TEXT NOT NULL,
    note            BYTEA -- sealed
);
CREATE INDEX tasks_open ON tasks (org_id, kind, id) WHERE done_at IS NULL;
CREATE INDEX tasks_person ON tasks (person_id, id);
CREATE UNIQUE INDEX tasks_message ON tasks (message_id, kind) WHERE done_at IS NULL AND message_id IS NOT NULL;
CREATE UNIQUE INDEX tasks_visit ON tasks (visit_id, kind) WHERE done_at IS NULL AND message_id IS NULL AND visit_id IS NOT NULL;
