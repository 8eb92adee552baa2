package console

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/plan"
)

// dueView is what is due, what will not be sent and what is stuck.
type dueView struct {
	Days  int // how far ahead
	Next  string
	Will  []plan.Future
	Wont  []plan.Future
	Stuck []desk.Addressed
	More  bool // more is stuck than is shown
	Held  []feed.Import
	Who   map[id.ID]patient.Person
	// Totals are all texts of each day, whatever becomes of them. Reasons are what stands in the way of how many on this
	// page, the most frequent first.
	Totals  []dayTotal
	Reasons []reasonCount
}

// dayTotal is how many texts are due on one day.
type dayTotal struct {
	Day time.Time
	N   int
}

// reasonCount is how many texts one reason stops.
type reasonCount struct {
	Why string
	N   int
}

// spans are the choices of how far ahead to look, in days.
var spans = []int{1, 3, 7}

// shownDue is how many texts a page shows.
const shownDue = 60

func (c *Console) due(w http.ResponseWriter, r *http.Request, p *Page) {
	v := dueView{Days: 1}
	for _, n := range spans {
		if r.URL.Query().Get("days") == p.W.Int(n) {
			v.Days = n
		}
	}
	edges := dueEdges(p.Now.In(p.Zone(p.Site)), v.Days)
	list, err := c.need.Plan.Due(r.Context(), p.Scope, p.Site, edges, r.URL.Query().Get("after"), shownDue)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	for i, n := range list.Counts {
		v.Totals = append(v.Totals, dayTotal{edges[i+1].Add(-time.Second), n})
	}
	if list.Next != "" {
		v.Next = fmt.Sprintf("/due?days=%d&after=%s", v.Days, url.QueryEscape(list.Next))
	}
	v.sort(list.Futures)
	if err := c.dueRest(r, p, &v); err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, duePage(p, v))
}

// dueEdges are the ends of the days to look at, on the wall clock; what is overdue is of the first.
func dueEdges(now time.Time, days int) []time.Time {
	y, m, d := now.Date()
	edges := []time.Time{time.Unix(0, 0)}
	for i := range days {
		edges = append(edges, time.Date(y, m, d+1+i, 0, 0, 0, 0, now.Location()))
	}
	return edges
}

// sort parts what will leave from what will not.
func (v *dueView) sort(all []plan.Future) {
	for _, f := range all {
		switch {
		case f.Will() || f.Settling:
			v.Will = append(v.Will, f)
		case f.Skip == "":
			v.Wont = append(v.Wont, f)
		}
	}
	v.Reasons = countReasons(v.Wont)
}

func countReasons(list []plan.Future) (out []reasonCount) {
	of := map[string]int{}
	for _, f := range list {
		why := string(f.Why)
		if !f.Held.IsZero() {
			why = string(message.ReasonImportHeld)
		}
		of[why]++
	}
	for why, n := range of {
		out = append(out, reasonCount{why, n})
	}
	slices.SortFunc(out, func(a, b reasonCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Why, b.Why))
	})
	return out
}

// dueRest reads who it is about, what is stuck and which imports wait.
func (c *Console) dueRest(r *http.Request, p *Page, v *dueView) error {
	var ids []id.ID
	for _, f := range slices.Concat(v.Will, v.Wont) {
		ids = append(ids, f.Person)
	}
	var err error
	if v.Who, err = c.need.Desk.People(r.Context(), p.Scope, ids); err != nil {
		return err
	}
	if v.Stuck, v.More, err = c.need.Desk.Stuck(r.Context(), p.Scope, p.Site); err != nil {
		return err
	}
	imports, err := c.need.Imports.Recent(r.Context(), p.Scope)
	for _, i := range imports {
		if i.Held && i.State == feed.Applied {
			v.Held = append(v.Held, i)
		}
	}
	return err
}

// futureChip says what will become of a text that has not left.
func futureChip(w *Words, f plan.Future) chip {
	c := chip{toneInfo, "clock", w.Future(f)}
	switch {
	case !f.Held.IsZero():
		c.Tone, c.Icon = toneWait, "player-pause"
	case f.Skip != "":
		c.Tone, c.Icon = toneQuiet, "ban"
	case f.Settling:
		c.Icon = "hourglass"
	case f.Says == message.Refused:
		c.Tone, c.Icon = toneWait, "ban"
	case f.Says == message.Held:
		c.Tone, c.Icon = toneWait, "player-pause"
	}
	return c
}
