package watch

import (
	"context"
	"strconv"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/obs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
)

// Rows are counted no more often than this, however often somebody scrapes, and a count that takes longer than
// patience is left out. Lately is the stretch that the counts of messages and inbound texts look back.
const (
	waitingEvery = 10 * time.Second
	latelyEvery  = time.Minute
	patience     = 5 * time.Second
	lately       = time.Hour
)

var (
	gLine     = &obs.Gauge{Name: "line_up", Help: "1 while this node's line to the carrier is bound.", Labels: []string{"route"}}
	gLineAge  = &obs.Gauge{Name: "line_state_seconds", Help: "How long the line has been in its state.", Labels: []string{"route", "state"}}
	gOpen     = &obs.Gauge{Name: "line_open_submits", Help: "Parts handed over and not answered.", Labels: []string{"route"}}
	gQueue    = &obs.Gauge{Name: "queue_messages", Help: "Texts that wait to leave.", Labels: []string{"route", "priority"}}
	gOldest   = &obs.Gauge{Name: "queue_oldest_due_seconds", Help: "How long the first of the queue has been due; negative when it is not due yet.", Labels: []string{"route", "priority"}}
	gHeld     = &obs.Gauge{Name: "held_messages", Help: "Texts that are held.", Labels: []string{"reason"}}
	gSending  = &obs.Gauge{Name: "sending_messages", Help: "Texts leased by a sender.", Labels: []string{"route"}}
	gUnknown  = &obs.Gauge{Name: "unknown_messages", Help: "Texts whose outcome nobody knows and no rule has closed.", Labels: []string{"route"}}
	gMessages = &obs.Gauge{Name: "recent_messages", Help: "Texts planned in the last hour, by where they are now.", Labels: []string{"purpose", "state", "reason"}}
	gInbound  = &obs.Gauge{Name: "recent_inbound_texts", Help: "Patients' texts of the last hour, by meaning and by what was done.", Labels: []string{"intent", "outcome"}}
	gOptOuts  = &obs.Gauge{Name: "opted_out_numbers", Help: "Numbers that have opted out."}
	gInbox    = &obs.Gauge{Name: "open_conversations", Help: "Conversations that wait for a person."}
	gTasks    = &obs.Gauge{Name: "open_tasks", Help: "Tasks of staff that are open.", Labels: []string{"kind"}}
	gParked   = &obs.Gauge{Name: "parked_receipts", Help: "Receipts that fit nothing yet."}
	gAudit    = &obs.Gauge{Name: "audit_rows_waiting", Help: "Audit rows without a number in the tree."}
	gWrites   = &obs.Gauge{Name: "write_transactions", Help: "Write transactions since the node started."}
	gWrite    = &obs.Gauge{Name: "write_transaction_seconds", Help: "How long write transactions held the writer; of the last 4,096, max and wait since the start.", Labels: []string{"quantile"}}
	gFault    = &obs.Gauge{Name: "census_failed", Help: "1 while the rows could not be counted."}
)

// Count lets the meter read what waits. machine is the machine's clock, domain that of due times.
func Count(m *obs.Meter, s store.Store, machine, domain clock.Clock, on lines) {
	c := &counter{store: s, machine: machine, domain: domain, on: on}
	m.OnScrape(c.read, gLine, gLineAge, gOpen, gQueue, gOldest, gHeld, gSending, gUnknown, gMessages, gInbound, gOptOuts, gInbox, gTasks,
		gParked, gAudit, gWrites, gWrite, gFault)
}

// counter remembers its last counts: a scrape must not cost the database more than the minute is worth.
type counter struct {
	store           store.Store
	machine, domain clock.Clock
	on              lines

	mu                   sync.Mutex
	waiting              store.Waiting
	lately               store.Lately
	counted, told, tried time.Time // of the last good counts, and of the last attempt
	failed               bool
}

func (c *counter) read() (out []obs.Reading) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count()
	add := func(of *obs.Gauge, v float64, labels ...string) {
		out = append(out, obs.Reading{Of: of, Labels: labels, Value: v})
	}
	c.line(add)
	c.writes(add)
	fault := 0.0
	if c.failed {
		fault = 1
	}
	add(gFault, fault)
	if !c.counted.IsZero() {
		c.rows(add)
	}
	return out
}

type adder func(of *obs.Gauge, v float64, labels ...string)

// count reads the rows again when that is due.
func (c *counter) count() {
	now := c.machine.Now()
	if now.Sub(c.tried) < waitingEvery {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	waiting, said, told := c.waiting, c.lately, c.told
	err := c.store.Read(ctx, access.System("metrics"), func(tx store.Tx) (err error) {
		if waiting, err = tx.Census().Waiting(ctx); err != nil || now.Sub(c.told) < latelyEvery {
			return err
		}
		said, err = tx.Census().Lately(ctx, now.Add(-lately))
		told = now
		return err
	})
	c.tried = now
	if c.failed = err != nil; !c.failed {
		c.counted, c.waiting, c.lately, c.told = now, waiting, said, told
	}
}

func (c *counter) line(add adder) {
	for route, h := range c.on.Lines() {
		up := 0.0
		if h.State == carrier.StateUp {
			up = 1
		}
		add(gLine, up, route.String())
		add(gOpen, float64(h.Open), route.String())
		if !h.Since.IsZero() {
			add(gLineAge, c.machine.Now().Sub(h.Since).Seconds(), route.String(), string(h.State))
		}
	}
}

func (c *counter) writes(add adder) {
	w := c.store.WriteStats()
	add(gWrites, float64(w.Count))
	for q, d := range map[string]time.Duration{"0.5": w.P50, "0.99": w.P99, "max": w.Max, "wait_max": w.MaxWait} {
		add(gWrite, d.Seconds(), q)
	}
}

func (c *counter) rows(add adder) {
	now := c.domain.Now()
	for _, q := range c.waiting.Queues {
		add(gQueue, float64(q.Count), q.Route.String(), strconv.Itoa(int(q.Priority)))
		add(gOldest, now.Sub(q.Oldest).Seconds(), q.Route.String(), strconv.Itoa(int(q.Priority)))
	}
	for _, h := range c.waiting.Held {
		add(gHeld, float64(h.Count), string(h.Reason))
	}
	for route, n := range c.waiting.Sending {
		add(gSending, float64(n), route.String())
	}
	for route, n := range c.waiting.Unknown {
		add(gUnknown, float64(n), route.String())
	}
	for kind, n := range c.waiting.Tasks {
		add(gTasks, float64(n), string(kind))
	}
	add(gOptOuts, float64(c.waiting.OptedOut))
	add(gInbox, float64(c.waiting.Inbox))
	add(gParked, float64(c.waiting.Parked))
	add(gAudit, float64(c.waiting.Audit))
	for _, m := range c.lately.Messages {
		add(gMessages, float64(m.Count), string(m.Purpose), string(m.State), string(m.Reason))
	}
	for _, i := range c.lately.Inbound {
		add(gInbound, float64(i.Count), i.Intent, i.Outcome)
	}
}
