-- +goose Up
-- The languages whose texts somebody chose to have written in plain letters where that costs less: tags between blanks.
ALTER TABLE organizations ADD COLUMN plain_letters TEXT NOT NULL DEFAULT '';
