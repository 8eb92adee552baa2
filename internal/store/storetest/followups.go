package storetest

import (
	"context"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// accepted inserts a text, leases it at a machine time and lets the carrier accept it.
func (d Desk) accepted(t testing.TB, s store.Store, leased time.Time, parts ...store.PartAnswer) id.ID {
	t.Helper()
	m := d.Draft(Start)
	d.Insert(t, s, m)
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: 1, Machine: leased, Domain: tx.Now()}, []store.Leased{{Message: m.ID}})
		return err
	})
	a := store.Answered{Message: m.ID, Attempt: 1, To: message.Accepted, Route: d.Route.ID, Parts: parts}
	if len(parts) == 0 {
		a.ProviderID = "p-" + m.ID.String()
	}
	d.answer(t, s, a)
	return m.ID
}

func (d Desk) awaited(t testing.TB, s store.Store, first, now time.Time) (out []store.Awaited) {
	t.Helper()
	Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) (err error) {
		out, err = tx.Messages().Awaited(ctx, d.Route.ID, first, now, 10)
		return err
	})
	return out
}

func followUpsSuite(t *testing.T, open Open) {
	// The machine's time has nothing to do with the domain's here.
	machine := Start.Add(-1000 * time.Hour)
	t.Run("accepted texts without a receipt are asked about when their time has come", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		old, fresh := d.accepted(t, s, machine), d.accepted(t, s, machine.Add(20*time.Minute))
		settled := d.accepted(t, s, machine)
		d.receipt(t, s, store.Receipted{Part: store.Part{Message: settled}, State: message.Delivered, At: Start})
		got := d.awaited(t, s, machine.Add(time.Minute), machine)
		if len(got) != 1 || got[0].Message != old || len(got[0].IDs) != 1 || got[0].IDs[0] != "p-"+old.String() || !got[0].LeasedAt.Equal(machine) || got[0].Sender != d.Sender.ID {
			t.Fatalf("awaited %+v", got)
		}
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			return tx.Messages().AskAgain(ctx, []store.AskedAbout{{Message: old, Next: machine.Add(time.Hour)}, {Message: settled, Next: machine}})
		})
		if got := d.awaited(t, s, machine.Add(time.Minute), machine.Add(59*time.Minute)); len(got) != 0 {
			t.Errorf("asked again before its time: %+v", got)
		}
		got = d.awaited(t, s, machine.Add(21*time.Minute), machine.Add(time.Hour))
		if len(got) != 2 || got[0].Message != fresh || got[1].Message != old || got[1].Asks != 1 {
			t.Errorf("awaited %+v", got)
		}
		Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			n, err := tx.Messages().CountAwaited(ctx, d.Route.ID, machine, machine.Add(time.Hour))
			if n != 1 {
				t.Errorf("%d texts wait that nobody asked about, want the fresh one", n)
			}
			return err
		})
	})
	t.Run("of a text in parts only the parts without a final state are asked about", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.accepted(t, s, machine, store.PartAnswer{Number: 1, ProviderID: "a", State: message.Accepted}, store.PartAnswer{Number: 2, ProviderID: "b", State: message.Accepted})
		d.receipt(t, s, store.Receipted{Part: store.Part{Message: m, Number: 1, Parts: 2}, State: message.Delivered, At: Start})
		if got := d.awaited(t, s, machine.Add(time.Second), machine); len(got) != 1 || len(got[0].IDs) != 1 || got[0].IDs[0] != "b" {
			t.Errorf("awaited %+v", got)
		}
	})
	t.Run("what no receipt came for ends with its reason, asked about or not, and a late receipt still wins", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		asked, never, young := d.accepted(t, s, machine), d.accepted(t, s, machine), d.accepted(t, s, machine.Add(time.Hour))
		var ended []id.ID
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) (err error) {
			if err := tx.Messages().AskAgain(ctx, []store.AskedAbout{{Message: asked, Next: machine.Add(72 * time.Hour)}}); err != nil {
				return err
			}
			ended, err = tx.Messages().GiveUp(ctx, d.Route.ID, machine.Add(time.Second), machine.Add(73*time.Hour), 10)
			return err
		})
		if len(ended) != 2 {
			t.Fatalf("%d ended", len(ended))
		}
		for _, m := range []id.ID{asked, never} {
			got := d.Get(t, s, m)
			if got.State != message.Expired || got.Reason != message.ReasonNoReceipt || got.DoneAt.IsZero() {
				t.Errorf("%s, %q", got.State, got.Reason)
			}
			Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				ev, err := tx.Messages().Events(ctx, m)
				if len(ev) != 1 || ev[0].From != message.Accepted || ev[0].To != message.Expired {
					t.Errorf("events %+v", ev)
				}
				return err
			})
		}
		if got := d.Get(t, s, young); got.State != message.Accepted {
			t.Errorf("a younger text is %s", got.State)
		}
		d.receipt(t, s, store.Receipted{Part: store.Part{Message: never}, State: message.Delivered, At: Start})
		if got := d.Get(t, s, never); got.State != message.Delivered {
			t.Errorf("a late receipt left it %s", got.State)
		}
	})
	t.Run("another organization sees, asks and ends nothing", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.accepted(t, s, machine)
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			return tx.Messages().SaveWatch(ctx, store.ReceiptWatch{Route: d.Route.ID, Usual: 900, From: machine, Until: machine, LookedAt: machine})
		})
		Write(t, s, NewOrg(t, s), func(ctx context.Context, tx store.Tx) error {
			f := tx.Messages()
			if got, err := f.Awaited(ctx, d.Route.ID, machine.Add(time.Hour), machine, 10); err != nil || len(got) != 0 {
				t.Errorf("awaited %v, %v", got, err)
			}
			if err := f.AskAgain(ctx, []store.AskedAbout{{Message: m, Next: machine}}); err != nil {
				return err
			}
			if got, err := f.GiveUp(ctx, d.Route.ID, machine.Add(time.Hour), machine, 10); err != nil || len(got) != 0 {
				t.Errorf("ended %v, %v", got, err)
			}
			got, err := f.Watches(ctx)
			if len(got) != 0 {
				t.Errorf("watches %v", got)
			}
			return err
		})
		if got := d.awaited(t, s, machine.Add(time.Hour), machine); len(got) != 1 || got[0].Asks != 0 {
			t.Errorf("awaited %+v", got)
		}
	})
	t.Run("how a route's receipts flow is kept, one row a route", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		w := store.ReceiptWatch{Route: d.Route.ID, Org: d.Scope.Org(), Usual: 970, Seen: 400, From: machine, Until: machine.Add(time.Minute), Texts: 40, Missing: 39,
			LateSince: machine.Add(2 * time.Minute), LookedAt: machine.Add(3 * time.Minute)}
		for _, late := range []time.Time{w.LateSince, {}} {
			w.LateSince = late
			Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error { return tx.Messages().SaveWatch(ctx, w) })
			Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
				got, err := tx.Messages().Watches(ctx)
				if len(got) != 1 || got[0] != w {
					t.Errorf("kept %+v", got)
				}
				return err
			})
		}
	})
	t.Run("parts that left are kept while the others wait, and forgotten when the text goes afresh", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		d.Insert(t, s, m)
		d.lease(t, s, 1, m.ID)
		half := store.Answered{Message: m.ID, Attempt: 1, To: message.Queued, Reason: message.ReasonThrottled, Route: d.Route.ID, DueAt: Start, Total: 2, Ref: 65535,
			Parts: []store.PartAnswer{{Number: 1, ProviderID: "p1", State: message.Accepted}, {Number: 2, State: message.Queued}}}
		d.answer(t, s, half)
		sent := func() (got store.Sent) {
			Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				all, err := tx.Messages().SentParts(ctx, []id.ID{m.ID, id.New()})
				got = all[m.ID]
				return err
			})
			return got
		}
		if got := sent(); got.Route != d.Route.ID || got.Ref != 65535 || got.Total != 2 || len(got.Numbers) != 1 || got.Numbers[0] != 1 {
			t.Fatalf("kept %+v", got)
		}
		if got := d.receipt(t, s, store.Receipted{Part: store.Part{Message: m.ID, Number: 1, Parts: 2}, State: message.Delivered, At: Start}); got[0] != "" {
			t.Errorf("half a text was %q", got[0])
		}
		d.lease(t, s, 1, m.ID)
		if len(sent().Numbers) != 1 {
			t.Error("a lease of the other parts forgot the first")
		}
		d.answer(t, s, store.Answered{Message: m.ID, Attempt: 2, To: message.Accepted, Route: d.Route.ID, Total: 2, Ref: 65535,
			Parts: []store.PartAnswer{{Number: 2, ProviderID: "p2", State: message.Accepted}}})
		if got := d.receipt(t, s, store.Receipted{Part: store.Part{Message: m.ID, Number: 2, Parts: 2}, State: message.Delivered, At: Start}); got[0] != message.Delivered {
			t.Errorf("both parts arrived and the text is %q", got[0])
		}

		again := d.Draft(Start)
		d.Insert(t, s, again)
		d.lease(t, s, 1, again.ID)
		half.Message, half.Parts[0].ProviderID = again.ID, "" // taken, and no id given: it left all the same
		d.answer(t, s, half)
		if m = again; len(sent().Numbers) != 1 {
			t.Error("a part that was taken without an id goes again")
		}
		revised := d.Get(t, s, again.ID).Revised
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: 1, Machine: Start, Domain: Start},
				[]store.Leased{{Message: again.ID, Revised: revised, Afresh: true}})
			return err
		})
		if got := sent(); len(got.Numbers) != 0 {
			t.Errorf("a text that goes afresh still has %+v", got)
		}
	})
	t.Run("an unknown's window runs by the machine's clock", func(t *testing.T) {
		t.Parallel()
		s := open(t, clock.NewFixed(Start))
		d := NewDesk(t, s)
		m := d.Draft(Start)
		d.Insert(t, s, m)
		Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Messages().Lease(ctx, store.Lease{Route: d.Route.ID, Fence: 1, Machine: machine, Domain: Start}, []store.Leased{{Message: m.ID}})
			return err
		})
		d.answer(t, s, store.Answered{Message: m.ID, Attempt: 1, To: message.Unknown, Route: d.Route.ID})
		for before, want := range map[time.Time]int{machine: 0, machine.Add(time.Microsecond): 1} {
			Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
				got, err := tx.Messages().UnknownBefore(ctx, before, store.Page{})
				if len(got) != want {
					t.Errorf("%d unknowns were leased before %v, want %d", len(got), before, want)
				}
				return err
			})
		}
	})
}
