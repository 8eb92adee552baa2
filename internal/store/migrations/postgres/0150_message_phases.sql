-- +goose Up
-- Where a row waits is a column of its own, and the small indexes go by it: the usual answer of a carrier, from sending to
-- accepted, stays in its phase and touches no index. The carrier's ids of texts that are settled within a minute or so are
-- only needed while the process remembers them; the others are filed in a table of their own, many at once.
ALTER TABLE message_states ADD COLUMN phase TEXT; -- held, queued, out with the carrier, unknown and open, or empty: it waits for nothing
DROP INDEX messages_due, messages_sending, messages_accepted, messages_unknown, messages_held, messages_provider;
UPDATE message_states SET phase = CASE state WHEN 'held' THEN 'held' WHEN 'queued' THEN 'queued' WHEN 'sending' THEN 'out' WHEN 'accepted' THEN 'out'
    WHEN 'unknown' THEN CASE WHEN done_at IS NULL THEN 'unknown' ELSE '' END ELSE '' END;
ALTER TABLE message_states ALTER COLUMN phase SET NOT NULL, ADD CONSTRAINT message_states_phase
    CHECK (phase = CASE state WHEN 'held' THEN 'held' WHEN 'queued' THEN 'queued' WHEN 'sending' THEN 'out' WHEN 'accepted' THEN 'out'
        WHEN 'unknown' THEN CASE WHEN done_at IS NULL THEN 'unknown' ELSE '' END ELSE '' END);

CREATE TABLE provider_ids (
    provider_id  TEXT NOT NULL,
    route_id     UUID NOT NULL,
    org_id       UUID NOT NULL,
    message_id   UUID NOT NULL,
    PRIMARY KEY (provider_id, route_id)
);
INSERT INTO provider_ids (provider_id, route_id, org_id, message_id)
SELECT DISTINCT ON (provider_id, route_id) provider_id, route_id, org_id, id FROM message_states
WHERE provider_id <> '' AND route_id IS NOT NULL AND state <> 'delivered' ORDER BY provider_id, route_id, id DESC;

-- Small indexes over rows that wait for something; a row leaves them when it moves on.
CREATE INDEX messages_due ON message_states (route_id, priority, due_at, id) WHERE phase = 'queued';
CREATE INDEX messages_out ON message_states (route_id, ask_at, leased_at) WHERE phase = 'out';
CREATE INDEX messages_unknown ON message_states (org_id, id) WHERE phase = 'unknown';
CREATE INDEX messages_held ON message_states (org_id, held_until, id) WHERE phase = 'held';
-- Room on a page for the next version of a row, which then needs no new entry in any index.
ALTER TABLE message_states SET (fillfactor = 50);
