package table

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/engine/intake"
)

// Place is what a row needs to know of the world: the organization's locations and the time.
type Place struct {
	Locations []org.Location
	Default   *org.Location // for rows that name none; nil when the file must
	Region    string        // the organization's, when there is no location at all
	Now       time.Time
	byName    map[string]*org.Location
	zones     map[string]*time.Location
}

// Ready makes the look-ups. It must be called once; an unknown zone of a location is errs.Internal.
func (p *Place) Ready() error {
	p.byName, p.zones = map[string]*org.Location{}, map[string]*time.Location{}
	for i := range p.Locations {
		l := &p.Locations[i]
		for _, n := range []string{l.Name, l.ExternalID} {
			if k := headerKey(n); k != "" {
				p.byName[k] = l
			}
		}
		z, err := time.LoadLocation(l.Zone)
		if err != nil {
			return errs.Wrap(errs.Internal, "a location has a time zone that does not exist; mend it in the settings", err)
		}
		p.zones[l.Zone] = z
	}
	if p.Default == nil && len(p.Locations) == 1 {
		p.Default = &p.Locations[0]
	}
	return nil
}

func (p *Place) zone(l *org.Location) *time.Location {
	if z := p.zones[l.Zone]; z != nil {
		return z
	}
	return time.UTC
}

// reader walks the cells of one line and gathers what is wrong.
type reader struct {
	place *Place
	m     Mapping
	line  Line
	bad   []intake.Problem
}

// cell is a cell's text without outer spaces and invisible characters.
func (r *reader) cell(f intake.Field) string {
	i, ok := r.m.Column[f]
	if !ok || i >= len(r.line.Cells) {
		return ""
	}
	s := strings.TrimFunc(r.line.Cells[i], func(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) })
	switch {
	case !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError):
		r.problem(f, intake.BadCharacters, "some letters of this cell cannot be read in the chosen encoding", s)
		return ""
	case utf8.RuneCountInString(s) > MaxCell:
		r.problem(f, intake.TooLong, "this cell is too long to be true", "")
		return ""
	}
	return s
}

func (r *reader) text(f intake.Field) phi.Text { return phi.T(r.cell(f)) }

func (r *reader) problem(f intake.Field, code intake.ProblemCode, say, value string) {
	r.bad = append(r.bad, intake.Problem{Line: r.line.Number, Column: r.m.Header[f], Code: code, Say: say, Value: phi.T(value)})
}

func (r *reader) required(f intake.Field, what string) phi.Text {
	s := r.cell(f)
	if s == "" {
		r.problem(f, intake.Missing, what+" is missing", "")
	}
	return phi.T(s)
}

// location is the one the line names, or the default one.
func (r *reader) location() *org.Location {
	s := r.cell(intake.FieldLocation)
	if s == "" {
		return r.place.Default
	}
	if l := r.place.byName[headerKey(s)]; l != nil {
		return l
	}
	r.problem(intake.FieldLocation, intake.NoLocation, "no location has this name or code; add it in the settings, or correct the file", s)
	return nil
}

func (r *reader) region(l *org.Location) string {
	if l != nil && l.Region != "" {
		return l.Region
	}
	return r.place.Region
}

func (r *reader) number(f intake.Field, region string) phone.Number {
	s := r.cell(f)
	if s == "" {
		return phone.Number{}
	}
	n, err := phone.Parse(phi.T(s), region)
	if err != nil {
		r.problem(f, intake.BadNumber, errs.Safe(err), s)
	}
	return n
}

// day reads a date of a person's past.
func (r *reader) day(f intake.Field, region string) (date, bool) {
	s := r.cell(f)
	if s == "" {
		return date{}, false
	}
	d, code := parseDate(s, region)
	if code != "" {
		r.problem(f, code, saying(code), s)
		return date{}, false
	}
	return d, true
}

func saying(code intake.ProblemCode) string {
	switch code {
	case intake.AmbiguousDate:
		return "this date can be read as two days; write the year with four digits"
	case intake.NoSuchTime:
		return "the clocks skip this time on that day; check the time"
	case intake.TwiceThatTime:
		return "the clocks show this time twice on that day; write it with its offset, such as 2026-10-25T02:30:00+02:00"
	case intake.BadTime:
		return "this is no time of day; write it like 14:30"
	}
	return "this is no date; write it like 2026-03-04"
}

// choice finds a word in a table of words by language.
func choice[T any](r *reader, f intake.Field, table map[string]T, say string) (v T, ok bool) {
	s := r.cell(f)
	if s == "" {
		return v, false
	}
	if v, ok = table[headerKey(s)]; !ok {
		r.problem(f, intake.BadChoice, say, s)
	}
	return v, ok
}

// wordTable spells "value: word word" lines out.
func wordTable[T any](lines map[string]T) map[string]T {
	out := map[string]T{}
	for list, v := range lines {
		for _, w := range strings.Fields(list) {
			out[headerKey(w)] = v
		}
	}
	return out
}
