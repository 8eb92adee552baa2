-- +goose Up
-- What a message says is written once; where it is moves three times and more. Apart from each other, a move writes a
-- short row instead of the whole text with its decision.
CREATE TABLE message_states (
    id           BLOB NOT NULL PRIMARY KEY,
    org_id       BLOB NOT NULL,
    state        TEXT NOT NULL,
    priority     INTEGER NOT NULL,
    route_id     BLOB,
    sender_id    BLOB,
    reason       TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    resent       INTEGER NOT NULL,
    due_at       INTEGER,
    held_until   INTEGER,
    leased_at    INTEGER, -- machine time; the others are domain time
    sent_at      INTEGER,
    done_at      INTEGER,
    fence        INTEGER NOT NULL,
    provider_id  TEXT,
    error_code   TEXT NOT NULL,
    revised      INTEGER NOT NULL -- how often what a sender goes by was written anew while it waited
) STRICT, WITHOUT ROWID;
INSERT INTO message_states (id, org_id, state, priority, route_id, sender_id, reason, attempts, resent, due_at, held_until,
    leased_at, sent_at, done_at, fence, provider_id, error_code, revised)
SELECT id, org_id, state, priority, route_id, sender_id, reason, attempts, resent, due_at, held_until,
    leased_at, sent_at, done_at, fence, provider_id, error_code, 1 FROM messages ORDER BY id;

CREATE TABLE messages_said (
    id           BLOB NOT NULL PRIMARY KEY,
    org_id       BLOB NOT NULL,
    purpose      TEXT NOT NULL,
    origin       TEXT NOT NULL,
    enrollment_id BLOB,
    step         TEXT NOT NULL,
    occurrence   INTEGER NOT NULL,
    by_id        BLOB,
    person_id    BLOB,
    point_id     BLOB,
    channel      TEXT NOT NULL,
    location_id  BLOB,
    visit_id     BLOB,
    visit_version INTEGER NOT NULL,
    template     TEXT NOT NULL,
    template_version INTEGER NOT NULL,
    locale       TEXT NOT NULL,
    sealed       BLOB NOT NULL, -- number, text and variables
    flags        INTEGER NOT NULL,
    segments     INTEGER NOT NULL,
    coding       TEXT NOT NULL,
    expires_at   INTEGER,
    planned_at   INTEGER NOT NULL,
    corrects     BLOB,
    exempt       BLOB,
    decision     TEXT NOT NULL
) STRICT;
INSERT INTO messages_said (id, org_id, purpose, origin, enrollment_id, step, occurrence, by_id, person_id, point_id, channel,
    location_id, visit_id, visit_version, template, template_version, locale, sealed, flags, segments, coding, expires_at, planned_at,
    corrects, exempt, decision)
SELECT id, org_id, purpose, origin, enrollment_id, step, occurrence, by_id, person_id, point_id, channel,
    location_id, visit_id, visit_version, template, template_version, locale, sealed, flags, segments, coding, expires_at, planned_at,
    corrects, exempt, decision FROM messages ORDER BY id;
DROP TABLE messages;
ALTER TABLE messages_said RENAME TO messages;

CREATE INDEX messages_person ON messages (person_id, id);
CREATE INDEX messages_answers ON messages (org_id, point_id, planned_at) WHERE origin = 'reply' OR origin = 'staff';

-- Small indexes over rows that wait for something; a row leaves them when it moves on.
CREATE INDEX messages_due ON message_states (route_id, priority, due_at, id) WHERE state = 'queued';
CREATE INDEX messages_sending ON message_states (route_id) WHERE state = 'sending';
CREATE INDEX messages_unknown ON message_states (org_id, id) WHERE state = 'unknown' AND done_at IS NULL;
CREATE INDEX messages_held ON message_states (org_id, held_until, id) WHERE state = 'held';
CREATE INDEX messages_provider ON message_states (provider_id, route_id) WHERE provider_id IS NOT NULL;

-- The natural keys in one tree instead of two.
CREATE TABLE message_keys_once (
    enrollment_id BLOB NOT NULL,
    step        TEXT NOT NULL,
    occurrence  INTEGER NOT NULL,
    org_id      BLOB NOT NULL,
    message_id  BLOB NOT NULL,
    PRIMARY KEY (enrollment_id, step, occurrence)
) STRICT, WITHOUT ROWID;
INSERT INTO message_keys_once (enrollment_id, step, occurrence, org_id, message_id)
SELECT enrollment_id, step, occurrence, org_id, message_id FROM message_keys ORDER BY enrollment_id, step, occurrence;
DROP TABLE message_keys;
ALTER TABLE message_keys_once RENAME TO message_keys;
