package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

func (d Desk) fileIDs(t testing.TB, s store.Store, from, before time.Time, limit int) (f store.Filed) {
	t.Helper()
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) (err error) {
		f, err = tx.Messages().FileIDs(ctx, d.Route.ID, from, before, limit)
		return err
	})
	return f
}

// byProvider says which text an id finds; zero for none.
func (d Desk) byProvider(t testing.TB, s store.Store, provider string) (text id.ID) {
	t.Helper()
	Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Messages().ByProvider(ctx, d.Route.ID, []string{provider})
		text = got[provider].Message
		return err
	})
	return text
}

func filingSuite(t *testing.T, open Open) {
	machine := Start.Add(-1000 * time.Hour)
	t.Run("accepted texts are found by the carrier's ids once they are filed, page by page", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		var texts []id.ID
		for i := range 5 {
			texts = append(texts, d.accepted(t, s, machine.Add(time.Duration(i)*time.Second)))
		}
		provider := func(i int) string { return "p-" + texts[i].String() }
		if got := d.byProvider(t, s, provider(0)); !got.IsZero() {
			t.Error("a text is found before it was filed")
		}
		f := d.fileIDs(t, s, time.Time{}, machine.Add(4*time.Second), 3)
		if !f.More || !f.Until.Equal(machine.Add(2*time.Second)) || !f.Open.IsZero() {
			t.Fatalf("first page: %+v", f)
		}
		if f = d.fileIDs(t, s, f.Until, machine.Add(4*time.Second), 3); f.More || !f.Until.Equal(machine.Add(4*time.Second)) {
			t.Fatalf("second page: %+v", f)
		}
		for i := range texts {
			if got, want := d.byProvider(t, s, provider(i)), i < 4; (got == texts[i]) != want {
				t.Errorf("text %d is found: %v, want %v", i, !want, want)
			}
		}
		d.receipt(t, s, store.Receipted{Part: store.Part{Message: texts[1]}, State: message.Delivered, At: Start})
		if got := d.byProvider(t, s, provider(1)); !got.IsZero() {
			t.Error("a delivered text is still looked for")
		}
	})
	t.Run("a text without an answer is told of, and filed after it has one", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		d.Insert(t, s, m)
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: 1, Machine: machine, Domain: Start}, []store.Leased{{Message: m.ID}})
			return err
		})
		later := d.accepted(t, s, machine.Add(time.Second))
		if f := d.fileIDs(t, s, time.Time{}, machine.Add(time.Minute), 10); f.More || !f.Open.Equal(machine) {
			t.Fatalf("%+v", f)
		}
		if d.byProvider(t, s, "p-"+later.String()) != later {
			t.Error("a text behind one without an answer was not filed")
		}
		d.answer(t, s, store.Answered{Message: m.ID, Attempt: 1, To: message.Accepted, ProviderID: "slow", Route: d.Route.ID})
		if f := d.fileIDs(t, s, machine, machine.Add(time.Minute), 10); !f.Open.IsZero() || d.byProvider(t, s, "slow") != m.ID {
			t.Errorf("%+v", f)
		}
	})
	t.Run("texts that were not delivered, were asked about or given up are found without being filed", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		failed, asked, left := d.accepted(t, s, machine), d.accepted(t, s, machine), d.accepted(t, s, machine)
		d.receipt(t, s, store.Receipted{Part: store.Part{Message: failed}, State: message.Undelivered, At: Start})
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			if err := tx.Messages().AskAgain(ctx, []store.AskedAbout{{Message: asked, Next: machine.Add(72 * time.Hour)}}); err != nil {
				return err
			}
			_, err := tx.Messages().GiveUp(ctx, d.Route.ID, machine.Add(time.Second), machine, 10)
			return err
		})
		for name, m := range map[string]id.ID{"undelivered": failed, "asked about": asked, "given up": left} {
			if d.byProvider(t, s, "p-"+m.String()) != m {
				t.Errorf("the text that was %s is not found", name)
			}
		}
	})
	t.Run("an id that the carrier gives again finds the newest text", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		var texts []id.ID
		for i := range 3 {
			m := d.Draft(Start)
			d.Insert(t, s, m)
			Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: 1, Machine: machine.Add(time.Duration(i) * time.Second), Domain: Start},
					[]store.Leased{{Message: m.ID}})
				return err
			})
			d.answer(t, s, store.Answered{Message: m.ID, Attempt: 1, To: message.Accepted, ProviderID: "again", Route: d.Route.ID})
			texts = append(texts, m.ID)
		}
		d.fileIDs(t, s, time.Time{}, machine.Add(time.Second), 10)
		if got := d.byProvider(t, s, "again"); got != texts[0] {
			t.Errorf("found %v", got)
		}
		d.fileIDs(t, s, machine, machine.Add(time.Minute), 10) // the older ones once more, too
		if got := d.byProvider(t, s, "again"); got != texts[2] {
			t.Errorf("found %v, want the newest", got)
		}
	})
	t.Run("an answer to an attempt that was given up is waited for again", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		d.Insert(t, s, m)
		d.lease(t, s, 1, m.ID)
		d.answer(t, s, store.Answered{Message: m.ID, Attempt: 1, To: message.Unknown, Route: d.Route.ID})
		if moved := d.answer(t, s, store.Answered{Message: m.ID, Attempt: 1, To: message.Accepted, ProviderID: "late", Route: d.Route.ID}); !moved[0] {
			t.Fatal("the late answer moved nothing")
		}
		if got := d.awaited(t, s, Start.Add(time.Hour), Start.Add(time.Hour)); len(got) != 1 || got[0].Message != m.ID {
			t.Errorf("waited for %+v", got)
		}
	})
	t.Run("a parked receipt is known once its text is filed, and until it is delivered", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.accepted(t, s, machine)
		known := func(scope access.Scope) (ids []string) {
			Read(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
				ids, err = tx.Messages().ParkedKnown(ctx, d.Route.ID, 10)
				return err
			})
			return ids
		}
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			var all []store.Parked
			for _, p := range []string{"p-" + m.String(), "nobody's"} {
				for _, st := range []message.State{message.Undelivered, message.Delivered} {
					all = append(all, store.Parked{Route: d.Route.ID, ProviderID: p, State: st, ReceivedAt: Start})
				}
			}
			return tx.Messages().Park(ctx, all)
		})
		if got := known(d.Scope); len(got) != 0 {
			t.Errorf("before filing: %v", got)
		}
		d.fileIDs(t, s, time.Time{}, Start, 10)
		if got := known(d.Scope); len(got) != 1 || got[0] != "p-"+m.String() {
			t.Errorf("after filing: %v", got)
		}
		if got := known(NewOrg(t, s)); len(got) != 0 {
			t.Errorf("another organization knows %v", got)
		}
		d.receipt(t, s, store.Receipted{Part: store.Part{Message: m}, State: message.Delivered, At: Start})
		if got := known(d.Scope); len(got) != 0 {
			t.Errorf("after the delivery: %v", got)
		}
	})
	t.Run("another organization files nothing", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.accepted(t, s, machine)
		Write(t, s, NewOrg(t, s), func(ctx context.Context, tx store.Tx) error {
			f, err := tx.Messages().FileIDs(ctx, d.Route.ID, time.Time{}, Start, 10)
			if f.More || !f.Until.Equal(Start) {
				t.Errorf("%+v", f)
			}
			return err
		})
		if got := d.byProvider(t, s, fmt.Sprintf("p-%s", m)); !got.IsZero() {
			t.Error("a foreign scope filed it")
		}
	})
	t.Run("the parts of a text that is to come from another number are forgotten", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		d.Insert(t, s, m)
		d.lease(t, s, 1, m.ID)
		d.answer(t, s, store.Answered{Message: m.ID, Attempt: 1, To: message.Queued, Reason: message.ReasonThrottled, Route: d.Route.ID, DueAt: Start, Total: 2, Ref: 7,
			Parts: []store.PartAnswer{{Number: 1, ProviderID: "p1", State: message.Accepted}, {Number: 2, State: message.Queued}}})
		parts := func(sender id.ID) (n int) {
			Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Messages().Settle(ctx, []store.Move{{Message: m.ID, From: message.Queued, To: message.Queued, DueAt: Start, Route: d.Route.ID, Sender: sender}})
				if err != nil {
					return err
				}
				all, err := tx.Messages().SentParts(ctx, []id.ID{m.ID})
				n = len(all[m.ID].Numbers)
				return err
			})
			return n
		}
		if n := parts(d.Sender.ID); n != 1 {
			t.Errorf("from the same number, %d parts are known to have left, want 1", n)
		}
		if n := parts(id.New()); n != 0 {
			t.Errorf("from another number, %d parts are known to have left, want none", n)
		}
	})
}
