-- +goose Up
-- What a message says is written once; where it is moves three times and more. Apart from each other, a move writes a
-- short row instead of the whole text with its decision.
CREATE TABLE message_states (
    id           UUID PRIMARY KEY,
    org_id       UUID NOT NULL,
    state        TEXT NOT NULL,
    priority     BIGINT NOT NULL,
    route_id     UUID,
    sender_id    UUID,
    reason       TEXT NOT NULL,
    attempts     BIGINT NOT NULL,
    resent       BOOLEAN NOT NULL,
    due_at       BIGINT,
    held_until   BIGINT,
    leased_at    BIGINT, -- machine time; the others are domain time
    sent_at      BIGINT,
    done_at      BIGINT,
    fence        BIGINT NOT NULL,
    provider_id  TEXT,
    error_code   TEXT NOT NULL,
    revised      BIGINT NOT NULL -- how often what a sender goes by was written anew while it waited
);
INSERT INTO message_states (id, org_id, state, priority, route_id, sender_id, reason, attempts, resent, due_at, held_until,
    leased_at, sent_at, done_at, fence, provider_id, error_code, revised)
SELECT id, org_id, state, priority, route_id, sender_id, reason, attempts, resent, due_at, held_until,
    leased_at, sent_at, done_at, fence, provider_id, error_code, 1 FROM messages ORDER BY id;

DROP INDEX messages_due, messages_sending, messages_unknown, messages_unknown_point, messages_held, messages_provider;
ALTER TABLE messages DROP COLUMN state, DROP COLUMN priority, DROP COLUMN route_id, DROP COLUMN sender_id, DROP COLUMN reason,
    DROP COLUMN attempts, DROP COLUMN resent, DROP COLUMN due_at, DROP COLUMN held_until, DROP COLUMN leased_at, DROP COLUMN sent_at,
    DROP COLUMN done_at, DROP COLUMN fence, DROP COLUMN provider_id, DROP COLUMN error_code;

-- Small indexes over rows that wait for something; a row leaves them when it moves on.
CREATE INDEX messages_due ON message_states (route_id, priority, due_at, id) WHERE state = 'queued';
CREATE INDEX messages_sending ON message_states (route_id) WHERE state = 'sending';
CREATE INDEX messages_unknown ON message_states (org_id, id) WHERE state = 'unknown' AND done_at IS NULL;
CREATE INDEX messages_held ON message_states (org_id, held_until, id) WHERE state = 'held';
CREATE INDEX messages_provider ON message_states (provider_id, route_id) WHERE provider_id IS NOT NULL;

-- Nobody asks for these by value: gathering statistics of them costs a campaign a quarter of the server's time.
ALTER TABLE messages ALTER COLUMN sealed SET STATISTICS 0, ALTER COLUMN decision SET STATISTICS 0, ALTER COLUMN id SET STATISTICS 10,
    ALTER COLUMN enrollment_id SET STATISTICS 0, ALTER COLUMN by_id SET STATISTICS 0, ALTER COLUMN corrects SET STATISTICS 0,
    ALTER COLUMN exempt SET STATISTICS 0, ALTER COLUMN visit_id SET STATISTICS 10;
ALTER TABLE persons ALTER COLUMN sealed SET STATISTICS 0;
ALTER TABLE contact_points ALTER COLUMN sealed SET STATISTICS 0;
ALTER TABLE data_keys ALTER COLUMN wrapped SET STATISTICS 0;
