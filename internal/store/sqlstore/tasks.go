package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/store"
)

// Tasks gives access to the rows of store.Tasks.
func (t *Tx) Tasks() store.Tasks { return tasks{t} }

type tasks struct{ *Tx }

const taskColumns = `id, org_id, kind, person_id, point_id, location_id, visit_id, message_id, conversation_id, audience_id, reason, urgent,
	created_at, due_at, done_at, done_by, outcome, note`

var insertTasks = NewInsert("tasks", "ON CONFLICT DO NOTHING",
	Column{"id", ID}, Column{"org_id", ID}, Column{"kind", Text}, Column{"person_id", ID}, Column{"point_id", ID},
	Column{"location_id", ID}, Column{"visit_id", ID}, Column{"message_id", ID}, Column{"conversation_id", ID}, Column{"audience_id", ID},
	Column{"reason", Text}, Column{"urgent", Bool}, Column{"created_at", Int}, Column{"due_at", Int}, Column{"outcome", Text},
	Column{"note", Bytes})

func notePlace(org, task id.ID) seal.Place {
	return seal.Place{Table: "tasks", Column: "note", Org: org, Row: task}
}

// Add inserts tasks that nobody has open yet.
func (s tasks) Add(ctx context.Context, in []conversation.Task) error {
	org, err := s.org()
	if err != nil || len(in) == 0 {
		return err
	}
	rows := make([][]any, len(in))
	for i, t := range in {
		if t.ID.IsZero() {
			t.ID = id.New()
		}
		if t.CreatedAt.IsZero() {
			t.CreatedAt = s.now
		}
		if t.DueAt.IsZero() {
			t.DueAt = t.CreatedAt
		}
		note, err := s.sealNote(ctx, org, t.Person, t.ID, t.Note)
		if err != nil {
			return err
		}
		rows[i] = args(t.ID, org, t.Kind, t.Person, t.Point, t.Location, t.Appointment, t.Message, t.Conversation, t.Audience, t.Reason,
			t.Urgent, t.CreatedAt, t.DueAt, t.Outcome, note)
	}
	if _, err := s.Bulk(ctx, insertTasks, rows); err != nil {
		return err
	}
	s.Publish(store.TopicTasks)
	return nil
}

// sealNote seals what staff wrote with the person's key, or the organization's when it is about nobody.
func (s tasks) sealNote(ctx context.Context, org, person, task id.ID, note phi.Text) ([]byte, error) {
	if note.IsEmpty() {
		return nil, nil
	}
	k, err := s.keyOf(ctx, org, person)
	if err != nil {
		return nil, err
	}
	return k.Seal([]byte(note.Reveal()), notePlace(org, task)), nil
}

// Get reads one task.
func (s tasks) Get(ctx context.Context, task id.ID) (conversation.Task, error) {
	all, err := s.read(ctx, "id = $2", task)
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "task")
	}
	if err != nil {
		return conversation.Task{}, err
	}
	return all[0], nil
}

// List pages through tasks.
func (s tasks) List(ctx context.Context, f store.TaskFilter, p store.Page) ([]conversation.Task, error) {
	where, a := "done_at IS NULL", args(after(p.After), p.Size())
	if f.Done {
		where = "done_at IS NOT NULL"
	}
	where += " AND id > $2"
	for _, c := range []struct {
		column string
		v      id.ID
	}{{"location_id", f.Location}, {"person_id", f.Person}, {"visit_id", f.Visit}, {"point_id", f.Point}, {"conversation_id", f.Thread}} {
		if !c.v.IsZero() {
			a = append(a, c.v)
			where += fmt.Sprintf(" AND %s = $%d", c.column, len(a)+1)
		}
	}
	if len(f.Kinds) > 0 {
		kinds := make([]string, len(f.Kinds))
		for i, k := range f.Kinds {
			kinds[i] = string(k)
		}
		a = append(a, kinds)
		where += " AND " + s.In("kind", fmt.Sprintf("$%d", len(a)+1), Text)
	}
	return s.read(ctx, where+" ORDER BY id LIMIT $3", a...)
}

// read is a query within the organization, which is $1.
func (s tasks) read(ctx context.Context, and string, more ...any) ([]conversation.Task, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	var notes [][]byte
	out, err := list(ctx, s.Conn, `SELECT `+taskColumns+` FROM tasks WHERE org_id = $1 AND `+and, append(args(org), more...),
		func(r Rows) (t conversation.Task, err error) {
			var note []byte
			err = r.Scan(Dests([]any{&t.ID, &t.Org, (*string)(&t.Kind), &t.Person, &t.Point, &t.Location, &t.Appointment, &t.Message,
				&t.Conversation, &t.Audience, &t.Reason, &t.Urgent, &t.CreatedAt, &t.DueAt, &t.DoneAt, &t.DoneBy, (*string)(&t.Outcome), &note})...)
			notes = append(notes, note)
			return t, err
		})
	if err != nil {
		return nil, err
	}
	for i, note := range notes {
		if note == nil {
			continue
		}
		if out[i].Note, err = s.openNote(ctx, &out[i], note); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s tasks) openNote(ctx context.Context, t *conversation.Task, sealed []byte) (phi.Text, error) {
	k, err := s.keyOf(ctx, t.Org, t.Person)
	if errors.Is(err, errErased) || errors.Is(err, errDamaged) {
		return phi.Text{}, nil // the note went with the person's key
	}
	if err != nil {
		return phi.Text{}, err
	}
	plain, err := k.Open(sealed, notePlace(t.Org, t.ID))
	return phi.T(string(plain)), err
}

// Complete ends an open task.
func (s tasks) Complete(ctx context.Context, task id.ID, done store.TaskDone) error {
	t, err := s.Get(ctx, task)
	if err != nil {
		return err
	}
	if done.At.IsZero() {
		done.At = s.now
	}
	note := done.Note
	if note.IsEmpty() {
		note = t.Note
	}
	sealed, err := s.sealNote(ctx, t.Org, t.Person, task, note)
	if err != nil {
		return err
	}
	n, err := s.Exec(ctx, `UPDATE tasks SET done_at = $1, done_by = $2, outcome = $3, note = $4
		WHERE id = $5 AND org_id = $6 AND done_at IS NULL`, done.At, done.By, done.Outcome, sealed, task, t.Org)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "somebody has done this already: look at the list again")
	}
	s.Publish(store.TopicTasks)
	return err
}

// Drop ends open tasks that are not needed any more.
func (s tasks) Drop(ctx context.Context, kind conversation.TaskKind, visits []id.ID) (int, error) {
	org, err := s.org()
	if err != nil || len(visits) == 0 {
		return 0, err
	}
	n, err := s.Exec(ctx, `UPDATE tasks SET done_at = $1, outcome = $2 WHERE org_id = $3 AND kind = $4 AND done_at IS NULL AND `+
		s.In("visit_id", "$5", ID), s.now, conversation.NotNeeded, org, kind, visits)
	if n > 0 {
		s.Publish(store.TopicTasks)
	}
	return int(n), err
}

// OpenCounts counts open tasks by kind.
func (s tasks) OpenCounts(ctx context.Context) (map[conversation.TaskKind]int, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	out := map[conversation.TaskKind]int{}
	err = each(ctx, s, `SELECT kind, COUNT(*) FROM tasks WHERE org_id = $1 AND done_at IS NULL GROUP BY kind`, args(org),
		func(r Rows) error {
			var kind string
			var n int
			err := r.Scan(&kind, &n)
			out[conversation.TaskKind(kind)] = n
			return err
		})
	return out, err
}
