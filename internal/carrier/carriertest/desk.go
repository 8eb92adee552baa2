package carriertest

import (
	"sync"
	"testing"
	"time"

	"carillon.dev/carillon/internal/carrier"
)

// patience is how long a case waits for what must happen; a machine under load gets its time.
const patience = 20 * time.Second

// desk is the engine's side: it writes everything down and acknowledges as its case wants.
type desk struct {
	guard func(*carrier.Submit) carrier.Permit
	ack   func() error // nil: the case acknowledges

	mu       sync.Mutex
	changed  *sync.Cond
	outcomes []carrier.Outcome
	receipts []carrier.Receipt
	texts    []carrier.Inbound
	states   []carrier.State
}

func newDesk() *desk {
	d := &desk{
		guard: func(*carrier.Submit) carrier.Permit { return carrier.PermitSend },
		ack:   func() error { return nil },
	}
	d.changed = sync.NewCond(&d.mu)
	return d
}

func (d *desk) Guard(s *carrier.Submit) carrier.Permit { return d.guard(s) }

func (d *desk) HandleOutcomes(b []carrier.Outcome) {
	d.note(func() { d.outcomes = append(d.outcomes, b...) })
}

func (d *desk) HandleReceipts(b []carrier.Receipt) {
	d.note(func() { d.receipts = append(d.receipts, b...) })
	for _, r := range b {
		if d.ack != nil {
			r.Ack(d.ack())
		}
	}
}

func (d *desk) HandleInbound(in carrier.Inbound) {
	d.note(func() { d.texts = append(d.texts, in) })
	if d.ack != nil {
		in.Ack(d.ack())
	}
}

func (d *desk) HandleState(h carrier.Health) {
	d.note(func() { d.states = append(d.states, h.State) })
}

func (d *desk) note(f func()) {
	d.mu.Lock()
	f()
	d.mu.Unlock()
	d.changed.Broadcast()
}

// await waits until ok is true; ok is called with the desk locked.
func (d *desk) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	over := false
	alarm := time.AfterFunc(patience, func() { d.note(func() { over = true }) })
	defer alarm.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for !ok() {
		if over {
			t.Fatalf("waited in vain for %s: %d outcomes, %d receipts, %d texts, states %v", what, len(d.outcomes), len(d.receipts), len(d.texts), d.states)
		}
		d.changed.Wait()
	}
}

// count and is are called with the desk locked.
func (d *desk) count(c carrier.Class) (n int) {
	for _, o := range d.outcomes {
		if o.Class == c {
			n++
		}
	}
	return n
}

func (d *desk) is(s carrier.State) bool { return len(d.states) > 0 && d.states[len(d.states)-1] == s }

// await waits for something at the far side, which nobody announces.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for began := time.Now(); !ok(); time.Sleep(time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
