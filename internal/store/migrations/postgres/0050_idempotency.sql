-- +goose Up
-- Answers of requests that came under an idempotency key, sealed; removed after a day. Key and request are marks
-- that nobody can turn back.
CREATE TABLE idempotency_records (
    org_id       uuid NOT NULL REFERENCES organizations (id),
    caller_id    uuid NOT NULL,
    key_mark     bytea NOT NULL,
    request_mark bytea NOT NULL,
    status       bigint NOT NULL,
    sealed       bytea,
    created_at   bigint NOT NULL,
    until_at     bigint NOT NULL,
    PRIMARY KEY (org_id, caller_id, key_mark)
);
CREATE INDEX idempotency_records_until ON idempotency_records (until_at);
