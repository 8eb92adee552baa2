-- +goose Up
CREATE TABLE journey_files (
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    journey     TEXT NOT NULL,
    version     INTEGER NOT NULL,
    source      TEXT NOT NULL,
    shipped     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, journey, version)
) STRICT, WITHOUT ROWID;

-- What changed and waits for the planning sweep; rows go when they were worked.
CREATE TABLE journey_touches (
    id            BLOB PRIMARY KEY,
    org_id        BLOB NOT NULL,
    visit_id      BLOB,
    person_id     BLOB,
    patient_knows INTEGER NOT NULL,
    visit_version INTEGER NOT NULL,
    import_id     BLOB,
    at            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE enrollments (
    id          BLOB PRIMARY KEY,
    org_id      BLOB NOT NULL,
    person_id   BLOB NOT NULL,
    visit_id    BLOB NOT NULL,
    journey     TEXT NOT NULL,
    definition  INTEGER NOT NULL,
    state       TEXT NOT NULL,
    next_due    INTEGER,
    held_by     BLOB,
    row_version INTEGER NOT NULL,
    saved_by    BLOB NOT NULL, -- the call that wrote the row last
    body        TEXT NOT NULL, -- times, ids and enums; nothing about the person
    UNIQUE (visit_id, journey)
) STRICT, WITHOUT ROWID;
CREATE INDEX enrollments_due ON enrollments (next_due, id) WHERE next_due IS NOT NULL;
CREATE INDEX enrollments_held ON enrollments (held_by, id) WHERE held_by IS NOT NULL;
CREATE INDEX enrollments_org ON enrollments (org_id, journey, state);

CREATE TABLE tasks (
    id              BLOB PRIMARY KEY,
    org_id          BLOB NOT NULL,
    kind            TEXT NOT NULL,
    person_id       BLOB,
    point_id        BLOB,
    location_id     BLOB,
    visit_id        BLOB,
    message_id      BLOB,
    conversation_id BLOB,
    reason          TEXT NOT NULL,
    urgent          INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    done_at         INTEGER,
    done_by         BLOB,
    outcome         TEXT NOT NULL,
    note            BLOB -- sealed
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_open ON tasks (org_id, kind, id) WHERE done_at IS NULL;
CREATE INDEX tasks_person ON tasks (person_id, id);
CREATE UNIQUE INDEX tasks_message ON tasks (message_id, kind) WHERE done_at IS NULL AND message_id IS NOT NULL;
CREATE UNIQUE INDEX tasks_visit ON tasks (visit_id, kind) WHERE done_at IS NULL AND message_id IS NULL AND visit_id IS NOT NULL;
