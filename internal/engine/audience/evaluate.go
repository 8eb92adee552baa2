package audience

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Member is somebody who matches, and how they hear of it.
type Member struct {
	outbox.Reach
	Way audience.Way
	Why message.Reason // the reason that decided, when it is not a text
}

// Question is what an evaluation is about.
type Question struct {
	Rule    string
	Purpose purpose.Purpose
	// PageRows is how many persons are looked at together; 0 is 1,000.
	PageRows int
	// Whole evaluates everything in the rule itself and nothing in the database: the answer is the same.
	Whole bool
}

// Sinks take what an evaluation finds while it goes on. Both may be nil; they are never called at the same time.
type Sinks struct {
	// Progress is called after some pages with the count so far; an error ends the evaluation.
	Progress func(so audience.Count) error
	// Page gets the members of a page. It may use the store.
	Page func([]Member) error
}

const (
	pageRows = 1000
	// progressPages is how many pages lie between two reports.
	progressPages = 16
)

// Evaluate finds who matches and how they can be reached. Pages are read one after another on the database's
// readers and worked on all cores; each page is one snapshot, so a change during the evaluation may be seen or not.
// Memory does not grow with the number of persons.
func (s *Service) Evaluate(ctx context.Context, scope access.Scope, q Question, out Sinks) (audience.Count, error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return audience.Count{}, err
	}
	e := &evaluation{Service: s, scope: scope, q: q, out: out}
	if e.q.PageRows <= 0 {
		e.q.PageRows = pageRows
	}
	err := s.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		e.world, err = world(ctx, tx)
		return err
	})
	if err != nil {
		return audience.Count{}, err
	}
	if e.rule, err = s.language.Compile(q.Rule, e.world.Names); err != nil {
		return audience.Count{}, err
	}
	if !q.Whole {
		e.plain = e.rule.Plain()
	}
	g, run := errgroup.WithContext(ctx)
	for range max(runtime.GOMAXPROCS(0), 1) {
		g.Go(func() error { return e.work(run) })
	}
	if err := g.Wait(); err != nil {
		return e.count, err
	}
	return e.count, ctx.Err()
}

// evaluation is one run of a rule.
type evaluation struct {
	*Service
	scope access.Scope
	q     Question
	out   Sinks
	world *audience.World
	rule  *audience.Rule
	plain audience.Plain

	pages  sync.Mutex // the cursor
	cursor id.ID
	over   bool

	results sync.Mutex
	count   audience.Count
	done    int
}

// next takes the next page of persons.
func (e *evaluation) next(ctx context.Context) (from, upto id.ID, n int, err error) {
	e.pages.Lock()
	defer e.pages.Unlock()
	if e.over {
		return from, upto, 0, nil
	}
	err = e.store.Read(ctx, e.scope, func(tx store.Tx) error {
		upto, n, err = tx.Audiences().NextRange(ctx, e.cursor, e.q.PageRows)
		return err
	})
	from, e.cursor, e.over = e.cursor, upto, n < e.q.PageRows
	return from, upto, n, err
}

// work takes pages until there are none.
func (e *evaluation) work(ctx context.Context) error {
	w := &worker{evaluation: e, judge: audience.NewEvaluator(e.world)}
	for ctx.Err() == nil {
		from, upto, n, err := e.next(ctx)
		if err != nil || n == 0 {
			return err
		}
		members, count, err := w.page(ctx, from, upto)
		if err != nil {
			return err
		}
		count.Looked = n
		if err := e.settle(members, &count); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// settle adds a page's results.
func (e *evaluation) settle(members []Member, c *audience.Count) error {
	e.results.Lock()
	defer e.results.Unlock()
	e.count.Add(c)
	e.done++
	if e.out.Page != nil && len(members) > 0 {
		if err := e.out.Page(members); err != nil {
			return err
		}
	}
	if e.out.Progress != nil && e.done%progressPages == 0 {
		return e.out.Progress(e.count)
	}
	return nil
}

// worker is one core's part of an evaluation.
type worker struct {
	*evaluation
	judge   *audience.Evaluator
	matched []id.ID
	open    []openPerson
}

// openPerson waits for rows that decide about the person.
type openPerson struct {
	id     id.ID
	person audience.Person
	facts  patient.Facts
}

// page evaluates one page on one snapshot.
func (w *worker) page(ctx context.Context, from, upto id.ID) (members []Member, count audience.Count, err error) {
	err = w.store.Read(ctx, w.scope, func(tx store.Tx) error {
		members, count = nil, audience.Count{}
		w.matched, w.open = w.matched[:0], w.open[:0]
		r := store.PersonRange{After: from, Upto: upto, Plain: w.plain, Need: w.rule.Need & audience.Sealed}
		if err := tx.Audiences().Scan(ctx, r, func(person id.ID, p *audience.Person) error {
			w.first(person, p, &count)
			return nil
		}); err != nil {
			return err
		}
		if err := w.second(ctx, tx, &count); err != nil {
			return err
		}
		members, err = w.ways(ctx, tx, &count)
		return err
	})
	return members, count, err
}

// first evaluates with the person's own facts; who cannot be decided by them waits for rows.
func (w *worker) first(person id.ID, p *audience.Person, count *audience.Count) {
	if p.Unreadable {
		unknown(count, audience.FactUnreadable)
		return
	}
	match, fact, more := w.rule.Eval(w.judge, p)
	switch {
	case more:
		o := openPerson{id: person, person: *p, facts: *p.Facts}
		o.facts.Tags, o.facts.Conditions, o.facts.Medications = slices.Clone(o.facts.Tags), slices.Clone(o.facts.Conditions), slices.Clone(o.facts.Medications)
		w.open = append(w.open, o)
	case fact != "":
		unknown(count, fact)
	case match:
		w.matched = append(w.matched, person)
	}
}

func unknown(c *audience.Count, f audience.Fact) {
	if c.Unknown == nil {
		c.Unknown = map[audience.Fact]int{}
	}
	c.Unknown[f]++
}

// lookBack is how far rows are read back: the longest window that a rule can have is far longer than any log.
const lookBack = 200 * 366 * 24 * time.Hour

// second evaluates anew with rows of their own.
func (w *worker) second(ctx context.Context, tx store.Tx, count *audience.Count) error {
	if len(w.open) == 0 {
		return nil
	}
	ids := make([]id.ID, len(w.open))
	for i := range w.open {
		ids[i] = w.open[i].id
	}
	need := w.rule.Need &^ audience.Sealed
	rows, err := tx.Audiences().Rows(ctx, ids, need, w.world.Now.Add(-lookBack))
	if err != nil {
		return err
	}
	for i := range w.open {
		o := &w.open[i]
		o.person.Facts, o.person.Loaded, o.person.Rows = &o.facts, need, *rows[o.id]
		match, fact, _ := w.rule.Eval(w.judge, &o.person)
		if fact != "" {
			unknown(count, fact)
		} else if match {
			w.matched = append(w.matched, o.id)
		}
	}
	return nil
}

// ways asks the gate how each matching person is reached.
func (w *worker) ways(ctx context.Context, tx store.Tx, count *audience.Count) ([]Member, error) {
	count.Matched = len(w.matched)
	if len(w.matched) == 0 {
		return nil, nil
	}
	slices.SortFunc(w.matched, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	count.Sample = slices.Clone(w.matched[:min(len(w.matched), audience.SampleSize)])
	reached, err := w.reach.Reach(ctx, tx, w.matched, w.q.Purpose)
	if err != nil {
		return nil, err
	}
	return membersOf(reached, w.q.Purpose, count), nil
}

// membersOf finds everybody's way and counts it.
func membersOf(reached []outbox.Reach, p purpose.Purpose, count *audience.Count) []Member {
	out := make([]Member, len(reached))
	for i, r := range reached {
		f := &r.Person.Facts
		way, why := audience.WayOf(&r.Decision, p, f.PreferredChannel, !f.Address.IsEmpty(), r.Contact != nil)
		out[i] = Member{Reach: r, Way: way, Why: why}
		tally(count, &out[i])
	}
	return out
}

func tally(c *audience.Count, m *Member) {
	switch m.Way {
	case audience.ByText:
		c.Reachable++
		if r := m.Decision.Reason(); r != message.ReasonNone {
			add(&c.Waits, r)
		}
		return
	case audience.ByCall:
		c.Calls++
	case audience.ByLetter:
		c.Letters++
	default:
		add(&c.LeftOut, m.Why)
	}
	add(&c.Why, m.Why)
}

func add(to *map[message.Reason]int, r message.Reason) {
	if *to == nil {
		*to = map[message.Reason]int{}
	}
	(*to)[r]++
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
