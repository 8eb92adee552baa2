-- +goose Up
-- What carriers delivered, one row per part, written before it is acknowledged.
CREATE TABLE inbound_parts (
    id          uuid NOT NULL PRIMARY KEY,
    org_id      uuid NOT NULL REFERENCES organizations (id),
    route_id    uuid NOT NULL,
    event_idx   bytea NOT NULL,
    text_idx    bytea NOT NULL,
    question_id uuid,
    ref         bigint NOT NULL,
    number      bigint NOT NULL,
    total       bigint NOT NULL,
    sealed      bytea NOT NULL,
    received_at bigint NOT NULL,
    at          bigint NOT NULL,
    inbound_id  uuid
);
CREATE INDEX inbound_parts_event ON inbound_parts (org_id, event_idx, received_at);
CREATE INDEX inbound_parts_loose ON inbound_parts (received_at) WHERE inbound_id IS NULL;
CREATE INDEX inbound_parts_text ON inbound_parts (org_id, text_idx) WHERE inbound_id IS NULL;

CREATE TABLE inbound_texts (
    id              uuid NOT NULL PRIMARY KEY,
    org_id          uuid NOT NULL REFERENCES organizations (id),
    route_id        uuid NOT NULL,
    sender_id       uuid,
    point_id        uuid,
    conversation_id uuid,
    sealed          bytea NOT NULL,
    parts           bigint NOT NULL,
    missing         bigint NOT NULL,
    received_at     bigint NOT NULL,
    intent          text NOT NULL,
    opt_out         text NOT NULL,
    question_id     uuid,
    outcome         text NOT NULL
);
CREATE INDEX inbound_texts_point ON inbound_texts (org_id, point_id, id);

CREATE TABLE conversations (
    id          uuid NOT NULL PRIMARY KEY,
    org_id      uuid NOT NULL REFERENCES organizations (id),
    point_id    uuid NOT NULL,
    location_id uuid,
    state       text NOT NULL,
    claimed_by  uuid,
    version     bigint NOT NULL,
    urgent      boolean NOT NULL,
    last_in     bigint,
    last_out    bigint,
    waits_from  bigint,
    UNIQUE (org_id, point_id)
);
CREATE INDEX conversations_open ON conversations (org_id, waits_from) WHERE state = 'open';

CREATE TABLE questions (
    id             uuid NOT NULL PRIMARY KEY,
    org_id         uuid NOT NULL REFERENCES organizations (id),
    point_id       uuid NOT NULL,
    person_id      uuid NOT NULL,
    message_id     uuid NOT NULL,
    appointment_id uuid,
    visit_version  bigint NOT NULL,
    enrollment_id  uuid,
    purpose        text NOT NULL,
    codes          text NOT NULL,
    asked_at       bigint NOT NULL,
    closes_at      bigint,
    closed_at      bigint,
    answer         text NOT NULL
);
CREATE INDEX questions_point ON questions (point_id, org_id, closed_at);
CREATE INDEX questions_visit ON questions (appointment_id, org_id) WHERE closed_at IS NULL;
CREATE INDEX questions_close ON questions (closes_at) WHERE closed_at IS NULL;

-- Digits in use on a number: two open questions never share one.
CREATE TABLE question_codes (
    point_id    uuid NOT NULL,
    code        text NOT NULL,
    question_id uuid NOT NULL,
    org_id      uuid NOT NULL,
    PRIMARY KEY (point_id, code)
);
CREATE INDEX question_codes_question ON question_codes (question_id);

-- Answers to a number, automatic and by staff, are found by the number: they are few among the messages.
CREATE INDEX messages_answers ON messages (org_id, point_id, planned_at) WHERE origin = 'reply' OR origin = 'staff';
