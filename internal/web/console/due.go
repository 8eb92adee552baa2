package console

import (
	"cmp"
	"net/http"
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
	Days  int // how far ahead the visits lie
	Cut   bool
	Will  []plan.Future
	Wont  []plan.Future
	Stuck []desk.Addressed // held until somebody acts
	Held  []feed.Import
	Who   map[id.ID]patient.Person
	// All are the totals, and Reasons what stands in the way of how many, the most frequent first.
	AllWill, AllWont int
	Reasons          []reasonCount
}

// reasonCount is how many texts one reason stops.
type reasonCount struct {
	Why string
	N   int
}

// spans are the choices of how far ahead to look, in days.
var spans = []int{1, 3, 7}

// shownDue is how many lines each part of the page shows.
const shownDue = 60

func (c *Console) due(w http.ResponseWriter, r *http.Request, p *Page) {
	v := dueView{Days: 1}
	for _, n := range spans {
		if r.URL.Query().Get("days") == p.W.Int(n) {
			v.Days = n
		}
	}
	list, err := c.need.Plan.Due(r.Context(), p.Scope, p.Site, p.Now, p.Now.Add(time.Duration(v.Days)*24*time.Hour+24*time.Hour))
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v.Cut = list.Cut
	v.sort(list.Futures, p.Now.Add(time.Duration(v.Days)*24*time.Hour))
	if err := c.dueRest(r, p, &v); err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, duePage(p, v))
}

// sort parts what will leave from what will not; what only a later day brings is not shown.
func (v *dueView) sort(all []plan.Future, until time.Time) {
	for _, f := range all {
		switch {
		case f.Due.After(until):
		case f.Will() || f.Settling:
			v.Will = append(v.Will, f)
		case f.Skip == "":
			v.Wont = append(v.Wont, f)
		}
	}
	v.AllWill, v.AllWont = len(v.Will), len(v.Wont)
	v.Reasons = countReasons(v.Wont)
	v.Cut = v.Cut || len(v.Will) > shownDue || len(v.Wont) > shownDue
	v.Will, v.Wont = v.Will[:min(shownDue, len(v.Will))], v.Wont[:min(shownDue, len(v.Wont))]
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
	held, _, err := c.need.Desk.Messages(r.Context(), p.Scope, desk.Filter{States: []message.State{message.Held}, Location: p.Site}, id.ID{})
	if err != nil {
		return err
	}
	for _, m := range held {
		if m.HeldUntil.IsZero() {
			v.Stuck = append(v.Stuck, m)
		}
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
	switch {
	case !f.Held.IsZero():
		return chip{toneWait, "player-pause", w.T("future.held")}
	case f.Skip != "":
		return chip{toneQuiet, "ban", w.T("future.skipped")}
	case f.Settling:
		return chip{toneInfo, "hourglass", w.T("future.settling")}
	case f.Says == message.Refused:
		return chip{toneWait, "ban", w.T("future.refused")}
	case f.Says == message.Held:
		return chip{toneWait, "player-pause", w.T("future.waits")}
	}
	return chip{toneInfo, "clock", w.T("future.will")}
}

// futureWhy says why a text is planned, or why it will not go.
func futureWhy(w *Words, f plan.Future) string {
	switch {
	case !f.Held.IsZero():
		return w.T("reason.import_waits_for_release")
	case f.Skip != "":
		return w.Enum("skip.", string(f.Skip))
	case f.Settling:
		return w.T("reason.settling")
	case f.Why != message.ReasonNone:
		return w.Enum("reason.", string(f.Why))
	}
	return ""
}
