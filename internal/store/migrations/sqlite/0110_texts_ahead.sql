-- +goose Up
-- Steps of running journeys that will become messages as things stand: for caps that keep room, and for what is due.
CREATE TABLE texts_ahead (
    enrollment_id BLOB NOT NULL,
    step          TEXT NOT NULL,
    org_id        BLOB NOT NULL,
    person_id     BLOB NOT NULL,
    visit_id      BLOB NOT NULL,
    location_id   BLOB,
    purpose       TEXT NOT NULL,
    due_at        INTEGER NOT NULL, -- before quiet hours bend it
    flags         INTEGER NOT NULL,
    held          INTEGER NOT NULL, -- waits for an import's release
    PRIMARY KEY (enrollment_id, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX texts_ahead_person ON texts_ahead (person_id, due_at);
CREATE INDEX texts_ahead_due ON texts_ahead (org_id, due_at, enrollment_id, step);
-- What runs already is looked at once more, which fills the table.
UPDATE enrollments SET next_due = 1 WHERE state = 'active';
