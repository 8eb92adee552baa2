package intake

import (
	"context"
	"fmt"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// MaxBatch is how many rows a program may bring at once.
const MaxBatch = 1000

// Batch is rows that a program brings in one request, as a file would. Lines count from 1; a row with problems is
// not written and does not hinder the others.
type Batch struct {
	Kind   feed.Kind
	Source string // name of the feed; made when it is new
	Rows   []Row
}

// RowOutcome is what became of one row of a batch.
type RowOutcome string

const (
	RowCreated   RowOutcome = "created"
	RowUpdated   RowOutcome = "updated"
	RowUnchanged RowOutcome = "unchanged"
	RowRefused   RowOutcome = "refused"
)

// Result is one row's outcome, in the order of the batch.
type Result struct {
	Outcome  RowOutcome
	ID       id.ID // of the person or visit; zero when refused
	Problems []Problem
}

// Put writes a batch. It is an import without a file: the same rules decide which fields a source may write, a first
// or stormy one is held until a person releases it, and it can be undone. A batch that changes nothing leaves no
// import behind (its ID is zero), and bringing a batch again changes nothing.
func (s *Service) Put(ctx context.Context, sc access.Scope, b Batch) (feed.Import, []Result, error) {
	if err := checkBatch(sc, b); err != nil {
		return feed.Import{}, nil, err
	}
	src, err := s.source(ctx, sc, b.Source)
	if err != nil {
		return feed.Import{}, nil, err
	}
	p := &bringing{s: s, sc: sc, src: src, rows: b.Rows, results: make([]Result, len(b.Rows)),
		imp: feed.Import{ID: id.New(), Source: src.ID, Kind: b.Kind, State: feed.Applied, ByKind: sc.Actor().Kind(), By: sc.Actor().ID()}}
	for n := 1; ; n++ {
		if err = p.put(ctx); n == attempts || !errs.Is(err, errs.Conflict) {
			return p.imp, p.results, err
		}
	}
}

func checkBatch(sc access.Scope, b Batch) error {
	switch {
	case !sc.Allows(access.ImportFiles):
		return errs.New(errs.Forbidden, "you may not import: ask a manager")
	case !b.Kind.Valid():
		return errs.New(errs.Invalid, "a batch is of patients or of appointments").At("kind")
	case len(b.Rows) == 0 || len(b.Rows) > MaxBatch:
		return errs.Newf(errs.Invalid, "a batch has 1 to %d items", MaxBatch).At("items")
	}
	return nil
}

// bringing is one batch under way.
type bringing struct {
	s       *Service
	sc      access.Scope
	src     schedule.Source
	imp     feed.Import
	rows    []Row
	results []Result
	people  knownPeople
	visits  knownVisits
}

func (p *bringing) put(ctx context.Context) error {
	would, err := p.look(ctx)
	if err != nil {
		return err
	}
	changes := would.Created+would.Changed+would.Consents > 0
	if changes {
		if err := p.begin(ctx, would); err != nil {
			return err
		}
		if err := p.write(ctx); err != nil {
			return err
		}
	} else {
		p.imp.ID = id.ID{}
	}
	if err := p.heard(ctx, changes && p.imp.Kind == feed.Appointments); err != nil {
		return err
	}
	return p.name(ctx)
}

// look compares the rows with what is known and says what would become of each.
func (p *bringing) look(ctx context.Context) (n feed.Counts, err error) {
	once := newDoubles()
	for i := range p.rows {
		if r := &p.rows[i]; r.Line == 0 { // a second attempt knows its lines and problems
			r.Line = i + 1
			for _, twice := range once.look(*r) {
				twice.Say = "an earlier item has the same id or record number; keep one of them"
				r.Bad = append(r.Bad, twice)
			}
		}
	}
	if p.imp.Kind == feed.Patients {
		if p.people, err = p.s.preparePeople(p.sc, p.imp)(ctx, p.rows); err == nil {
			n.Consents, err = p.newConsents(ctx)
		}
	} else {
		if err = p.s.newNames(ctx, p.sc, p.rows); err == nil {
			p.visits, err = p.s.prepareVisits(p.sc, p.imp)(ctx, p.rows)
		}
	}
	if err != nil {
		return n, err
	}
	n.Lines = len(p.rows)
	for i := range p.rows {
		r, out := &p.rows[i], &p.results[i]
		*out = Result{Outcome: RowRefused, Problems: r.Bad}
		switch {
		case len(r.Bad) > 0:
			n.Bad++
		case r.Patient != nil:
			out.Outcome = p.patient(r, &n)
		default:
			out.Outcome = p.visit(r, &n)
		}
	}
	return n, nil
}

func (p *bringing) patient(r *Row, n *feed.Counts) RowOutcome {
	have, known := p.people.people[r.external()]
	switch {
	case !known:
		n.Created++
		return RowCreated
	case p.people.asItIs(have, r.Patient, p.src.ID):
		return RowUnchanged
	}
	n.Changed++
	return RowUpdated
}

func (p *bringing) visit(r *Row, n *feed.Counts) RowOutcome {
	before, after := p.visits.visits[r.external()], p.visits.next(r.Visit, p.imp)
	tally(n, &before, &after, p.visits.now)
	switch changes(&before, &after, p.visits.now) {
	case created:
		return RowCreated
	case nothing:
		return RowUnchanged
	}
	return RowUpdated
}

// newConsents counts what the rows say and the ledger does not.
func (p *bringing) newConsents(ctx context.Context) (n int, err error) {
	err = p.s.store.Read(ctx, p.sc, func(tx store.Tx) error {
		part := good(p.rows)
		said, err := people{tx: tx, known: p.people}.ledger(ctx, part)
		for _, r := range part {
			for _, c := range r.Patient.Consents {
				e := consent.Entry{Person: p.people.people[r.external()].ID, Purpose: c.Purpose, Status: c.Status, At: c.At}
				if said.news(&e, c.Undated) {
					n++
				}
			}
		}
		return err
	})
	return n, err
}

// begin makes the import, held when its messages must wait, before its first row is written. A second attempt goes
// on with the import that the first one made.
func (p *bringing) begin(ctx context.Context, would feed.Counts) error {
	if p.imp.Version > 0 {
		return nil
	}
	return p.s.write(ctx, p.sc, func(tx store.Tx) error {
		imp := p.imp
		if imp.Kind == feed.Appointments {
			coming, err := tx.Visits().CountBySource(ctx, imp.Source, tx.Now())
			if err != nil {
				return err
			}
			if imp.Why, imp.Held, err = holdBatch(ctx, tx, p.src, coming, would); err != nil {
				return err
			}
		}
		imp.Counts = feed.Counts{Lines: would.Lines, Bad: would.Bad}
		imp.Created, imp.Ended = tx.Now(), tx.Now()
		imp, err := tx.Imports().Create(ctx, imp)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() { p.imp = imp })
		return tx.Audit().Record(ctx, audit.Of(p.sc, tx.Now(), "import.batch", "import", imp.ID,
			fmt.Sprintf("kind=%s rows=%d refused=%d held=%t", imp.Kind, would.Lines, would.Bad, imp.Held)))
	})
}

// holdBatch holds what feed.HoldFor holds, and what comes while an earlier import of the source waits.
func holdBatch(ctx context.Context, tx store.Tx, src schedule.Source, coming int, would feed.Counts) (feed.HoldReason, bool, error) {
	if why, held := feed.HoldFor(src.Imports, coming, would); held {
		return why, true, nil
	}
	waiting, err := tx.Imports().Held(ctx)
	for _, w := range waiting {
		if w.Source == src.ID {
			return w.Why, true, nil
		}
	}
	return "", false, err
}

func (p *bringing) write(ctx context.Context) error {
	w := &writer{s: p.s, sc: p.sc, imp: &p.imp, pace: firstStep}
	if p.imp.Kind == feed.Patients {
		return w.patients(ctx, p.rows, p.people)
	}
	return w.visits(ctx, p.rows, p.visits)
}

// heard keeps that the source has spoken; its first batch of visits ends its being new.
func (p *bringing) heard(ctx context.Context, visits bool) error {
	return p.s.write(ctx, p.sc, func(tx store.Tx) error {
		have, err := tx.Visits().Source(ctx, p.src.ID)
		if err != nil {
			return err
		}
		now := tx.Now()
		if have.LastAt = &now; visits {
			have.Imports++
		}
		_, err = tx.Visits().SaveSource(ctx, have)
		return err
	})
}

// name reads the ids of what is there now.
func (p *bringing) name(ctx context.Context) error {
	externals := make([]string, len(p.rows))
	for i, r := range p.rows {
		externals[i] = r.external()
	}
	return p.s.store.Read(ctx, p.sc, func(tx store.Tx) error {
		ids, err := namesOf(ctx, tx, p.imp.Kind, p.src.ID, externals)
		for i := range p.results {
			if p.results[i].Outcome != RowRefused {
				p.results[i].ID = ids[externals[i]]
			}
		}
		return err
	})
}

func namesOf(ctx context.Context, tx store.Tx, kind feed.Kind, source id.ID, externals []string) (map[string]id.ID, error) {
	if kind == feed.Patients {
		return tx.People().ByIdentifiers(ctx, ExternalSystem(source), externals)
	}
	visits, err := tx.Visits().ByExternal(ctx, source, externals)
	ids := make(map[string]id.ID, len(visits))
	for name, v := range visits {
		ids[name] = v.ID
	}
	return ids, err
}
