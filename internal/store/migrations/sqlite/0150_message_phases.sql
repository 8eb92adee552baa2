-- +goose Up
-- Where a row waits is a column of its own, and the small indexes go by it: the usual answer of a carrier, from sending to
-- accepted, stays in its phase and touches no index. The carrier's ids of texts that are settled within a minute or so are
-- only needed while the process remembers them; the others are filed in a table of their own, many at once.
CREATE TABLE message_states_phased (
    id           BLOB NOT NULL PRIMARY KEY,
    org_id       BLOB NOT NULL,
    state        TEXT NOT NULL,
    phase        TEXT NOT NULL, -- held, queued, out with the carrier, unknown and open, or empty: it waits for nothing
    priority     INTEGER NOT NULL,
    route_id     BLOB,
    sender_id    BLOB,
    reason       TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    resent       INTEGER NOT NULL,
    due_at       INTEGER,
    held_until   INTEGER,
    leased_at    INTEGER, -- machine time, as ask_at; the others are domain time
    sent_at      INTEGER,
    done_at      INTEGER,
    fence        INTEGER NOT NULL,
    provider_id  TEXT,
    error_code   TEXT NOT NULL,
    revised      INTEGER NOT NULL, -- how often what a sender goes by was written anew while it waited
    ask_at       INTEGER,
    asks         INTEGER NOT NULL DEFAULT 0,
    CHECK (phase = CASE state WHEN 'held' THEN 'held' WHEN 'queued' THEN 'queued' WHEN 'sending' THEN 'out' WHEN 'accepted' THEN 'out'
        WHEN 'unknown' THEN CASE WHEN done_at IS NULL THEN 'unknown' ELSE '' END ELSE '' END)
) STRICT, WITHOUT ROWID;
INSERT INTO message_states_phased (id, org_id, state, phase, priority, route_id, sender_id, reason, attempts, resent, due_at, held_until,
    leased_at, sent_at, done_at, fence, provider_id, error_code, revised, ask_at, asks)
SELECT id, org_id, state, CASE state WHEN 'held' THEN 'held' WHEN 'queued' THEN 'queued' WHEN 'sending' THEN 'out' WHEN 'accepted' THEN 'out'
        WHEN 'unknown' THEN CASE WHEN done_at IS NULL THEN 'unknown' ELSE '' END ELSE '' END,
    priority, route_id, sender_id, reason, attempts, resent, due_at, held_until,
    leased_at, sent_at, done_at, fence, provider_id, error_code, revised, ask_at, asks FROM message_states ORDER BY id;

CREATE TABLE provider_ids (
    provider_id  TEXT NOT NULL,
    route_id     BLOB NOT NULL,
    org_id       BLOB NOT NULL,
    message_id   BLOB NOT NULL,
    PRIMARY KEY (provider_id, route_id)
) STRICT, WITHOUT ROWID;
INSERT INTO provider_ids (provider_id, route_id, org_id, message_id)
SELECT provider_id, route_id, org_id, id FROM message_states WHERE provider_id <> '' AND route_id IS NOT NULL AND state <> 'delivered'
ORDER BY id ON CONFLICT (provider_id, route_id) DO UPDATE SET org_id = excluded.org_id, message_id = excluded.message_id;

DROP TABLE message_states;
ALTER TABLE message_states_phased RENAME TO message_states;

-- Small indexes over rows that wait for something; a row leaves them when it moves on.
CREATE INDEX messages_due ON message_states (route_id, priority, due_at, id) WHERE phase = 'queued';
CREATE INDEX messages_out ON message_states (route_id, ask_at, leased_at) WHERE phase = 'out';
CREATE INDEX messages_unknown ON message_states (org_id, id) WHERE phase = 'unknown';
CREATE INDEX messages_held ON message_states (org_id, held_until, id) WHERE phase = 'held';
