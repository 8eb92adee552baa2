package intake

import (
	"context"
	"hash/maphash"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// maxProblems is how many lines the report names; a file with more needs mending at its source.
const maxProblems = 10000

// Check reads the whole file, compares it with what is known and writes nothing but the report and the counts.
// The answer is Checked, or Rejected when the file as a whole cannot be read.
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
	rows, err := s.open(ctx, sc, imp)
	if errs.Is(err, errs.Invalid) {
		imp.State, imp.Fault = feed.Rejected, errs.Safe(err)
		return s.update(ctx, sc, imp, "import.reject")
	}
	if err != nil {
		return imp, err
	}
	c := &checker{s: s, sc: sc, imp: &imp, seed: maphash.MakeSeed(), seen: map[uint64]int{}, days: map[place]bool{}, told: told}
	imp.Options, imp.Counts = rows.Options(), feed.Counts{Unused: len(rows.Unused())}
	err = pages(rows, 0, func(page []Row) error { return c.page(ctx, page) })
	if err == nil {
		err = c.finish(ctx)
	}
	if err != nil {
		return imp, err
	}
	imp.State = feed.Checked
	return s.update(ctx, sc, imp, "import.check")
}

// checker gathers what a file would change.
type checker struct {
	s        *Service
	sc       access.Scope
	imp      *feed.Import
	seed     maphash.Seed
	seen     map[uint64]int // hash of an external id to its line, to find doubles in bounded memory
	days     map[place]bool // locations and local days that a snapshot covers
	problems []feed.Problem
	lines    int
	told     Progress
}

// place is a location and a local day.
type place struct {
	location id.ID
	day      string
}

func (c *checker) page(ctx context.Context, page []Row) error {
	good := make([]Row, 0, len(page))
	for _, r := range page {
		c.lines++
		r.Bad = append(r.Bad, c.double(r)...)
		if len(r.Bad) > 0 {
			c.bad(r.Bad)
			continue
		}
		good = append(good, r)
	}
	var err error
	if c.imp.Kind == feed.Patients {
		err = c.patients(ctx, good)
	} else {
		err = c.visits(ctx, good)
	}
	if c.told != nil {
		c.told(c.lines)
	}
	return err
}

func (c *checker) bad(list []Problem) {
	c.imp.Counts.Bad++
	for _, p := range list {
		if len(c.problems) < maxProblems {
			c.problems = append(c.problems, feed.Problem{Line: p.Line, Column: p.Column, Code: string(p.Code), Say: p.Say, Value: p.Value})
		}
	}
}

// double finds an id that an earlier line of the file has: which of the two is true nobody can say.
func (c *checker) double(r Row) []Problem {
	ext := r.external()
	if ext == "" {
		return nil
	}
	h := maphash.String(c.seed, ext)
	first, twice := c.seen[h]
	if !twice {
		c.seen[h] = r.Line
		return nil
	}
	return []Problem{{Line: r.Line, Code: TwiceInFile, Say: errs.Newf(errs.Invalid,
		"line %d has the same id; keep one of them", first).Safe}}
}

func (r Row) external() string {
	switch {
	case r.Patient != nil:
		return r.Patient.ExternalID.Reveal()
	case r.Visit != nil:
		return r.Visit.ExternalID.Reveal()
	}
	return ""
}

func (c *checker) patients(ctx context.Context, rows []Row) error {
	known, err := c.s.knownPeople(ctx, c.sc, c.imp.Source, rows)
	if err != nil {
		return err
	}
	for _, r := range rows {
		c.imp.Counts.Consents += len(r.Patient.Consents)
		have, ok := known.people[r.external()]
		switch {
		case !ok:
			c.imp.Counts.Created++
		case samePerson(have, merge(have, r.Patient, c.imp.Source)) && known.reachedBy(have.ID, r.Patient):
			c.imp.Counts.Same++
		default:
			c.imp.Counts.Changed++
		}
	}
	return nil
}

func (c *checker) visits(ctx context.Context, rows []Row) error {
	known, err := c.s.knownVisits(ctx, c.sc, c.imp.Source, rows)
	if err != nil {
		return err
	}
	for _, r := range rows {
		person, ok := known.people[r.Visit.Patient.Reveal()]
		if !ok {
			c.bad([]Problem{{Line: r.Line, Code: NoPatient, Value: r.Visit.Patient,
				Say: "no patient of this source has this id; import the patients first, or correct the id"}})
			continue
		}
		c.days[dayOf(r.Visit)] = true
		before, after := known.visits[r.external()], known.next(r.Visit, person, *c.imp)
		c.count(before, after, known.now)
	}
	return nil
}

func dayOf(v *VisitRow) place { return place{v.Location.ID, v.Wall[:len("2006-01-02")]} }

func (c *checker) finish(ctx context.Context) error {
	c.imp.Counts.Lines = c.lines
	if c.imp.Options.Snapshot && c.imp.Kind == feed.Appointments {
		absent, err := c.s.absent(ctx, c.sc, c.imp.Source, c.days, func(ext string) bool {
			_, ok := c.seen[maphash.String(c.seed, ext)]
			return ok
		})
		if err != nil {
			return err
		}
		c.imp.Counts.Absent = len(absent)
		c.imp.Counts.Cancelled += len(absent)
	}
	return c.s.store.InTx(ctx, c.sc, func(tx store.Tx) error {
		return tx.Imports().SetProblems(ctx, c.imp.ID, c.problems)
	})
}

// absent lists the source's expected visits on the days that a snapshot covers which the file does not have.
func (s *Service) absent(ctx context.Context, sc access.Scope, source id.ID, days map[place]bool, has func(string) bool) ([]schedule.Appointment, error) {
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
				if v.Source == source && v.Status.Expected() && v.Start.After(tx.Now()) && !has(v.ExternalID.Reveal()) {
					out = append(out, v)
				}
			}
		}
		return nil
	})
	return out, err
}
