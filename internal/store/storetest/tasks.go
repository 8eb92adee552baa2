package storetest

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// scopeOf spares the suite's helpers a long parameter.
type scopeOf struct{ access.Scope }

func saveEnrollments(t *testing.T, s store.Store, in scopeOf, all ...journey.Enrollment) (kept []bool) {
	t.Helper()
	Write(t, s, in.Scope, func(ctx context.Context, tx store.Tx) (err error) {
		kept, err = tx.Journeys().SaveEnrollments(ctx, all)
		return err
	})
	return kept
}

func enrollmentOf(t *testing.T, s store.Store, in scopeOf, visit id.ID) (e journey.Enrollment) {
	t.Helper()
	Read(t, s, in.Scope, func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Journeys().EnrollmentsOf(ctx, []id.ID{visit})
		if err == nil && len(all) != 1 {
			t.Fatalf("%d enrollments", len(all))
		}
		e = all[0]
		return err
	})
	return e
}

// texts inserts a message of an enrollment and finds it again.
func texts(t *testing.T, s store.Store, in scopeOf) {
	e := journey.Enrollment{ID: id.New(), Person: id.New(), Appointment: id.New(), Journey: "reminder", Definition: 1, State: journey.Active}
	d := store.Draft{Message: message.Message{ID: id.New(), Appointment: e.Appointment, Purpose: purpose.Appointment, Channel: patient.SMS, State: message.Queued,
		Origin: message.Origin{Kind: message.FromJourney, Enrollment: e.ID, Step: "booking", Occurrence: 1},
		DueAt:  Start.Add(time.Minute), ExpiresAt: Start.Add(time.Hour), PlannedAt: Start, Body: phi.T("hello")}}
	Write(t, s, in.Scope, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Messages().Insert(ctx, []store.Draft{d}, nil)
		return err
	})
	Read(t, s, in.Scope, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Journeys().TextStates(ctx, []id.ID{e.ID, id.New()})
		if list := got[e.ID]; len(got) != 1 || len(list) != 1 || list[0].Message != d.ID || list[0].State != message.Queued ||
			list[0].Step != "booking" || list[0].Occurrence != 1 || !list[0].DueAt.Equal(d.DueAt) {
			t.Errorf("got %+v", got)
		}
		if err != nil {
			return err
		}
		visits, err := tx.Journeys().VisitsOfTexts(ctx, []id.ID{d.ID, id.New()})
		if len(visits) != 1 || visits[0] != e.Appointment {
			t.Errorf("about the visits %v", visits)
		}
		return err
	})
}

func tasks(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	add := func(t *testing.T, all ...conversation.Task) {
		t.Helper()
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Tasks().Add(ctx, all) })
	}
	listed := func(t *testing.T, sc access.Scope, f store.TaskFilter) (all []conversation.Task) {
		t.Helper()
		Read(t, s, sc, func(ctx context.Context, tx store.Tx) (err error) {
			all, err = tx.Tasks().List(ctx, f, store.Page{})
			return err
		})
		return all
	}

	t.Run("a task waits on its list until somebody completes it", func(t *testing.T) {
		task := conversation.Task{ID: id.New(), Kind: conversation.CallPatient, Location: id.New(), Message: id.New(),
			Reason: "opted_out", Urgent: true, Note: phi.T("call after five")}
		add(t, task)
		got := listed(t, scope, store.TaskFilter{Location: task.Location, Kinds: []conversation.TaskKind{conversation.CallPatient}})
		if len(got) != 1 || got[0].Note.Reveal() != "call after five" || !got[0].Urgent || !got[0].DueAt.Equal(Start) || got[0].DoneAt != nil {
			t.Fatalf("listed %+v", got)
		}
		if seen := listed(t, other, store.TaskFilter{}); len(seen) != 0 {
			t.Errorf("another organization sees %+v", seen)
		}
		done := store.TaskDone{By: id.New(), Outcome: conversation.Reached, Note: phi.T("spoke to her")}
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Tasks().Complete(ctx, task.ID, done) })
		err := s.InTx(context.Background(), scope, func(tx store.Tx) error {
			return tx.Tasks().Complete(context.Background(), task.ID, done)
		})
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("completed twice: %v", err)
		}
		if left := listed(t, scope, store.TaskFilter{Location: task.Location}); len(left) != 0 {
			t.Errorf("still open: %+v", left)
		}
		ended := listed(t, scope, store.TaskFilter{Location: task.Location, Done: true})
		if len(ended) != 1 || ended[0].Outcome != conversation.Reached || ended[0].DoneBy != done.By || ended[0].Note.Reveal() != "spoke to her" {
			t.Errorf("ended %+v", ended)
		}
	})

	t.Run("one open task about one thing", func(t *testing.T) {
		m, v := id.New(), id.New()
		add(t, conversation.Task{Kind: conversation.CallPatient, Message: m}, conversation.Task{Kind: conversation.CallPatient, Message: m})
		add(t, conversation.Task{Kind: conversation.CallPatient, Message: m}, conversation.Task{Kind: conversation.CheckNumber, Message: m})
		add(t, conversation.Task{Kind: conversation.CancelVisit, Appointment: v}, conversation.Task{Kind: conversation.CancelVisit, Appointment: v})
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			n, err := tx.Tasks().OpenCounts(ctx)
			if n[conversation.CallPatient] != 1 || n[conversation.CheckNumber] != 1 || n[conversation.CancelVisit] != 1 {
				t.Errorf("open: %v", n)
			}
			return err
		})
	})

	t.Run("what is not needed any more is dropped, and may come again", func(t *testing.T) {
		v := id.New()
		task := conversation.Task{Kind: conversation.CallPatient, Appointment: v, Message: id.New()}
		add(t, task)
		drop := func() (n int) {
			Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
				n, err = tx.Tasks().Drop(ctx, conversation.CallPatient, []id.ID{v, id.New()})
				return err
			})
			return n
		}
		if n := drop(); n != 1 {
			t.Errorf("dropped %d", n)
		}
		if n := drop(); n != 0 {
			t.Errorf("dropped %d again", n)
		}
		add(t, task)
		if got := listed(t, scope, store.TaskFilter{Visit: v}); len(got) != 1 {
			t.Errorf("open again: %+v", got)
		}
	})
}
