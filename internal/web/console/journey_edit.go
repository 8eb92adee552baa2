package console

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/texts"
)

// journeyEditor is the page of one journey.
type journeyEditor struct {
	Def      *journey.Definition // of Source; the newest saved when that cannot be read
	Versions []plan.JourneyVersion
	Base     int
	Source   string
	Steps    []stepField
	Problems journey.Problems
	Checked  bool // Problems are about Source; none means that it can be saved
	Part     string
	Errors   fieldErrors
	// The example visit.
	Site      id.ID
	Day, Time string
	Told      []plan.TrialStep
	Words     map[content.Key]texts.Example
}

// stepField is one step as the form has it. A distance that is no single number and unit is shown as it is written.
type stepField struct {
	journey.Step
	At, Until distance
	Mistake   string
}

// distance is a number and a unit of ParseOffset; Raw is set when it takes more than that.
type distance struct {
	N    string
	Unit string
	Raw  string
}

// units are offered in this order: minutes, hours, days, business days, weeks.
var units = []string{"m", "h", "d", "b", "w"}

func distanceOf(o journey.Offset) distance {
	s := strings.TrimLeft(o.String(), "+-")
	if s == "0" {
		return distance{N: "0", Unit: "h"}
	}
	n, unit := s[:len(s)-1], s[len(s)-1:]
	if _, err := strconv.Atoi(n); err != nil || !slices.Contains(units, unit) {
		return distance{Raw: o.String()}
	}
	return distance{N: n, Unit: unit}
}

// offset is a distance as a journey writes it.
func (d distance) offset(sign string) string {
	if d.Raw != "" {
		return d.Raw
	}
	if d.N == "0" {
		return "0"
	}
	return sign + d.N + d.Unit
}

func (c *Console) journey(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.journeyEditor(r, p)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.showJourney(w, r, p, http.StatusOK, v)
}

func (c *Console) journeyEditor(r *http.Request, p *Page) (v journeyEditor, err error) {
	if v.Versions, err = c.need.Plan.JourneyVersions(r.Context(), p.Scope, r.PathValue("key")); err != nil {
		return v, err
	}
	v.Base, v.Source = v.Versions[0].Version, v.Versions[0].Source
	if v.Def, err = journey.Parse([]byte(v.Source)); err != nil {
		return v, err
	}
	for _, s := range v.Def.Steps {
		v.Steps = append(v.Steps, stepField{Step: s, At: distanceOf(s.Offset), Until: distanceOf(s.UseUntil)})
	}
	v.Site = p.Site
	v.Day, v.Time = p.In(p.Now, p.Site).AddDate(0, 0, 20).Format(time.DateOnly), "09:00"
	return v, nil
}

// showJourney adds what an example visit would be sent by the journey as it stands on the page.
func (c *Console) showJourney(w http.ResponseWriter, r *http.Request, p *Page, status int, v journeyEditor) {
	start, err := time.ParseInLocation("2006-01-02 15:04", v.Day+" "+v.Time, p.Zone(v.Site))
	if err == nil {
		v.Told, err = c.need.Plan.DryRun(r.Context(), p.Scope, plan.Trial{Source: v.Source, Site: v.Site, Start: start})
	} else {
		err = errs.New(errs.Invalid, "choose a day and a time").At("start")
	}
	var ps journey.Problems
	switch {
	case err == nil:
	case errors.As(err, &ps):
		v.problems(p.W, ps)
	case errs.Is(err, errs.Invalid), errs.Is(err, errs.Precondition):
		v.Errors = fieldErrors{"start": fieldsOf(p.W, err)["start"]}
		if v.Errors["start"] == "" {
			v.Errors["start"] = errs.Safe(err)
		}
	default:
		c.fail(w, r, p, err)
		return
	}
	var keys []content.Key
	for _, s := range v.Told {
		keys = append(keys, content.Key(s.Template))
	}
	if v.Words, err = c.need.Texts.Samples(r.Context(), p.Scope, keys, content.Locale(p.W.Code), content.Moment{At: start, Zone: p.Zone(v.Site)}); err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, status, journeyPage(p, v))
}

// problems puts what is wrong beside the steps that it is about.
func (v *journeyEditor) problems(w *Words, ps journey.Problems) {
	v.Problems = ps
	for _, x := range ps {
		for i := range v.Steps {
			field, ok := strings.CutPrefix(x.Path, "steps["+strconv.Itoa(i)+"].")
			if !ok {
				continue
			}
			v.Steps[i].Mistake = x.Text
			if key := "journeys.mistake." + field; w.Has(key) {
				v.Steps[i].Mistake = w.T(key)
			}
		}
	}
}

// changeSteps saves what the form says as a new version, or tries it on the example visit.
func (c *Console) changeSteps(w http.ResponseWriter, r *http.Request, p *Page) {
	err := c.smallForm(w, r)
	var v journeyEditor
	if err == nil {
		v, err = c.journeyEditor(r, p)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	newest := v.Base
	v.Part, v.Base = "steps", atoi(r.PostForm.Get("base"))
	v.Day, v.Time = r.PostForm.Get("day"), r.PostForm.Get("time")
	v.Site = p.siteOf(r.PostForm.Get("visit_site"))
	edits := v.read(r)
	key := r.PathValue("key")
	source, err := c.need.Plan.EditedJourney(r.Context(), p.Scope, key, cmp.Or(v.Base, newest), edits)
	if err == nil {
		v.Source = source
		if r.PostForm.Get("act") == "try" {
			c.showJourney(w, r, p, http.StatusOK, v)
			return
		}
		_, err = c.need.Plan.ChangeSteps(r.Context(), p.Scope, key, v.Base, edits)
	}
	c.saved(w, r, p, v, err, newest)
}

// read takes the steps from the form.
func (v *journeyEditor) read(r *http.Request) (edits []journey.StepEdit) {
	for i := range v.Steps {
		s := &v.Steps[i]
		form := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name + "." + s.ID)) }
		s.Enabled = form("on") == "yes"
		sign := "-"
		if s.From == journey.FromBooking {
			sign = ""
		}
		if s.At.Raw == "" {
			s.At = distance{N: form("n"), Unit: form("unit")}
		} else {
			s.At.Raw = form("raw")
		}
		if s.Until.Raw == "" {
			s.Until = distance{N: form("until"), Unit: form("until_unit")}
		} else {
			s.Until.Raw = form("until_raw")
		}
		edits = append(edits, journey.StepEdit{ID: s.ID, Enabled: s.Enabled, At: s.At.offset(sign), UseUntil: s.Until.offset("-")})
	}
	return edits
}

// saveJourney saves the journey as text.
func (c *Console) saveJourney(w http.ResponseWriter, r *http.Request, p *Page) {
	err := c.smallForm(w, r)
	var v journeyEditor
	if err == nil {
		v, err = c.journeyEditor(r, p)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	newest := v.Base
	v.Part, v.Base, v.Source = "source", atoi(r.PostForm.Get("base")), lines(r.PostForm.Get("source"))
	_, err = c.need.Plan.SaveJourney(r.Context(), p.Scope, plan.Saving{Source: v.Source, Key: r.PathValue("key"), Base: v.Base})
	c.saved(w, r, p, v, err, newest)
}

// saved goes back to the page, or shows what is wrong with everything still in its place.
func (c *Console) saved(w http.ResponseWriter, r *http.Request, p *Page, v journeyEditor, err error, newest int) {
	var ps journey.Problems
	switch {
	case err == nil:
		back(w, r, "/journeys/"+r.PathValue("key"), "journey_saved")
	case errors.As(err, &ps):
		v.problems(p.W, ps)
		v.Checked = v.Part == "source"
		c.showJourney(w, r, p, http.StatusUnprocessableEntity, v)
	case errs.Is(err, errs.Invalid):
		v.Errors = fieldErrors{v.Part: errs.Safe(err)}
		c.showJourney(w, r, p, http.StatusUnprocessableEntity, v)
	case errs.Is(err, errs.Conflict):
		v.Errors, v.Base = fieldErrors{v.Part: p.W.T("texts.conflict", "N", newest)}, newest
		c.showJourney(w, r, p, http.StatusConflict, v)
	default:
		c.fail(w, r, p, err)
	}
}

// checkJourney says of the text as it is typed whether it could be saved.
func (c *Console) checkJourney(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	v := journeyEditor{Checked: true}
	_, err := c.need.Plan.CheckJourney(r.Context(), p.Scope, lines(r.PostForm.Get("source")))
	if err != nil && !errors.As(err, &v.Problems) {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, journeyProblems(p, v))
}

func (c *Console) journeyVersion(w http.ResponseWriter, r *http.Request, p *Page) {
	all, err := c.need.Plan.JourneyVersions(r.Context(), p.Scope, r.PathValue("key"))
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	n := atoi(r.PathValue("n"))
	i := slices.IndexFunc(all, func(f plan.JourneyVersion) bool { return f.Version == n })
	if i < 0 {
		c.notFound(w, r, p)
		return
	}
	var changes []content.Part
	if i+1 < len(all) {
		changes, err = c.need.Plan.CompareJourney(r.Context(), p.Scope, r.PathValue("key"), all[i+1].Version, n)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, journeyVersionPage(p, all[i], changes))
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// lines brings a text field's line breaks into a file's form.
func lines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// trialWords says what becomes of a step.
func trialWords(p *Page, v journeyEditor, s plan.TrialStep) string {
	switch {
	case s.Skip != "":
		return p.W.Enum("skip.", string(s.Skip))
	case s.Due.IsZero():
		return p.W.T("journeys.try.no_window")
	case s.Due.Equal(s.Wanted):
		return ""
	}
	return p.W.T("journeys.try.moved", "When", p.W.Moment(s.Wanted.In(p.Zone(v.Site))))
}
