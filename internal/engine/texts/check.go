package texts

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/fold"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/store"
)

// Bounds of what one organization may write.
const (
	maxBody    = 2000 // bytes of one language
	maxLocales = 30
	maxOwn     = 200 // texts of its own keys
	maxNote    = 200
)

// Faults are everything that keeps a text from being published, in an errs.Invalid (errors.As).
type Faults struct {
	Findings []content.Finding
	// Unseen: nothing forbids the text, but warnings have not been accepted.
	Unseen bool
}

// Error says each finding with its language and line.
func (f *Faults) Error() string {
	lines := make([]string, len(f.Findings))
	for i, x := range f.Findings {
		lines[i] = Place(x) + ": " + x.Sentence()
	}
	return strings.Join(lines, "\n")
}

// Place is where a finding is: language and line.
func Place(f content.Finding) string {
	if f.Line == 0 {
		return string(f.Locale)
	}
	return fmt.Sprintf("%s, line %d", f.Locale, f.Line)
}

func faulty(found []content.Finding, unseen bool) error {
	f := &Faults{found, unseen}
	return errs.Wrap(errs.Invalid, f.Error(), f)
}

// tidy brings what was typed into its form: canonical languages, no outer spaces, no empty texts.
func tidy(v content.Variants) (content.Variants, error) {
	out := content.Variants{}
	for tag, body := range v {
		body = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(body, "\r\n", "\n"), ""))
		if body == "" {
			continue
		}
		l, err := content.ParseLocale(string(tag))
		if err != nil {
			return nil, err
		}
		if len(body) > maxBody {
			return nil, errs.Newf(errs.Invalid, "the text in %s is longer than any text message: at most %d letters", l, maxBody).At(string(l))
		}
		out[l] = body
	}
	if len(out) > maxLocales {
		return nil, errs.Newf(errs.Invalid, "at most %d languages", maxLocales).At("locale")
	}
	return out, nil
}

// Check says what is wrong with variants of a text, in the order in which a person would mend them. It changes
// nothing; a text that is only warned about may be published.
func (s *Service) Check(ctx context.Context, scope access.Scope, key content.Key, v content.Variants) (found []content.Finding, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return nil, err
	}
	if v, err = tidy(v); err != nil {
		return nil, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		f, err := s.frame(ctx, tx)
		if err != nil {
			return err
		}
		found = s.check(f, key, v)
		return nil
	})
	return found, err
}

func (s *Service) check(f *frame, key content.Key, own content.Variants) []content.Finding {
	need := f.need(key)
	o := content.LintOptions{Allowed: content.AppointmentVars(), OneWay: f.oneWay && need.Asks, Need: &need, Reserved: s.reserved(f), Example: f.example,
		StopCode: s.stopCode(f, key)}
	found := content.Lint(own, o)
	rest := own.Over(s.library[key]) // languages that fall through to the text that ships
	maps.DeleteFunc(rest, func(l content.Locale, body string) bool { return own[l] == body })
	for _, x := range content.Lint(rest, o) {
		if unfit(x.Code) {
			found = append(found, x)
		}
	}
	for _, c := range f.cover(own, s.library[key]) {
		if len(own) > 0 && (c.State == Fallback || c.State == Nothing) && c.People > 0 {
			found = append(found, content.Finding{Code: content.MissingVariant, Severity: content.Warn, Locale: c.Language})
		}
	}
	slices.SortStableFunc(found, func(a, b content.Finding) int {
		return cmp.Or(cmp.Compare(rank(a.Severity), rank(b.Severity)), cmp.Compare(a.Locale, b.Locale), cmp.Compare(a.Line, b.Line))
	})
	return found
}

// unfit: a text does not fit what it is sent for, whoever wrote it.
func unfit(c content.Code) bool {
	return c == content.StopCode || c == content.DigitsMissing || c == content.DigitsUnasked || c == content.TimeUnknown
}

func rank(s content.Severity) int {
	if s == content.Block {
		return 0
	}
	return 1
}

// onlyOneWay: there are senders, and none can receive.
func onlyOneWay(ctx context.Context, tx store.Tx) (bool, error) {
	senders, err := tx.Routes().Senders(ctx)
	able := slices.ContainsFunc(senders, func(x store.Sender) bool { return x.TwoWay && !x.Disabled })
	return len(senders) > 0 && !able, err
}

// reserved reports words that any country of the organization keeps, in the text's language.
func (s *Service) reserved(f *frame) func(string, content.Locale) bool {
	day := quiet.DayOf(f.now.Date())
	countries := regions(f.org, f.sites)
	return func(word string, l content.Locale) bool {
		for _, c := range countries {
			if _, hit := s.book.For(c, day).Reserved(fold.Key(word), []string{l.Base()}); hit {
				return true
			}
		}
		return false
	}
}

// stopCode finds opt-out short codes in a text about care where a country of the organization forbids them. A text that
// only advertising journeys send is none.
func (s *Service) stopCode(f *frame, key content.Key) func(string) []int {
	uses := f.uses[key]
	if len(uses) > 0 && !slices.ContainsFunc(uses, func(u Use) bool { return u.class != purpose.ClassMarketing }) {
		return nil
	}
	var forbidding []rules.Owed
	for _, c := range regions(f.org, f.sites) {
		if owed := s.book.For(c, quiet.DayOf(f.now.Date())).Owed(purpose.ClassCare, false); owed.NoCode != "" {
			forbidding = append(forbidding, owed)
		}
	}
	return func(text string) []int {
		for i := range forbidding {
			if at := forbidding[i].Code(text); at != nil {
				return at
			}
		}
		return nil
	}
}

// siteOf is the first site where a language is spoken, else the first of all; nil where there is none.
func (f *frame) siteOf(l content.Locale) *org.Location {
	for i := range f.sites {
		if slices.ContainsFunc(f.sites[i].Languages, func(tag string) bool { return content.Locale(tag).Base() == l.Base() }) {
			return &f.sites[i]
		}
	}
	if len(f.sites) == 0 {
		return nil
	}
	return &f.sites[0]
}

// example are invented values with the names and numbers of the organization itself: its site where the language is
// spoken, else its first.
func (f *frame) example(l content.Locale) content.Values {
	v := content.Example(l)
	v.Text = maps.Clone(v.Text)
	v.Text[content.ClinicName] = f.org.Name
	delete(v.Text, content.OptOutWord) // nothing gives these yet: the default stands
	delete(v.Text, content.OptInWord)
	site := f.siteOf(l)
	if site == nil {
		return v
	}
	v.Locale = l.In(site.Region)
	v.Text[content.LocationName] = site.Name
	if site.Address != "" {
		v.Text[content.LocationAddress] = site.Address
	}
	if !site.Phone.IsZero() {
		v.Text[content.ClinicPhone] = site.Phone.DisplayIn(site.Region)
	}
	return v
}
