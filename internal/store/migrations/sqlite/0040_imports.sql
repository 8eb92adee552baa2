-- +goose Up
CREATE TABLE imports (
    id          BLOB NOT NULL PRIMARY KEY,
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    source_id   BLOB NOT NULL,
    kind        TEXT NOT NULL,
    state       TEXT NOT NULL,
    fault       TEXT NOT NULL,
    options     BLOB NOT NULL,
    by_kind     TEXT NOT NULL,
    by_id       BLOB,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    bytes       INTEGER NOT NULL,
    line_cursor INTEGER NOT NULL,
    counts      TEXT NOT NULL,
    held        INTEGER NOT NULL,
    why         TEXT NOT NULL,
    released_at INTEGER,
    version     INTEGER NOT NULL
) STRICT;
CREATE INDEX imports_org ON imports (org_id, id);
CREATE INDEX imports_held ON imports (org_id) WHERE held;
CREATE INDEX imports_unfinished ON imports (state) WHERE state IN ('applying', 'undoing');

-- Pieces of uploaded files, sealed; removed after a day.
CREATE TABLE import_chunks (
    import_id  BLOB NOT NULL,
    n          INTEGER NOT NULL,
    org_id     BLOB NOT NULL,
    sealed     BLOB NOT NULL,
    until_at   INTEGER NOT NULL,
    PRIMARY KEY (import_id, n)
) STRICT;
CREATE INDEX import_chunks_until ON import_chunks (until_at);

-- What was wrong, by line; the offending cell is sealed.
CREATE TABLE import_problems (
    import_id   BLOB NOT NULL,
    line        INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    org_id      BLOB NOT NULL,
    code        TEXT NOT NULL,
    say         TEXT NOT NULL,
    sealed      BLOB,
    PRIMARY KEY (import_id, line, n)
) STRICT;

-- Rows that an import wrote, with what they were before, sealed.
CREATE TABLE import_writes (
    import_id BLOB NOT NULL,
    line      INTEGER NOT NULL,
    row_kind  TEXT NOT NULL,
    row_id    BLOB NOT NULL,
    person_id BLOB,
    org_id    BLOB NOT NULL,
    created   INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    before    BLOB,
    outcome   TEXT NOT NULL,
    PRIMARY KEY (import_id, line, row_kind, row_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_writes_kept ON import_writes (import_id, line) WHERE outcome = 'kept';
