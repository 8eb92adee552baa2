-- +goose Up
-- An audience and its versions; a version is never changed. Expressions say nothing about a person.
CREATE TABLE audiences (
    id         UUID NOT NULL PRIMARY KEY,
    org_id     UUID NOT NULL REFERENCES organizations (id),
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    version    BIGINT NOT NULL,
    archived   BOOLEAN NOT NULL,
    UNIQUE (org_id, name)
);

CREATE TABLE audience_versions (
    audience_id UUID NOT NULL,
    version     BIGINT NOT NULL,
    org_id      UUID NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    rule        TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    size        BIGINT NOT NULL,
    by_kind     TEXT NOT NULL,
    by_id       UUID,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (audience_id, version)
);

-- Who is on a list, by version.
CREATE TABLE audience_members (
    audience_id UUID NOT NULL,
    version     BIGINT NOT NULL,
    person_id   UUID NOT NULL,
    org_id      UUID NOT NULL,
    PRIMARY KEY (audience_id, version, person_id)
);
CREATE INDEX audience_members_person ON audience_members (person_id);

-- Counts: numbers and ids, nothing about a person.
CREATE TABLE audience_runs (
    id          UUID NOT NULL PRIMARY KEY,
    org_id      UUID NOT NULL REFERENCES organizations (id),
    audience_id UUID,
    version     BIGINT NOT NULL,
    rule        TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    state       TEXT NOT NULL,
    fault       TEXT NOT NULL,
    total       BIGINT NOT NULL,
    result      TEXT NOT NULL,
    by_kind     TEXT NOT NULL,
    by_id       UUID,
    asked_at    BIGINT NOT NULL,
    ended_at    BIGINT
);
CREATE INDEX audience_runs_org ON audience_runs (org_id, id);

-- Where locations and postal areas are, in millionths of a degree.
CREATE TABLE map_points (
    org_id      UUID NOT NULL REFERENCES organizations (id),
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    latitude    BIGINT NOT NULL,
    longitude   BIGINT NOT NULL,
    PRIMARY KEY (org_id, kind, name)
);

CREATE INDEX questions_person ON questions (person_id, closed_at);

-- Pages of persons are cut by ids alone.
CREATE INDEX persons_kept ON persons (org_id, id) WHERE erased_at IS NULL;
