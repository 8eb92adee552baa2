-- +goose Up
CREATE TABLE routes (
    id          UUID PRIMARY KEY,
    org_id      UUID NOT NULL REFERENCES organizations (id),
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    channel     TEXT NOT NULL,
    state       TEXT NOT NULL,
    config      BYTEA,
    rate        BIGINT NOT NULL,
    simulator   BOOLEAN NOT NULL,
    rank        BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE INDEX routes_org ON routes (org_id);

CREATE TABLE senders (
    id          UUID PRIMARY KEY,
    org_id      UUID NOT NULL REFERENCES organizations (id),
    route_id    UUID NOT NULL REFERENCES routes (id),
    address     TEXT NOT NULL,
    ton         BIGINT NOT NULL,
    npi         BIGINT NOT NULL,
    location_id UUID,
    purposes    TEXT NOT NULL,
    two_way     BOOLEAN NOT NULL,
    disabled    BOOLEAN NOT NULL,
    UNIQUE (route_id, address)
);
CREATE INDEX senders_org ON senders (org_id);

-- The numbers that a route on trial serves, by blind index and sealed.
CREATE TABLE route_guests (
    route_id    UUID NOT NULL REFERENCES routes (id),
    number_idx BYTEA NOT NULL,
    org_id      UUID NOT NULL,
    number      BYTEA NOT NULL,
    PRIMARY KEY (route_id, number_idx)
);

-- Who owns a route's bind, by the machine's clock. The fence only rises.
CREATE TABLE route_leases (
    route_id    UUID PRIMARY KEY REFERENCES routes (id),
    owner       TEXT NOT NULL,
    fence       BIGINT NOT NULL,
    until       BIGINT NOT NULL
);

CREATE TABLE messages (
    id           UUID PRIMARY KEY,
    org_id       UUID NOT NULL,
    state        TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    priority     BIGINT NOT NULL,
    origin       TEXT NOT NULL,
    enrollment_id UUID,
    step         TEXT NOT NULL,
    occurrence   BIGINT NOT NULL,
    by_id        UUID,
    person_id    UUID,
    point_id     UUID,
    channel      TEXT NOT NULL,
    location_id  UUID,
    visit_id     UUID,
    visit_version BIGINT NOT NULL,
    template     TEXT NOT NULL,
    template_version BIGINT NOT NULL,
    locale       TEXT NOT NULL,
    sealed       BYTEA NOT NULL, -- number, text and variables
    flags        BIGINT NOT NULL,
    segments     BIGINT NOT NULL,
    coding       TEXT NOT NULL,
    route_id     UUID,
    sender_id    UUID,
    reason       TEXT NOT NULL,
    attempts     BIGINT NOT NULL,
    resent       BOOLEAN NOT NULL,
    due_at       BIGINT,
    expires_at   BIGINT,
    held_until   BIGINT,
    planned_at   BIGINT NOT NULL,
    leased_at    BIGINT, -- machine time; the others are domain time
    sent_at      BIGINT,
    done_at      BIGINT,
    fence        BIGINT NOT NULL,
    provider_id  TEXT,
    error_code   TEXT NOT NULL,
    corrects     UUID,
    exempt       UUID,
    decision     TEXT NOT NULL
);
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
    id          UUID PRIMARY KEY,
    org_id      UUID NOT NULL,
    message_id  UUID NOT NULL,
    at          BIGINT NOT NULL,
    from_state  TEXT NOT NULL,
    to_state    TEXT NOT NULL,
    reason      TEXT NOT NULL,
    code        TEXT NOT NULL,
    attempt     BIGINT NOT NULL
);
CREATE INDEX message_events_message ON message_events (message_id, id);

-- Natural keys: uniqueness never rests on the messages table.
CREATE TABLE message_keys (
    enrollment_id UUID NOT NULL,
    step        TEXT NOT NULL,
    occurrence  BIGINT NOT NULL,
    org_id      UUID NOT NULL,
    message_id  UUID NOT NULL,
    PRIMARY KEY (enrollment_id, step, occurrence)
);

-- Texts that went in several submits: each part has its own id at the carrier.
CREATE TABLE message_parts (
    message_id  UUID NOT NULL,
    part        BIGINT NOT NULL,
    parts       BIGINT NOT NULL,
    org_id      UUID NOT NULL,
    route_id    UUID NOT NULL,
    provider_id TEXT,
    state       TEXT NOT NULL,
    PRIMARY KEY (message_id, part)
);
CREATE INDEX message_parts_provider ON message_parts (provider_id, route_id) WHERE provider_id IS NOT NULL;

-- Receipts that fit nothing yet; dropped after 72 hours.
CREATE TABLE parked_receipts (
    route_id    UUID NOT NULL,
    provider_id TEXT NOT NULL,
    state       TEXT NOT NULL,
    org_id      UUID NOT NULL,
    code        TEXT NOT NULL,
    user_ref    BIGINT NOT NULL,
    submitted_at BIGINT,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (route_id, provider_id, state)
);
CREATE INDEX parked_receipts_received ON parked_receipts (received_at);
