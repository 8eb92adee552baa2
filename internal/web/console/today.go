package console

import (
	"net/http"
	"time"

	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/engine/selftest"
)

// dayView is one day of one site or of all.
type dayView struct {
	Day    time.Time // midnight on the first site's clock
	Today  bool
	Sites  []siteDay
	Cut    bool
	Counts dayCounts
	Late   []intake.Overdue // sources whose file is overdue
	Wrong  []incidentLine   // open incidents, for those who can have them mended
}

// siteDay is the day of one site, on its own clock.
type siteDay struct {
	Site   org.Location
	Zone   *time.Location
	Visits []desk.Visit
}

// dayCounts are the numbers above the list.
type dayCounts struct{ Visits, Confirmed, Declined, Silent, Unreached int }

func (c *dayCounts) add(v *desk.Visit) {
	switch v.Status {
	case schedule.Cancelled:
		c.Declined++
		return
	case schedule.EnteredInError:
		return
	}
	c.Visits++
	switch v.Answer() {
	case schedule.Accepted:
		c.Confirmed++
	case schedule.Declined:
		c.Declined++
	case schedule.Tentative:
	default:
		c.Silent++
	}
	if m, ok := v.Latest(); ok && unreached(m.State, m.Reason) {
		c.Unreached++
	}
}

// unreached: a text did not reach the patient, and was needed.
func unreached(s message.State, why message.Reason) bool {
	switch s {
	case message.Undelivered, message.Failed, message.Expired:
		return true
	case message.Refused:
		return !why.NotNeeded()
	}
	return false
}

func (c *Console) today(w http.ResponseWriter, r *http.Request, p *Page) {
	d, err := c.day(r, p)
	if err == nil && p.Allows(access.ReleaseHeld) {
		var tests []selftest.Test
		tests, err = c.need.SelfTest.Status(r.Context(), p.Scope)
		d.Wrong = incidentsOf(tests)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, todayView(p, d))
}

// day reads one calendar day: each site's visits on that site's clock.
func (c *Console) day(r *http.Request, p *Page) (dayView, error) {
	zone := p.Zone(p.Site)
	y, m, n := p.Now.In(zone).Date()
	if asked, err := time.Parse(time.DateOnly, r.URL.Query().Get("day")); err == nil {
		y, m, n = asked.Date()
	}
	d := dayView{Day: time.Date(y, m, n, 0, 0, 0, 0, zone)}
	d.Today = sameDay(d.Day, p.Now.In(zone))
	var from, to time.Time
	for _, l := range p.Locations {
		if !p.Site.IsZero() && p.Site != l.ID {
			continue
		}
		z := p.Zone(l.ID)
		begin, end := time.Date(y, m, n, 0, 0, 0, 0, z), time.Date(y, m, n+1, 0, 0, 0, 0, z)
		if from.IsZero() || begin.Before(from) {
			from = begin
		}
		if end.After(to) {
			to = end
		}
		d.Sites = append(d.Sites, siteDay{Site: l, Zone: z})
	}
	visits, cut, err := c.need.Desk.Day(r.Context(), p.Scope, p.Site, from, to)
	if err != nil {
		return d, err
	}
	d.Cut = cut
	if d.Late, err = c.need.Imports.Overdue(r.Context(), p.Scope); err != nil {
		return d, err
	}
	for i := range visits {
		d.place(&visits[i], y, m, n)
	}
	return d, nil
}

// place puts a visit to its site when it is on the day there.
func (d *dayView) place(v *desk.Visit, y int, m time.Month, n int) {
	for i := range d.Sites {
		s := &d.Sites[i]
		if s.Site.ID != v.Location {
			continue
		}
		if sameDay(v.Start.In(s.Zone), time.Date(y, m, n, 12, 0, 0, 0, s.Zone)) {
			s.Visits = append(s.Visits, *v)
			d.Counts.add(v)
		}
	}
}

// shift is the address of another day.
func (d *dayView) shift(days int) string {
	return "/?day=" + d.Day.AddDate(0, 0, days).Format(time.DateOnly)
}

// noVisits reports whether nothing at all is listed, cancelled visits included.
func noVisits(d dayView) bool {
	for _, s := range d.Sites {
		if len(s.Visits) > 0 {
			return false
		}
	}
	return true
}
