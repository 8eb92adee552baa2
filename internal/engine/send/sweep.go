package send

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
)

// Sweeps look by the domain clock for what time alone moves. Each works in pages, one short transaction a page.
const (
	sweepPage    = 200
	sweepPause   = time.Second // machine time between sweeps
	parkedFor    = 72 * time.Hour
	parkedEvery  = time.Minute
	reasonResent = message.ReasonNoReceipt
)

// sweep runs until ctx ends. look asks for what waits for a person to be looked at at once.
func (d *Dispatcher) sweep(ctx context.Context, look <-chan bool) {
	t := time.NewTicker(sweepPause)
	defer t.Stop()
	var looks looks
	var dropped time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-look:
			if looks.ask(d.node.Machine.Now()); !looks.due(d.node.Machine.Now()) {
				continue
			}
		case <-t.C:
		}
		now := d.node.Machine.Now()
		person := looks.due(now)
		if person {
			looks.made(now)
		}
		drop := now.Sub(dropped) >= parkedEvery
		if drop {
			dropped = now
		}
		for _, org := range d.orgs() {
			if err := d.sweepOrg(ctx, org, person, drop); err != nil && ctx.Err() == nil {
				d.node.Log.Error("a sweep failed", "org", org.String(), "kind", errs.KindOf(err), "error", errs.Safe(err))
			}
		}
	}
}

func (d *Dispatcher) orgs() []id.ID {
	seen := map[id.ID]bool{}
	var out []id.ID
	for _, l := range d.all() {
		if !seen[l.route.Org] {
			seen[l.route.Org] = true
			out = append(out, l.route.Org)
		}
	}
	return out
}

// sweepOrg makes every look, whatever became of the one before, and returns the first error: held messages that
// cannot be decided about must not keep unknown outcomes open nor a line that is down full.
func (d *Dispatcher) sweepOrg(ctx context.Context, org id.ID, person, drop bool) error {
	scope := access.ForJob(org, "sweep")
	first := d.held(ctx, scope, false)
	note := func(err error) {
		if first == nil {
			first = err
		}
	}
	if person {
		note(d.held(ctx, scope, true))
	}
	note(d.unknown(ctx, scope))
	note(d.reroute(ctx, scope))
	if drop {
		note(d.dropParked(ctx, scope))
	}
	return first
}

func (d *Dispatcher) dropParked(ctx context.Context, scope access.Scope) error {
	return d.node.Store.InTx(ctx, scope, func(tx store.Tx) error {
		_, err := tx.Messages().DropParked(ctx, d.node.Machine.Now().Add(-parkedFor), sweepPage)
		return err
	})
}

// held decides again about messages whose hold is over, or that wait for somebody.
func (d *Dispatcher) held(ctx context.Context, scope access.Scope, person bool) error {
	var after id.ID
	for {
		var drafts []store.Draft
		err := d.node.Store.Read(ctx, scope, func(tx store.Tx) error {
			var err error
			drafts, err = tx.Messages().Held(ctx, tx.Now(), person, store.Page{After: after, Limit: sweepPage})
			return err
		})
		if err != nil || len(drafts) == 0 {
			return err
		}
		after = drafts[len(drafts)-1].ID
		rulings, err := d.node.Gate.Again(ctx, scope, drafts)
		if err != nil {
			return err
		}
		moves := heldMoves(drafts, rulings)
		if len(moves) > 0 {
			if err := d.settle(ctx, scope, moves); err != nil {
				return err
			}
		}
		if len(drafts) < sweepPage {
			return nil
		}
	}
}

// heldMoves leaves out what stays held for the same reason.
func heldMoves(drafts []store.Draft, rulings []Ruling) []store.Move {
	var out []store.Move
	for i, r := range rulings {
		v := r.Move
		if r.Send {
			v = store.Move{Message: drafts[i].ID, From: message.Held, To: message.Queued}
		}
		if v.To == message.Expired {
			v.To = message.Refused // a held message never was on its way
		}
		if v.To == message.Held && v.Reason == drafts[i].Reason && v.Until.Equal(drafts[i].HeldUntil) {
			continue
		}
		out = append(out, v)
	}
	return out
}

func (d *Dispatcher) settle(ctx context.Context, scope access.Scope, moves []store.Move) error {
	return d.node.Store.InTx(ctx, scope, func(tx store.Tx) error { return d.node.settle(ctx, tx, moves) })
}

// settle moves waiting messages and tells of those that ended without reaching anybody.
func (n *Node) settle(ctx context.Context, tx store.Tx, moves []store.Move) error {
	moved, err := tx.Messages().Settle(ctx, moves)
	if err != nil {
		return err
	}
	return n.missed(ctx, tx, moves, moved, func(v store.Move) bool { return v.To.Settled() })
}

// missed tells of the moves that were made and that count as an end.
func (n *Node) missed(ctx context.Context, tx store.Tx, moves []store.Move, moved []bool, ends func(store.Move) bool) error {
	if n.After == nil {
		return nil
	}
	var ended []receipt.Ended
	for i, v := range moves {
		if moved[i] && ends(v) {
			ended = append(ended, receipt.Ended{Message: v.Message, To: v.To, Reason: v.Reason})
		}
	}
	if len(ended) == 0 {
		return nil
	}
	return n.After.Missed(ctx, tx, ended)
}

// unknown applies each purpose's policy once its receipt window is over: never again, once again, or at once by
// another route. The window is the machine's time, as the carrier's is; what is too late to say is the domain's.
func (d *Dispatcher) unknown(ctx context.Context, scope access.Scope) error {
	var after id.ID
	for {
		var drafts []store.Draft
		machine, now := d.node.Machine.Now(), time.Time{}
		var book *route.Book
		err := d.node.Store.Read(ctx, scope, func(tx store.Tx) error {
			now = tx.Now()
			var err error
			if drafts, err = tx.Messages().UnknownBefore(ctx, machine.Add(time.Microsecond), store.Page{After: after, Limit: sweepPage}); err != nil {
				return err
			}
			book, err = route.Read(ctx, tx)
			return err
		})
		if err != nil || len(drafts) == 0 {
			return err
		}
		after = drafts[len(drafts)-1].ID
		var moves []store.Move
		for i := range drafts {
			if v, due := policy(&drafts[i], book, machine, now); due {
				moves = append(moves, v)
			}
		}
		if err := d.closeUnknown(ctx, scope, moves); err != nil {
			return err
		}
		if len(drafts) < sweepPage {
			return nil
		}
	}
}

// policy says what the purpose makes of an unknown outcome; due is false while a receipt may still come.
func policy(d *store.Draft, book *route.Book, machine, now time.Time) (v store.Move, due bool) {
	t := d.Purpose.Traits()
	leave := store.Move{Message: d.ID, From: message.Unknown, To: message.Unknown, Reason: message.ReasonNoReceipt}
	again := store.Move{Message: d.ID, From: message.Unknown, To: message.Queued, Reason: reasonResent, DueAt: now}
	over := !machine.Before(d.LeasedAt.Add(t.ReceiptWindow))
	late := !d.ExpiresAt.IsZero() && !now.Before(d.ExpiresAt)
	switch {
	case t.Unknown == purpose.SwitchNow && !d.Resent && !late:
		c := book.Choose(route.Want{Channel: d.Channel, Purpose: d.Purpose, Location: d.Location, Invites: d.Flags.Has(message.Invites),
			Avoid: avoid(book, d.Route, func(r id.ID) bool { return r == d.Route })})
		if c.Sender != nil {
			again.Route, again.Sender = c.Route.ID, c.Sender.ID
			return again, true
		}
		return again, over
	case !over:
		return store.Move{}, false
	case t.Unknown == purpose.ResendOnce && !d.Resent && !late:
		return again, true
	}
	return leave, true
}

func (d *Dispatcher) closeUnknown(ctx context.Context, scope access.Scope, moves []store.Move) error {
	if len(moves) == 0 {
		return nil
	}
	return d.node.Store.InTx(ctx, scope, func(tx store.Tx) error {
		moved, err := tx.Messages().CloseUnknown(ctx, moves)
		if err != nil {
			return err
		}
		return d.node.missed(ctx, tx, moves, moved, func(v store.Move) bool { return v.To == message.Unknown })
	})
}

// reroutePages bounds one sweep's look through what is due on a line that is down: the front, which is the most
// urgent, and some pages from where the last sweep ended. What no other route serves hides nothing behind it.
const reroutePages = 5

// reroute moves due messages of routes whose line has been down for a while to another route that serves them.
func (d *Dispatcher) reroute(ctx context.Context, scope access.Scope) error {
	down := d.down()
	for _, l := range d.all() {
		if l.route.Org != scope.Org() || !down[l.route.ID] {
			continue
		}
		var from *store.Draft
		for n := range reroutePages {
			last, err := d.reroutePage(ctx, scope, l.route.ID, from, down)
			if err != nil {
				return err
			}
			if n == 0 && last != nil && l.behind != nil {
				last = l.behind
			}
			if from = last; from == nil {
				break
			}
		}
		l.behind = from
	}
	return nil
}

// reroutePage looks at one page and returns its last message; nil when there is nothing behind it.
func (d *Dispatcher) reroutePage(ctx context.Context, scope access.Scope, from id.ID, behind *store.Draft, down map[id.ID]bool) (*store.Draft, error) {
	var drafts []store.Draft
	var moves []store.Move
	err := d.node.Store.Read(ctx, scope, func(tx store.Tx) error {
		book, err := route.Read(ctx, tx)
		if err != nil {
			return err
		}
		drafts, err = tx.Messages().DueBehind(ctx, from, tx.Now(), behind, sweepPage)
		moves = reroutes(book, drafts, down)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(moves) > 0 {
		if err := d.settle(ctx, scope, moves); err != nil {
			return nil, err
		}
	}
	if len(drafts) < sweepPage {
		return nil, nil
	}
	last := drafts[len(drafts)-1]
	return &store.Draft{Message: message.Message{ID: last.ID, Priority: last.Priority, DueAt: last.DueAt}}, nil
}

// reroutes finds other ways for due messages; a text that invites an answer only takes a two-way sender.
func reroutes(book *route.Book, drafts []store.Draft, down map[id.ID]bool) []store.Move {
	var out []store.Move
	for i := range drafts {
		d := &drafts[i]
		if d.Flags.Has(message.SelfTest) {
			continue // it tests this line and no other
		}
		invites := d.Flags.Has(message.Invites)
		c := book.Choose(route.Want{Channel: book.Route(d.Route).Channel, Purpose: d.Purpose, Location: d.Location, Invites: invites,
			Avoid: avoid(book, d.Route, func(r id.ID) bool { return down[r] })})
		if c.Sender == nil || c.Route.State != store.RouteOpen || (invites && !c.Sender.TwoWay) {
			continue
		}
		out = append(out, store.Move{Message: d.ID, From: message.Queued, To: message.Queued, Reason: message.ReasonRouteDown,
			Route: c.Route.ID, Sender: c.Sender.ID, Event: true})
	}
	return out
}

// avoid keeps a text that was decided for a simulator away from real lines: made-up patients may have somebody's real
// number, and what was decided is not decided again for the way.
func avoid(book *route.Book, from id.ID, also func(id.ID) bool) func(id.ID) bool {
	was := book.Route(from)
	return func(r id.ID) bool { return also(r) || (was != nil && was.Simulator && !book.Route(r).Simulator) }
}
