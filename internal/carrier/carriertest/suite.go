// Package carriertest is the conformance suite of carrier.Connector: what every connector owes the engine, run
// against a far side that the caller can steer. It refuses to know any connector: a bug found in one becomes a case
// for all.
package carriertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
)

// Far is how the far side behaves in a case.
type Far string

const (
	// Accepts everything, and sends one true receipt for each text that asks for one.
	Accepts Far = "accepts"
	// Throttles refuses everything as too much.
	Throttles Far = "throttles"
	// Refuses refuses every number for good.
	Refuses Far = "refuses"
	// Silent takes everything and never answers.
	Silent Far = "silent"
	// Absent cannot be reached.
	Absent Far = "absent"
)

// Rig is a connector in front of a far side, made fresh for each case.
type Rig struct {
	Connector carrier.Connector
	Cut       func()                         // breaks the line; it may come back
	Text      func(from, to, text string)    // a phone writes
	Counts    func() (accepted, settled int) // at the far side: texts accepted; receipts and answers acknowledged as durable
}

// Open makes a Rig; whatever it starts ends with the test.
type Open func(t *testing.T, far Far) Rig

// Run runs every case.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"every accepted text has one outcome, one receipt and one id", accepted},
		{"parallel callers lose nothing", parallel},
		{"a batch may be reused after the call", reused},
		{"throttling says how long to wait", throttled},
		{"a refusal for good is permanent", refused},
		{"the guard is asked for each text, and what it refuses never leaves", guarded},
		{"a cut line makes unknown what was handed over, and nothing else", cut},
		{"without a line nothing is handed over", absent},
		{"a receipt is acknowledged when the engine says so, not before", acknowledged},
		{"a receipt that was not stored comes again", again},
		{"texts from phones arrive, in parts if they are long", inbound},
		{"stopping settles everything", stopped},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open)
		})
	}
}

func accepted(t *testing.T, open Open) {
	r, d := start(t, open, Accepts)
	r.Connector.Submit(t.Context(), Texts(50))
	d.await(t, "50 outcomes and receipts", func() bool { return len(d.outcomes) == 50 && len(d.receipts) == 50 })
	d.mu.Lock()
	defer d.mu.Unlock()
	ids := map[string]uint64{}
	for i, o := range d.outcomes {
		if o.Class != carrier.Accepted || o.Reason != carrier.ReasonOK || o.ProviderID == "" || o.At.IsZero() {
			t.Fatalf("outcome %+v", o)
		}
		if o.Ref != uint64(i+1) {
			t.Fatalf("outcome %d is of submit %d", i+1, o.Ref)
		}
		ids[o.ProviderID] = o.Ref
	}
	if len(ids) != 50 {
		t.Fatalf("%d ids for 50 texts", len(ids))
	}
	for _, rc := range d.receipts {
		if rc.State != carrier.ReceiptDelivered || ids[rc.ProviderID] == 0 {
			t.Fatalf("receipt %+v matches no outcome", rc)
		}
		delete(ids, rc.ProviderID)
	}
}

func parallel(t *testing.T, open Open) {
	r, d := start(t, open, Accepts)
	for range 4 {
		go r.Connector.Submit(t.Context(), Texts(100))
	}
	d.await(t, "400 outcomes and receipts", func() bool { return len(d.outcomes) == 400 && len(d.receipts) == 400 })
}

func reused(t *testing.T, open Open) {
	r, d := start(t, open, Accepts)
	batch := Texts(30)
	r.Connector.Submit(t.Context(), batch)
	for i := range batch {
		clear(batch[i].Payload)
		batch[i] = carrier.Submit{}
	}
	d.await(t, "30 outcomes", func() bool { return d.count(carrier.Accepted) == 30 })
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, o := range d.outcomes {
		if o.Ref != uint64(i+1) {
			t.Fatalf("outcome %d is of submit %d", i+1, o.Ref)
		}
	}
}

func throttled(t *testing.T, open Open) {
	r, d := start(t, open, Throttles)
	r.Connector.Submit(t.Context(), Texts(5))
	d.await(t, "5 outcomes", func() bool { return len(d.outcomes) == 5 })
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.outcomes {
		if o.Class != carrier.Throttle || o.RetryAfter <= 0 || o.ProviderID != "" {
			t.Fatalf("outcome %+v", o)
		}
	}
}

func refused(t *testing.T, open Open) {
	r, d := start(t, open, Refuses)
	r.Connector.Submit(t.Context(), Texts(5))
	d.await(t, "5 permanent outcomes", func() bool { return d.count(carrier.Permanent) == 5 })
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.outcomes {
		if o.Reason == "" || o.Reason == carrier.ReasonOK || o.ProviderID != "" {
			t.Fatalf("outcome %+v", o)
		}
	}
}

func guarded(t *testing.T, open Open) {
	d := newDesk()
	d.guard = func(s *carrier.Submit) carrier.Permit {
		return [3]carrier.Permit{carrier.PermitSend, carrier.PermitSuppressed, carrier.PermitHeld}[s.Ref%3]
	}
	r := startWith(t, open, Accepts, d)
	r.Connector.Submit(t.Context(), Texts(30))
	d.await(t, "30 outcomes", func() bool { return len(d.outcomes) == 30 })
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.outcomes {
		want := [3]carrier.Class{carrier.Accepted, carrier.Suppressed, carrier.NotHandedOver}[o.Ref%3]
		if o.Class != want {
			t.Fatalf("submit %d is %s, want %s", o.Ref, o.Class, want)
		}
	}
	if n, _ := r.Counts(); n != 10 {
		t.Fatalf("the far side accepted %d, the guard permitted 10", n)
	}
}

func cut(t *testing.T, open Open) {
	r, d := start(t, open, Silent)
	n := min(r.Connector.Traits().Window, 8)
	r.Connector.Submit(t.Context(), Texts(n))
	await(t, "the far side to have them all", func() bool { got, _ := r.Counts(); return got == n })
	r.Cut()
	d.await(t, "an outcome each", func() bool { return len(d.outcomes) == n })
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.outcomes {
		if o.Class != carrier.Unknown || o.ProviderID != "" {
			t.Fatalf("outcome %+v", o)
		}
	}
}

func absent(t *testing.T, open Open) {
	d := newDesk()
	r := open(t, Absent)
	run(t, r, d)
	d.await(t, "the route to be down", func() bool { return len(d.states) > 0 })
	r.Connector.Submit(t.Context(), Texts(3))
	d.await(t, "3 outcomes", func() bool { return d.count(carrier.NotHandedOver) == 3 })
	if h := r.Connector.Health(); h.State != carrier.StateDown {
		t.Fatalf("health %+v", h)
	}
}

func acknowledged(t *testing.T, open Open) {
	d := newDesk()
	d.ack = nil
	r := startWith(t, open, Accepts, d)
	r.Connector.Submit(t.Context(), Texts(10))
	d.await(t, "10 receipts", func() bool { return len(d.receipts) == 10 })
	if _, n := r.Counts(); n != 0 {
		t.Fatalf("%d acknowledged before the engine did", n)
	}
	if h := r.Connector.Health(); h.Unacked != 10 {
		t.Fatalf("health %+v", h)
	}
	d.mu.Lock()
	for _, rc := range d.receipts {
		rc.Ack(nil)
		rc.Ack(nil)
	}
	d.mu.Unlock()
	await(t, "10 acknowledgements", func() bool { _, n := r.Counts(); return n == 10 })
}

func again(t *testing.T, open Open) {
	d := newDesk()
	seen := 0
	d.ack = func() error {
		seen++
		if seen == 1 {
			return errs.New(errs.Unavailable, "the disk is full")
		}
		return nil
	}
	r := startWith(t, open, Accepts, d)
	r.Connector.Submit(t.Context(), Texts(1))
	d.await(t, "the receipt twice", func() bool { return len(d.receipts) == 2 })
	d.await(t, "the same receipt again", func() bool { return d.receipts[0].ProviderID == d.receipts[1].ProviderID })
	await(t, "one acknowledgement", func() bool { _, n := r.Counts(); return n == 1 })
}

func inbound(t *testing.T, open Open) {
	r, d := start(t, open, Accepts)
	r.Text("48600100200", "4455", "Tak, będę")
	long := ""
	for i := range 60 {
		long += fmt.Sprintf("%d кот ", i)
	}
	r.Text("48600100201", "4455", long)
	d.await(t, "every part", func() bool {
		return len(d.texts) > 1 && len(d.texts) == 1+int(d.texts[len(d.texts)-1].Concat.Total)
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	await(t, "every part to be acknowledged", func() bool { _, n := r.Counts(); return n == len(d.texts) })
	first, last := d.texts[0], d.texts[len(d.texts)-1]
	if !first.Concat.IsZero() || first.From != phi.T("48600100200") || first.To != phi.T("4455") || first.Coding != carrier.UCS2 || len(first.Payload) != 18 {
		t.Fatalf("first text %+v", first)
	}
	if last.Concat.Total < 2 || last.Concat.Number != last.Concat.Total || last.Concat.Ref != d.texts[1].Concat.Ref {
		t.Fatalf("last part %+v", last)
	}
}

func stopped(t *testing.T, open Open) {
	d := newDesk()
	r := open(t, Accepts)
	stop := run(t, r, d)
	d.await(t, "the line to be up", func() bool { return d.is(carrier.StateUp) })
	r.Connector.Submit(t.Context(), Texts(20))
	stop()
	d.await(t, "20 outcomes", func() bool { return len(d.outcomes) == 20 })
	r.Connector.Submit(t.Context(), Texts(2))
	d.await(t, "2 more", func() bool { return len(d.outcomes) == 22 && d.count(carrier.NotHandedOver) >= 2 })
	if h := r.Connector.Health(); h.State != carrier.StateStopped || h.Open != 0 {
		t.Fatalf("health %+v", h)
	}
}

// Texts makes n submits with references from 1 to n, to as many numbers.
func Texts(n int) []carrier.Submit {
	b := make([]carrier.Submit, n)
	for i := range b {
		b[i] = carrier.Submit{
			Ref: uint64(i + 1), From: carrier.Address{Addr: "CLINIC"}, To: phi.T(fmt.Sprintf("+486001%05d", i)),
			Payload: carrier.Octets(fmt.Sprintf("Visit %d", i)),
		}
	}
	return b
}

// start opens a rig, runs it, and waits for the line.
func start(t *testing.T, open Open, far Far) (Rig, *desk) {
	t.Helper()
	d := newDesk()
	return startWith(t, open, far, d), d
}

func startWith(t *testing.T, open Open, far Far, d *desk) Rig {
	t.Helper()
	r := open(t, far)
	run(t, r, d)
	d.await(t, "the line to be up", func() bool { return d.is(carrier.StateUp) })
	return r
}

// run runs the connector until the test ends or stop is called.
func run(t *testing.T, r Rig, d *desk) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- r.Connector.Run(ctx, d) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(patience):
			t.Error("run did not return after its context ended")
		}
	}
	t.Cleanup(stop)
	return stop
}
