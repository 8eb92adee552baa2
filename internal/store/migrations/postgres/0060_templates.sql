-- +goose Up
-- An organization's own texts: every version for ever, the newest in force. Version 1 is the text that ships and has
-- no row. Texts hold nothing about a patient.
CREATE TABLE templates (
    org_id      uuid NOT NULL REFERENCES organizations (id),
    template    text NOT NULL,
    version     bigint NOT NULL,
    shipped     boolean NOT NULL, -- back to the text that ships; variants are empty
    variants    text NOT NULL,    -- Liquid by BCP 47 tag, as JSON
    note        text NOT NULL,
    by_kind     text NOT NULL,
    by_id       uuid,
    created_at  bigint NOT NULL,
    PRIMARY KEY (org_id, template, version)
);
