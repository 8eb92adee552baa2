package texts_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/texts"
	"carillon.dev/carillon/internal/store"
)

const marked = "{{ clinic.name }}: żółw, {{ visit.on_day }} {{ visit.time }}, {{ patient.first_name | default: \"Łucja\" }}, {{ location.address }}. Tel. {{ clinic.phone }}"

// Plain letters are a person's choice for a language: texts that wait are written anew, names and all, where it saves a
// segment, and with their letters again once the choice is taken back. Each step is in the audit.
func TestPlainLettersAreChosenForALanguage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		if _, err := d.save(texts.Draft{Key: content.Booking, Base: 1, Variants: content.Variants{"en": marked}, Seen: true}); err != nil {
			t.Fatal(err)
		}
		choose := func(l string, on bool) {
			t.Helper()
			if err := d.texts.SetPlainLetters(ctx, d.Scope, l, on); err != nil {
				t.Fatal(err)
			}
		}
		booked := func() store.Draft {
			t.Helper()
			v := d.Book(d.Person(true).ID, d.Clock.Now().Add(20*24*time.Hour), d.Clock.Now())
			d.Sweep()
			d.Clock.Advance(3 * time.Minute)
			d.Deliver()
			all := d.Messages(v.ID)
			if len(all) == 0 || all[0].State != message.Delivered {
				t.Fatalf("%d messages", len(all))
			}
			return all[0]
		}
		if m := booked(); m.Coding != "ucs2" || m.Segments < 2 || !strings.Contains(m.Body.Reveal(), "żółw") || m.Flags.Has(message.PlainLetters) {
			t.Fatalf("as written: %s, %d segments, %q", m.Coding, m.Segments, m.Body.Reveal())
		}
		choose("en-GB", true)
		m := booked()
		if m.Coding != "gsm7" || m.Segments != 1 || !strings.Contains(m.Body.Reveal(), ": zolw, ") || !m.Flags.Has(message.PlainLetters) || !m.Flags.Has(message.TellsWayOut) {
			t.Errorf("in plain letters: %s, %d segments, flags %b, %q", m.Coding, m.Segments, m.Flags, m.Body.Reveal())
		}
		if p, err := d.texts.Preview(ctx, d.Scope, content.Booking, content.Variants{"en": marked}, 0); err != nil || !p.Examples[0].PlainOn || p.Examples[0].Segments() >= p.Examples[0].Meter.Segments ||
			p.Examples[0].First.Meter.Coding != "gsm7" {
			t.Errorf("the preview does not know: %+v, %v", p.Examples[0].First, err)
		}
		waiting := d.Book(d.Person(true).ID, d.Clock.Now().Add(20*24*time.Hour), d.Clock.Now())
		d.Sweep()
		choose("en", false)
		d.Clock.Advance(3 * time.Minute)
		d.Deliver()
		if m := d.Messages(waiting.ID)[0]; m.State != message.Delivered || !strings.Contains(m.Body.Reveal(), "żółw") || m.Flags.Has(message.PlainLetters) {
			t.Errorf("taken back: %s %q", m.State, m.Body.Reveal())
		}
		var said []string
		d.Read(func(ctx context.Context, tx store.Tx) error {
			events, err := tx.Audit().List(ctx, store.Page{})
			for _, e := range events {
				if e.Action == "texts.plain_letters" {
					said = append(said, e.Detail)
				}
			}
			return err
		})
		slices.Sort(said)
		if !slices.Equal(said, []string{"en=off", "en=on"}) {
			t.Errorf("audit says %v", said)
		}
	})
}

// What saves nothing keeps its letters; a script without plain letters is not offered them.
func TestWherePlainLettersAreOfNoUse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		if err := d.texts.SetPlainLetters(ctx, d.Scope, "en", true); err != nil {
			t.Fatal(err)
		}
		if _, err := d.save(texts.Draft{Key: content.Booking, Base: 1, Variants: content.Variants{"en": "{{ clinic.name }}: ł {{ visit.day }} {{ visit.time }} {{ clinic.phone }}"}, Seen: true}); err != nil {
			t.Fatal(err)
		}
		person := d.Person(true)
		for range 2 { // the second has no line and fits into one segment either way
			v := d.Book(person.ID, d.Clock.Now().Add(20*24*time.Hour), d.Clock.Now())
			d.Sweep()
			d.Clock.Advance(3 * time.Minute)
			d.Deliver()
			m := d.Messages(v.ID)[0]
			if plain := m.Flags.Has(message.TellsWayOut); strings.Contains(m.Body.Reveal(), "ł") == plain || m.Segments != 1 {
				t.Errorf("told %v: %d segments, %q", plain, m.Segments, m.Body.Reveal())
			}
		}
		for _, l := range []string{"zh-Latn", "sr-Latn"} {
			if err := d.texts.SetPlainLetters(ctx, d.Scope, l, true); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s would never be listed: %v", l, err)
			}
		}
		for _, l := range []string{"zh", "ar", "uk", "vi", "no language"} {
			var at *errs.Error
			if err := d.texts.SetPlainLetters(ctx, d.Scope, l, true); !errors.As(err, &at) || at.Where != "language" {
				t.Errorf("%s: %v", l, err)
			}
			if err := d.texts.SetPlainLetters(ctx, d.Scope, l, true); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", l, err)
			}
			if content.PlainForm(content.Locale(l)) {
				t.Errorf("%s has a plain form", l)
			}
		}
		all, err := d.texts.PlainLetters(ctx, d.Scope)
		if err != nil || !slices.Equal(all, []texts.PlainLetters{{Language: "pl"}, {Language: "en", On: true}}) {
			t.Errorf("offered are %v, %v", all, err)
		}
		var nobody access.Scope
		if err := d.texts.SetPlainLetters(ctx, nobody, "pl", true); !errs.Is(err, errs.Forbidden) {
			t.Errorf("nobody chooses: %v", err)
		}
		if p, err := d.texts.Preview(ctx, d.Scope, content.Booking, content.Variants{"zh": d.shipped[content.Booking]["zh"]}, 0); err != nil || !p.Examples[0].Plain.IsEmpty() || p.Examples[0].PlainOn {
			t.Errorf("Chinese is offered plain letters: %v", err)
		}
	})
}
