-- +goose Up
CREATE TABLE instance (
    id          bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    instance_id uuid    NOT NULL,
    key_check   text    NOT NULL,
    home        text    NOT NULL,
    stopped_at  bigint,
    created_at  bigint NOT NULL
);

CREATE TABLE organizations (
    id             uuid NOT NULL PRIMARY KEY,
    name           text    NOT NULL,
    region         text    NOT NULL,
    locale         text    NOT NULL,
    calendar_owner text    NOT NULL,
    demo           boolean NOT NULL,
    stopped_at     bigint,
    hold           text    NOT NULL,
    revision       bigint NOT NULL,
    created_at     bigint NOT NULL
);

CREATE TABLE org_keys (
    org_id     uuid NOT NULL PRIMARY KEY REFERENCES organizations (id),
    data_key   bytea    NOT NULL,
    index_key  bytea    NOT NULL,
    created_at bigint NOT NULL
);

-- Left out of backups that are kept long: without its row here a person's data cannot be read.
CREATE TABLE data_keys (
    org_id     uuid    NOT NULL,
    person_id  uuid    NOT NULL,
    wrapped    bytea    NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (person_id)
);

CREATE TABLE locations (
    id          uuid NOT NULL PRIMARY KEY,
    org_id      uuid    NOT NULL REFERENCES organizations (id),
    name        text    NOT NULL,
    address     text    NOT NULL,
    zone        text    NOT NULL,
    region      text    NOT NULL,
    subregion   text    NOT NULL,
    languages   text    NOT NULL,
    phone       text    NOT NULL,
    hours       text    NOT NULL,
    travel      bigint NOT NULL,
    external_id text    NOT NULL,
    revision    bigint NOT NULL
);
CREATE INDEX locations_org ON locations (org_id);

CREATE TABLE practitioners (
    id          uuid NOT NULL PRIMARY KEY,
    org_id      uuid NOT NULL REFERENCES organizations (id),
    name        text NOT NULL,
    external_id text NOT NULL
);
CREATE INDEX practitioners_org ON practitioners (org_id);

CREATE TABLE users (
    id            uuid NOT NULL PRIMARY KEY,
    org_id        uuid    NOT NULL REFERENCES organizations (id),
    login         text    NOT NULL,
    login_folded  text    NOT NULL UNIQUE,
    name          text    NOT NULL,
    role          text    NOT NULL,
    locale        text    NOT NULL,
    theme         text    NOT NULL,
    password_hash text    NOT NULL,
    disabled      boolean NOT NULL,
    created_at    bigint NOT NULL
);
CREATE INDEX users_org ON users (org_id);

CREATE TABLE sessions (
    token_hash bytea NOT NULL PRIMARY KEY,
    org_id     uuid,
    user_id    uuid,
    data       bytea    NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    id         uuid NOT NULL PRIMARY KEY,
    org_id     uuid    NOT NULL REFERENCES organizations (id),
    name       text    NOT NULL,
    prefix     text    NOT NULL,
    hash       bytea    NOT NULL UNIQUE,
    role       text    NOT NULL,
    created_at bigint NOT NULL,
    revoked_at bigint
);
CREATE INDEX api_keys_org ON api_keys (org_id);

CREATE TABLE audit_events (
    id         uuid NOT NULL PRIMARY KEY,
    org_id     uuid,
    at         bigint NOT NULL,
    inserted   bigint NOT NULL,
    actor      text    NOT NULL,
    by_id      uuid,
    by_name    text    NOT NULL,
    action     text    NOT NULL,
    kind       text    NOT NULL,
    object_id  uuid,
    detail     text    NOT NULL,
    canonical  bytea    NOT NULL,
    seq        bigint UNIQUE
);
CREATE INDEX audit_events_org ON audit_events (org_id, id);
CREATE INDEX audit_events_object ON audit_events (object_id, id);
CREATE INDEX audit_events_waiting ON audit_events (id) WHERE seq IS NULL;

-- Hashes of the RFC 6962 tree, numbered as golang.org/x/mod/sumdb/tlog stores them.
CREATE TABLE audit_hashes (
    position bigint NOT NULL PRIMARY KEY,
    hash     bytea    NOT NULL
);

-- A row per name that transactions take turns on.
CREATE TABLE locks (
    name  text   NOT NULL PRIMARY KEY,
    taken bigint NOT NULL
);
