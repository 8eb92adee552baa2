package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/engine/texts"
)

func (c *Console) texts(w http.ResponseWriter, r *http.Request, p *Page) {
	c.showTexts(w, r, p, http.StatusOK, "", nil)
}

func (c *Console) showTexts(w http.ResponseWriter, r *http.Request, p *Page, status int, typed string, why fieldErrors) {
	list, err := c.need.Texts.List(r.Context(), p.Scope)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	plain, err := c.need.Texts.PlainLetters(r.Context(), p.Scope)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, status, textsPage(p, list, plain, typed, why))
}

// plainLetters chooses plain letters for a language, or takes the choice back.
func (c *Console) plainLetters(w http.ResponseWriter, r *http.Request, p *Page) {
	err := c.smallForm(w, r)
	if err == nil {
		err = c.need.Texts.SetPlainLetters(r.Context(), p.Scope, r.PostForm.Get("language"), r.PostForm.Get("on") == "yes")
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/texts", "plain_letters")
}

// newText opens an editor for a text that nobody wrote yet.
func (c *Console) newText(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	key := content.Key(strings.TrimSpace(r.PostForm.Get("key")))
	_, err := c.need.Texts.Blank(r.Context(), p.Scope, key)
	switch errs.KindOf(err) {
	case "":
		u := url.URL{Path: "/texts/" + string(key), RawQuery: "new=yes"}
		http.Redirect(w, r, u.String(), http.StatusSeeOther)
	case errs.Invalid, errs.Conflict:
		c.showTexts(w, r, p, http.StatusUnprocessableEntity, string(key), fieldsOf(p.W, err))
	default:
		c.fail(w, r, p, err)
	}
}

// textEditor is the page of one text.
type textEditor struct {
	texts.Text
	New      bool
	Base     int64
	Typed    content.Variants // what the fields hold
	Note     string
	People   bool // try it on real patients
	Preview  texts.Preview
	Errors   fieldErrors
	Faults   *texts.Faults // of the last try to publish
	Conflict []texts.Difference
	names    map[string]string // of people in the preview, by id
}

func (c *Console) text(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.editor(r, p)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v.Base, v.Typed = v.Version, v.fields(p, v.InForce)
	if from, err := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64); err == nil {
		if old, ok := v.Served(from); ok {
			v.Typed = v.fields(p, old)
		}
	}
	c.showEditor(w, r, p, http.StatusOK, v)
}

// editor reads the text of the path, or a blank one for a new key.
func (c *Console) editor(r *http.Request, p *Page) (v textEditor, err error) {
	key := content.Key(r.PathValue("key"))
	v.Text, err = c.need.Texts.Read(r.Context(), p.Scope, key)
	if errs.Is(err, errs.NotFound) && (r.URL.Query().Get("new") == "yes" || r.Method == http.MethodPost) {
		v.New = true
		v.Text, err = c.need.Texts.Blank(r.Context(), p.Scope, key)
		if errs.Is(err, errs.Invalid) {
			err = errs.New(errs.NotFound, "there is no such text")
		}
	}
	return v, err
}

// fields are the languages that the editor shows: those in use, and every one that has own words.
func (v *textEditor) fields(_ *Page, from content.Variants) content.Variants {
	out := content.Variants{}
	for _, l := range v.Languages {
		variant := l.Variant
		if l.State == texts.Fallback || l.State == texts.Nothing {
			variant = l.Language
		}
		out[variant] = from[variant]
	}
	for l := range v.Own {
		out[l] = from[l]
	}
	return out
}

func (c *Console) showEditor(w http.ResponseWriter, r *http.Request, p *Page, status int, v textEditor) {
	if err := c.preview(r, p, &v); err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, status, textPage(p, v))
}

// previewPeople is how many real patients a preview looks at.
const previewPeople = 100

func (c *Console) preview(r *http.Request, p *Page, v *textEditor) (err error) {
	people := 0
	if v.People && p.Allows(access.ReadPatients) {
		people = previewPeople
	}
	v.Preview, err = c.need.Texts.Preview(r.Context(), p.Scope, v.Key, v.Typed, people)
	if errs.Is(err, errs.Invalid) { // such as a name of no language: said beside its field
		v.Errors, err = fieldsOf(p.W, err), nil
	}
	if err != nil || v.Preview.People == nil {
		return err
	}
	found, err := c.need.Desk.People(r.Context(), p.Scope, v.shownPeople())
	v.names = map[string]string{}
	for person, who := range found {
		v.names[person.String()] = p.W.Name(who)
	}
	return err
}

// typed reads the editor's form. A new language has fields of its own.
func typed(r *http.Request, v *textEditor) {
	v.Typed, v.Errors = content.Variants{}, fieldErrors{}
	for name, values := range r.PostForm {
		if l, ok := strings.CutPrefix(name, "text."); ok {
			v.Typed[content.Locale(l)] = values[0]
		}
	}
	if tag, body := strings.TrimSpace(r.PostForm.Get("new_locale")), strings.TrimSpace(r.PostForm.Get("new_text")); tag != "" || body != "" {
		l, err := content.ParseLocale(tag)
		if err != nil {
			v.Errors["new_locale"] = "finding.bad_locale"
		} else if v.Typed[l] == "" {
			v.Typed[l] = body
		}
	}
	v.Note, v.People = r.PostForm.Get("note"), r.PostForm.Get("people") == "yes"
	v.Base, _ = strconv.ParseInt(r.PostForm.Get("base"), 10, 64)
}

// previewText shows what is typed as patients would get it.
func (c *Console) previewText(w http.ResponseWriter, r *http.Request, p *Page) {
	err := c.smallForm(w, r)
	var v textEditor
	if err == nil {
		v, err = c.editor(r, p)
	}
	if err == nil {
		typed(r, &v)
		err = c.preview(r, p, &v)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, previewPart(p, v))
}

// saveText publishes what was typed, or gives it back with what is wrong beside each field.
func (c *Console) saveText(w http.ResponseWriter, r *http.Request, p *Page) {
	err := c.smallForm(w, r)
	var v textEditor
	if err == nil {
		v, err = c.editor(r, p)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	typed(r, &v)
	if l := content.Locale(r.PostForm.Get("plain")); l != "" {
		v.Typed[l] = texts.PlainBody(v.Typed[l], l)
		c.showEditor(w, r, p, http.StatusOK, v)
		return
	}
	if v.Errors["new_locale"] != "" {
		v.Errors["new_locale"] = p.W.T("finding.bad_locale")
		c.showEditor(w, r, p, http.StatusUnprocessableEntity, v)
		return
	}
	_, err = c.need.Texts.Save(r.Context(), p.Scope, texts.Draft{Key: v.Key, Base: v.Base, Variants: v.Typed, Note: v.Note, Seen: r.PostForm.Get("seen") == "yes"})
	switch {
	case err == nil:
		back(w, r, "/texts/"+string(v.Key), "text_published")
	case errors.As(err, &v.Faults):
		c.showEditor(w, r, p, http.StatusUnprocessableEntity, v)
	case errs.Is(err, errs.Invalid):
		v.Errors = fieldsOf(p.W, err)
		c.showEditor(w, r, p, http.StatusUnprocessableEntity, v)
	case errs.Is(err, errs.Conflict):
		v.Conflict, v.Base = texts.Differences(v.InForce, v.Typed.Over(v.Shipped)), v.Version
		v.Errors = fieldErrors{"version": p.W.T("texts.conflict", "N", v.Version)}
		c.showEditor(w, r, p, http.StatusConflict, v)
	default:
		c.fail(w, r, p, err)
	}
}

// revertText puts the text that ships in force again.
func (c *Console) revertText(w http.ResponseWriter, r *http.Request, p *Page) {
	err := c.smallForm(w, r)
	if err == nil {
		base, _ := strconv.ParseInt(r.PostForm.Get("base"), 10, 64)
		_, err = c.need.Texts.Revert(r.Context(), p.Scope, content.Key(r.PathValue("key")), base, "")
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/texts/"+r.PathValue("key"), "text_reverted")
}

// textVersion is one version and what it changed.
type textVersion struct {
	texts.Text
	Version texts.Version
	Before  int64 // 0: there is none
	Served  content.Variants
	Changes []texts.Difference
}

func (c *Console) textVersion(w http.ResponseWriter, r *http.Request, p *Page) {
	t, err := c.need.Texts.Read(r.Context(), p.Scope, content.Key(r.PathValue("key")))
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	n, _ := strconv.ParseInt(r.PathValue("n"), 10, 64)
	i := slices.IndexFunc(t.Versions, func(x texts.Version) bool { return x.Number == n })
	if i < 0 {
		c.notFound(w, r, p)
		return
	}
	v := textVersion{Text: t, Version: t.Versions[i]}
	v.Served, _ = t.Served(n)
	if i+1 < len(t.Versions) {
		v.Before = t.Versions[i+1].Number
		v.Changes, err = t.Compare(v.Before, n)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, textVersionPage(p, v))
}
