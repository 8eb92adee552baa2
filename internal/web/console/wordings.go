package console

import (
	"net/http"
	"slices"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/web/words"
)

// consentDraft is the consent form as it was filled in.
type consentDraft struct {
	Purpose  purpose.Purpose
	Granted  bool
	Method   consent.Method
	Shown    string
	Language string
}

func consentTyped(r *http.Request) consentDraft {
	return consentDraft{Purpose: purpose.Purpose(r.PostForm.Get("purpose")), Granted: r.PostForm.Get("granted") == "yes",
		Method: consent.Method(r.PostForm.Get("method")), Shown: strings.TrimSpace(r.PostForm.Get("shown")), Language: r.PostForm.Get("language")}
}

// wording is a consent text that the console offers. Its id names kind and version: a change of the text in the
// catalogue is a new number here.
type wording struct{ id, key string }

var (
	careWording      = wording{"console-care/1", "consent.wording"}
	marketingWording = wording{"console-marketing/1", "consent.wording.marketing"}
)

// wordingFor is the text that is offered for a purpose: advertising has one of its own.
func wordingFor(p purpose.Purpose) wording {
	if p.Valid() && p.Traits().Class == purpose.ClassMarketing {
		return marketingWording
	}
	return careWording
}

// offered is the text for a purpose in a language; empty when the console has none in it.
func (c *Console) offered(p *Page, of purpose.Purpose, code string) string {
	return c.wordingIn(p, wordingFor(of), code)
}

func (c *Console) wordingIn(p *Page, w wording, code string) string {
	for _, l := range words.Languages() {
		if l.Code == code {
			return c.words.Words(code, "").T(w.key, "Name", p.Org.Name)
		}
	}
	return ""
}

// wordingOf is the id of the text that was shown: none when it is in somebody's own words. A text that is offered for
// other purposes or in another language than the form says is errs.Invalid: one of the two is not true.
func (c *Console) wordingOf(p *Page, d consentDraft) (string, error) {
	shown := strings.Join(strings.Fields(d.Shown), " ")
	for _, w := range []wording{careWording, marketingWording} {
		for _, l := range words.Languages() {
			if shown != strings.Join(strings.Fields(c.wordingIn(p, w, l.Code)), " ") {
				continue
			}
			if w != wordingFor(d.Purpose) || l.Code != d.Language {
				return "", errs.New(errs.Invalid, "this text belongs to other purposes or another language: choose them anew, or write what was said").At("wording")
			}
			return w.id, nil
		}
	}
	return "", nil
}

// consentText offers the text that fits a newly chosen purpose and language; what somebody wrote stays.
func (c *Console) consentText(w http.ResponseWriter, r *http.Request, p *Page) {
	if err := c.smallForm(w, r); err != nil {
		c.fail(w, r, p, err)
		return
	}
	d := consentTyped(r)
	if _, err := c.wordingOf(p, d); err != nil || d.Shown == "" {
		d.Shown = c.offered(p, d.Purpose, d.Language)
	}
	c.show(w, r, http.StatusOK, consentShown(p, d.Shown, nil))
}

// consentLanguages are those that a text may be in: the console's, the patient's and the sites'.
func consentLanguages(p *Page, patients string) []string {
	var out []string
	for _, l := range words.Languages() {
		out = append(out, l.Code)
	}
	more := []string{patients, p.Org.Locale}
	for _, l := range p.Locations {
		more = append(more, l.Languages...)
	}
	for _, code := range more {
		if code != "" && !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

// firstDraft is the form before anybody touched it: care, in the patient's language when the console has a text in it.
func (c *Console) firstDraft(p *Page, patients string) consentDraft {
	d := consentDraft{Purpose: consent.AllCare, Granted: true, Language: p.W.Code}
	base, _, _ := strings.Cut(patients, "-")
	if c.offered(p, d.Purpose, base) != "" {
		d.Language = base
	}
	d.Shown = c.offered(p, d.Purpose, d.Language)
	return d
}
