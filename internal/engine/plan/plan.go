// Package plan turns journeys into messages. A sweep by the domain clock, woken by commits, takes what changed
// (touches) and what has come due (enrollments), reads the facts anew, asks journey.Advance what follows, has
// the outbox decide and write the texts, and commits enrollments, messages, call-list rows and audit together.
// Rows are the truth: a lost wake-up costs a second, a crash costs nothing, and two nodes that sweep at once
// are told apart by the enrollment's row version. It refuses to send, to word a text, and to change a fact.
package plan

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Outbox decides about texts and writes them; *outbox.Outbox is one.
type Outbox interface {
	// Prepare decides about asks in their order and writes nothing.
	Prepare(ctx context.Context, scope access.Scope, asks []outbox.Ask) ([]outbox.Prepared, error)
	// Foresee decides about texts to come one after the other, each counting against the later ones; it writes nothing.
	Foresee(ctx context.Context, scope access.Scope, asks []outbox.Ask) ([]outbox.Prepared, error)
	// Insert writes prepared messages in the caller's transaction. False: the natural key was used before.
	Insert(ctx context.Context, tx store.Tx, prepared []outbox.Prepared) ([]bool, error)
	// Hours are the hours in which each ask may leave.
	Hours(ctx context.Context, scope access.Scope, asks []outbox.Ask) ([]quiet.Timetable, error)
}

// sweepRows is how many visits are planned in one transaction: it stays under 20 ms on SQLite.
const sweepRows = 100

// Planner plans for every organization of a store. It is safe for concurrent use.
type Planner struct {
	store  store.Store
	outbox Outbox
	clock  clock.Clock // domain
	log    *slog.Logger
	files  definitions
	zones  zones
	days   workdays
}

// New makes a planner. c is the domain clock that the store runs on.
func New(s store.Store, o Outbox, c clock.Clock, log *slog.Logger) *Planner {
	return &Planner{store: s, outbox: o, clock: c, log: log}
}

// longestSleep bounds how long a wake-up that got lost can go unnoticed (machine time).
const longestSleep = time.Second

// releaseEvery is how often released imports are looked for although nobody told of one (machine time).
const releaseEvery = time.Minute

// Run sweeps until ctx ends: when something was touched, when an enrollment comes due by the domain clock, and
// at the latest every second.
func (p *Planner) Run(ctx context.Context) error {
	sub := p.store.Subscribe(store.TopicJourneys, store.TopicImports)
	defer sub.Close()
	woken := make(chan bool, 1)
	releases, looked := true, time.Time{} // machine time
	go p.listen(ctx, sub, woken)
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case imports := <-woken:
			releases = releases || imports
		case <-t.C:
		}
		if since := time.Since(looked); since > releaseEvery || releases && since > longestSleep {
			p.report(ctx, p.Release(ctx))
			releases, looked = false, time.Now()
		}
		_, err := p.Sweep(ctx)
		p.report(ctx, err)
		t.Reset(p.untilNext(ctx))
	}
}

// report logs what went wrong with its kind; the next sweep tries again.
func (p *Planner) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		p.log.ErrorContext(ctx, "planning failed", "kind", errs.KindOf(err), "error", errs.Safe(err))
	}
}

// listen turns changes into wake-ups; several that come together are one. It says whether imports changed.
func (p *Planner) listen(ctx context.Context, sub store.Subscription, woken chan<- bool) {
	for {
		changes, err := sub.Next(ctx)
		if err != nil {
			return
		}
		imports := false
		for _, c := range changes {
			imports = imports || c.Topic != store.TopicJourneys
		}
		if imports { // never lost: a release waits until it is taken
			select {
			case woken <- true:
			case <-ctx.Done():
				return
			}
			continue
		}
		select {
		case woken <- false:
		default:
		}
	}
}

// untilNext is how long to sleep by the machine until the domain clock shows the next due time.
func (p *Planner) untilNext(ctx context.Context) time.Duration {
	var next time.Time
	err := p.store.Read(ctx, access.System("plan"), func(tx store.Tx) (err error) {
		next, err = tx.Journeys().NextDue(ctx)
		return err
	})
	if err != nil || next.IsZero() {
		return longestSleep
	}
	return min(max(clock.Until(p.clock, next), time.Millisecond), longestSleep)
}

// orgsPerSweep bounds one look across organizations; the next one sees the rest.
const orgsPerSweep = 100

// Sweep plans everything that was touched or is due now and says how many visits it looked at. It returns the
// first error but goes on with the other organizations.
func (p *Planner) Sweep(ctx context.Context) (int, error) {
	var orgs []id.ID
	err := p.store.Read(ctx, access.System("plan"), func(tx store.Tx) error {
		touched, err := tx.Journeys().TouchedOrgs(ctx, orgsPerSweep)
		if err != nil {
			return err
		}
		due, err := tx.Journeys().DueOrgs(ctx, tx.Now(), orgsPerSweep)
		orgs = distinct(append(touched, due...))
		return err
	})
	if err != nil {
		return 0, err
	}
	looked := 0
	var failed error
	for _, org := range orgs {
		n, err := p.sweepOrg(ctx, access.ForJob(org, "plan"))
		looked += n
		if err != nil && failed == nil {
			failed = err
		}
	}
	return looked, failed
}

// sweepOrg works until nothing of the organization waits any more. What was changed goes before what is due: a
// moved visit must not be reminded of by its old time. Changes that cannot be planned do not keep what is due
// waiting, unless the store itself is away.
func (p *Planner) sweepOrg(ctx context.Context, scope access.Scope) (looked int, err error) {
	var failed error
	for _, next := range []func(context.Context, access.Scope) (batch, error){p.touched, p.due} {
		n, err := p.drain(ctx, scope, next)
		looked += n
		if err != nil && failed == nil {
			failed = err
		}
		if errs.Is(err, errs.Unavailable) || ctx.Err() != nil {
			break
		}
	}
	return looked, failed
}

// drain works batches until one is not full: what comes meanwhile wakes the next sweep. It goes on behind a batch
// that failed as long as some of its rows can be worked.
func (p *Planner) drain(ctx context.Context, scope access.Scope, next func(context.Context, access.Scope) (batch, error)) (looked int, err error) {
	var failed error
	for ctx.Err() == nil {
		b, err := next(ctx, scope)
		if err != nil {
			return looked, err
		}
		if b.empty() {
			return looked, failed
		}
		if err := p.work(ctx, scope, b); err != nil {
			some, why := p.apart(ctx, scope, b, err)
			if failed == nil {
				failed = why
			}
			if !some {
				return looked, failed
			}
		}
		looked += len(b.visits)
		if max(len(b.visits), len(b.touches)) < sweepRows {
			return looked, failed
		}
	}
	return looked, ctx.Err()
}

// apart plans the visits of a batch that failed one by one, so that one of them cannot keep the others waiting.
// It returns why the batch failed, and whether some of its rows are gone from what waits; what fails alone stays
// for the next sweep.
func (p *Planner) apart(ctx context.Context, scope access.Scope, b batch, why error) (some bool, err error) {
	failed := map[id.ID]bool{}
	byVisit := map[id.ID][]store.Touch{}
	for _, t := range b.touches {
		byVisit[t.Visit] = append(byVisit[t.Visit], t)
	}
	for _, v := range b.visits {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if err := p.work(ctx, scope, batch{visits: []id.ID{v}, touches: byVisit[v]}); err != nil {
			failed[v] = true
			p.log.ErrorContext(ctx, "a visit could not be planned", "visit", v.String(), "kind", errs.KindOf(err), "error", errs.Safe(err))
			continue
		}
		some = some || len(b.touches) == 0 || len(byVisit[v]) > 0
	}
	if people := b.people(failed); len(people) > 0 {
		if err := p.work(ctx, scope, batch{touches: people}); err != nil {
			return some, err
		}
		return true, why
	}
	return some, why
}

// batch is what one transaction plans.
type batch struct {
	visits  []id.ID
	touches []store.Touch
	theirs  map[id.ID][]id.ID // coming visits of the persons that were touched
}

// people are the touches of persons none of whose visits failed.
func (b batch) people(failed map[id.ID]bool) (out []store.Touch) {
	for _, t := range b.touches {
		if t.Visit.IsZero() && !slices.ContainsFunc(b.theirs[t.Person], func(v id.ID) bool { return failed[v] }) {
			out = append(out, t)
		}
	}
	return out
}

func (b batch) empty() bool { return len(b.visits) == 0 && len(b.touches) == 0 }

// personVisits bounds the coming visits of one person.
const personVisits = 50

// touched reads the oldest touches and which visits they concern.
func (p *Planner) touched(ctx context.Context, scope access.Scope) (b batch, err error) {
	err = p.store.Read(ctx, scope, func(tx store.Tx) error {
		if b.touches, err = tx.Journeys().Touched(ctx, sweepRows); err != nil {
			return err
		}
		var visits []id.ID
		b.theirs = map[id.ID][]id.ID{}
		for _, t := range b.touches {
			if t.Person.IsZero() {
				visits = append(visits, t.Visit)
				continue
			}
			theirs, err := tx.Visits().OfPerson(ctx, t.Person, personVisits)
			if err != nil {
				return err
			}
			for _, v := range theirs {
				if v.Start.After(tx.Now()) {
					visits = append(visits, v.ID)
					b.theirs[t.Person] = append(b.theirs[t.Person], v.ID)
				}
			}
		}
		b.visits = distinct(visits)
		return nil
	})
	return b, err
}

// due reads enrollments whose time has come.
func (p *Planner) due(ctx context.Context, scope access.Scope) (b batch, err error) {
	err = p.store.Read(ctx, scope, func(tx store.Tx) error {
		all, err := tx.Journeys().DueEnrollments(ctx, tx.Now(), sweepRows)
		for i := range all {
			b.visits = append(b.visits, all[i].Appointment)
		}
		b.visits = distinct(b.visits)
		return err
	})
	return b, err
}

// distinct keeps each id once, in order, and drops the zero id.
func distinct(ids []id.ID) []id.ID {
	seen := make(map[id.ID]bool, len(ids))
	out := ids[:0:0]
	for _, v := range ids {
		if !v.IsZero() && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// zones keeps time zones by name; reading one touches the disk.
type zones struct {
	mu sync.Mutex
	of map[string]*time.Location
}

// get finds a zone; nil for an empty or unknown name.
func (z *zones) get(name string) *time.Location {
	if name == "" {
		return nil
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if l, ok := z.of[name]; ok {
		return l
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		l = nil
	}
	if z.of == nil {
		z.of = map[string]*time.Location{}
	}
	z.of[name] = l
	return l
}
