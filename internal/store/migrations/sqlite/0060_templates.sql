-- +goose Up
-- An organization's own texts: every version for ever, the newest in force. Version 1 is the text that ships and has
-- no row. Texts hold nothing about a patient.
CREATE TABLE templates (
    org_id      BLOB NOT NULL REFERENCES organizations (id),
    template    TEXT NOT NULL,
    version     INTEGER NOT NULL,
    shipped     INTEGER NOT NULL, -- back to the text that ships; variants are empty
    variants    TEXT NOT NULL,    -- Liquid by BCP 47 tag, as JSON
    note        TEXT NOT NULL,
    by_kind     TEXT NOT NULL,
    by_id       BLOB,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, template, version)
) STRICT, WITHOUT ROWID;
