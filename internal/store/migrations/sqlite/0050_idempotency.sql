-- +goose Up
-- Answers of requests that came under an idempotency key, sealed; removed after a day. Key and request are marks
-- that nobody can turn back.
CREATE TABLE idempotency_records (
    org_id       BLOB NOT NULL REFERENCES organizations (id),
    caller_id    BLOB NOT NULL,
    key_mark     BLOB NOT NULL,
    request_mark BLOB NOT NULL,
    status       INTEGER NOT NULL,
    sealed       BLOB,
    created_at   INTEGER NOT NULL,
    until_at     INTEGER NOT NULL,
    PRIMARY KEY (org_id, caller_id, key_mark)
) STRICT;
CREATE INDEX idempotency_records_until ON idempotency_records (until_at);
