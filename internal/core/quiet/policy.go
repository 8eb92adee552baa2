package quiet

import (
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/purpose"
)

// Policy is what one location says about its own hours. It narrows what the country's rules leave; an empty
// policy leaves them as they are.
type Policy struct {
	// Classes are the site's hours per purpose class; a class without an entry is not narrowed.
	Classes map[purpose.Class]Hours `json:"classes,omitempty"`
	// Holidays are more regions of the holiday table, such as "US" or "DE-BY", beside the site's own; a region includes
	// its country.
	Holidays []string `json:"holidays,omitempty"`
	// Closures are the site's own closed days, treated as holidays.
	Closures []Day `json:"closures,omitempty"`
}

// Hours are the hours of a class: the law's (from the rule file) narrowed by the site's.
func (p Policy) Hours(c purpose.Class, law Hours) Hours {
	if own, ok := p.Classes[c]; ok {
		return law.And(own)
	}
	return law
}

// Timetable puts hours, holidays and zones together. The calendar is made by Table.Calendar from the policy;
// make it once per location and reuse it.
func (p Policy) Timetable(c purpose.Class, law Hours, cal *Calendar, zones ...*time.Location) Timetable {
	return Timetable{Hours: p.Hours(c, law), Calendar: cal, Zones: zones}
}

// MostClosures is how many closed days a site may list.
const MostClosures = 1000

// Regions are those whose public holidays close a site of this country and part: its own always, because the country's
// hours may be bound to them, and those that the policy adds.
func (p Policy) Regions(country, part string) []string {
	own := country
	if part != "" {
		own += "-" + part
	}
	return slices.Concat([]string{own}, p.Holidays)
}

// Tidy refuses hours that no text could ever leave in, hours of texts that know none, regions without a table and too
// many closed days; it sorts the days and drops doubles.
func (p Policy) Tidy(t Table) (Policy, error) {
	for class, h := range p.Classes {
		if class != purpose.ClassCare && class != purpose.ClassMarketing {
			return p, errs.New(errs.Invalid, "a site has hours for care and for marketing; other texts know none").At("hours")
		}
		if err := h.Check(); err != nil {
			return p, err
		}
		if h.Never() {
			return p, errs.New(errs.Invalid, "at these hours no text could ever leave: open at least one window").At("hours." + string(class))
		}
	}
	for _, region := range p.Holidays {
		if !t.Knows(region) {
			return p, errs.Newf(errs.Invalid, "no public holidays are known of %q: write a country or a part of one, such as DE-BY", region).At("holidays")
		}
	}
	p.Closures = slices.Clone(p.Closures)
	slices.Sort(p.Closures)
	p.Closures = slices.Compact(p.Closures)
	if len(p.Closures) > MostClosures {
		return p, errs.Newf(errs.Invalid, "a site may list %d closed days; leave out those of the past", MostClosures).At("closures")
	}
	return p, nil
}
