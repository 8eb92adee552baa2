package sqlstore

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/store"
)

// Audit gives access to the rows of store.Audit. The tree over them is in auditlog.go.
func (t *Tx) Audit() store.Audit { return audits{t} }

type audits struct{ *Tx }

var insertAuditEvents = NewInsert("audit_events", "",
	Column{"id", ID}, Column{"org_id", ID}, Column{"at", Int}, Column{"inserted", Int}, Column{"actor", Text}, Column{"by_id", ID},
	Column{"by_name", Text}, Column{"action", Text}, Column{"kind", Text}, Column{"object_id", ID}, Column{"detail", Text},
	Column{"canonical", Bytes})

// Record inserts events with their canonical bytes. When they were inserted is machine time: the sequencer is judged by it.
func (s audits) Record(ctx context.Context, events ...audit.Event) error {
	rows := make([][]any, len(events))
	inserted := clock.Real{}.Now()
	for i, e := range events {
		if e.ID.IsZero() {
			e.ID = id.New()
		}
		e.At = e.At.UTC().Truncate(time.Microsecond)
		rows[i] = args(e.ID, e.Org, e.At, inserted, e.Actor, e.By, e.Name, e.Action, e.Kind, e.Object, e.Detail, e.Canonical())
	}
	_, err := s.Bulk(ctx, insertAuditEvents, rows)
	return err
}

const eventColumns = `id, org_id, at, actor, by_id, by_name, action, kind, object_id, detail`

func scanEvent(r Rows) (e audit.Event, err error) {
	err = r.Scan(&e.ID, &e.Org, &e.At, &e.Actor, &e.By, &e.Name, &e.Action, &e.Kind, &e.Object, &e.Detail)
	return e, err
}

// List reads the organization's events, newest first.
func (s audits) List(ctx context.Context, p store.Page) ([]audit.Event, error) {
	return s.list(ctx, ``, p)
}

// Of reads the events about one object.
func (s audits) Of(ctx context.Context, object id.ID, p store.Page) ([]audit.Event, error) {
	return s.list(ctx, ` AND object_id = $4`, p, object)
}

func (s audits) list(ctx context.Context, and string, p store.Page, more ...any) ([]audit.Event, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+eventColumns+` FROM audit_events WHERE org_id = $1 AND id < $2`+and+` ORDER BY id DESC LIMIT $3`,
		append(args(org, before(p.After), p.Size()), more...), scanEvent)
}

// before is a falling cursor; the zero cursor is the end of all ids.
func before(cursor id.ID) id.ID {
	if cursor.IsZero() {
		for i := range cursor {
			cursor[i] = 0xff
		}
	}
	return cursor
}
