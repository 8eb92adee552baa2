package texts

import (
	"context"
	"errors"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// How many real people a preview looks at, and how far ahead their visits are.
const (
	MaxPeople = 200
	ahead     = 60 * 24 * time.Hour
)

// Preview is what a text would look like.
type Preview struct {
	Findings []content.Finding
	Examples []Example // one a language, in the order of languages
	People   *People   // nil when none were asked for
}

// Example is one language with invented values.
type Example struct {
	Locale content.Locale
	Ships  bool     // the text that ships; it was not written by the organization
	Text   phi.Text // empty when it cannot be written; the findings say why
	Meter  sms.Meter
	// Plain is the text with every twin taken, where that saves something or the one costly sign is punctuation.
	Plain phi.Text
	// PlainBody is the template itself with its own costly signs replaced.
	PlainBody string
	// PlainOn: somebody chose plain letters for the language, so that patients get it in Plain where that costs less.
	PlainOn bool
	// First is the text as the first to a number; nil where none of this key gets a line.
	First *First
}

// Segments is what patients' texts take: in plain letters where they are chosen.
func (e *Example) Segments() int {
	if e.PlainOn && !e.Plain.IsEmpty() {
		return e.Meter.PlainSegments
	}
	return e.Meter.Segments
}

// First is a text that also says how to get no more.
type First struct {
	Line  string // empty when its own words say it, or nothing can be said
	Own   bool
	Meter sms.Meter // of the text with the line, as patients get it
}

// People is how real patients with coming visits would get it.
type People struct {
	Tried int
	// Segments counts texts by the number of their segments.
	Segments map[int]int
	// Unwritten cannot be written, by the variable that has no value; "" is for want of a language.
	// Told get the line that says how to get no more: it is their number's first.
	Told                     int
	Unwritten                map[content.Name]int
	Longest, Shortest, Price *outbox.Tried // Price takes the most segments
}

// Preview checks a text, writes it with invented values in each language, and for up to people real patients with
// coming visits. It changes nothing.
func (s *Service) Preview(ctx context.Context, scope access.Scope, key content.Key, v content.Variants, people int) (p Preview, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return p, err
	}
	if people > 0 && !scope.Allows(access.ReadPatients) {
		return p, errs.New(errs.Forbidden, "your role does not allow this")
	}
	if v, err = tidy(v); err != nil {
		return p, err
	}
	own := s.own(key, v)
	served := own.Over(s.library[key])
	var asks []outbox.Ask
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		f, err := s.frame(ctx, tx)
		if err != nil {
			return err
		}
		p.Findings = s.check(f, key, own)
		for _, l := range v.Locales() {
			if _, mine := own[l]; mine || s.library[key][l] != "" {
				e := f.sample(l, v[l], !mine, content.Moment{})
				e.First = s.first(f, key, &e)
				p.Examples = append(p.Examples, e)
			}
		}
		if people > 0 {
			asks, err = coming(ctx, tx, f.need(key), min(people, MaxPeople))
		}
		return err
	})
	if err != nil || people <= 0 {
		return p, err
	}
	p.People, err = s.tryOn(ctx, scope, served, asks)
	return p, err
}

// sample writes one language with invented values; a visit that is not zero takes the place of the invented one.
func (f *frame) sample(l content.Locale, body string, ships bool, visit content.Moment) Example {
	e := Example{Locale: l, Ships: ships, PlainOn: f.org.PlainLetters.Has(l.Base()) && content.PlainForm(l)}
	t, err := content.Compile(body, content.AppointmentVars())
	if err != nil {
		return e
	}
	values := f.example(l)
	if !visit.At.IsZero() {
		values.Visit, values.Now = visit, f.now
	}
	text, err := t.Render(values)
	if err != nil {
		return e
	}
	m, err := sms.Measure(text.Reveal(), string(l), sms.Options{})
	if err != nil {
		return e
	}
	e.Text, e.Meter = text, m
	if len(m.Guilty) > 0 && m.Coding == sms.UCS2 {
		if plain := sms.Transliterate(text.Reveal(), string(l)); plain.Complete() && content.PlainForm(l) {
			e.Plain = phi.T(plain.Text)
		}
		e.PlainBody = PlainBody(body, l)
	}
	return e
}

// first is the example as the first text to a number of the country where its language is spoken.
func (s *Service) first(f *frame, key content.Key, e *Example) *First {
	if e.Text.IsEmpty() || key == content.HelpText || key == content.OptOutConfirmation || key == content.OptOutQuestion {
		return nil
	}
	region, call := f.org.Region, ""
	if site := f.siteOf(e.Locale); site != nil {
		region, call = site.Region, site.Phone.DisplayIn(site.Region)
	}
	set := s.book.For(region, quiet.DayOf(f.now.Date()))
	if content.SaysWayOut(e.Text.Reveal(), e.Locale, func(w string) bool { return set.OptsOut(w, e.Locale.Base()) }) {
		return &First{Own: true, Meter: e.Meter}
	}
	word := ""
	if !f.oneWay {
		word = set.WayOutWord(e.Locale.Base())
	}
	first := &First{Line: content.WayOut(e.Locale, word, call), Meter: e.Meter}
	whole := e.Text.Reveal()
	if first.Line != "" {
		whole = content.WithLine(whole, first.Line)
	}
	if e.PlainOn {
		whole, _ = sms.Cheaper(whole, string(e.Locale), sms.Options{})
	}
	if m, err := sms.Measure(whole, string(e.Locale), sms.Options{}); err == nil {
		first.Meter = m
	}
	return first
}

// PlainBody is a template with the costly signs of its own fixed text replaced by their twins; what stands in
// variables is left alone. It is the same text when there is nothing to replace, or a sign has no twin.
func PlainBody(body string, l content.Locale) string {
	plain := content.Plain(body, l)
	if _, err := content.Compile(plain, content.AppointmentVars()); err != nil {
		return body
	}
	return plain
}

// coming are asks about the next visits, each person once.
func coming(ctx context.Context, tx store.Tx, need content.Need, people int) (asks []outbox.Ask, err error) {
	visits, err := tx.Visits().Between(ctx, id.ID{}, tx.Now(), tx.Now().Add(ahead), 2*people)
	if err != nil {
		return nil, err
	}
	seen := map[id.ID]bool{}
	for _, v := range visits {
		if !seen[v.Person] && len(asks) < people && v.Status.Expected() {
			seen[v.Person] = true
			asks = append(asks, askOf(&v, need))
		}
	}
	return asks, nil
}

func askOf(v *schedule.Appointment, need content.Need) outbox.Ask {
	a := outbox.Ask{Purpose: purpose.Appointment, Person: v.Person, Appointment: v.ID, AppointmentVersion: v.Version, Vars: map[content.Name]phi.Text{}}
	for i, n := range need.Digits {
		if need.Asks && i < 9 {
			a.Vars[n] = phi.T(string(rune('1' + i)))
		}
	}
	if need.Sure.Has(content.OldTime) {
		a.Old = v.Start.AddDate(0, 0, -1)
	}
	return a
}

// tryOn writes the text for real people and keeps the extremes.
func (s *Service) tryOn(ctx context.Context, scope access.Scope, v content.Variants, asks []outbox.Ask) (*People, error) {
	p := &People{Segments: map[int]int{}, Unwritten: map[content.Name]int{}}
	text, err := outbox.NewText(0, v)
	var fault *content.Fault
	if errors.As(err, &fault) {
		return p, nil // the findings say what is wrong
	}
	if err != nil || len(asks) == 0 {
		return p, err
	}
	tried, err := s.outbox.Try(ctx, scope, text, asks)
	if err != nil {
		return nil, err
	}
	p.Tried = len(tried)
	for i := range tried {
		t := &tried[i]
		if t.Text.IsEmpty() {
			p.Unwritten[t.Missing]++
			continue
		}
		p.Segments[t.Meter.Segments]++
		if t.WayOut == message.WayOutFirst {
			p.Told++
		}
		size := func(x *outbox.Tried) int { return len([]rune(x.Text.Reveal())) }
		if p.Longest == nil || size(t) > size(p.Longest) {
			p.Longest = t
		}
		if p.Shortest == nil || size(t) < size(p.Shortest) {
			p.Shortest = t
		}
		if p.Price == nil || t.Meter.Segments > p.Price.Meter.Segments {
			p.Price = t
		}
	}
	return p, nil
}

// Samples writes texts that are in force about a visit, with invented values for the rest, for a reader of a language;
// keys without a text for such a reader are left out.
func (s *Service) Samples(ctx context.Context, scope access.Scope, keys []content.Key, l content.Locale, visit content.Moment) (out map[content.Key]Example, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return nil, err
	}
	out = map[content.Key]Example{}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		f, err := s.frame(ctx, tx)
		if err != nil {
			return err
		}
		own, err := tx.Templates().Newest(ctx)
		if err != nil {
			return err
		}
		mine := map[content.Key]content.Variants{}
		for i := range own {
			mine[own[i].Key] = own[i].Variants
		}
		for _, k := range keys {
			v := mine[k].Over(s.library[k])
			if choice, ok := v.Choose(append(f.wanted(l), content.Wanted(f.org.Region, f.org.Locale)...)...); ok {
				_, own := mine[k][choice.Variant]
				out[k] = f.sample(choice.Variant, v[choice.Variant], !own, visit)
			}
		}
		return nil
	})
	return out, err
}
