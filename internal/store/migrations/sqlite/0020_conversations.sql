-- +goose Up
-- What carriers delivered, one row per part, written before it is acknowledged.
CREATE TABLE inbound_parts (
    id          BLOB NOT NULL PRIMARY KEY,
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    route_id    BLOB NOT NULL,
    event_idx   BLOB NOT NULL,
    text_idx    BLOB NOT NULL,
    question_id BLOB,
    ref         INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    total       INTEGER NOT NULL,
    sealed      BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    inbound_id  BLOB
) STRICT;
CREATE INDEX inbound_parts_event ON inbound_parts (org_id, event_idx, received_at);
CREATE INDEX inbound_parts_loose ON inbound_parts (received_at) WHERE inbound_id IS NULL;
CREATE INDEX inbound_parts_text ON inbound_parts (org_id, text_idx) WHERE inbound_id IS NULL;

CREATE TABLE inbound_texts (
    id              BLOB NOT NULL PRIMARY KEY,
    org_id          BLOB NOT NULL REFERENCES organizations (id),
    route_id        BLOB NOT NULL,
    sender_id       BLOB,
    point_id        BLOB,
    conversation_id BLOB,
    sealed          BLOB NOT NULL,
    parts           INTEGER NOT NULL,
    missing         INTEGER NOT NULL,
    received_at     INTEGER NOT NULL,
    intent          TEXT NOT NULL,
    opt_out         TEXT NOT NULL,
    question_id     BLOB,
    outcome         TEXT NOT NULL
) STRICT;
CREATE INDEX inbound_texts_point ON inbound_texts (org_id, point_id, id);

CREATE TABLE conversations (
    id          BLOB NOT NULL PRIMARY KEY,
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    point_id    BLOB NOT NULL,
    location_id BLOB,
    state       TEXT NOT NULL,
    claimed_by  BLOB,
    version     INTEGER NOT NULL,
    urgent      INTEGER NOT NULL,
    last_in     INTEGER,
    last_out    INTEGER,
    waits_from  INTEGER,
    UNIQUE (org_id, point_id)
) STRICT;
CREATE INDEX conversations_open ON conversations (org_id, waits_from) WHERE state = 'open';

CREATE TABLE questions (
    id             BLOB NOT NULL PRIMARY KEY,
    org_id         BLOB NOT NULL REFERENCES organizations (id),
    point_id       BLOB NOT NULL,
    person_id      BLOB NOT NULL,
    message_id     BLOB NOT NULL,
    appointment_id BLOB,
    visit_version  INTEGER NOT NULL,
    enrollment_id  BLOB,
    purpose        TEXT NOT NULL,
    codes          TEXT NOT NULL,
    asked_at       INTEGER NOT NULL,
    closes_at      INTEGER,
    closed_at      INTEGER,
    answer         TEXT NOT NULL
) STRICT;
CREATE INDEX questions_point ON questions (point_id, org_id, closed_at);
CREATE INDEX questions_visit ON questions (appointment_id, org_id) WHERE closed_at IS NULL;
CREATE INDEX questions_close ON questions (closes_at) WHERE closed_at IS NULL;

-- Digits in use on a number: two open questions never share one.
CREATE TABLE question_codes (
    point_id    BLOB NOT NULL,
    code        TEXT NOT NULL,
    question_id BLOB NOT NULL,
    org_id      BLOB NOT NULL,
    PRIMARY KEY (point_id, code)
) STRICT;
CREATE INDEX question_codes_question ON question_codes (question_id);

-- Answers to a number, automatic and by staff, are found by the number: they are few among the messages.
CREATE INDEX messages_answers ON messages (org_id, point_id, planned_at) WHERE origin = 'reply' OR origin = 'staff';
