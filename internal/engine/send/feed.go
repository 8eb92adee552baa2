package send

import (
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// sweepEvery is how often due messages are looked for when nothing woke the loop: time alone makes them due.
const sweepEvery = 250 * time.Millisecond

// drainFor is how long answers are waited for before a loop ends its lease to take a new one.
const (
	drainFor   = 10 * time.Second
	drainTicks = 100
)

// feed takes due messages, decides again, leases and passes batches on, until ctx ends.
func (l *Loop) feed(ctx context.Context, batches chan<- []carrier.Submit) {
	for ctx.Err() == nil {
		n := l.room()
		if n == 0 {
			l.wait(ctx)
			continue
		}
		more, err := l.round(ctx, n, batches)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			l.log.Error("due messages could not be leased", "kind", errs.KindOf(err), "error", errs.Safe(err))
			if l.doubt {
				l.drain(ctx)
				return
			}
			pause(ctx, time.Second)
		case !more:
			l.wait(ctx)
		}
	}
}

// drain waits a while until every answer has come.
func (l *Loop) drain(ctx context.Context) {
	for range drainTicks {
		if _, out := l.Health(); out == 0 || ctx.Err() != nil {
			return
		}
		pause(ctx, drainFor/drainTicks)
	}
}

func (l *Loop) wait(ctx context.Context) {
	d := sweepEvery
	if l.starved() {
		d = leasePatience
	}
	if w := l.bucket.Wait(l.machine.Now()); w > 0 {
		d = min(d, w)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-t.C:
	}
}

// room is how many messages may be leased now; nothing is leased for a line that is down.
func (l *Loop) room() int {
	if l.fenced() || l.board.Blocks(l.route.Org, l.route.ID) {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil || l.conn.Health().State != carrier.StateUp {
		return 0
	}
	free := l.limit() - l.out
	if free <= 0 || (l.out > 0 && free < l.chunk()) {
		return 0
	}
	return l.bucket.Allow(l.machine.Now(), free)
}

// starved reports whether there are places in the lease, but too few yet to be worth one.
func (l *Loop) starved() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out > 0 && l.out < l.limit()
}

// round leases one batch. more says that there may be another at once.
func (l *Loop) round(ctx context.Context, n int, batches chan<- []carrier.Submit) (more bool, err error) {
	drafts, err := l.due(ctx, n)
	if err != nil || len(drafts) == 0 {
		return false, err
	}
	rest, err := l.standing(ctx, drafts, batches)
	if err != nil {
		return false, err
	}
	for part := range slices.Chunk(rest, againRows) {
		if err := l.again(ctx, part, batches); err != nil {
			return false, err
		}
	}
	return len(drafts) == n, nil
}

// againRows is how many messages that are decided again go into one leasing transaction: each may open a question, and
// the transaction stays short.
const againRows = 100

// again hands over what fresh facts allow.
func (l *Loop) again(ctx context.Context, drafts []store.Draft, batches chan<- []carrier.Submit) error {
	drafts, err := l.whole(ctx, drafts)
	if err != nil {
		return err
	}
	rulings, err := l.node.Gate.Again(ctx, l.scope, drafts)
	if err != nil {
		return err
	}
	_, err = l.handOver(ctx, drafts, rulings, batches)
	return err
}

// whole reads drafts with everything that deciding again needs; what is not queued any more is left out.
func (l *Loop) whole(ctx context.Context, drafts []store.Draft) ([]store.Draft, error) {
	ids := make([]id.ID, len(drafts))
	for i := range drafts {
		ids[i] = drafts[i].ID
	}
	out := drafts[:0]
	err := l.node.Store.Read(ctx, l.scope, func(tx store.Tx) error {
		got, err := tx.Messages().ByIDs(ctx, ids)
		for _, d := range got {
			if d.State == message.Queued {
				out = append(out, d)
			}
		}
		return err
	})
	return out, err
}

// standing hands over what may leave by its recorded decision: the revisions that the decision read are compared
// inside the leasing transaction. It returns the others, to be decided again with fresh facts.
func (l *Loop) standing(ctx context.Context, drafts []store.Draft, batches chan<- []carrier.Submit) (rest []store.Draft, err error) {
	rulings, ok, err := l.node.Gate.Standing(ctx, l.scope, drafts)
	if err != nil {
		return nil, err
	}
	stand, ruled := make([]store.Draft, 0, len(drafts)), make([]Ruling, 0, len(drafts))
	for i := range drafts {
		if !ok[i] {
			rest = append(rest, drafts[i])
			continue
		}
		stand, ruled = append(stand, drafts[i]), append(ruled, rulings[i])
	}
	if len(stand) == 0 {
		return rest, nil
	}
	moved, err := l.handOver(ctx, stand, ruled, batches)
	for i := range moved {
		if !moved[i] {
			rest = append(rest, stand[i])
		}
	}
	return rest, err
}

// handOver leases, and passes what was leased to the line.
func (l *Loop) handOver(ctx context.Context, drafts []store.Draft, rulings []Ruling, batches chan<- []carrier.Submit) ([]bool, error) {
	if err := l.resume(ctx, drafts, rulings); err != nil {
		return nil, err
	}
	moved, err := l.lease(ctx, drafts, rulings)
	if err != nil {
		return nil, err
	}
	var batch []carrier.Submit
	segments, count := 0, 0
	for i := range drafts {
		if moved[i] {
			before := len(batch)
			batch = l.submits(batch, &drafts[i], &rulings[i])
			segments += max(len(batch)-before, rulings[i].missing())
			count++
		}
	}
	if count == 0 {
		return moved, nil
	}
	l.mu.Lock()
	l.out += count
	l.leased = l.machine.Now()
	l.mu.Unlock()
	l.bucket.Take(l.machine.Now(), segments)
	batches <- batch // the hand-over drains it even when ctx has ended
	return moved, nil
}

// due reads the most urgent messages, as many as the route may take in segments.
func (l *Loop) due(ctx context.Context, n int) ([]store.Draft, error) {
	var drafts []store.Draft
	err := l.node.Store.Read(ctx, l.scope, func(tx store.Tx) error {
		var err error
		drafts, err = tx.Messages().Due(ctx, l.route.ID, tx.Now(), n)
		return err
	})
	if l.route.Rate == 0 {
		return drafts, err
	}
	segments := 0
	for i := range drafts {
		if segments += max(drafts[i].Segments, 1); segments > n && i > 0 {
			return drafts[:i], err
		}
	}
	return drafts, err
}

// lease is the leasing transaction: it moves only what is still as the second gate saw it. When it was done and its
// commit fails (a connection lost), nobody can say whether the messages are leased: the loop is in doubt, ends its
// lease, and recovers under a new fence what nobody will hand over.
func (l *Loop) lease(ctx context.Context, drafts []store.Draft, rulings []Ruling) ([]bool, error) {
	var moved []bool
	var done bool
	err := l.node.Store.InTx(ctx, l.scope, func(tx store.Tx) error {
		moved, done = make([]bool, len(drafts)), false // the function may run again
		machine := l.machine.Now()
		l.leasedAt = machine
		holds, err := tx.Routes().Holds(ctx, l.route.ID, l.node.Owner, l.fence, machine)
		if err != nil {
			return err
		}
		if !holds || l.fenced() {
			return errs.New(errs.Precondition, "another node serves this route now")
		}
		if err := l.settle(ctx, tx, rulings); err != nil {
			return err
		}
		ok, err := inTime(ctx, tx, rulings)
		if err != nil {
			return err
		}
		if err := countCaps(ctx, tx, rulings, ok); err != nil {
			return err
		}
		if err := openQuestions(ctx, tx, rulings, ok); err != nil {
			return err
		}
		if err := l.move(ctx, tx, machine, drafts, rulings, ok, moved); err != nil {
			return err
		}
		err = addCalls(ctx, tx, rulings, moved)
		done = err == nil
		return err
	})
	l.doubt = err != nil && done && slices.Contains(moved, true)
	return moved, err
}

// settle writes what the second gate decided about messages that may not leave, and tells of those that ended.
func (l *Loop) settle(ctx context.Context, tx store.Tx, rulings []Ruling) error {
	var moves []store.Move
	for i := range rulings {
		if !rulings[i].Send {
			moves = append(moves, rulings[i].Move)
		}
	}
	if len(moves) == 0 {
		return nil
	}
	return l.node.settle(ctx, tx, moves)
}

// inTime says which rulings are still for their time and their organization's settings. Whether the facts of each are as
// they were is compared as it is moved.
func inTime(ctx context.Context, tx store.Tx, rulings []Ruling) ([]bool, error) {
	ok := make([]bool, len(rulings))
	org, err := tx.Orgs().Get(ctx)
	if err != nil {
		return nil, err
	}
	for i := range rulings {
		r := &rulings[i]
		ok[i] = r.Send && r.OrgRev == org.Revision && (r.ValidUntil.IsZero() || tx.Now().Before(r.ValidUntil))
	}
	return ok, nil
}

// countCaps counts inside the transaction: two texts to one person never pass a cap together. A text over its cap
// stays queued and is decided again.
func countCaps(ctx context.Context, tx store.Tx, rulings []Ruling, ok []bool) error {
	var asks []store.SpokenAsk
	var at []int
	for i := range rulings {
		if ok[i] && !rulings[i].Cap.none() {
			asks, at = append(asks, rulings[i].Cap.SpokenAsk), append(at, i)
		}
	}
	if len(asks) == 0 {
		return nil
	}
	spoken, err := tx.Messages().Spoken(ctx, asks)
	if err != nil {
		return err
	}
	here := map[id.ID][]gate.Spoken{}
	for k, i := range at {
		c := &rulings[i].Cap
		if c.full(append(spoken[k], here[c.Person]...)) {
			ok[i] = false
			continue
		}
		here[c.Person] = append(here[c.Person], gate.Spoken{At: c.At, Purpose: c.Purpose})
	}
	return nil
}

func (l *Loop) move(ctx context.Context, tx store.Tx, machine time.Time, drafts []store.Draft, rulings []Ruling, ok, moved []bool) error {
	rows := make([]store.Leased, 0, len(drafts))
	at := make([]int, 0, len(drafts))
	for i := range drafts {
		if ok[i] {
			rows = append(rows, store.Leased{Message: drafts[i].ID, Revised: drafts[i].Revised, Bound: rulings[i].Bound, Revs: rulings[i].Revs, Seen: rulings[i].Seen,
				Rewrite: rulings[i].Rewrite, Afresh: rulings[i].afresh})
			at = append(at, i)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	got, err := tx.Messages().Lease(ctx, store.Lease{Route: l.route.ID, Fence: l.fence, Machine: machine, Domain: tx.Now()}, rows)
	if err != nil {
		return err
	}
	for k, i := range at {
		moved[i] = got[k]
	}
	return nil
}
