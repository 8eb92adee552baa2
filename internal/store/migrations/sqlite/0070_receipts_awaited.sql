-- +goose Up
-- Texts that a carrier has accepted and that no receipt has settled: when to ask it again (machine time), and how often it
-- was asked.
ALTER TABLE message_states ADD COLUMN ask_at INTEGER;
ALTER TABLE message_states ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;
CREATE INDEX messages_accepted ON message_states (route_id, ask_at, leased_at) WHERE state = 'accepted';

-- The reference that joins the parts of a text: missing parts go again under it.
ALTER TABLE message_parts ADD COLUMN ref INTEGER NOT NULL DEFAULT 0;

-- How a route's receipts usually come and whether they come now; times are the machine's.
CREATE TABLE receipt_watches (
    route_id    BLOB NOT NULL PRIMARY KEY REFERENCES routes (id),
    org_id      BLOB NOT NULL,
    usual       INTEGER NOT NULL, -- of a thousand texts, how many have their receipt in time
    seen        INTEGER NOT NULL, -- texts that this rests on
    from_at     INTEGER NOT NULL, -- the texts that were looked at last, by when they were handed over
    until_at    INTEGER NOT NULL,
    texts       INTEGER NOT NULL,
    missing     INTEGER NOT NULL,
    late_since  INTEGER,
    looked_at   INTEGER NOT NULL
) STRICT;
