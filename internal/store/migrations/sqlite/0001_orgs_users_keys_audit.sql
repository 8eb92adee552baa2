-- +goose Up
CREATE TABLE instance (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    instance_id BLOB    NOT NULL,
    key_check   TEXT    NOT NULL,
    home        TEXT    NOT NULL,
    stopped_at  INTEGER,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE organizations (
    id             BLOB    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    region         TEXT    NOT NULL,
    locale         TEXT    NOT NULL,
    calendar_owner TEXT    NOT NULL,
    demo           INTEGER NOT NULL,
    stopped_at     INTEGER,
    hold           TEXT    NOT NULL,
    revision       INTEGER NOT NULL,
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE org_keys (
    org_id     BLOB    NOT NULL PRIMARY KEY REFERENCES organizations (id),
    data_key   BLOB    NOT NULL,
    index_key  BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Left out of backups that are kept long: without its row here a person's data cannot be read.
CREATE TABLE data_keys (
    org_id     BLOB    NOT NULL,
    person_id  BLOB    NOT NULL,
    wrapped    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE locations (
    id          BLOB    NOT NULL PRIMARY KEY,
    org_id      BLOB    NOT NULL REFERENCES organizations (id),
    name        TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    zone        TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    subregion   TEXT    NOT NULL,
    languages   TEXT    NOT NULL,
    phone       TEXT    NOT NULL,
    hours       TEXT    NOT NULL,
    travel      INTEGER NOT NULL,
    external_id TEXT    NOT NULL,
    revision    INTEGER NOT NULL
) STRICT;
CREATE INDEX locations_org ON locations (org_id);

CREATE TABLE practitioners (
    id          BLOB NOT NULL PRIMARY KEY,
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    name        TEXT NOT NULL,
    external_id TEXT NOT NULL
) STRICT;
CREATE INDEX practitioners_org ON practitioners (org_id);

CREATE TABLE users (
    id            BLOB    NOT NULL PRIMARY KEY,
    org_id        BLOB    NOT NULL REFERENCES organizations (id),
    login         TEXT    NOT NULL,
    login_folded  TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    locale        TEXT    NOT NULL,
    theme         TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    disabled      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX users_org ON users (org_id);

CREATE TABLE sessions (
    token_hash BLOB    NOT NULL PRIMARY KEY,
    org_id     BLOB,
    user_id    BLOB,
    data       BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    id         BLOB    NOT NULL PRIMARY KEY,
    org_id     BLOB    NOT NULL REFERENCES organizations (id),
    name       TEXT    NOT NULL,
    prefix     TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE,
    role       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_org ON api_keys (org_id);

CREATE TABLE audit_events (
    id         BLOB    NOT NULL PRIMARY KEY,
    org_id     BLOB,
    at         INTEGER NOT NULL,
    inserted   INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    by_id      BLOB,
    by_name    TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    object_id  BLOB,
    detail     TEXT    NOT NULL,
    canonical  BLOB    NOT NULL,
    seq        INTEGER UNIQUE
) STRICT;
CREATE INDEX audit_events_org ON audit_events (org_id, id);
CREATE INDEX audit_events_object ON audit_events (object_id, id);
CREATE INDEX audit_events_waiting ON audit_events (id) WHERE seq IS NULL;

-- Hashes of the RFC 6962 tree, numbered as golang.org/x/mod/sumdb/tlog stores them.
CREATE TABLE audit_hashes (
    position INTEGER NOT NULL PRIMARY KEY,
    hash     BLOB    NOT NULL
) STRICT;

-- A row per name that transactions take turns on.
CREATE TABLE locks (
    name  TEXT    NOT NULL PRIMARY KEY,
    taken INTEGER NOT NULL
) STRICT;
