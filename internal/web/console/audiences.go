package console

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/ehr/table"
	audiences "carillon.dev/carillon/internal/engine/audience"
)

// audienceLine is an audience with its rule as a sentence.
type audienceLine struct {
	audience.Audience
	Says []string // the conditions in words; none when the rule says more than the form can
	Any  bool
}

type audiencesView struct {
	List      []audienceLine
	Errors    fieldErrors
	Unmatched []audiences.Unmatched
	Uploaded  audiences.Uploaded
	Name      string
	Purpose   purpose.Purpose
}

func (c *Console) audiences(w http.ResponseWriter, r *http.Request, p *Page) {
	c.showAudiences(w, r, p, http.StatusOK, audiencesView{})
}

func (c *Console) showAudiences(w http.ResponseWriter, r *http.Request, p *Page, status int, v audiencesView) {
	all, err := c.need.Audiences.List(r.Context(), p.Scope)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	check, err := c.need.Audiences.Checker(r.Context(), p.Scope)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	for _, a := range all {
		v.List = append(v.List, lineOf(p, a, check))
	}
	c.show(w, r, status, audiencesPage(p, v))
}

// lineOf words an audience; a rule that the form cannot show, or that names something gone, is shown as text.
func lineOf(p *Page, a audience.Audience, check func(string) (*audience.Rule, error)) audienceLine {
	l := audienceLine{Audience: a}
	if a.Kind != audience.ByRule {
		return l
	}
	rule, err := check(a.Rule)
	if err != nil {
		return l
	}
	if form, ok := rule.Form(); ok {
		l.Says, l.Any = sentences(p.W, form), form.Any
	}
	return l
}

type audienceView struct {
	audienceLine
	Versions []audience.Audience
	Runs     []audience.Run
}

func (c *Console) audience(w http.ResponseWriter, r *http.Request, p *Page) {
	a, err := pathID(r, "id")
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	var v audienceView
	if v.Versions, v.Runs, err = c.need.Audiences.Versions(r.Context(), p.Scope, a); err != nil {
		c.fail(w, r, p, err)
		return
	}
	check, err := c.need.Audiences.Checker(r.Context(), p.Scope)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v.audienceLine = lineOf(p, v.Versions[0], check)
	c.show(w, r, http.StatusOK, audiencePage(p, v))
}

// countAudience begins a count of the newest version and shows how far it is.
func (c *Console) countAudience(w http.ResponseWriter, r *http.Request, p *Page) {
	a, err := pathID(r, "id")
	var run audience.Run
	if err == nil {
		run, err = c.need.Audiences.Start(r.Context(), p.Scope, a, 0)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	http.Redirect(w, r, countPath(run.ID), http.StatusSeeOther)
}

func countPath(run id.ID) string { return "/audience-counts/" + run.String() }

// repeatCount begins the count of a rule or version once more.
func (c *Console) repeatCount(w http.ResponseWriter, r *http.Request, p *Page) {
	of, err := pathID(r, "id")
	var run audience.Run
	if err == nil {
		run, err = c.need.Audiences.Repeat(r.Context(), p.Scope, of)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	http.Redirect(w, r, countPath(run.ID), http.StatusSeeOther)
}

// faultOf says why a count failed: in the reader's language what we know, else as it was kept.
func faultOf(p *Page, r audience.Run) string {
	if r.Fault == audience.FaultCutShort {
		return p.W.T("audience.count.cut_short")
	}
	return r.Fault
}

type countView struct {
	audience.Run
	People []audiences.Member // shown when somebody asks
}

func (c *Console) audienceCount(w http.ResponseWriter, r *http.Request, p *Page) {
	c.showCount(w, r, p, false)
}

// samplePeople shows some of the people; names come by POST only, so that no address leads to them.
func (c *Console) samplePeople(w http.ResponseWriter, r *http.Request, p *Page) {
	c.showCount(w, r, p, true)
}

func (c *Console) showCount(w http.ResponseWriter, r *http.Request, p *Page, people bool) {
	run, err := pathID(r, "id")
	var v countView
	if err == nil {
		v.Run, err = c.need.Audiences.Run(r.Context(), p.Scope, run)
	}
	if err == nil && people {
		v.People, err = c.need.Audiences.Sample(r.Context(), p.Scope, run)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, countPage(p, v))
}

func (c *Console) cancelCount(w http.ResponseWriter, r *http.Request, p *Page) {
	run, err := pathID(r, "id")
	if err == nil {
		err = c.need.Audiences.Cancel(r.Context(), p.Scope, run)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	http.Redirect(w, r, countPath(run), http.StatusSeeOther)
}

// callAudience fills the call list.
func (c *Console) callAudience(w http.ResponseWriter, r *http.Request, p *Page) {
	a, err := pathID(r, "id")
	if err == nil {
		_, err = c.need.Audiences.Calls(r.Context(), p.Scope, a)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/calls", "audience_calls")
}

// letters streams the merge file; a fault in the middle breaks the download off, so that nobody takes a part for all.
func (c *Console) letters(w http.ResponseWriter, r *http.Request, p *Page) {
	a, err := pathID(r, "id")
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	out := &download{w: w, name: "letters.csv"}
	if _, err = c.need.Audiences.Letters(r.Context(), p.Scope, a, out); err == nil {
		return
	}
	if !out.begun {
		c.fail(w, r, p, err)
		return
	}
	c.log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "kind", string(errs.KindOf(err)), "why", errs.Safe(err))
	panic(http.ErrAbortHandler)
}

// download begins a file with its first bytes.
type download struct {
	w     http.ResponseWriter
	name  string
	begun bool
}

// Write sends a part of the file.
func (d *download) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		d.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		d.w.Header().Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
	}
	return d.w.Write(b)
}

func (c *Console) archiveAudience(w http.ResponseWriter, r *http.Request, p *Page) {
	a, err := pathID(r, "id")
	if err == nil {
		err = c.need.Audiences.Archive(r.Context(), p.Scope, a)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/audiences", "audience_archived")
}

// maxListFile is how large an uploaded list may be.
const maxListFile = 16 << 20

// uploadList keeps a list; what it cannot match is shown by line.
func (c *Console) uploadList(w http.ResponseWriter, r *http.Request, p *Page) {
	r.Body = http.MaxBytesReader(w, r.Body, maxListFile+maxForm)
	up, v, err := c.listForm(r)
	if err == nil {
		v.Uploaded, err = c.need.Audiences.Upload(r.Context(), p.Scope, up)
		v.Unmatched = v.Uploaded.Unmatched
	}
	switch errs.KindOf(err) {
	case "":
		v.Name, v.Purpose = "", ""
		c.showAudiences(w, r, p, http.StatusOK, v)
	case errs.Invalid, errs.Conflict:
		v.Errors = fieldsOf(p.W, err)
		v.Errors = fieldErrors{"": firstMistake(v.Errors)}
		c.showAudiences(w, r, p, http.StatusUnprocessableEntity, v)
	default:
		c.fail(w, r, p, err)
	}
}

func firstMistake(all fieldErrors) string {
	for _, text := range all {
		return text
	}
	return ""
}

// listForm reads the form; the file stays in memory and is gone with the request.
func (c *Console) listForm(r *http.Request) (up audiences.Upload, v audiencesView, err error) {
	form, err := r.MultipartReader()
	if err != nil {
		return up, v, errs.Wrap(errs.Invalid, "the form could not be read: choose the file again", err)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return up, v, errs.New(errs.Invalid, "choose a file").At("file")
		}
		if err != nil {
			return up, v, errs.Wrap(errs.Invalid, "the upload broke off: try again", err)
		}
		if part.FormName() == "file" {
			up.Refs, err = table.List(part, table.Options{})
			up.Audience.Name, up.Audience.Purpose = v.Name, v.Purpose
			return up, v, err
		}
		value, err := io.ReadAll(io.LimitReader(part, 1000))
		if err != nil {
			return up, v, errs.Wrap(errs.Invalid, "the upload broke off: try again", err)
		}
		switch part.FormName() {
		case "name":
			v.Name = string(value)
		case "purpose":
			v.Purpose = purpose.Purpose(value)
		case "id":
			up.Audience.ID, _ = id.Parse(string(value)) // empty is a new list
		case "version":
			up.Audience.Version, _ = strconv.ParseInt(string(value), 10, 64)
		}
	}
}
