-- +goose Up
-- Steps of running journeys that will become messages as things stand: for caps that keep room, and for what is due.
CREATE TABLE texts_ahead (
    enrollment_id UUID NOT NULL,
    step          TEXT NOT NULL,
    org_id        UUID NOT NULL,
    person_id     UUID NOT NULL,
    visit_id      UUID NOT NULL,
    location_id   UUID,
    purpose       TEXT NOT NULL,
    due_at        BIGINT NOT NULL, -- before quiet hours bend it
    flags         BIGINT NOT NULL,
    held          BOOLEAN NOT NULL, -- waits for an import's release
    PRIMARY KEY (enrollment_id, step)
);
CREATE INDEX texts_ahead_person ON texts_ahead (person_id, due_at);
CREATE INDEX texts_ahead_due ON texts_ahead (org_id, due_at, enrollment_id, step);
-- What runs already is looked at once more, which fills the table.
UPDATE enrollments SET next_due = 1 WHERE state = 'active';
