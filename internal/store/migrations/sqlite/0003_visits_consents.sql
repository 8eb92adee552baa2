-- +goose Up
CREATE TABLE visit_types (
    id          BLOB NOT NULL PRIMARY KEY,
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    name        TEXT NOT NULL,
    neutral     TEXT NOT NULL,
    external_id TEXT NOT NULL
) STRICT;
CREATE INDEX visit_types_org ON visit_types (org_id);

CREATE TABLE sources (
    id       BLOB    NOT NULL PRIMARY KEY,
    org_id   BLOB    NOT NULL REFERENCES organizations (id),
    name     TEXT    NOT NULL,
    encoding TEXT    NOT NULL,
    mapping  TEXT    NOT NULL,
    period   INTEGER NOT NULL,
    last_at  INTEGER,
    imports  INTEGER NOT NULL
) STRICT;
CREATE INDEX sources_org ON sources (org_id);

CREATE TABLE visits (
    id              BLOB    NOT NULL PRIMARY KEY,
    org_id          BLOB    NOT NULL REFERENCES organizations (id),
    person_id       BLOB    NOT NULL REFERENCES persons (id),
    location_id     BLOB    REFERENCES locations (id),
    practitioner_id BLOB,
    type_id         BLOB,
    source_id       BLOB,
    status          TEXT    NOT NULL,
    start_at        INTEGER NOT NULL,
    length          INTEGER NOT NULL,
    zone            TEXT    NOT NULL,
    wall            TEXT    NOT NULL,
    booked_at       INTEGER,
    version         INTEGER NOT NULL,
    sealed          BLOB,
    external_idx    BLOB,
    import_id       BLOB,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visits_start ON visits (org_id, start_at);
CREATE INDEX visits_person ON visits (person_id, start_at);
CREATE UNIQUE INDEX visits_external ON visits (external_idx, source_id) WHERE external_idx IS NOT NULL;
CREATE INDEX visits_import ON visits (import_id) WHERE import_id IS NOT NULL;

-- What patients answered (FHIR AppointmentResponse), each about one version of a visit.
CREATE TABLE visit_responses (
    id         BLOB    NOT NULL PRIMARY KEY,
    org_id     BLOB    NOT NULL,
    visit_id   BLOB    NOT NULL REFERENCES visits (id),
    version    INTEGER NOT NULL,
    person_id  BLOB,
    answer     TEXT    NOT NULL,
    inbound_id BLOB,
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX visit_responses_visit ON visit_responses (visit_id);

-- Append only: no statement of ours updates or deletes here.
CREATE TABLE consent_entries (
    id        BLOB    NOT NULL PRIMARY KEY,
    org_id    BLOB    NOT NULL REFERENCES organizations (id),
    person_id BLOB,
    point_id  BLOB    REFERENCES contact_points (id),
    channel   TEXT    NOT NULL,
    purpose   TEXT    NOT NULL,
    status    TEXT    NOT NULL,
    method    TEXT    NOT NULL,
    wording   TEXT    NOT NULL,
    sealed    BLOB,
    language  TEXT    NOT NULL,
    by_kind   TEXT    NOT NULL,
    by_id     BLOB,
    import_id BLOB,
    at        INTEGER NOT NULL,
    recorded  INTEGER NOT NULL,
    lifts     INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_entries_person ON consent_entries (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX consent_entries_point ON consent_entries (point_id) WHERE person_id IS NULL;
CREATE INDEX consent_entries_import ON consent_entries (import_id, id) WHERE import_id IS NOT NULL;
