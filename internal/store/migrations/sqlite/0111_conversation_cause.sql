-- +goose Up
-- Why a person is waited for: '' to read what was written, 'unclear' one text that was asked about again, 'task' a row
-- of the call list that says it all.
ALTER TABLE conversations ADD COLUMN cause TEXT NOT NULL DEFAULT '';
-- Texts without a number have a kind of their own: they are in no conversation, so the call list shows them.
UPDATE tasks SET kind = 'read_text' WHERE kind = 'answer' AND conversation_id IS NULL AND done_at IS NULL;
