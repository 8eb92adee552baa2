-- +goose Up
-- Texts that a carrier has accepted and that no receipt has settled: when to ask it again (machine time), and how often it
-- was asked.
ALTER TABLE message_states ADD COLUMN ask_at bigint;
ALTER TABLE message_states ADD COLUMN asks bigint NOT NULL DEFAULT 0;
CREATE INDEX messages_accepted ON message_states (route_id, ask_at, leased_at) WHERE state = 'accepted';

-- The reference that joins the parts of a text: missing parts go again under it.
ALTER TABLE message_parts ADD COLUMN ref bigint NOT NULL DEFAULT 0;

-- How a route's receipts usually come and whether they come now; times are the machine's.
CREATE TABLE receipt_watches (
    route_id    uuid NOT NULL PRIMARY KEY REFERENCES routes (id),
    org_id      uuid NOT NULL,
    usual       bigint NOT NULL, -- of a thousand texts, how many have their receipt in time
    seen        bigint NOT NULL, -- texts that this rests on
    from_at     bigint NOT NULL, -- the texts that were looked at last, by when they were handed over
    until_at    bigint NOT NULL,
    texts       bigint NOT NULL,
    missing     bigint NOT NULL,
    late_since  bigint,
    looked_at   bigint NOT NULL
);
