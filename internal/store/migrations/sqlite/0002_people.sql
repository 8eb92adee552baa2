-- +goose Up
-- Look-up indexes begin with the blind index, not with the organization: planners without statistics take a
-- single organization for a few rows and would read all of it.
CREATE TABLE persons (
    id          BLOB    NOT NULL PRIMARY KEY,
    org_id      BLOB    NOT NULL REFERENCES organizations (id),
    kind        TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    location_id BLOB,
    language    TEXT    NOT NULL,
    source_id   BLOB,
    version     INTEGER NOT NULL,
    sealed      BLOB,
    birth_idx   BLOB,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    erased_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX persons_org ON persons (org_id, id);
CREATE INDEX persons_birth ON persons (birth_idx, org_id) WHERE birth_idx IS NOT NULL;

-- Blind indexes of how sources name a person.
CREATE TABLE person_identifiers (
    org_id    BLOB NOT NULL,
    ident_idx BLOB NOT NULL,
    value_idx BLOB NOT NULL,
    person_id BLOB NOT NULL,
    PRIMARY KEY (ident_idx, org_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_identifiers_value ON person_identifiers (value_idx, org_id);

-- Tokens of name words and of their first letters.
CREATE TABLE person_names (
    org_id    BLOB NOT NULL,
    token     BLOB NOT NULL,
    person_id BLOB NOT NULL,
    PRIMARY KEY (org_id, token, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_points (
    id            BLOB    NOT NULL PRIMARY KEY,
    org_id        BLOB    NOT NULL REFERENCES organizations (id),
    channel       TEXT    NOT NULL,
    number_idx    BLOB    NOT NULL,
    sealed        BLOB,
    revision      INTEGER NOT NULL,
    opted_out_at  INTEGER,
    suspended     INTEGER NOT NULL,
    quarantined   INTEGER NOT NULL,
    sticky_sender BLOB,
    last_entry    BLOB,
    created_at    INTEGER NOT NULL,
    UNIQUE (number_idx, channel, org_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_points_opted_out ON contact_points (id) WHERE opted_out_at IS NOT NULL OR suspended;
CREATE INDEX contact_points_entry ON contact_points (last_entry) WHERE last_entry IS NOT NULL;

CREATE TABLE person_contacts (
    person_id    BLOB    NOT NULL,
    point_id     BLOB    NOT NULL REFERENCES contact_points (id),
    org_id       BLOB    NOT NULL,
    contact_use  TEXT    NOT NULL,
    rank         INTEGER NOT NULL,
    relationship TEXT    NOT NULL,
    since        INTEGER NOT NULL,
    PRIMARY KEY (person_id, point_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_contacts_point ON person_contacts (point_id);
