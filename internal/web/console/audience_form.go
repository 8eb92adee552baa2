package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/purpose"
)

// builderView is the form of one rule.
type builderView struct {
	ID      id.ID
	Version int64
	Name    string
	Purpose purpose.Purpose
	Form    audience.Form
	// Rule is the expression; ByText says that it is edited as text because it says more than the form can.
	Rule   string
	ByText bool
	Names  audience.Names
	Errors fieldErrors
	Says   []string
}

// maxConditions is how many lines the form has at most.
const maxConditions = 30

func (c *Console) newAudience(w http.ResponseWriter, r *http.Request, p *Page) {
	v := builderView{Purpose: purpose.Recall, Form: audience.Form{Conditions: []audience.Condition{{Word: "age", Op: audience.AtLeast}}}}
	c.showBuilder(w, r, p, http.StatusOK, v)
}

func (c *Console) editAudience(w http.ResponseWriter, r *http.Request, p *Page) {
	a, err := pathID(r, "id")
	var got audience.Audience
	if err == nil {
		got, err = c.need.Audiences.Get(r.Context(), p.Scope, a, 0)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v := builderView{ID: got.ID, Version: got.Version, Name: got.Name, Purpose: got.Purpose, Rule: got.Rule, ByText: true}
	rule, err := c.need.Audiences.Check(r.Context(), p.Scope, got.Rule)
	if err != nil {
		v.Errors = fieldErrors{"rule": errs.Safe(err)}
	} else if form, ok := rule.Form(); ok {
		v.Form, v.ByText = form, false
	}
	c.showBuilder(w, r, p, http.StatusOK, v)
}

func (c *Console) showBuilder(w http.ResponseWriter, r *http.Request, p *Page, status int, v builderView) {
	names, err := c.need.Audiences.Names(r.Context(), p.Scope)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v.Names = names
	if !v.ByText {
		v.Says = sentences(p.W, whole(v.Form))
	}
	c.show(w, r, status, builderPage(p, v))
}

// whole are the conditions that are filled in.
func whole(f audience.Form) audience.Form {
	out := audience.Form{Any: f.Any}
	for _, c := range f.Conditions {
		if _, err := (audience.Form{Conditions: []audience.Condition{c}}).Expression(); err == nil {
			out.Conditions = append(out.Conditions, c)
		}
	}
	return out
}

// changeBuilder adds or takes away a condition, or changes what one is about; nothing is kept.
func (c *Console) changeBuilder(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.builderForm(w, r)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	switch do, n, _ := strings.Cut(r.PostForm.Get("do"), "-"); do {
	case "add":
		if len(v.Form.Conditions) < maxConditions {
			v.Form.Conditions = append(v.Form.Conditions, audience.Condition{Word: "sex", Op: audience.OneOf})
		}
	case "remove":
		if i, err := strconv.Atoi(n); err == nil && i >= 0 && i < len(v.Form.Conditions) {
			v.Form.Conditions = slices.Delete(v.Form.Conditions, i, i+1)
		}
	case "text":
		if text, err := v.Form.Expression(); err == nil {
			v.Rule = text
		}
		v.ByText = true
	}
	c.showBuilder(w, r, p, http.StatusOK, v)
}

// countRule begins a count of the form as it stands.
func (c *Console) countRule(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.builderForm(w, r)
	if err == nil {
		err = v.write()
	}
	var run audience.Run
	if err == nil {
		run, err = c.need.Audiences.StartRule(r.Context(), p.Scope, v.Rule, v.Purpose)
	}
	c.built(w, r, p, v, err, func() { http.Redirect(w, r, countPath(run.ID), http.StatusSeeOther) })
}

func (c *Console) saveAudience(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.builderForm(w, r)
	if err == nil {
		err = v.write()
	}
	var kept audience.Audience
	if err == nil {
		kept, err = c.need.Audiences.Save(r.Context(), p.Scope, audience.Audience{ID: v.ID, Version: v.Version, Name: v.Name, Rule: v.Rule, Purpose: v.Purpose})
	}
	c.built(w, r, p, v, err, func() { back(w, r, "/audiences/"+kept.ID.String(), "audience_saved") })
}

// built goes on, or shows the form again with what is wrong.
func (c *Console) built(w http.ResponseWriter, r *http.Request, p *Page, v builderView, err error, next func()) {
	switch errs.KindOf(err) {
	case "":
		next()
	case errs.Invalid, errs.Conflict:
		v.Errors = fieldsOf(p.W, err)
		if _, known := v.Errors["name"]; !known {
			v.Errors["rule"] = errs.Safe(err)
		}
		status := http.StatusUnprocessableEntity
		if r.Header.Get("HX-Request") != "" {
			status = http.StatusOK // a part of the page is put in its place only then
		}
		c.showBuilder(w, r, p, status, v)
	default:
		c.fail(w, r, p, err)
	}
}

// write makes the form's expression.
func (v *builderView) write() (err error) {
	if !v.ByText {
		v.Rule, err = v.Form.Expression()
	}
	return err
}

// builderForm reads the form.
func (c *Console) builderForm(w http.ResponseWriter, r *http.Request) (v builderView, err error) {
	if err := c.smallForm(w, r); err != nil {
		return v, err
	}
	f := r.PostForm
	v = builderView{Name: f.Get("name"), Purpose: purpose.Purpose(f.Get("purpose")), Rule: f.Get("rule"), ByText: f.Get("by") == "text"}
	v.ID, _ = id.Parse(f.Get("id")) // empty is a new one
	v.Version, _ = strconv.ParseInt(f.Get("version"), 10, 64)
	v.Form.Any = f.Get("any") == "yes"
	for i := 0; i < maxConditions && f.Has(field(i, "word")); i++ {
		v.Form.Conditions = append(v.Form.Conditions, conditionOf(f, i))
	}
	return v, nil
}

// field is the name of a condition's field.
func field(i int, what string) string { return "c" + strconv.Itoa(i) + "." + what }

// conditionOf reads one line. When its word was changed, what belonged to another word is dropped.
func conditionOf(f url.Values, i int) audience.Condition {
	c := audience.Condition{Word: f.Get(field(i, "word")), Op: audience.Op(f.Get(field(i, "op")))}
	w := wordNamed(c.Word)
	ops := audience.OpsOf(w)
	if f.Get(field(i, "was")) != c.Word {
		c.Op = ops[0]
		return c
	}
	if !slices.Contains(ops, c.Op) {
		c.Op = ops[0]
	}
	for n := range w.Args {
		c.Args = append(c.Args, f.Get(field(i, "a"+strconv.Itoa(n))))
	}
	for len(c.Args) > 0 && strings.TrimSpace(c.Args[len(c.Args)-1]) == "" { // what may be left out
		c.Args = c.Args[:len(c.Args)-1]
	}
	for _, v := range f[field(i, "v")] {
		if c.Op == audience.OneOf || c.Op == audience.NoneOf {
			c.Values = append(c.Values, listed(v)...)
		} else if v = strings.TrimSpace(v); v != "" {
			c.Values = append(c.Values, v)
		}
	}
	return c
}

// listed splits what somebody wrote with commas.
func listed(s string) (out []string) {
	for _, part := range strings.Split(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// wordNamed is a word of the language, the first when there is none of this name.
func wordNamed(name string) audience.Word {
	for _, w := range audience.Words() {
		if w.Name == name {
			return w
		}
	}
	return audience.Words()[0]
}

func builderTitle(v builderView) string {
	if v.ID.IsZero() {
		return "audience.form.new"
	}
	return "audience.form.edit"
}

func builderID(v builderView) string {
	if v.ID.IsZero() {
		return ""
	}
	return v.ID.String()
}

// nth is an entry of a list, empty past its end.
func nth(list []string, n int) string {
	if n >= len(list) {
		return ""
	}
	return list[n]
}

// inputMode picks the keyboard of a phone.
func inputMode(kind string) string {
	switch kind {
	case "days":
		return "numeric"
	case "number", "degrees":
		return "decimal"
	}
	return "text"
}
