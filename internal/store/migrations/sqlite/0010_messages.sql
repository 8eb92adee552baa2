-- +goose Up
CREATE TABLE routes (
    id          BLOB NOT NULL PRIMARY KEY,
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    channel     TEXT NOT NULL,
    state       TEXT NOT NULL,
    config      BLOB,
    rate        INTEGER NOT NULL,
    simulator   INTEGER NOT NULL,
    rank        INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX routes_org ON routes (org_id);

CREATE TABLE senders (
    id          BLOB NOT NULL PRIMARY KEY,
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    route_id    BLOB NOT NULL REFERENCES routes (id),
    address     TEXT NOT NULL,
    ton         INTEGER NOT NULL,
    npi         INTEGER NOT NULL,
    location_id BLOB,
    purposes    TEXT NOT NULL,
    two_way     INTEGER NOT NULL,
    disabled    INTEGER NOT NULL,
    UNIQUE (route_id, address)
) STRICT;
CREATE INDEX senders_org ON senders (org_id);

-- The numbers that a route on trial serves, by blind index and sealed.
CREATE TABLE route_guests (
    route_id    BLOB NOT NULL REFERENCES routes (id),
    number_idx BLOB NOT NULL,
    org_id      BLOB NOT NULL,
    number      BLOB NOT NULL,
    PRIMARY KEY (route_id, number_idx)
) STRICT;

-- Who owns a route's bind, by the machine's clock. The fence only rises.
CREATE TABLE route_leases (
    route_id    BLOB NOT NULL PRIMARY KEY REFERENCES routes (id),
    owner       TEXT NOT NULL,
    fence       INTEGER NOT NULL,
    until       INTEGER NOT NULL
) STRICT;

CREATE TABLE messages (
    id           BLOB NOT NULL PRIMARY KEY,
    org_id       BLOB NOT NULL,
    state        TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    priority     INTEGER NOT NULL,
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
    route_id     BLOB,
    sender_id    BLOB,
    reason       TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    resent       INTEGER NOT NULL,
    due_at       INTEGER,
    expires_at   INTEGER,
    held_until   INTEGER,
    planned_at   INTEGER NOT NULL,
    leased_at    INTEGER, -- machine time; the others are domain time
    sent_at      INTEGER,
    done_at      INTEGER,
    fence        INTEGER NOT NULL,
    provider_id  TEXT,
    error_code   TEXT NOT NULL,
    corrects     BLOB,
    exempt       BLOB,
    decision     TEXT NOT NULL
) STRICT;
-- Small indexes over rows that wait for something; a row leaves them when it moves on.
CREATE INDEX messages_due ON messages (route_id, priority, due_at, id) WHERE state = 'queued';
CREATE INDEX messages_sending ON messages (route_id) WHERE state = 'sending';
CREATE INDEX messages_unknown ON messages (org_id, id) WHERE state = 'unknown' AND done_at IS NULL;
CREATE INDEX messages_unknown_point ON messages (point_id) WHERE state = 'unknown' AND done_at IS NULL;
CREATE INDEX messages_held ON messages (org_id, held_until, id) WHERE state = 'held';
CREATE INDEX messages_person ON messages (person_id, id);
CREATE INDEX messages_provider ON messages (provider_id, route_id) WHERE provider_id IS NOT NULL;

-- What columns of a message cannot tell: hold, refusal, retry, unknown, correction, an odd receipt.
CREATE TABLE message_events (
    id          BLOB NOT NULL PRIMARY KEY,
    org_id      BLOB NOT NULL,
    message_id  BLOB NOT NULL,
    at          INTEGER NOT NULL,
    from_state  TEXT NOT NULL,
    to_state    TEXT NOT NULL,
    reason      TEXT NOT NULL,
    code        TEXT NOT NULL,
    attempt     INTEGER NOT NULL
) STRICT;
CREATE INDEX message_events_message ON message_events (message_id, id);

-- Natural keys: uniqueness never rests on the messages table.
CREATE TABLE message_keys (
    enrollment_id BLOB NOT NULL,
    step        TEXT NOT NULL,
    occurrence  INTEGER NOT NULL,
    org_id      BLOB NOT NULL,
    message_id  BLOB NOT NULL,
    PRIMARY KEY (enrollment_id, step, occurrence)
) STRICT;

-- Texts that went in several submits: each part has its own id at the carrier.
CREATE TABLE message_parts (
    message_id  BLOB NOT NULL,
    part        INTEGER NOT NULL,
    parts       INTEGER NOT NULL,
    org_id      BLOB NOT NULL,
    route_id    BLOB NOT NULL,
    provider_id TEXT,
    state       TEXT NOT NULL,
    PRIMARY KEY (message_id, part)
) STRICT;
CREATE INDEX message_parts_provider ON message_parts (provider_id, route_id) WHERE provider_id IS NOT NULL;

-- Receipts that fit nothing yet; dropped after 72 hours.
CREATE TABLE parked_receipts (
    route_id    BLOB NOT NULL,
    provider_id TEXT NOT NULL,
    state       TEXT NOT NULL,
    org_id      BLOB NOT NULL,
    code        TEXT NOT NULL,
    user_ref    INTEGER NOT NULL,
    submitted_at INTEGER,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (route_id, provider_id, state)
) STRICT;
CREATE INDEX parked_receipts_received ON parked_receipts (received_at);
