package intake

import (
	"context"
	"errors"
	"slices"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// maxProblems is how many problems the report names; a file with more needs mending at its source.
const maxProblems = 10000

// Check reads the whole file, compares it with what is known and writes nothing but the report and the counts.
// The answer is Checked, or Rejected when the file as a whole cannot be read. It may be called again after
// Settle.
func (s *Service) Check(ctx context.Context, sc access.Scope, imported id.ID, told Progress) (feed.Import, error) {
	imp, err := s.Get(ctx, sc, imported)
	if err != nil {
		return imp, err
	}
	if !sc.Allows(access.ImportFiles) {
		return imp, errs.New(errs.Forbidden, "you may not import files: ask a manager")
	}
	if !imp.State.MayBecome(feed.Checked) {
		return imp, errs.Newf(errs.Precondition, "this import is %s already", imp.State)
	}
	c := &checker{s: s, sc: sc, imp: &imp, days: map[place]bool{}, present: map[id.ID]bool{}, told: told}
	err = c.file(ctx)
	if errs.Is(err, errs.Invalid) {
		imp.State, imp.Fault = feed.Rejected, said(err)
		return s.update(ctx, sc, imp, "import.reject")
	}
	if err != nil {
		return imp, err
	}
	imp.State, imp.Fault = feed.Checked, ""
	return s.update(ctx, sc, imp, "import.check")
}

// said is an error's safe text with its place: a line, a column or a setting.
func said(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Error()
	}
	return errs.Safe(err)
}

// checker gathers what a file would change.
type checker struct {
	s        *Service
	sc       access.Scope
	imp      *feed.Import
	days     map[place]bool // locations and local days that a snapshot covers
	present  map[id.ID]bool // visits that a snapshot has
	problems []feed.Problem
	lines    int
	told     Progress
}

// place is a location and a local day.
type place struct {
	location id.ID
	day      string
}

func (c *checker) file(ctx context.Context) error {
	rows, err := c.s.open(ctx, c.sc, *c.imp)
	if err != nil {
		return err
	}
	c.imp.Options, c.imp.Counts = rows.Options(), feed.Counts{Unused: len(rows.Unused())}
	if c.imp.Kind == feed.Patients {
		err = pages(ctx, rows, 0, c.s.preparePeople(c.sc, *c.imp), c.people)
	} else {
		err = pages(ctx, rows, 0, c.s.prepareVisits(c.sc, *c.imp), c.visits)
	}
	if err != nil {
		return err
	}
	c.imp.Options = rows.Options() // all letters were seen
	return c.finish(ctx)
}

// note gathers the problems of rows and how many lines there were.
func (c *checker) note(rows []Row) {
	for _, r := range rows {
		if len(r.Bad) == 0 {
			continue
		}
		c.imp.Counts.Bad++
		for _, p := range r.Bad {
			if len(c.problems) < maxProblems {
				c.problems = append(c.problems, feed.Problem{Line: p.Line, Column: p.Column, Code: string(p.Code), Say: p.Say, Value: p.Value})
			}
		}
	}
	if c.lines += len(rows); c.told != nil {
		c.told(c.lines)
	}
}

func (c *checker) people(rows []Row, known knownPeople) error {
	c.note(rows)
	for _, r := range good(rows) {
		c.imp.Counts.Consents += len(r.Patient.Consents)
		have, ok := known.people[r.external()]
		switch {
		case !ok:
			c.imp.Counts.Created++
		case known.asItIs(have, r.Patient, c.imp.Source):
			c.imp.Counts.Same++
		default:
			c.imp.Counts.Changed++
		}
	}
	return nil
}

func (c *checker) visits(rows []Row, known knownVisits) error {
	c.note(rows)
	for _, r := range rows {
		if v, ok := known.visits[r.external()]; ok {
			c.present[v.ID] = true
		}
	}
	for _, r := range good(rows) {
		c.days[dayOf(r.Visit)] = true
		before, after := known.visits[r.external()], known.next(r.Visit, *c.imp)
		tally(&c.imp.Counts, &before, &after, known.now)
	}
	return nil
}

func dayOf(v *VisitRow) place { return place{v.Location.ID, v.Wall[:len("2006-01-02")]} }

func (c *checker) finish(ctx context.Context) error {
	c.imp.Counts.Lines = c.lines
	if c.imp.Options.Snapshot && c.imp.Kind == feed.Appointments {
		absent, err := c.s.absent(ctx, c.sc, c.imp.Source, c.days, c.present)
		if err != nil {
			return err
		}
		c.imp.Counts.Absent = len(absent)
		c.imp.Counts.Cancelled += len(absent)
	}
	return c.report(ctx)
}

// reportStep is how many problems are stored in one transaction.
const reportStep = 200

// report replaces the report.
func (c *checker) report(ctx context.Context) error {
	for dropped := 1; dropped > 0; {
		if err := c.s.write(ctx, c.sc, func(tx store.Tx) (err error) {
			dropped, err = tx.Imports().DropProblems(ctx, c.imp.ID)
			return err
		}); err != nil {
			return err
		}
	}
	for from := 0; from < len(c.problems); from += reportStep {
		part := c.problems[from:min(from+reportStep, len(c.problems))]
		if err := c.s.write(ctx, c.sc, func(tx store.Tx) error {
			return tx.Imports().AddProblems(ctx, c.imp.ID, from, part)
		}); err != nil {
			return err
		}
	}
	return nil
}

// absent lists the source's coming visits on the days that a snapshot covers which the file does not have.
func (s *Service) absent(ctx context.Context, sc access.Scope, source id.ID, days map[place]bool, present map[id.ID]bool) ([]schedule.Appointment, error) {
	var out []schedule.Appointment
	err := s.store.Read(ctx, sc, func(tx store.Tx) error {
		for d := range days {
			loc, err := tx.Orgs().Location(ctx, d.location)
			if err != nil {
				return err
			}
			from, to, err := dayBounds(d.day, loc.Zone)
			if err != nil {
				return err
			}
			all, err := tx.Visits().Between(ctx, d.location, from, to, 10000)
			if err != nil {
				return err
			}
			for _, v := range all {
				if v.Source == source && v.Status.Expected() && v.Start.After(tx.Now()) && !present[v.ID] {
					out = append(out, v)
				}
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b schedule.Appointment) int { return a.Start.Compare(b.Start) })
	return out, err
}

// Absent lists the coming visits that a snapshot does not have, for a person to see before they are cancelled.
func (s *Service) Absent(ctx context.Context, sc access.Scope, imported id.ID) ([]schedule.Appointment, error) {
	imp, err := s.Get(ctx, sc, imported)
	if err != nil {
		return nil, err
	}
	if imp.State != feed.Checked || imp.Kind != feed.Appointments || !imp.Options.Snapshot {
		return nil, errs.New(errs.Precondition, "only a checked file of appointments that is declared whole has absent visits")
	}
	return s.missing(ctx, sc, imp)
}

// missing reads the file and says which visits of its days it does not have.
func (s *Service) missing(ctx context.Context, sc access.Scope, imp feed.Import) ([]schedule.Appointment, error) {
	rows, err := s.open(ctx, sc, imp)
	if err != nil {
		return nil, err
	}
	c := &checker{s: s, sc: sc, imp: &imp, days: map[place]bool{}, present: map[id.ID]bool{}}
	if err := pages(ctx, rows, 0, s.prepareVisits(sc, imp), c.visits); err != nil {
		return nil, err
	}
	return s.absent(ctx, sc, imp.Source, c.days, c.present)
}
