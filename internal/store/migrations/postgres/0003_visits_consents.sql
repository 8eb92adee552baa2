-- +goose Up
CREATE TABLE visit_types (
    id          uuid NOT NULL PRIMARY KEY,
    org_id      uuid NOT NULL REFERENCES organizations (id),
    name        text NOT NULL,
    neutral     text NOT NULL,
    external_id text NOT NULL
);
CREATE INDEX visit_types_org ON visit_types (org_id);

CREATE TABLE sources (
    id       uuid NOT NULL PRIMARY KEY,
    org_id   uuid    NOT NULL REFERENCES organizations (id),
    name     text    NOT NULL,
    encoding text    NOT NULL,
    mapping  text    NOT NULL,
    period   bigint NOT NULL,
    last_at  bigint,
    imports  bigint NOT NULL
);
CREATE INDEX sources_org ON sources (org_id);

CREATE TABLE visits (
    id              uuid NOT NULL PRIMARY KEY,
    org_id          uuid    NOT NULL REFERENCES organizations (id),
    person_id       uuid    NOT NULL REFERENCES persons (id),
    location_id     uuid    REFERENCES locations (id),
    practitioner_id uuid,
    type_id         uuid,
    source_id       uuid,
    status          text    NOT NULL,
    start_at        bigint NOT NULL,
    length          bigint NOT NULL,
    zone            text    NOT NULL,
    wall            text    NOT NULL,
    booked_at       bigint,
    version         bigint NOT NULL,
    sealed          bytea,
    external_idx    bytea,
    import_id       uuid,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL
);
CREATE INDEX visits_start ON visits (org_id, start_at);
CREATE INDEX visits_person ON visits (person_id, start_at);
CREATE UNIQUE INDEX visits_external ON visits (external_idx, source_id) WHERE external_idx IS NOT NULL;
CREATE INDEX visits_import ON visits (import_id) WHERE import_id IS NOT NULL;

-- What patients answered (FHIR AppointmentResponse), each about one version of a visit.
CREATE TABLE visit_responses (
    id         uuid NOT NULL PRIMARY KEY,
    org_id     uuid    NOT NULL,
    visit_id   uuid    NOT NULL REFERENCES visits (id),
    version    bigint NOT NULL,
    person_id  uuid,
    answer     text    NOT NULL,
    inbound_id uuid,
    at         bigint NOT NULL
);
CREATE INDEX visit_responses_visit ON visit_responses (visit_id);

-- Append only: no statement of ours updates or deletes here.
CREATE TABLE consent_entries (
    id        uuid NOT NULL PRIMARY KEY,
    org_id    uuid    NOT NULL REFERENCES organizations (id),
    person_id uuid,
    point_id  uuid    REFERENCES contact_points (id),
    channel   text    NOT NULL,
    purpose   text    NOT NULL,
    status    text    NOT NULL,
    method    text    NOT NULL,
    wording   text    NOT NULL,
    sealed    bytea,
    language  text    NOT NULL,
    by_kind   text    NOT NULL,
    by_id     uuid,
    import_id uuid,
    at        bigint NOT NULL,
    recorded  bigint NOT NULL,
    lifts     boolean NOT NULL
);
CREATE INDEX consent_entries_person ON consent_entries (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX consent_entries_point ON consent_entries (point_id) WHERE person_id IS NULL;
CREATE INDEX consent_entries_import ON consent_entries (import_id, id) WHERE import_id IS NOT NULL;
