-- +goose Up
CREATE TABLE imports (
    id          uuid NOT NULL PRIMARY KEY,
    org_id      uuid NOT NULL REFERENCES organizations (id),
    source_id   uuid NOT NULL,
    kind        text NOT NULL,
    state       text NOT NULL,
    fault       text NOT NULL,
    options     bytea NOT NULL,
    by_kind     text NOT NULL,
    by_id       uuid,
    created_at  bigint NOT NULL,
    ended_at    bigint,
    bytes       bigint NOT NULL,
    line_cursor bigint NOT NULL,
    counts      text NOT NULL,
    held        boolean NOT NULL,
    why         text NOT NULL,
    released_at bigint,
    version     bigint NOT NULL
);
CREATE INDEX imports_org ON imports (org_id, id);
CREATE INDEX imports_held ON imports (org_id) WHERE held;
CREATE INDEX imports_unfinished ON imports (state) WHERE state IN ('applying', 'undoing');

-- Pieces of uploaded files, sealed; removed after a day.
CREATE TABLE import_chunks (
    import_id  uuid NOT NULL,
    n          bigint NOT NULL,
    org_id     uuid NOT NULL,
    sealed     bytea NOT NULL,
    until_at   bigint NOT NULL,
    PRIMARY KEY (import_id, n)
);
CREATE INDEX import_chunks_until ON import_chunks (until_at);

-- What was wrong, by line; the offending cell is sealed.
CREATE TABLE import_problems (
    import_id   uuid NOT NULL,
    line        bigint NOT NULL,
    n           bigint NOT NULL,
    org_id      uuid NOT NULL,
    code        text NOT NULL,
    say         text NOT NULL,
    sealed      bytea,
    PRIMARY KEY (import_id, line, n)
);

-- Rows that an import wrote, with what they were before, sealed.
CREATE TABLE import_writes (
    import_id uuid NOT NULL,
    line      bigint NOT NULL,
    row_kind  text NOT NULL,
    row_id    uuid NOT NULL,
    person_id uuid,
    org_id    uuid NOT NULL,
    created   boolean NOT NULL,
    version   bigint NOT NULL,
    before    bytea,
    outcome   text NOT NULL,
    PRIMARY KEY (import_id, line, row_kind, row_id)
);
CREATE INDEX import_writes_kept ON import_writes (import_id, line) WHERE outcome = 'kept';
