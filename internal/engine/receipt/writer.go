// Package receipt is the one status writer of a node: what carriers answer and report is gathered from every
// route and made durable in batches, and only then acknowledged. It matches receipts to messages, parks those
// that fit nothing yet, and finds the message of an unknown outcome only where the rule allows. It refuses to
// send again, and to acknowledge anything that is not committed.
package receipt

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// Sizes of the writer. A batch is committed when it is full, or when nothing more came for a moment.
const (
	batchRows = 500
	queueRows = 4 * batchRows
	idle      = time.Millisecond     // input that pauses so long is written
	longest   = 5 * time.Millisecond // the first of a batch waits no longer
	knownIDs  = 1 << 16
)

// Aftermath hears, inside the transaction, of messages that ended without reaching anybody: work for people
// may follow from it. Delivered ones are not told.
type Aftermath interface {
	Missed(ctx context.Context, tx store.Tx, ended []Ended) error
}

// Ended is a message that failed, was not delivered, or expired at the carrier.
type Ended struct {
	Message id.ID
	To      message.State
	Reason  message.Reason
}

// Route is what the writer knows of a route while its line is up. Make it with Writer.Route.
type Route struct {
	Org, ID id.ID
	// EchoesRef: receipts bring back the reference of the submit, which finds the message of an unknown.
	EchoesRef bool
	// Sender finds the sender with an address; the zero id when there is none.
	Sender func(address string) id.ID

	known    *known
	parked   atomic.Int64 // receipts that wait in the store
	unknowns atomic.Int64 // outcomes that turned unknown and may be found by a receipt
}

// Answer is what became of a hand-over, with what to do once it is durable.
type Answer struct {
	store.Answered
	// Done is called after the commit (or when the answer could not be kept); it must not block.
	Done func(moved bool)
}

// Writer is the status writer. Run it once; the other methods are safe for concurrent use.
type Writer struct {
	store   store.Store
	machine clock.Clock
	after   Aftermath
	log     *slog.Logger
	in      chan item
	over    <-chan struct{} // closed when Run is to end
	lastErr atomic.Int64    // machine time of the last failed commit, for health
}

type item struct {
	route   *Route
	answer  *Answer
	receipt *carrier.Receipt
	flushed chan struct{} // a caller waits until everything before is durable
}

// New makes a writer. after may be nil.
func New(s store.Store, machine clock.Clock, after Aftermath, log *slog.Logger) *Writer {
	return &Writer{store: s, machine: machine, after: after, log: log, in: make(chan item, queueRows)}
}

// Route prepares a route: it counts what waits for it in the store.
func (w *Writer) Route(ctx context.Context, org, route id.ID, echoesRef bool, sender func(string) id.ID) (*Route, error) {
	r := &Route{Org: org, ID: route, EchoesRef: echoesRef, Sender: sender, known: newKnown(knownIDs)}
	err := w.store.Read(ctx, access.ForJob(org, "receipt"), func(tx store.Tx) error {
		n, err := tx.Messages().ParkedCount(ctx, route)
		if err != nil {
			return err
		}
		r.parked.Store(int64(n))
		open, err := tx.Messages().UnknownBefore(ctx, farFuture, store.Page{Limit: 1})
		r.unknowns.Store(int64(len(open)))
		return err
	})
	return r, err
}

var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Answer queues an answer; it blocks while the queue is full, which is the back-pressure on the line.
func (w *Writer) Answer(r *Route, a *Answer) { w.in <- item{route: r, answer: a} }

// Receipts queues receipts; each is acknowledged once it is durable.
func (w *Writer) Receipts(r *Route, batch []carrier.Receipt) {
	for i := range batch {
		if batch[i].ReceivedAt.IsZero() { // a parked receipt is kept by when it came
			batch[i].ReceivedAt = w.machine.Now()
		}
		w.in <- item{route: r, receipt: &batch[i]}
	}
}

// NoteUnknown tells that messages of the route turned unknown outside the writer, such as at recovery.
func (r *Route) NoteUnknown(n int) { r.unknowns.Add(int64(n)) }

// Filing tells that all of the carrier's ids that are known by now are being filed in the store.
func (r *Route) Filing() { r.known.filing() }

// Pressed reports whether ids should be filed now, before memory forgets one that is not.
func (r *Route) Pressed() bool { return r.known.pressed() }

// Flush waits until everything that was queued before is durable, or ctx ends.
func (w *Writer) Flush(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case w.in <- item{flushed: done}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run writes until ctx ends; then it writes what is queued and returns.
func (w *Writer) Run(ctx context.Context) error {
	w.over = ctx.Done()
	batch := make([]item, 0, batchRows)
	for {
		batch = batch[:0]
		select {
		case it := <-w.in:
			batch = append(batch, it)
		case <-ctx.Done():
			w.drain(context.WithoutCancel(ctx))
			return nil
		}
		w.write(context.WithoutCancel(ctx), w.gather(batch))
	}
}

// gather adds what comes until the batch is full, the input pauses, or the first has waited long enough.
func (w *Writer) gather(batch []item) []item {
	limit := time.NewTimer(longest)
	defer limit.Stop()
	pause := time.NewTimer(idle)
	defer pause.Stop()
	for len(batch) < batchRows {
		select {
		case it := <-w.in:
			batch = append(batch, it)
			continue
		default:
		}
		pause.Reset(idle)
		select {
		case it := <-w.in:
			batch = append(batch, it)
		case <-pause.C:
			return batch
		case <-limit.C:
			return batch
		}
	}
	return batch
}

func (w *Writer) drain(ctx context.Context) {
	for {
		select {
		case it := <-w.in:
			w.write(ctx, w.gather([]item{it}))
		default:
			return
		}
	}
}

// attempts of a commit that the store refuses, or that it does not answer while the node ends, before receipts are given
// back to the carrier and answers are left for recovery; apart is what is left of them for the pieces of a batch that
// the store refused.
const (
	attempts = 5
	apart    = 2
)

// write commits a batch, one transaction an organization, and acknowledges.
func (w *Writer) write(ctx context.Context, batch []item) {
	for _, group := range byOrg(batch) {
		w.keep(ctx, group, attempts)
	}
	for _, it := range batch {
		if it.flushed != nil {
			close(it.flushed)
		}
	}
}

// keep commits a group. While the store is away and the node goes on, what carriers said waits, and the line with it:
// an answer that is dropped leaves its message sending, and then unknown. One row that the store refuses must not take
// the others with it: the halves are tried apart.
func (w *Writer) keep(ctx context.Context, group []item, tries int) {
	err := w.commit(ctx, group)
	for try := 1; err != nil && (try < tries || errs.Is(err, errs.Unavailable) && w.goesOn()); try++ {
		if try == attempts {
			w.failed(group, err)
		}
		time.Sleep(min(time.Duration(try*try)*50*time.Millisecond, time.Second))
		err = w.commit(ctx, group)
	}
	half := len(group) / 2
	switch {
	case err == nil:
	case half > 0 && !errs.Is(err, errs.Unavailable):
		w.keep(ctx, group[:half], apart)
		w.keep(ctx, group[half:], apart)
	default:
		w.failed(group, err)
		release(group, nil, err)
	}
}

func (w *Writer) failed(group []item, err error) {
	w.lastErr.Store(w.machine.Now().UnixMicro())
	w.log.Error("answers and receipts could not be stored", "rows", len(group), "kind", errs.KindOf(err), "error", errs.Safe(err))
}

// goesOn reports whether nobody has asked the writer to end.
func (w *Writer) goesOn() bool {
	select {
	case <-w.over:
		return false
	default:
		return true
	}
}

func byOrg(batch []item) [][]item {
	groups := map[id.ID][]item{}
	var order []id.ID
	for _, it := range batch {
		if it.route == nil {
			continue
		}
		if groups[it.route.Org] == nil {
			order = append(order, it.route.Org)
			groups[it.route.Org] = make([]item, 0, len(batch))
		}
		groups[it.route.Org] = append(groups[it.route.Org], it)
	}
	out := make([][]item, len(order))
	for i, o := range order {
		out[i] = groups[o]
	}
	return out
}

// release acknowledges receipts and tells the senders what moved.
func release(group []item, moved map[*Answer]bool, err error) {
	for _, it := range group {
		switch {
		case it.answer != nil && it.answer.Done != nil:
			it.answer.Done(moved[it.answer])
		case it.receipt != nil:
			it.receipt.Ack(err)
		}
	}
}
