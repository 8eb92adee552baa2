package intake

import (
	"context"
	"fmt"
	"slices"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Apply writes a checked file in short transactions. Each carries the line it reached, so that a crash loses
// nothing and repeats nothing: calling Apply again goes on from there. A file with bad lines is applied only
// with SkipBad. A first or stormy import is held before its first row is written.
func (s *Service) Apply(ctx context.Context, sc access.Scope, imported id.ID, told Progress) (feed.Import, error) {
	imp, err := s.Get(ctx, sc, imported)
	if err != nil {
		return imp, err
	}
	if !sc.Allows(access.ImportFiles) {
		return imp, errs.New(errs.Forbidden, "you may not import files: ask a manager")
	}
	if imp.State != feed.Applying {
		if imp, err = s.beginApply(ctx, sc, imp); err != nil {
			return imp, err
		}
	}
	rows, err := s.open(ctx, sc, imp)
	if err != nil {
		return imp, err
	}
	w := &writer{s: s, sc: sc, imp: &imp, told: told}
	if err := pages(rows, imp.Cursor, func(page []Row) error { return w.page(ctx, page) }); err != nil {
		return imp, err
	}
	if imp.Options.Snapshot && imp.Kind == feed.Appointments {
		if err := w.cancelAbsent(ctx); err != nil {
			return imp, err
		}
	}
	return s.finishApply(ctx, sc, imp, rows.Options())
}

// Choose changes how a checked file is applied: whether good lines go in without the bad ones, whether the
// file is whole for its days.
func (s *Service) Choose(ctx context.Context, sc access.Scope, imported id.ID, skipBad bool) (feed.Import, error) {
	imp, err := s.Get(ctx, sc, imported)
	if err != nil {
		return imp, err
	}
	if imp.State != feed.Checked {
		return imp, errs.Newf(errs.Precondition, "this import is %s; only a checked one can be changed", imp.State)
	}
	imp.Options.SkipBad = skipBad
	return s.update(ctx, sc, imp, "import.choose")
}

func (s *Service) beginApply(ctx context.Context, sc access.Scope, imp feed.Import) (feed.Import, error) {
	switch {
	case imp.State != feed.Checked:
		return imp, errs.Newf(errs.Precondition, "this import is %s; check it first", imp.State)
	case imp.Counts.Bad > 0 && !imp.Options.SkipBad:
		return imp, errs.Newf(errs.Precondition, "%d lines have problems: mend the file, or import the good lines only", imp.Counts.Bad)
	}
	err := s.store.Read(ctx, sc, func(tx store.Tx) error {
		src, err := tx.Visits().Source(ctx, imp.Source)
		if err != nil {
			return err
		}
		coming, err := tx.Visits().CountBySource(ctx, imp.Source, tx.Now())
		if err != nil {
			return err
		}
		imp.Why, imp.Held = feed.HoldFor(src.Imports, coming, imp.Counts)
		return nil
	})
	if err != nil {
		return imp, err
	}
	if !imp.Held {
		imp.Why = ""
	}
	imp.State, imp.Cursor = feed.Applying, 0
	imp.Counts = feed.Counts{Lines: imp.Counts.Lines, Bad: imp.Counts.Bad, Absent: imp.Counts.Absent, Texts: imp.Counts.Texts, Unused: imp.Counts.Unused}
	return s.update(ctx, sc, imp, "import.apply")
}

// finishApply ends the import and remembers for the source what a person confirmed by applying.
func (s *Service) finishApply(ctx context.Context, sc access.Scope, imp feed.Import, o feed.Options) (feed.Import, error) {
	err := s.store.InTx(ctx, sc, func(tx store.Tx) (err error) {
		imp.State, imp.Ended = feed.Applied, tx.Now()
		if imp, err = tx.Imports().Update(ctx, imp); err != nil {
			return err
		}
		if err := remember(ctx, tx, imp, o); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(sc, tx.Now(), "import.applied", "import", imp.ID,
			fmt.Sprintf("kind=%s created=%d changed=%d same=%d consents=%d held=%t", imp.Kind, imp.Counts.Created,
				imp.Counts.Changed, imp.Counts.Same, imp.Counts.Consents, imp.Held)))
	})
	return imp, err
}

func remember(ctx context.Context, tx store.Tx, imp feed.Import, o feed.Options) error {
	src, err := tx.Visits().Source(ctx, imp.Source)
	if err != nil {
		return err
	}
	now := tx.Now()
	src.Encoding, src.LastAt = o.Encoding, &now
	if src.Mapping == nil {
		src.Mapping = map[string]string{}
	}
	for header, field := range o.Map {
		src.Mapping[string(imp.Kind)+":"+header] = field
	}
	if imp.Kind == feed.Appointments {
		src.Imports++
	}
	_, err = tx.Visits().SaveSource(ctx, src)
	return err
}

// writer applies pages in steps.
type writer struct {
	s    *Service
	sc   access.Scope
	imp  *feed.Import
	told Progress
}

func (w *writer) page(ctx context.Context, page []Row) error {
	good := slices.DeleteFunc(slices.Clone(page), func(r Row) bool { return len(r.Bad) > 0 })
	last := page[len(page)-1].Line
	var err error
	if w.imp.Kind == feed.Patients {
		err = w.patients(ctx, good, last)
	} else {
		err = w.visits(ctx, good, last)
	}
	if err == nil && w.told != nil {
		w.told(last)
	}
	return err
}

// commit runs one step: its rows and the line it reached become durable together.
func (w *writer) commit(ctx context.Context, line int, do func(tx store.Tx, c *feed.Counts) error) error {
	return w.s.store.InTx(ctx, w.sc, func(tx store.Tx) error {
		next := *w.imp
		if err := do(tx, &next.Counts); err != nil {
			return err
		}
		next.Cursor = line
		next, err := tx.Imports().Update(ctx, next)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() { *w.imp = next })
		return nil
	})
}

// steps cuts good rows into transactions; the last one carries the page's last line, bad lines included.
func (w *writer) steps(ctx context.Context, good []Row, last int, do func(tx store.Tx, part []Row, c *feed.Counts) error) error {
	if len(good) == 0 {
		return w.commit(ctx, last, func(store.Tx, *feed.Counts) error { return nil })
	}
	for start := 0; start < len(good); start += step {
		part := good[start:min(start+step, len(good))]
		line := part[len(part)-1].Line
		if start+step >= len(good) {
			line = last
		}
		if err := w.commit(ctx, line, func(tx store.Tx, c *feed.Counts) error { return do(tx, part, c) }); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) patients(ctx context.Context, good []Row, last int) error {
	known, err := w.s.knownPeople(ctx, w.sc, w.imp.Source, good)
	if err != nil {
		return err
	}
	return w.steps(ctx, good, last, func(tx store.Tx, part []Row, c *feed.Counts) error {
		p := people{w: w, tx: tx, known: known, counts: c}
		return p.write(ctx, part)
	})
}

func (w *writer) visits(ctx context.Context, good []Row, last int) error {
	if err := w.s.newNames(ctx, w.sc, good); err != nil {
		return err
	}
	known, err := w.s.knownVisits(ctx, w.sc, w.imp.Source, good)
	if err != nil {
		return err
	}
	return w.steps(ctx, good, last, func(tx store.Tx, part []Row, c *feed.Counts) error {
		var before, after []schedule.Appointment
		lines := map[string]int{}
		for _, r := range part {
			person, ok := known.people[r.Visit.Patient.Reveal()]
			if !ok {
				continue // counted as bad when the file was checked
			}
			old, v := known.visits[r.external()], known.next(r.Visit, person, *w.imp)
			if !old.ID.IsZero() && sameVisit(old, v) {
				c.Same++
				continue
			}
			v.Import = w.imp.ID
			lines[r.external()] = r.Line
			before, after = append(before, old), append(after, v)
		}
		return w.putVisits(ctx, tx, before, after, lines, c)
	})
}

// putVisits creates and updates visits and tells the journeys.
func (w *writer) putVisits(ctx context.Context, tx store.Tx, before, after []schedule.Appointment, lines map[string]int, c *feed.Counts) error {
	var fresh, changed []schedule.Appointment
	old := map[id.ID]schedule.Appointment{}
	for i, v := range after {
		if before[i].ID.IsZero() {
			fresh = append(fresh, v)
			continue
		}
		old[v.ID] = before[i]
		changed = append(changed, v)
		if before[i].Status != schedule.Cancelled && v.Status == schedule.Cancelled {
			c.Cancelled++
		} else if !before[i].Start.Equal(v.Start) {
			c.Moved++
		}
	}
	created, err := tx.Visits().Create(ctx, fresh)
	if err != nil {
		return err
	}
	updated, err := tx.Visits().Update(ctx, changed)
	if err != nil {
		return err
	}
	c.Created, c.Changed = c.Created+len(created), c.Changed+len(updated)
	all := slices.Concat(created, updated)
	olds, writes := make([]schedule.Appointment, len(all)), make([]feed.Write, len(all))
	for i, v := range all {
		olds[i] = old[v.ID]
		writes[i] = feed.Write{Import: w.imp.ID, Line: lines[v.ExternalID.Reveal()], Row: feed.VisitRow, ID: v.ID,
			Person: v.Person, Created: olds[i].ID.IsZero(), Version: v.Version, Before: packVisit(olds[i])}
	}
	if err := tx.Imports().AddWrites(ctx, writes); err != nil {
		return err
	}
	return w.touchVisits(ctx, tx, all)
}

// touchVisits tells the journeys, in the same transaction, which visits to look at.
func (w *writer) touchVisits(ctx context.Context, tx store.Tx, visits []schedule.Appointment) error {
	touches := make([]store.Touch, len(visits))
	for i, v := range visits {
		touches[i] = store.Touch{Visit: v.ID, Version: v.Version, Import: w.imp.ID, At: tx.Now()}
	}
	return tx.Journeys().Touch(ctx, touches)
}

// touchPeople does so for people who were known before: somebody may have died, or left.
func (w *writer) touchPeople(ctx context.Context, tx store.Tx, people []patient.Person) error {
	touches := make([]store.Touch, len(people))
	for i, p := range people {
		touches[i] = store.Touch{Person: p.ID, Import: w.imp.ID, At: tx.Now()}
	}
	return tx.Journeys().Touch(ctx, touches)
}

// cancelAbsent cancels what a whole file does not have any more.
func (w *writer) cancelAbsent(ctx context.Context) error {
	rows, err := w.s.open(ctx, w.sc, *w.imp)
	if err != nil {
		return err
	}
	has, days := map[string]bool{}, map[place]bool{}
	if err := pages(rows, 0, func(page []Row) error {
		for _, r := range page {
			has[r.external()] = true
			if len(r.Bad) == 0 {
				days[dayOf(r.Visit)] = true
			}
		}
		return nil
	}); err != nil {
		return err
	}
	absent, err := w.s.absent(ctx, w.sc, w.imp.Source, days, func(ext string) bool { return has[ext] })
	if err != nil {
		return err
	}
	for part := range slices.Chunk(absent, step) {
		if err := w.commit(ctx, w.imp.Cursor, func(tx store.Tx, c *feed.Counts) error {
			after, lines := slices.Clone(part), map[string]int{}
			for i := range after {
				after[i].Status, after[i].Import = schedule.Cancelled, w.imp.ID
				lines[after[i].ExternalID.Reveal()] = w.imp.Cursor
			}
			return w.putVisits(ctx, tx, part, after, lines, c)
		}); err != nil {
			return err
		}
	}
	return nil
}

// Release lets the messages of a held import go.
func (s *Service) Release(ctx context.Context, sc access.Scope, imported id.ID) (feed.Import, error) {
	if !sc.Allows(access.ReleaseHeld) {
		return feed.Import{}, errs.New(errs.Forbidden, "you may not release held messages: ask a manager")
	}
	var imp feed.Import
	err := s.store.InTx(ctx, sc, func(tx store.Tx) (err error) {
		if imp, err = tx.Imports().Get(ctx, imported); err != nil {
			return err
		}
		if !imp.Held {
			return errs.New(errs.Precondition, "the messages of this import do not wait")
		}
		imp.Held, imp.Released = false, tx.Now()
		if imp, err = tx.Imports().Update(ctx, imp); err != nil {
			return err
		}
		tx.Publish(store.TopicDue)
		return tx.Audit().Record(ctx, audit.Of(sc, tx.Now(), "import.release", "import", imp.ID, string(imp.Why)))
	})
	return imp, err
}

// Resume goes on with imports and undos that a crash stopped. It is called once when a node starts.
func (s *Service) Resume(ctx context.Context, sc access.Scope) (int, error) {
	var open []feed.Import
	err := s.store.Read(ctx, sc, func(tx store.Tx) (err error) {
		open, err = tx.Imports().Unfinished(ctx)
		return err
	})
	if err != nil {
		return 0, err
	}
	for n, imp := range open {
		in := sc.Within(imp.Org)
		if imp.State == feed.Applying {
			_, err = s.Apply(ctx, in, imp.ID, nil)
		} else {
			_, err = s.Undo(ctx, in, imp.ID, nil)
		}
		if err != nil {
			return n, err
		}
	}
	return len(open), nil
}
