package plan

import (
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

// workdays keeps the working days of sites: business-day offsets count by them.
type workdays struct {
	mu       sync.Mutex
	holidays *quiet.Table
	sites    map[siteYear]journey.Workdays
}

type siteYear struct {
	site     id.ID
	revision int64
	year     int
}

// maxSites bounds what is kept.
const maxSites = 4096

// of are the days on which a site works: those with hours of its own for care, Monday to Friday where it says
// nothing, without its region's holidays and its own closures.
func (w *workdays) of(l org.Location, year int) journey.Workdays {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := siteYear{l.ID, l.Revision, year}
	if works, ok := w.sites[k]; ok {
		return works
	}
	if w.sites == nil || len(w.sites) > maxSites {
		w.sites = map[siteYear]journey.Workdays{}
	}
	w.sites[k] = w.read(l, year)
	return w.sites[k]
}

func (w *workdays) read(l org.Location, year int) journey.Workdays {
	if w.holidays == nil {
		table, err := quiet.Holidays()
		if err != nil { // the table is compiled in and has its own tests
			table = quiet.Table{}
		}
		w.holidays = &table
	}
	closed := w.holidays.Calendar(l.Hours.Regions(l.Region, l.Subregion), l.Hours.Closures, year-1, year+3)
	own, says := l.Hours.Classes[purpose.ClassCare]
	return func(d quiet.Day) bool {
		if closed.Closed(d) {
			return false
		}
		if says && !own.AnyTime {
			return len(own.Week[d.Weekday()]) > 0
		}
		return d.Weekday() >= time.Monday && d.Weekday() <= time.Friday
	}
}
