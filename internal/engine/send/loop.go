// Package send hands messages over. One loop serves one route on the node that holds its lease: it takes the
// most urgent due messages, decides again with fresh facts, leases no more than it can put on the wire in about
// a second, commits that intent, and only then calls the carrier. What became of them is made durable by
// package receipt. It refuses to send twice what may have left, to send late, and to send while anything is
// stopped; it knows neither SQL nor any carrier's protocol.
package send

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
)

// LeaseRows is the most that one route may have handed over, or be about to, without a durable answer: what a
// crash can leave unknown.
const LeaseRows = 500

// Inbound takes texts from phones; it acknowledges each once it is durable.
type Inbound interface {
	Inbound(org, route id.ID, in carrier.Inbound)
}

// Connect makes the connector of a route. It is called again whenever the lease is won.
type Connect func(r store.Route) (carrier.Connector, error)

// Node is what the loops of one process share.
type Node struct {
	Store      store.Store
	Domain     clock.Clock
	Machine    clock.Clock
	Owner      string // this process, different for every start
	Gate       Gate
	Writer     *receipt.Writer
	Board      *Switchboard
	Suppressed *Suppressed
	Inbound    Inbound
	Connect    Connect
	After      receipt.Aftermath // hears what reached nobody; may be nil
	Log        *slog.Logger
}

// Loop serves one route.
type Loop struct {
	node  *Node
	route store.Route
	scope access.Scope
	log   *slog.Logger

	domain, machine clock.Clock
	board           *Switchboard
	suppressed      *Suppressed
	writer          *receipt.Writer
	inbound         Inbound

	bucket  *route.Bucket
	flights *flights
	tally   *tally
	sink    *receipt.Route
	wake    chan struct{}
	until   atomic.Int64 // machine time until which the lease holds, microseconds
	fence   store.Fence
	doubt   bool // whether the last lease of messages was committed is not known; only the feeding goroutine uses it

	mu     sync.Mutex
	out    int       // leased messages without a durable answer
	leased time.Time // machine time of the last lease
	downAt time.Time
	upAt   time.Time
	conn   carrier.Connector

	// Only the feeding goroutine uses these.
	concat   uint16    // last reference of a text in parts
	leasedAt time.Time // machine time of the last leasing transaction, as its rows have it
}

// NewLoop makes the loop of a route; Run starts it.
func (n *Node) NewLoop(r store.Route) *Loop {
	return &Loop{node: n, route: r, scope: access.ForJob(r.Org, "send"), log: n.Log.With("route", r.ID.String()),
		domain: n.Domain, machine: n.Machine, board: n.Board, suppressed: n.Suppressed, writer: n.Writer, inbound: n.Inbound,
		bucket: route.NewBucket(r.Rate, n.Machine.Now()), flights: newFlights(), tally: newTally(), wake: make(chan struct{}, 1)}
}

// Wake tells the loop that something may be due.
func (l *Loop) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Health is the line's state as last told; Leased is how many messages wait for their outcome.
func (l *Loop) Health() (h carrier.Health, leased int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return carrier.Health{State: carrier.StateStopped}, l.out
	}
	return l.conn.Health(), l.out
}

// DownSince is when the line went down on this node; zero while it is up, or when another node serves the route.
func (l *Loop) DownSince() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.downAt
}

func (l *Loop) noteLine(h carrier.Health) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case h.State == carrier.StateUp:
		l.downAt, l.upAt = time.Time{}, l.machine.Now()
	case l.downAt.IsZero():
		l.downAt = l.machine.Now()
	}
}

// fenced reports whether this node may no longer hand over on the route.
func (l *Loop) fenced() bool { return l.machine.Now().UnixMicro() >= l.until.Load() }

// free gives back places in the lease.
func (l *Loop) free(n int) {
	l.mu.Lock()
	l.out -= n
	enough := l.out <= l.limit()-l.chunk() || l.out == 0
	l.mu.Unlock()
	if enough {
		l.Wake()
	}
}

// limit is the most that may be leased: one second of the route's rate, at most LeaseRows.
func (l *Loop) limit() int {
	if r := l.bucket.SecondsWorth(); r > 0 {
		return min(r, LeaseRows)
	}
	return LeaseRows
}

// leasePatience is how long a loop waits for most of its lease to be free again: every lease is a commit, and
// large ones are cheap. After that an eighth will do, so that texts without an answer hold nobody up.
const leasePatience = 20 * time.Millisecond

// chunk is the least that is worth a lease of its own while others are out. The caller holds mu.
func (l *Loop) chunk() int {
	if l.machine.Now().Sub(l.leased) < leasePatience {
		return max(l.limit()*3/4, 1)
	}
	return max(l.limit()/8, 1)
}

// Run serves the route whenever this node holds its lease, until ctx ends.
func (l *Loop) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		fence, won, err := l.takeLease(ctx)
		if err != nil && ctx.Err() == nil {
			l.log.Error("the route's lease could not be asked for", "error", errs.Safe(err))
		}
		if err != nil || !won {
			pause(ctx, leaseRetry)
			continue
		}
		if l.doubt && fence == l.fence { // the lease was not given back: only a new fence recovers
			_ = l.dropLease(ctx)
			pause(ctx, leaseRetry)
			continue
		}
		l.fence, l.doubt = fence, false
		if err := l.serve(ctx); err != nil && ctx.Err() == nil {
			l.log.Error("the route stopped", "error", errs.Safe(err))
			pause(ctx, leaseRetry)
		}
	}
	return nil
}

// serve recovers what a dead lease left, connects, and feeds the line until the lease or ctx ends.
func (l *Loop) serve(outer context.Context) error {
	if err := l.node.Board.Refresh(outer); err != nil {
		return err
	}
	conn, err := l.node.Connect(l.route)
	if err != nil {
		return err
	}
	book, err := route.Load(outer, l.node.Store, l.scope)
	if err != nil {
		return err
	}
	senderAt := func(address string) id.ID {
		if s := book.SenderAt(l.route.ID, address); s != nil {
			return s.ID
		}
		return id.ID{}
	}
	if l.sink, err = l.writer.Route(outer, l.route.Org, l.route.ID, conn.Traits().EchoesRef, senderAt); err != nil {
		return err
	}
	if err := l.recover(outer); err != nil {
		return err
	}
	ids := filing{Loop: l}
	if err := ids.file(outer, l.machine.Now()); err != nil { // of another node, or of this one before it ended
		return err
	}
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	l.mu.Lock()
	l.conn, l.downAt = conn, l.machine.Now()
	l.mu.Unlock()

	renewing := make(chan struct{})
	go func() { defer close(renewing); l.renew(ctx, cancel) }()
	line := make(chan error, 1)
	go func() { line <- conn.Run(ctx, handler{l}) }()
	batches := make(chan []carrier.Submit, 1)
	handing := make(chan struct{})
	go func() { defer close(handing); l.hand(ctx, conn, batches) }()
	var beside sync.WaitGroup
	beside.Go(func() { l.ask(ctx, conn) })
	beside.Go(func() { l.watch(ctx) })
	beside.Go(func() { ids.run(ctx) })

	l.feed(ctx, batches)
	close(batches)
	<-handing
	cancel()
	beside.Wait()
	err = <-line
	<-renewing
	l.mu.Lock()
	l.conn = nil
	l.mu.Unlock()
	return l.leave(outer, err)
}

// leave makes everything durable before the lease is given back.
func (l *Loop) leave(outer context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(outer), 5*time.Second)
	defer cancel()
	if flushed := l.writer.Flush(ctx); err == nil {
		err = flushed
	}
	if dropped := l.dropLease(ctx); err == nil {
		err = dropped
	}
	return err
}

// hand calls the carrier, one batch after the other; the next one is prepared meanwhile.
func (l *Loop) hand(ctx context.Context, conn carrier.Connector, batches <-chan []carrier.Submit) {
	for b := range batches {
		conn.Submit(ctx, b)
	}
}
