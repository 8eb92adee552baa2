package send

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/store"
)

// Switchboard knows what must not send now: stop-all, holds, stopped routes, and opt-outs that other nodes took.
// It reads the store again whenever something of that kind changes, and blocks everything while this node
// cannot hear of changes. It is safe for concurrent use.
type Switchboard struct {
	store      store.Store
	suppressed *Suppressed
	log        *slog.Logger

	now atomic.Pointer[switches]

	stopping atomic.Int32 // StopAlls under way: no Refresh opens anything before they commit
	reading  sync.Mutex   // one reader of the switches at a time: what is read later is what holds

	mu    sync.Mutex // one reader of the ledger at a time
	since time.Time  // entries recorded before were read
}

type switches struct {
	deaf   bool // changes of other nodes do not arrive
	stops  store.Stops
	routes map[id.ID]store.RouteState
}

// NewSwitchboard makes one that blocks everything until Refresh or Run has read the store.
func NewSwitchboard(s store.Store, suppressed *Suppressed, log *slog.Logger) *Switchboard {
	b := &Switchboard{store: s, suppressed: suppressed, log: log, since: suppressed.machine.Now()}
	b.now.Store(&switches{deaf: true})
	return b
}

// Blocks reports whether nothing of this organization may be handed over on this route.
func (b *Switchboard) Blocks(org, route id.ID) bool {
	s := b.now.Load()
	if b.stopping.Load() > 0 || s.deaf || s.stops.Blocks(org) {
		return true
	}
	state, known := s.routes[route]
	return !known || state == store.RouteStopped
}

// Refresh reads the switches.
func (b *Switchboard) Refresh(ctx context.Context) error {
	b.reading.Lock()
	defer b.reading.Unlock()
	next := &switches{routes: map[id.ID]store.RouteState{}}
	err := b.store.Read(ctx, access.System("send"), func(tx store.Tx) error {
		var err error
		if next.stops, err = tx.Orgs().Stops(ctx); err != nil {
			return err
		}
		routes, err := tx.Routes().List(ctx)
		for _, r := range routes {
			next.routes[r.ID] = r.State
		}
		return err
	})
	if err != nil {
		return err
	}
	b.now.Store(next)
	return nil
}

// block closes everything at once, until the next Refresh.
func (b *Switchboard) block() {
	s := *b.now.Load()
	s.deaf = true
	b.now.Store(&s)
}

// Run keeps the switches and the suppression set up to date until ctx ends.
func (b *Switchboard) Run(ctx context.Context) error {
	sub := b.store.Subscribe(store.TopicOrgs, store.TopicRoutes, store.TopicConsents)
	defer sub.Close()
	if err := b.catchUp(ctx, sub, nil); err != nil {
		return err
	}
	go b.watch(ctx, sub)
	for {
		changes, err := sub.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := b.catchUp(ctx, sub, changes); err != nil && ctx.Err() == nil {
			b.block()
			b.log.Error("switches could not be read; nothing is handed over", "error", errs.Safe(err))
			pause(ctx, time.Second)
			_ = b.catchUp(ctx, sub, nil)
		}
	}
}

// watch closes everything while changes of other nodes do not arrive, and reads the switches once a second whatever
// was heard: news of a stop that got lost must not leave a node sending.
func (b *Switchboard) watch(ctx context.Context, sub store.Subscription) {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	sweep := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if sweep++; sweep%300 == 0 {
			b.suppressed.forget()
		}
		switch deaf := b.now.Load().deaf; {
		case !sub.Live() && !deaf:
			b.block()
			b.log.Warn("changes of other nodes do not arrive; nothing is handed over")
		case sub.Live() && deaf:
			if err := b.catchUp(ctx, sub, nil); err != nil && ctx.Err() == nil {
				b.log.Error("switches could not be read; nothing is handed over", "error", errs.Safe(err))
			}
		case !deaf && sweep%refreshTicks == 0:
			b.look(ctx)
		}
	}
}

// look reads the switches, and closes everything when the store does not answer soon.
func (b *Switchboard) look(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, refreshWithin)
	defer cancel()
	if err := b.Refresh(within); err != nil && ctx.Err() == nil {
		b.block()
		b.log.Error("switches could not be read; nothing is handed over", "error", errs.Safe(err))
	}
}

// catchUp reads what changed; no changes at all means everything.
func (b *Switchboard) catchUp(ctx context.Context, sub store.Subscription, changes []store.Change) error {
	ledger, switched := len(changes) == 0, len(changes) == 0
	for _, c := range changes {
		ledger = ledger || c.Topic == store.TopicConsents || c.Topic == ""
		switched = switched || c.Topic != store.TopicConsents
	}
	if ledger {
		if err := b.readLedger(ctx); err != nil {
			return err
		}
	}
	if !switched || !sub.Live() {
		return nil
	}
	return b.Refresh(ctx)
}

// readLedger takes over opt-outs and STARTs that were recorded since the last time, by any node. It looks back a
// little each time: transactions do not commit in the order of their ids, and nodes' clocks differ.
func (b *Switchboard) readLedger(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	began := b.suppressed.machine.Now()
	cursor := idAt(b.since.Add(-lookBack))
	for {
		var got []store.OptOut
		err := b.store.Read(ctx, access.System("send"), func(tx store.Tx) error {
			var err error
			got, err = tx.Consents().OptOutsSince(ctx, cursor, ledgerPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range got {
			b.suppressed.hear(o.Point, o.OptedOut, timeOf(o.Entry))
			cursor = o.Entry
		}
		if len(got) < ledgerPage {
			b.since = began
			return nil
		}
	}
}

// idAt is the smallest id of a time (RFC 9562 version 7 begins with 48 bits of milliseconds).
func idAt(t time.Time) id.ID {
	var out id.ID
	ms := uint64(max(t.UnixMilli(), 0)) //nolint:gosec // not negative
	for i := range 6 {
		out[i] = byte(ms >> (8 * (5 - i)))
	}
	return out
}

// timeOf is the time of a ledger position, to the millisecond below.
func timeOf(entry id.ID) time.Time {
	var ms int64
	for _, b := range entry[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms)
}

// The watch by the machine's clock: whether changes arrive at every tick, the switches themselves every fourth.
const (
	watchEvery    = 200 * time.Millisecond
	refreshTicks  = 4
	refreshWithin = 2 * time.Second
)

const lookBack = 2 * time.Minute

const ledgerPage = 500

// StopAll halts every hand-off of the scope's organization, or of all with a system scope. On this node it holds
// before the transaction commits.
func (b *Switchboard) StopAll(ctx context.Context, scope access.Scope) error {
	if !scope.Allows(access.StopAll) {
		return errs.New(errs.Forbidden, "your role may not stop sending")
	}
	b.block()
	b.stopping.Add(1)
	defer b.stopping.Add(-1)
	err := b.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Orgs().StopAll(ctx); err != nil {
			return err
		}
		return flipped(ctx, tx, "send.stop_all")
	}, store.Urgent)
	if refreshed := b.Refresh(ctx); err == nil {
		err = refreshed
	}
	return err
}

// Resume lets hand-offs go on.
func (b *Switchboard) Resume(ctx context.Context, scope access.Scope) error {
	if !scope.Allows(access.StopAll) {
		return errs.New(errs.Forbidden, "your role may not resume sending")
	}
	err := b.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Orgs().Resume(ctx); err != nil {
			return err
		}
		tx.Publish(store.TopicDue)
		return flipped(ctx, tx, "send.resume")
	}, store.Urgent)
	if err != nil {
		return err
	}
	return b.Refresh(ctx)
}

// flipped records a stop or its end in the log of every organization that it is about.
func flipped(ctx context.Context, tx store.Tx, action string) error {
	scope := tx.Scope()
	if !scope.IsSystem() {
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), action, "organization", scope.Org(), ""))
	}
	all, err := tx.Orgs().All(ctx)
	if err != nil {
		return err
	}
	ids := make([]id.ID, len(all))
	for i, o := range all {
		ids[i] = o.ID
	}
	return tx.Audit().Record(ctx, audit.Across(scope, tx.Now(), ids, action, "everything")...)
}

// pause waits on the machine's clock or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
