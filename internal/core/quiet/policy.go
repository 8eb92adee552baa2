package quiet

import (
	"time"

	"carillon.dev/carillon/internal/core/purpose"
)

// Policy is what one location says about its own hours. It narrows what the country's rules leave; an empty
// policy leaves them as they are.
type Policy struct {
	// Classes are the site's hours per purpose class; a class without an entry is not narrowed.
	Classes map[purpose.Class]Hours `json:"classes,omitempty"`
	// Holidays are regions of the holiday table, such as "US" or "DE-BY"; a region includes its country.
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
