package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// Desk is an organization with one person, one number and one route: what a message needs.
type Desk struct {
	Scope  access.Scope
	Person patient.Person
	Point  patient.ContactPoint
	Route  store.Route
	Sender store.Sender
}

// NewDesk makes a desk.
func NewDesk(t testing.TB, s store.Store) Desk {
	t.Helper()
	d := Desk{Scope: NewOrg(t, s)}
	d.Person = AddPeople(t, s, d.Scope, Person("Ewa", "Lis", "1"))[0]
	d.Point = AddPoint(t, s, d.Scope, d.Person.ID, Number(t, "+48601234567"))
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		var err error
		if d.Route, err = tx.Routes().Save(ctx, store.Route{Name: "main", Kind: store.RouteSMPP, State: store.RouteOpen, Simulator: true, Config: phi.T(`{"password":"secret"}`)}); err != nil {
			return err
		}
		d.Sender, err = tx.Routes().SaveSender(ctx, store.Sender{Route: d.Route.ID, Address: "4860000", TwoWay: true})
		return err
	})
	return d
}

// Draft is a queued message of the desk that is due at once.
func (d Desk) Draft(due time.Time) store.Draft {
	return store.Draft{Message: message.Message{ID: id.New(), Purpose: purpose.Appointment, Priority: purpose.Care, Origin: message.Origin{Kind: message.FromStaff},
		Person: d.Person.ID, Point: d.Point.ID, Channel: patient.SMS, To: d.Point.Number, Template: "reminder-24h", TemplateVersion: 1, Locale: "pl",
		Body: phi.T("Wizyta jutro o 10:30."), Segments: 1, Coding: "gsm7", Route: d.Route.ID, Sender: d.Sender.ID, State: message.Queued,
		DueAt: due, ExpiresAt: due.Add(time.Hour), PlannedAt: due}}
}

// Insert writes drafts that must all be new.
func (d Desk) Insert(t testing.TB, s store.Store, drafts ...store.Draft) {
	t.Helper()
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		kept, err := tx.Messages().Insert(ctx, drafts, nil)
		for i := range kept {
			if !kept[i] {
				t.Errorf("draft %d was not written", i)
			}
		}
		return err
	})
}

// Get reads one message.
func (d Desk) Get(t testing.TB, s store.Store, m id.ID) (got store.Draft) {
	t.Helper()
	Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		var err error
		got, err = tx.Messages().Get(ctx, m)
		return err
	})
	return got
}

// lease moves messages to sending.
func (d Desk) lease(t testing.TB, s store.Store, fence store.Fence, ms ...id.ID) (moved []bool) {
	t.Helper()
	rows := make([]store.Leased, len(ms))
	for i := range ms {
		rows[i] = store.Leased{Message: ms[i], Revised: d.Get(t, s, ms[i]).Revised}
	}
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		var err error
		moved, err = tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: fence, Machine: Start, Domain: tx.Now()}, rows)
		return err
	})
	return moved
}

func (d Desk) answer(t testing.TB, s store.Store, a ...store.Answered) (moved []bool) {
	t.Helper()
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		var err error
		moved, err = tx.Messages().Answered(ctx, a)
		return err
	})
	return moved
}

func (d Desk) receipt(t testing.TB, s store.Store, r ...store.Receipted) (states []message.State) {
	t.Helper()
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		var err error
		states, err = tx.Messages().Receipted(ctx, r)
		return err
	})
	return states
}

func messagesSuite(t *testing.T, open Open) {
	t.Run("what was inserted comes back whole", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		in := d.Draft(Start)
		in.Vars = map[string]phi.Text{"old.start": phi.T("2026-03-02T09:00:00Z"), "reply.confirm": phi.T("1")}
		in.Flags = message.Invites | message.NotAfterAnswer
		in.Decision = message.Decision{At: Start, Verdict: "send", Point: 3, Zone: "Europe/Warsaw", ValidUntil: Start.Add(time.Hour)}
		d.Insert(t, s, in)
		got := d.Get(t, s, in.ID)
		if got.Body.Reveal() != "Wizyta jutro o 10:30." || got.To != d.Point.Number || len(got.Vars) != 2 || got.Vars["reply.confirm"].Reveal() != "1" {
			t.Fatal("text, number or variables were lost")
		}
		if got.Flags != in.Flags || got.Decision.Zone != "Europe/Warsaw" || got.Decision.Point != 3 || !got.Decision.ValidUntil.Equal(Start.Add(time.Hour)) ||
			got.State != message.Queued || !got.DueAt.Equal(Start) || got.Route != d.Route.ID || got.Sender != d.Sender.ID || got.Template != "reminder-24h" {
			t.Fatalf("came back as %+v", got)
		}
	})
	t.Run("a natural key is used once, in one call and over calls", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		key := message.Origin{Kind: message.FromJourney, Enrollment: id.New(), Step: "24h", Occurrence: 1}
		a, b, c := d.Draft(Start), d.Draft(Start), d.Draft(Start)
		a.Origin, b.Origin = key, key
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			kept, err := tx.Messages().Insert(ctx, []store.Draft{a, b, c}, nil)
			if err == nil && (!kept[0] || kept[1] || !kept[2]) {
				t.Errorf("kept %v, want the first and the one without a key", kept)
			}
			return err
		})
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			taken, err := tx.Messages().KeysTaken(ctx, []store.Key{a.Key(), {Enrollment: key.Enrollment, Step: "2h", Occurrence: 1}})
			if err == nil && (!taken[0] || taken[1]) {
				t.Errorf("taken %v", taken)
			}
			if err != nil {
				return err
			}
			again := d.Draft(Start)
			again.Origin = key
			kept, err := tx.Messages().Insert(ctx, []store.Draft{again}, []message.Event{{Message: again.ID, To: message.Queued}})
			if err == nil && kept[0] {
				t.Error("the key was used twice")
			}
			return err
		})
	})
	t.Run("due messages come by priority, then by time, and none early", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		late, early, urgent, future, held := d.Draft(Start), d.Draft(Start.Add(-time.Hour)), d.Draft(Start), d.Draft(Start.Add(time.Second)), d.Draft(Start)
		urgent.Priority = purpose.Urgent
		held.State = message.Held
		d.Insert(t, s, late, early, urgent, future, held)
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Messages().Due(ctx, d.Route.ID, Start, 10)
			if err == nil && (len(got) != 3 || got[0].ID != urgent.ID || got[1].ID != early.ID || got[2].ID != late.ID) {
				t.Errorf("%d due, in the wrong order or with a wrong one", len(got))
			}
			for i := range got {
				behind, err := tx.Messages().DueBehind(ctx, d.Route.ID, Start, &got[i], 10)
				if err != nil || len(behind) != len(got)-i-1 || (len(behind) > 0 && behind[0].ID != got[i+1].ID) {
					t.Errorf("behind message %d there are %d: %v", i, len(behind), err)
				}
			}
			if one, err := tx.Messages().Due(ctx, d.Route.ID, Start, 1); err != nil || len(one) != 1 || one[0].ID != urgent.ID {
				t.Errorf("limit of one gave %d, %v", len(one), err)
			}
			return err
		})
	})
	t.Run("another organization sees and moves nothing", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		d.Insert(t, s, m)
		other := NewOrg(t, s)
		Write(t, s, other, func(ctx context.Context, tx store.Tx) error {
			if _, err := tx.Messages().Get(ctx, m.ID); !errs.Is(err, errs.NotFound) {
				t.Errorf("get: %v", err)
			}
			if got, err := tx.Messages().Due(ctx, d.Route.ID, Start, 5); err != nil || len(got) != 0 {
				t.Errorf("due: %d, %v", len(got), err)
			}
			got, err := tx.Messages().Cancel(ctx, store.Selection{Message: m.ID}, message.ReasonByStaff)
			if len(got) != 0 {
				t.Error("cancelled another organization's message")
			}
			return err
		})
	})
	t.Run("cancelling ends what waits and leaves what left", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		queued, held, sent := d.Draft(Start), d.Draft(Start), d.Draft(Start)
		held.State = message.Held
		d.Insert(t, s, queued, held, sent)
		d.lease(t, s, 1, sent.ID)
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Messages().Cancel(ctx, store.Selection{Person: d.Person.ID}, message.ReasonVisitGone)
			if len(got) != 2 {
				t.Errorf("%d cancelled, want 2", len(got))
			}
			return err
		})
		for m, want := range map[id.ID]message.State{queued.ID: message.Cancelled, held.ID: message.Cancelled, sent.ID: message.Sending} {
			if got := d.Get(t, s, m); got.State != want {
				t.Errorf("%s, want %s", got.State, want)
			}
		}
		if got := d.lease(t, s, 1, queued.ID); got[0] {
			t.Error("a cancelled message was leased")
		}
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Messages().Events(ctx, held.ID)
			if len(got) != 1 || got[0].From != message.Held || got[0].Reason != message.ReasonVisitGone {
				t.Errorf("events %+v", got)
			}
			return err
		})
	})
	t.Run("what was just written is due as its row says", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		m.Vars = map[string]phi.Text{"reply.confirm": phi.T("1")}
		later := d.Draft(Start.Add(time.Hour))
		d.Insert(t, s, m, later)
		due := func() (out store.Draft) {
			Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				n, err := tx.Messages().Backlog(ctx, d.Route.ID, Start, 10)
				if n != 1 || err != nil {
					t.Errorf("a backlog of %d: %v", n, err)
				}
				all, err := tx.Messages().Due(ctx, d.Route.ID, Start, 10)
				if len(all) != 1 {
					t.Fatalf("%d are due", len(all))
				}
				out = all[0]
				return err
			})
			return out
		}
		first, second := due(), due() // the second reads the row
		for _, got := range []store.Draft{first, second} {
			if got.ID != m.ID || got.Org != d.Scope.Org() || got.Body.Reveal() != m.Body.Reveal() || got.To != m.To || got.State != message.Queued ||
				got.Route != d.Route.ID || got.Sender != d.Sender.ID || got.Revised != 0 || !got.DueAt.Equal(Start) {
				t.Errorf("due as %+v", got)
			}
		}
	})
	t.Run("a lease takes what is as it was read", func(t *testing.T) { leasesWhatStands(t, open) })
	t.Run("progress", func(t *testing.T) { progress(t, open) })
	t.Run("unknown", func(t *testing.T) { unknowns(t, open) })
	t.Run("counts", func(t *testing.T) { counts(t, open) })
	t.Run("lists", func(t *testing.T) { lists(t, open) })
}

// leasesWhatStands: what changed between reading a message and leasing it keeps it back.
func leasesWhatStands(t *testing.T, open Open) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, s store.Store, d Desk, m store.Draft)
		moves  bool
	}{
		"nothing": {func(*testing.T, store.Store, Desk, store.Draft) {}, true},
		"an opt-out": {func(t *testing.T, s store.Store, d Desk, _ store.Draft) {
			OptOut(t, s, d.Scope, d.Point.ID, Start)
		}, false},
		"a fact of the person": {func(t *testing.T, s store.Store, d Desk, _ store.Draft) {
			Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				p, err := tx.People().Get(ctx, d.Person.ID)
				if err != nil {
					return err
				}
				_, err = tx.People().Update(ctx, []patient.Person{p})
				return err
			})
		}, false},
		"a new time": {func(t *testing.T, s store.Store, d Desk, m store.Draft) {
			Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Messages().Settle(ctx, []store.Move{{Message: m.ID, From: message.Queued, To: message.Queued, DueAt: Start}})
				return err
			})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, clock.NewFixed(Start))
			d := NewDesk(t, s)
			m := d.Draft(Start)
			d.Insert(t, s, m)
			read := store.Leased{Message: m.ID, Bound: store.Bound{Person: d.Person.ID, Point: d.Point.ID}}
			Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				due, err := tx.Messages().Due(ctx, d.Route.ID, Start, 10)
				if len(due) != 1 {
					t.Fatalf("%d due", len(due))
				}
				p, perr := tx.People().Get(ctx, d.Person.ID)
				points, cerr := tx.People().Points(ctx, []id.ID{d.Point.ID})
				read.Revised, read.Revs, read.Seen = due[0].Revised, store.Revs{Person: p.Version, Point: points[0].Revision}, tx.Snapshot()
				return errors.Join(err, perr, cerr)
			})
			c.change(t, s, d, m)
			lease := func(rows ...store.Leased) (moved []bool) {
				Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
					var err error
					moved, err = tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: 1, Machine: Start, Domain: Start}, rows)
					return err
				})
				return moved
			}
			if moved := lease(read); moved[0] != c.moves {
				t.Errorf("leased: %v, want %v", moved[0], c.moves)
			}
		})
	}
	t.Run("a draft that was packed on a reader is written as any other", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		m.Vars = map[string]phi.Text{"old.start": phi.T("2026-03-01T09:00:00Z")}
		plain := m
		plain.ID = id.New()
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error { return tx.Messages().Pack(ctx, []*store.Draft{&m}) })
		if m.Packed == nil || plain.Packed != nil {
			t.Fatal("the draft was not packed, or another was")
		}
		d.Insert(t, s, m, plain)
		a, b := d.Get(t, s, m.ID), d.Get(t, s, plain.ID)
		a.ID, b.ID = id.ID{}, id.ID{}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("packed before\n%+v\npacked by the insert\n%+v", a, b)
		}
		if a.Body != m.Body || a.To != m.To || a.Vars["old.start"] != m.Vars["old.start"] {
			t.Errorf("read back %+v", a)
		}
	})
	t.Run("a row that is not there has revision zero", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		here, gone := d.Draft(Start), d.Draft(Start)
		d.Insert(t, s, here, gone)
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			moved, err := tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: 1, Machine: Start, Domain: Start}, []store.Leased{
				{Message: here.ID, Bound: store.Bound{Visit: id.New()}},
				{Message: gone.ID, Bound: store.Bound{Visit: id.New()}, Revs: store.Revs{Visit: 1}},
			})
			if len(moved) != 2 || !moved[0] || moved[1] {
				t.Errorf("leased %v", moved)
			}
			return err
		})
	})
}

func progress(t *testing.T, open Open) {
	t.Run("leased, accepted, delivered", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		d.Insert(t, s, m)
		if !d.lease(t, s, 7, m.ID)[0] || d.lease(t, s, 8, m.ID)[0] {
			t.Fatal("a message is leased once")
		}
		if got := d.Get(t, s, m.ID); got.Attempts != 1 || !got.SentAt.Equal(Start) {
			t.Errorf("leased as %d attempts, sent %v", got.Attempts, got.SentAt)
		}
		d.answer(t, s, store.Answered{Message: m.ID, Attempt: 1, To: message.Accepted, ProviderID: "abc", Route: d.Route.ID})
		d.fileIDs(t, s, time.Time{}, Start.Add(time.Second), 10)
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Messages().ByProvider(ctx, d.Route.ID, []string{"abc", "nobody"})
			if len(got) != 1 || got["abc"].Message != m.ID {
				t.Errorf("found %v", got)
			}
			return err
		})
		r := store.Receipted{Part: store.Part{Message: m.ID}, Route: d.Route.ID, State: message.Delivered, At: Start.Add(time.Second)}
		if got := d.receipt(t, s, r); got[0] != message.Delivered {
			t.Errorf("moved to %q", got[0])
		}
		// The same receipt again, and a worse one that comes late, change nothing.
		r.State, r.At = message.Undelivered, Start.Add(time.Minute)
		if got := d.receipt(t, s, r); got[0] != "" {
			t.Errorf("a late failure moved a delivered message to %q", got[0])
		}
		if got := d.Get(t, s, m.ID); got.State != message.Delivered || !got.DoneAt.Equal(Start.Add(time.Second)) || got.ProviderID != "abc" {
			t.Errorf("%s at %v", got.State, got.DoneAt)
		}
	})
	t.Run("a late delivery wins over undelivered, expired and failed", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		for _, first := range []message.State{message.Undelivered, message.Expired} {
			m := d.Draft(Start)
			d.Insert(t, s, m)
			d.lease(t, s, 1, m.ID)
			d.answer(t, s, store.Answered{Message: m.ID, Attempt: 1, To: message.Accepted, ProviderID: string(first), Route: d.Route.ID})
			d.receipt(t, s, store.Receipted{Part: store.Part{Message: m.ID}, State: first, Code: "069", At: Start})
			if got := d.Get(t, s, m.ID); got.State != first || got.ErrorCode != "069" {
				t.Errorf("%s with %q", got.State, got.ErrorCode)
			}
			d.receipt(t, s, store.Receipted{Part: store.Part{Message: m.ID}, State: message.Delivered, At: Start.Add(time.Hour)})
			if got := d.Get(t, s, m.ID); got.State != message.Delivered {
				t.Errorf("after %s: %s", first, got.State)
			}
		}
	})
	t.Run("a definite refusal waits, an answer to an old attempt does nothing", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		d.Insert(t, s, m)
		d.lease(t, s, 1, m.ID)
		again := store.Answered{Message: m.ID, Attempt: 1, To: message.Queued, Reason: message.ReasonThrottled, Code: "0x58", DueAt: Start.Add(time.Second), Route: d.Route.ID}
		if !d.answer(t, s, again)[0] {
			t.Fatal("not queued again")
		}
		if got := d.Get(t, s, m.ID); got.State != message.Queued || !got.DueAt.Equal(Start.Add(time.Second)) || !got.SentAt.IsZero() || got.Attempts != 1 {
			t.Errorf("%s, due %v, sent %v, %d attempts", got.State, got.DueAt, got.SentAt, got.Attempts)
		}
		d.lease(t, s, 1, m.ID)
		late := store.Answered{Message: m.ID, Attempt: 1, To: message.Accepted, ProviderID: "late", Route: d.Route.ID}
		if d.answer(t, s, again)[0] || d.answer(t, s, late)[0] || d.Get(t, s, m.ID).State != message.Sending {
			t.Error("an answer to attempt 1 moved attempt 2")
		}
		refund := store.Answered{Message: m.ID, Attempt: 2, To: message.Queued, Reason: message.ReasonNotHandedOver, Refund: true, Route: d.Route.ID}
		d.answer(t, s, refund)
		if got := d.Get(t, s, m.ID); got.Attempts != 1 || got.State != message.Queued {
			t.Errorf("%d attempts after a refund, %s", got.Attempts, got.State)
		}
	})
	t.Run("the worst part is the message's state", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		d.Insert(t, s, m)
		d.lease(t, s, 1, m.ID)
		d.answer(t, s, store.Answered{Message: m.ID, Attempt: 1, To: message.Accepted, Route: d.Route.ID, Parts: []store.PartAnswer{
			{Number: 1, ProviderID: "p1", State: message.Accepted}, {Number: 2, ProviderID: "p2", State: message.Accepted}}})
		part := func(p string, st message.State) message.State {
			var at store.Part
			Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				got, err := tx.Messages().ByProvider(ctx, d.Route.ID, []string{p})
				at = got[p]
				return err
			})
			return d.receipt(t, s, store.Receipted{Part: at, Route: d.Route.ID, State: st, At: Start})[0]
		}
		if got := part("p2", message.Delivered); got != "" || d.Get(t, s, m.ID).State != message.Accepted {
			t.Errorf("one part of two delivered the message (%q)", got)
		}
		if got := part("p1", message.Undelivered); got != message.Undelivered {
			t.Errorf("a part that was not delivered gave %q", got)
		}
		if got := part("p1", message.Delivered); got != message.Delivered {
			t.Errorf("the late delivery of the last part gave %q", got)
		}
	})
	t.Run("parked receipts are given back once", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		p := store.Parked{Route: d.Route.ID, ProviderID: "early", State: message.Delivered, ReceivedAt: Start}
		old := store.Parked{Route: d.Route.ID, ProviderID: "old", State: message.Delivered, ReceivedAt: Start.Add(-73 * time.Hour)}
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			if err := tx.Messages().Park(ctx, []store.Parked{p, old}); err != nil {
				return err
			}
			return tx.Messages().Park(ctx, []store.Parked{p}) // the carrier sends it again
		})
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			if n, err := tx.Messages().ParkedCount(ctx, d.Route.ID); err != nil || n != 2 {
				t.Errorf("%d parked, %v", n, err)
			}
			if n, err := tx.Messages().DropParked(ctx, Start.Add(-72*time.Hour), 10); err != nil || n != 1 {
				t.Errorf("%d dropped, %v", n, err)
			}
			got, err := tx.Messages().TakeParked(ctx, d.Route.ID, []string{"early", "other"})
			if len(got) != 1 || got[0].State != message.Delivered {
				t.Errorf("took %v", got)
			}
			if err != nil {
				return err
			}
			again, err := tx.Messages().TakeParked(ctx, d.Route.ID, []string{"early"})
			if len(again) != 0 {
				t.Error("took it twice")
			}
			return err
		})
	})
	t.Run("a new decision moves what waits", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		a, b := d.Draft(Start), d.Draft(Start)
		d.Insert(t, s, a, b)
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			moved, err := tx.Messages().Settle(ctx, []store.Move{
				{Message: a.ID, From: message.Queued, To: message.Held, Reason: message.ReasonQuietHours, Until: Start.Add(time.Hour), Event: true,
					Decision: &message.Decision{Verdict: "hold", At: Start}},
				{Message: b.ID, From: message.Held, To: message.Queued}, // it is queued: nothing happens
			})
			if err == nil && (!moved[0] || moved[1]) {
				t.Errorf("moved %v", moved)
			}
			return err
		})
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			for at, want := range map[time.Time]int{Start: 0, Start.Add(time.Hour): 1} {
				got, err := tx.Messages().Held(ctx, at, false, store.Page{})
				if err != nil || len(got) != want {
					t.Errorf("%d held until %v, %v", len(got), at, err)
				}
			}
			got, err := tx.Messages().Held(ctx, Start, true, store.Page{})
			if len(got) != 0 {
				t.Error("waits for nobody, but is listed so")
			}
			return err
		})
		if got := d.Get(t, s, a.ID); got.Decision.Verdict != "hold" || got.Reason != message.ReasonQuietHours {
			t.Errorf("kept %+v", got.Decision)
		}
		err := s.InTx(context.Background(), d.Scope, func(tx store.Tx) error {
			_, err := tx.Messages().Settle(context.Background(), []store.Move{{Message: a.ID, From: message.Held, To: message.Delivered}})
			return err
		})
		if err == nil {
			t.Error("a move outside the table was written")
		}
	})
	t.Run("a text that moved to another route is not the first route's to send", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		stays, moves := d.Draft(Start), d.Draft(Start)
		d.Insert(t, s, stays, moves)
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			other, err := tx.Routes().Save(ctx, store.Route{Name: "other", Kind: store.RouteSMPP, Simulator: true, Config: phi.T("{}")})
			if err != nil {
				return err
			}
			_, err = tx.Messages().Settle(ctx, []store.Move{{Message: moves.ID, From: message.Queued, To: message.Queued, Route: other.ID}})
			return err
		})
		if moved := d.lease(t, s, 1, stays.ID, moves.ID); !moved[0] || moved[1] {
			t.Errorf("leased %v", moved)
		}
		if got := d.Get(t, s, moves.ID); got.State != message.Queued || got.Attempts != 0 {
			t.Errorf("%s after %d attempts", got.State, got.Attempts)
		}
	})
	t.Run("a text that reads otherwise now replaces the stored one", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		d.Insert(t, s, m)
		m.Body, m.Segments = phi.T("Wizyta jutro o 11:00."), 2
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: 1, Machine: Start, Domain: Start},
				[]store.Leased{{Message: m.ID, Rewrite: &m}})
			return err
		})
		if got := d.Get(t, s, m.ID); got.Body.Reveal() != "Wizyta jutro o 11:00." || got.Segments != 2 || got.State != message.Sending {
			t.Errorf("kept another text, %s", got.State)
		}
	})
}

func unknowns(t *testing.T, open Open) {
	t.Run("what a dead lease left becomes unknown, and only that", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		dead, live := d.Draft(Start), d.Draft(Start)
		d.Insert(t, s, dead, live)
		d.lease(t, s, 1, dead.ID)
		d.lease(t, s, 2, live.ID)
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Messages().Recover(ctx, d.Route.ID, 2, 10)
			if len(got) != 1 || got[0] != dead.ID {
				t.Errorf("recovered %v", got)
			}
			return err
		})
		if a, b := d.Get(t, s, dead.ID), d.Get(t, s, live.ID); a.State != message.Unknown || b.State != message.Sending {
			t.Errorf("%s and %s", a.State, b.State)
		}
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Messages().Events(ctx, dead.ID)
			if len(got) != 1 || got[0].To != message.Unknown || got[0].Attempt != 1 {
				t.Errorf("events %+v", got)
			}
			return err
		})
	})
	t.Run("an unknown is found by number and time, takes an id, and is sent again once", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		found, again := d.Draft(Start), d.Draft(Start)
		d.Insert(t, s, found, again)
		d.lease(t, s, 1, found.ID, again.ID)
		d.answer(t, s, store.Answered{Message: found.ID, Attempt: 1, To: message.Unknown, Reason: message.ReasonNoAnswer, Route: d.Route.ID},
			store.Answered{Message: again.ID, Attempt: 1, To: message.Unknown, Reason: message.ReasonNoAnswer, Route: d.Route.ID})
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Messages().OpenUnknown(ctx, d.Route.ID, []phone.Number{d.Point.Number, Number(t, "+48609999999")}, Start, Start.Add(time.Minute))
			if len(got) != 2 {
				t.Errorf("%d open unknowns in the minute", len(got))
			}
			if err != nil {
				return err
			}
			got, err = tx.Messages().OpenUnknown(ctx, d.Route.ID, []phone.Number{d.Point.Number}, Start.Add(time.Minute), Start.Add(2*time.Minute))
			if len(got) != 0 {
				t.Errorf("%d open unknowns a minute later", len(got))
			}
			return err
		})
		d.receipt(t, s, store.Receipted{Part: store.Part{Message: found.ID}, State: message.Delivered, ProviderID: "late-id", At: Start})
		if got := d.Get(t, s, found.ID); got.State != message.Delivered || got.ProviderID != "late-id" {
			t.Errorf("%s with id %q", got.State, got.ProviderID)
		}
		resend := []store.Move{{Message: again.ID, From: message.Unknown, To: message.Queued, Reason: message.ReasonNoReceipt, DueAt: Start}}
		closeUnknown := func() (moved []bool) {
			Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				var err error
				moved, err = tx.Messages().CloseUnknown(ctx, resend)
				return err
			})
			return moved
		}
		if !closeUnknown()[0] {
			t.Fatal("not queued again")
		}
		d.lease(t, s, 1, again.ID)
		d.answer(t, s, store.Answered{Message: again.ID, Attempt: 2, To: message.Unknown, Route: d.Route.ID})
		if closeUnknown()[0] {
			t.Error("sent a third time")
		}
		resend[0].To = message.Unknown
		if !closeUnknown()[0] {
			t.Error("not left for good")
		}
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Messages().UnknownBefore(ctx, Start.Add(time.Hour), store.Page{})
			if len(got) != 0 {
				t.Errorf("%d open unknowns are left", len(got))
			}
			return err
		})
	})
}

func counts(t *testing.T, open Open) {
	t.Run("caps count what was handed over", func(t *testing.T) {
		t.Parallel()
		c := clock.NewFixed(Start)
		s := open(t, c)
		d := NewDesk(t, s)
		old, now, other, waiting := d.Draft(Start), d.Draft(Start), d.Draft(Start), d.Draft(Start)
		other.Purpose = purpose.Recall
		staff, answer := d.Draft(Start), d.Draft(Start)
		staff.Flags, answer.Flags = staff.Flags|message.StaffText, answer.Flags|message.Answers
		now.Flags |= message.ToldChange
		d.Insert(t, s, old, now, other, waiting, staff, answer)
		d.lease(t, s, 1, old.ID)
		c.Advance(48 * time.Hour)
		d.lease(t, s, 1, now.ID, other.ID, staff.ID, answer.ID)
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			week := tx.Now().Add(-gate.CapWeek)
			got, err := tx.Messages().Spoken(ctx, []store.SpokenAsk{{Person: d.Person.ID, Since: week}, {Person: id.New(), Since: week}})
			if err != nil {
				return err
			}
			n := gate.Count(got[0], purpose.Appointment, tx.Now(), false)
			if n.Day != 1 || n.Week != 2 || n.AllDay != 2 || n.AllWeek != 3 || len(got[1]) != 0 {
				t.Errorf("counted %+v, of a stranger %v", n, got[1])
			}
			return nil
		})
	})
	t.Run("who was told how to get no more texts", func(t *testing.T) { t.Parallel(); told(t, open) })
	t.Run("a text that is written anew keeps its new flags and record", func(t *testing.T) { t.Parallel(); rewritten(t, open) })
	t.Run("care to come is counted for those that ask", func(t *testing.T) { t.Parallel(); countsAhead(t, open) })
	t.Run("what is to come is listed by due time", func(t *testing.T) { t.Parallel(); coming(t, open) })
	t.Run("automatic answers are counted by number", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		a, b := d.Draft(Start), d.Draft(Start)
		a.Origin.Kind = message.FromReply
		d.Insert(t, s, a, b)
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Messages().AutoReplies(ctx, []id.ID{d.Point.ID}, Start.Add(-time.Hour))
			if got[d.Point.ID] != 1 {
				t.Errorf("%d answers", got[d.Point.ID])
			}
			states, err2 := tx.Messages().StateCounts(ctx, Start.Add(-time.Hour))
			if err2 != nil || states[message.Queued] != 2 {
				t.Errorf("states %v, %v", states, err2)
			}
			return err
		})
	})
}

func lists(t *testing.T, open Open) {
	t.Parallel()
	s := open(t, clock.NewFixed(Start))
	d := NewDesk(t, s)
	var all []id.ID
	for i := range 5 {
		m := d.Draft(Start)
		if i == 2 {
			m.State, m.Reason = message.Refused, message.ReasonNoConsent
		}
		d.Insert(t, s, m)
		all = append(all, m.ID)
	}
	Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		first, err := tx.Messages().List(ctx, store.MessageFilter{}, store.Page{Limit: 3})
		if err != nil || len(first) != 3 || first[0].ID != all[4] {
			t.Fatalf("first page of %d, %v", len(first), err)
		}
		rest, err := tx.Messages().List(ctx, store.MessageFilter{}, store.Page{After: first[2].ID, Limit: 3})
		if err != nil || len(rest) != 2 || rest[1].ID != all[0] {
			t.Errorf("second page of %d, %v", len(rest), err)
		}
		refused, err := tx.Messages().List(ctx, store.MessageFilter{States: []message.State{message.Refused}, Person: d.Person.ID,
			Reason: message.ReasonNoConsent, Purpose: purpose.Appointment, Route: d.Route.ID, From: Start, To: Start.Add(time.Hour)}, store.Page{})
		if err != nil || len(refused) != 1 || refused[0].ID != all[2] {
			t.Errorf("%d refused, %v", len(refused), err)
		}
		return nil
	})
}
