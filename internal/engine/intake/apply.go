package intake

import (
	"context"
	"fmt"
	"slices"
	"time"

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
	w := &writer{s: s, sc: sc, imp: &imp, told: told, pace: firstStep}
	if err := w.all(ctx); err != nil {
		return imp, err
	}
	if imp.Options.Snapshot && imp.Kind == feed.Appointments {
		if err := w.cancelAbsent(ctx); err != nil {
			return imp, err
		}
	}
	return s.finishApply(ctx, sc, imp)
}

// attempts is how often a page is read and written again after somebody else changed one of its rows meanwhile.
const attempts = 4

// all writes what comes after the cursor.
func (w *writer) all(ctx context.Context) error {
	for n := 1; ; n++ {
		err := w.rest(ctx)
		if n == attempts || !errs.Is(err, errs.Conflict) {
			return err
		}
	}
}

func (w *writer) rest(ctx context.Context) error {
	rows, err := w.s.open(ctx, w.sc, *w.imp)
	if err != nil {
		return err
	}
	if w.imp.Kind == feed.Patients {
		return pages(ctx, rows, w.imp.Cursor, w.s.preparePeople(w.sc, *w.imp), func(page []Row, known knownPeople) error {
			return w.patients(ctx, page, known)
		})
	}
	prepare := w.s.prepareVisits(w.sc, *w.imp)
	return pages(ctx, rows, w.imp.Cursor, func(ctx context.Context, page []Row) (knownVisits, error) {
		if err := w.s.newNames(ctx, w.sc, page); err != nil {
			return knownVisits{}, err
		}
		return prepare(ctx, page)
	}, func(page []Row, known knownVisits) error { return w.visits(ctx, page, known) })
}

// Choose says whether the good lines of a checked file go in without the bad ones.
func (s *Service) Choose(ctx context.Context, sc access.Scope, imported id.ID, skipBad bool) (feed.Import, error) {
	if err := mayImport(sc); err != nil {
		return feed.Import{}, err
	}
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

// AgreeAbsent says that a person saw the visits that a snapshot does not have, and that they are to be cancelled.
// listed is how many they saw; another number is errs.Conflict.
func (s *Service) AgreeAbsent(ctx context.Context, sc access.Scope, imported id.ID, listed int) (feed.Import, error) {
	if err := mayImport(sc); err != nil {
		return feed.Import{}, err
	}
	imp, err := s.Get(ctx, sc, imported)
	if err != nil {
		return imp, err
	}
	if imp.State != feed.Checked {
		return imp, errs.Newf(errs.Precondition, "this import is %s; only a checked one can be changed", imp.State)
	}
	if imp.Counts.Absent != listed {
		return imp, errs.Newf(errs.Conflict, "%d visits are absent now: look at the list again", imp.Counts.Absent)
	}
	imp.Options.AgreedAbsent = listed
	return s.update(ctx, sc, imp, "import.agree")
}

// mayBegin refuses what a person has not decided yet.
func mayBegin(imp feed.Import) error {
	o, n := imp.Options, imp.Counts
	switch {
	case imp.State != feed.Checked:
		return errs.Newf(errs.Precondition, "this import is %s; check it first", imp.State)
	case n.Bad > 0 && o.Snapshot:
		return errs.Newf(errs.Precondition, "%d lines have problems: a file that is declared whole must be without, or their visits would count as absent", n.Bad)
	case n.Bad > 0 && !o.SkipBad:
		return errs.Newf(errs.Precondition, "%d lines have problems: mend the file, or import the good lines only", n.Bad)
	case n.Absent != o.AgreedAbsent:
		return errs.Newf(errs.Precondition, "%d visits are not in this file and would be cancelled: look at them and agree first", n.Absent)
	}
	return nil
}

func (s *Service) beginApply(ctx context.Context, sc access.Scope, imp feed.Import) (feed.Import, error) {
	if err := mayBegin(imp); err != nil {
		return imp, err
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
		if imp.Held {
			return nil
		}
		// A file that changes visits while an earlier one of the source waits would let them go: it waits too.
		waiting, err := tx.Imports().Held(ctx)
		for _, w := range waiting {
			if w.Source == imp.Source && imp.Kind == feed.Appointments && imp.Counts.Created+imp.Counts.Changed+imp.Counts.Absent > 0 {
				imp.Why, imp.Held = w.Why, true
			}
		}
		return err
	})
	if err != nil {
		return imp, err
	}
	if !imp.Held {
		imp.Why = ""
	}
	imp.State, imp.Cursor = feed.Applying, 0
	imp.Counts = feed.Counts{Lines: imp.Counts.Lines, Bad: imp.Counts.Bad, Absent: imp.Counts.Absent, Unused: imp.Counts.Unused}
	return s.update(ctx, sc, imp, "import.apply")
}

// finishApply ends the import and remembers for the source what a person confirmed by applying.
func (s *Service) finishApply(ctx context.Context, sc access.Scope, imp feed.Import) (feed.Import, error) {
	err := s.write(ctx, sc, func(tx store.Tx) (err error) {
		imp.State, imp.Ended = feed.Applied, tx.Now()
		if imp, err = tx.Imports().Update(ctx, imp); err != nil {
			return err
		}
		if err := remember(ctx, tx, imp); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(sc, tx.Now(), "import.applied", "import", imp.ID,
			fmt.Sprintf("kind=%s created=%d changed=%d same=%d consents=%d held=%t", imp.Kind, imp.Counts.Created,
				imp.Counts.Changed, imp.Counts.Same, imp.Counts.Consents, imp.Held)))
	})
	return imp, err
}

func remember(ctx context.Context, tx store.Tx, imp feed.Import) error {
	src, err := tx.Visits().Source(ctx, imp.Source)
	if err != nil {
		return err
	}
	now := tx.Now()
	src.Encoding, src.LastAt = imp.Options.Encoding, &now
	if src.Mapping == nil {
		src.Mapping = map[string]string{}
	}
	for header, field := range imp.Options.Map {
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
	pace pace
}

// commit runs one step of n rows: they and the line it reached become durable together.
func (w *writer) commit(ctx context.Context, line, n int, do func(tx store.Tx, c *feed.Counts) error) error {
	var work time.Duration
	err := w.s.write(ctx, w.sc, func(tx store.Tx) error {
		began := w.s.machine.Now()
		next := *w.imp
		if err := do(tx, &next.Counts); err != nil {
			return err
		}
		next.Cursor = line
		next, err := tx.Imports().Advance(ctx, next)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() { *w.imp = next })
		work = w.s.machine.Now().Sub(began)
		return nil
	})
	if err != nil {
		return err
	}
	w.pace.took(n, work)
	return nil
}

// steps cuts a page's good rows into transactions; the last one carries the page's last line, bad lines included.
func (w *writer) steps(ctx context.Context, page []Row, do func(tx store.Tx, part []Row, c *feed.Counts) error) error {
	rest, last := good(page), page[len(page)-1].Line
	for done := false; !done; {
		part := rest[:min(int(w.pace), len(rest))]
		rest = rest[len(part):]
		done = len(rest) == 0
		line := last
		if !done {
			line = part[len(part)-1].Line
		}
		if err := w.commit(ctx, line, len(part), func(tx store.Tx, c *feed.Counts) error { return do(tx, part, c) }); err != nil {
			return err
		}
		if w.told != nil {
			w.told(line)
		}
	}
	return nil
}

func (w *writer) patients(ctx context.Context, page []Row, known knownPeople) error {
	return w.steps(ctx, page, func(tx store.Tx, part []Row, c *feed.Counts) error {
		p := people{w: w, tx: tx, known: known, counts: c}
		return p.write(ctx, part)
	})
}

func (w *writer) visits(ctx context.Context, page []Row, known knownVisits) error {
	return w.steps(ctx, page, func(tx store.Tx, part []Row, c *feed.Counts) error {
		var writes []visitWrite
		for _, r := range part {
			v := visitWrite{line: r.Line, before: known.visits[r.external()], after: known.next(r.Visit, *w.imp)}
			tally(c, &v.before, &v.after, tx.Now())
			if sameVisit(v.before, v.after) && !v.before.ID.IsZero() {
				continue
			}
			v.after.Import = w.imp.ID
			writes = append(writes, v)
		}
		return w.putVisits(ctx, tx, writes)
	})
}

// visitWrite is a visit before and after a line.
type visitWrite struct {
	line          int
	before, after schedule.Appointment
}

// putVisits creates and updates visits and tells the journeys.
func (w *writer) putVisits(ctx context.Context, tx store.Tx, all []visitWrite) error {
	var fresh, changed []visitWrite
	for _, v := range all {
		if v.before.ID.IsZero() {
			fresh = append(fresh, v)
		} else {
			changed = append(changed, v)
		}
	}
	made, err := tx.Visits().Create(ctx, afters(fresh))
	if err != nil {
		return err
	}
	updated, err := tx.Visits().Update(ctx, afters(changed))
	if err != nil {
		return err
	}
	now, all := slices.Concat(made, updated), slices.Concat(fresh, changed)
	writes := make([]feed.Write, len(now))
	for i, v := range now {
		writes[i] = feed.Write{Import: w.imp.ID, Line: all[i].line, Row: feed.VisitRow, ID: v.ID, Person: v.Person,
			Created: i < len(made), Version: v.Version, Before: packVisit(all[i].before)}
	}
	if err := tx.Imports().AddWrites(ctx, writes); err != nil {
		return err
	}
	return w.touchVisits(ctx, tx, now)
}

func afters(all []visitWrite) []schedule.Appointment {
	out := make([]schedule.Appointment, len(all))
	for i := range all {
		out[i] = all[i].after
	}
	return out
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

// cancelAbsent cancels what a whole file does not have any more. Its rows take lines after the file's last.
func (w *writer) cancelAbsent(ctx context.Context) error {
	absent, err := w.s.missing(ctx, w.sc, *w.imp)
	if err != nil {
		return err
	}
	line := w.imp.Cursor
	for len(absent) > 0 {
		part := absent[:min(int(w.pace), len(absent))]
		absent = absent[len(part):]
		writes := make([]visitWrite, len(part))
		for i, v := range part {
			line++
			after := v
			after.Status, after.Import = schedule.Cancelled, w.imp.ID
			writes[i] = visitWrite{line: line, before: v, after: after}
		}
		if err := w.commit(ctx, w.imp.Cursor, len(part), func(tx store.Tx, c *feed.Counts) error {
			c.Changed, c.Cancelled = c.Changed+len(writes), c.Cancelled+len(writes)
			return w.putVisits(ctx, tx, writes)
		}); err != nil {
			return err
		}
	}
	return nil
}
