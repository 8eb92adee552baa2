-- +goose Up
-- Look-up indexes begin with the blind index, not with the organization: planners without statistics take a
-- single organization for a few rows and would read all of it.
CREATE TABLE persons (
    id          uuid NOT NULL PRIMARY KEY,
    org_id      uuid    NOT NULL REFERENCES organizations (id),
    kind        text    NOT NULL,
    status      text    NOT NULL,
    location_id uuid,
    language    text    NOT NULL,
    source_id   uuid,
    version     bigint NOT NULL,
    sealed      bytea,
    birth_idx   bytea,
    created_at  bigint NOT NULL,
    updated_at  bigint NOT NULL,
    erased_at   bigint
);
CREATE INDEX persons_org ON persons (org_id, id);
CREATE INDEX persons_birth ON persons (birth_idx, org_id) WHERE birth_idx IS NOT NULL;

-- Blind indexes of how sources name a person.
CREATE TABLE person_identifiers (
    org_id    uuid NOT NULL,
    ident_idx bytea NOT NULL,
    value_idx bytea NOT NULL,
    person_id uuid NOT NULL,
    PRIMARY KEY (ident_idx, org_id)
);
CREATE INDEX person_identifiers_value ON person_identifiers (value_idx, org_id);

-- Tokens of name words and of their first letters.
CREATE TABLE person_names (
    org_id    uuid NOT NULL,
    token     bytea NOT NULL,
    person_id uuid NOT NULL,
    PRIMARY KEY (org_id, token, person_id)
);

CREATE TABLE contact_points (
    id            uuid NOT NULL PRIMARY KEY,
    org_id        uuid    NOT NULL REFERENCES organizations (id),
    channel       text    NOT NULL,
    number_idx    bytea    NOT NULL,
    sealed        bytea,
    revision      bigint NOT NULL,
    opted_out_at  bigint,
    suspended     boolean NOT NULL,
    quarantined   boolean NOT NULL,
    sticky_sender uuid,
    last_entry    uuid,
    created_at    bigint NOT NULL,
    UNIQUE (number_idx, channel, org_id)
);
CREATE INDEX contact_points_opted_out ON contact_points (id) WHERE opted_out_at IS NOT NULL OR suspended;
CREATE INDEX contact_points_entry ON contact_points (last_entry) WHERE last_entry IS NOT NULL;

CREATE TABLE person_contacts (
    person_id    uuid    NOT NULL,
    point_id     uuid    NOT NULL REFERENCES contact_points (id),
    org_id       uuid    NOT NULL,
    contact_use  text    NOT NULL,
    rank         bigint NOT NULL,
    relationship text    NOT NULL,
    since        bigint NOT NULL,
    PRIMARY KEY (person_id, point_id)
);
CREATE INDEX person_contacts_point ON person_contacts (point_id);
