-- +goose Up
-- An audience and its versions; a version is never changed. Expressions say nothing about a person.
CREATE TABLE audiences (
    id         BLOB NOT NULL PRIMARY KEY,
    org_id     BLOB NOT NULL REFERENCES organizations (id),
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    archived   INTEGER NOT NULL,
    UNIQUE (org_id, name)
) STRICT;

CREATE TABLE audience_versions (
    audience_id BLOB NOT NULL,
    version     INTEGER NOT NULL,
    org_id      BLOB NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    rule        TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    size        INTEGER NOT NULL,
    by_kind     TEXT NOT NULL,
    by_id       BLOB,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (audience_id, version)
) STRICT, WITHOUT ROWID;

-- Who is on a list, by version.
CREATE TABLE audience_members (
    audience_id BLOB NOT NULL,
    version     INTEGER NOT NULL,
    person_id   BLOB NOT NULL,
    org_id      BLOB NOT NULL,
    PRIMARY KEY (audience_id, version, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX audience_members_person ON audience_members (person_id);

-- Counts: numbers and ids, nothing about a person.
CREATE TABLE audience_runs (
    id          BLOB NOT NULL PRIMARY KEY,
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    audience_id BLOB,
    version     INTEGER NOT NULL,
    rule        TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    state       TEXT NOT NULL,
    fault       TEXT NOT NULL,
    total       INTEGER NOT NULL,
    result      TEXT NOT NULL,
    by_kind     TEXT NOT NULL,
    by_id       BLOB,
    asked_at    INTEGER NOT NULL,
    ended_at    INTEGER
) STRICT;
CREATE INDEX audience_runs_org ON audience_runs (org_id, id);

-- Where locations and postal areas are, in millionths of a degree.
CREATE TABLE map_points (
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    latitude    INTEGER NOT NULL,
    longitude   INTEGER NOT NULL,
    PRIMARY KEY (org_id, kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX questions_person ON questions (person_id, closed_at);

-- Pages of persons are cut by ids alone.
CREATE INDEX persons_kept ON persons (org_id, id) WHERE erased_at IS NULL;
