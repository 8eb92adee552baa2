package console

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/phone"
	rules "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/engine/selftest"
)

// incidentLine is one open incident with the name of what it is about.
type incidentLine struct {
	Name    string
	Cause   incident.Cause
	Since   time.Time
	Message id.ID
}

// incidents are those that are open.
func incidentsOf(tests []selftest.Test) (out []incidentLine) {
	for _, t := range tests {
		if i := t.Incident; i != nil {
			out = append(out, incidentLine{t.Name, i.Cause, i.Since, i.Details.Message})
		}
	}
	return out
}

// testOf is the self-test of a carrier.
func testOf(v carriersView, route id.ID) (selftest.Test, bool) {
	i := slices.IndexFunc(v.Tests, func(t selftest.Test) bool { return t.Route == route })
	if i < 0 {
		return selftest.Test{}, false
	}
	return v.Tests[i], true
}

func (c *Console) setTest(w http.ResponseWriter, r *http.Request, p *Page) {
	route, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	typed := r.PostForm.Get("phone")
	wish, err := wishOf(route, typed, r.PostForm.Get("every"), r.PostForm.Get("answers") == "yes", p.Org.Region)
	if err == nil {
		err = c.need.SelfTest.Set(r.Context(), p.Scope, wish)
	}
	switch errs.KindOf(err) {
	case "":
		back(w, r, "/carriers", "selftest")
	case errs.Invalid:
		c.showCarriers(w, r, p, http.StatusUnprocessableEntity, carriersView{Test: route, TestTyped: typed, TestErrors: fieldsOf(p.W, err)})
	default:
		c.fail(w, r, p, err)
	}
}

func wishOf(route id.ID, typed, every string, answers bool, region string) (selftest.Wish, error) {
	w := selftest.Wish{Route: route, Answers: answers}
	minutes, err := strconv.Atoi(every)
	if err != nil {
		return w, errs.New(errs.Invalid, "choose how often the route is tested").At("every")
	}
	w.Every = time.Duration(minutes) * time.Minute
	if typed == "" {
		return w, nil
	}
	if w.Phone, err = phone.Parse(phi.T(typed), region); err != nil {
		return w, errs.New(errs.Invalid, "this is no phone number; write it with the country code").At("phone")
	}
	return w, nil
}

func (c *Console) runTest(w http.ResponseWriter, r *http.Request, p *Page) {
	route, err := pathID(r, "id")
	if err == nil {
		_, err = c.need.SelfTest.Run(r.Context(), p.Scope, route)
	}
	if err != nil && !errs.Is(err, errs.Conflict) { // one is on its way already: that is what was asked for
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/carriers", "selftest_run")
}

// testIntervals in minutes, as they are offered; 0 is off.
var testIntervals = []int{0, 1, 5, 15, 60, 240, 1440}

// chosenInterval is the interval that is set, or the hour that is proposed before anything is.
func chosenInterval(t selftest.Test) int {
	switch {
	case !t.Set:
		return int(rules.HourlyEvery / time.Minute)
	case t.Next.IsZero():
		return 0
	}
	return int(t.Every / time.Minute)
}

func intervalWords(w *Words, minutes int) string {
	switch {
	case minutes == 0:
		return w.T("selftest.every.never")
	case minutes%60 == 0:
		return w.N("selftest.every.hours", minutes/60)
	}
	return w.N("selftest.every.minutes", minutes)
}

func phoneTyped(t selftest.Test, v carriersView) string {
	if v.Test == t.Route {
		return v.TestTyped
	}
	if t.Phone.IsZero() {
		return ""
	}
	return t.Phone.Display()
}

// testChip is how a route's self-test stands.
func testChip(w *Words, t selftest.Test) chip {
	switch {
	case t.Incident != nil:
		return chip{toneBad, "alert-triangle", w.T("selftest.bad")}
	case !t.Set || t.Next.IsZero():
		return chip{toneQuiet, "circle-dashed", w.T("selftest.off")}
	}
	for i := range t.Runs {
		if t.Runs[i].Ended.IsZero() {
			continue
		}
		if t.Runs[i].Passed() {
			return chip{toneGood, "circle-check", w.T("selftest.good")}
		}
		return chip{toneWait, "help-circle", w.T("selftest.doubt")}
	}
	return chip{toneInfo, "clock", w.T("selftest.first")}
}

// testSays is the sentence below it.
func testSays(p *Page, t selftest.Test) string {
	switch {
	case t.Incident != nil:
		return p.W.Enum("incident.cause.", string(t.Incident.Cause)) + " " + p.W.Enum("incident.do.", string(t.Incident.Cause))
	case !t.Set:
		return p.W.T("selftest.none")
	case t.Next.IsZero():
		return p.W.T("selftest.stopped")
	}
	return p.W.T("selftest.goes", "Every", intervalWords(p.W, int(t.Every/time.Minute)), "Phone", t.Phone.Masked())
}

func runChip(w *Words, r rules.Run) chip {
	switch {
	case r.Ended.IsZero():
		return chip{toneInfo, "clock", w.T("selftest.run.open")}
	case r.Passed():
		return chip{toneGood, "circle-check", w.T("selftest.run.passed")}
	}
	return chip{toneBad, "circle-x", w.Enum("incident.short.", string(r.Cause))}
}

// leg is how long one leg took; a dash while it has not come.
func leg(w *Words, from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return "–"
	}
	d := max(to.Sub(from), 0)
	if d < 2*time.Minute {
		return w.N("selftest.seconds", int(d.Round(time.Second)/time.Second))
	}
	return w.N("since.minutes", int(d.Round(time.Minute)/time.Minute))
}

// stripLabel says the strip in words.
func stripLabel(w *Words, t selftest.Test) string {
	ended, passed := 0, 0
	for i := range t.Runs {
		if !t.Runs[i].Ended.IsZero() {
			ended++
		}
		if t.Runs[i].Passed() {
			passed++
		}
	}
	return w.T("selftest.strip", "Passed", w.Int(passed), "All", w.Int(ended))
}

// stripWidth is the place of one mark; the newest is at the right end of 24.
const stripWidth = 20

func stripAt(i, inset int) string {
	return strconv.Itoa((selftest.Shown-1-i)*stripWidth + inset)
}

func stripCross(i int) string {
	x := (selftest.Shown-1-i)*stripWidth + 4
	return "M" + strconv.Itoa(x) + " 6l8 8m0 -8l-8 8"
}
