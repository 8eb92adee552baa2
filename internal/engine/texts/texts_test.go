package texts_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/engine/texts"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// desk is a Polish clinic with a writer of texts; its patients read English.
type desk struct {
	*plantest.Clinic
	texts   *texts.Service
	shipped content.Library
}

func each(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		c := clock.NewFixed(plantest.Noon)
		test(t, newDesk(t, open(t, c), c))
	})
}

func newDesk(t *testing.T, s store.Store, c *clock.Fixed) *desk {
	t.Helper()
	d := &desk{Clinic: plantest.New(t, s, c, outbox.Options{})}
	book, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	if d.shipped, err = content.Shipped(); err != nil {
		t.Fatal(err)
	}
	d.texts = texts.New(s, d.Outbox, book, d.shipped)
	return d
}

func (d *desk) save(draft texts.Draft) (texts.Text, error) {
	return d.texts.Save(context.Background(), d.Scope, draft)
}

const good = "{{ clinic.name }}: visit {{ visit.on_day }} at {{ visit.time }}. Reply {{ reply.confirm }} to confirm, {{ reply.cancel }} to cancel. Call {{ clinic.phone }}"

func TestAnOwnTextIsPublishedReadComparedAndTakenBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		d.Person(true)
		got, err := d.save(texts.Draft{Key: content.Reminder24h, Base: 1, Variants: content.Variants{"en": good, "pl": d.shipped[content.Reminder24h]["pl"]},
			Note: " shorter ", Seen: true})
		if err != nil {
			t.Fatal(err)
		}
		if got.Version != 2 || !got.Line.Own || len(got.Own) != 1 || got.InForce["en"] != good || got.InForce["pl"] == "" || got.InForce["en-US"] != "" {
			t.Fatalf("version %d, own %v, in force %v", got.Version, got.Own.Locales(), got.InForce.Locales())
		}
		if v := got.Versions; len(v) != 2 || v[0].Number != 2 || v[0].Note != "shorter" || v[0].ByKind != access.Command || v[1].Number != 1 || !v[1].Shipped {
			t.Errorf("versions %+v", v)
		}
		diff, err := got.Compare(1, 2)
		if err != nil || !slices.ContainsFunc(diff, func(x texts.Difference) bool { return x.Locale == "en" }) || slices.ContainsFunc(diff, func(x texts.Difference) bool { return x.Locale == "pl" }) {
			t.Errorf("difference %+v (%v)", diff, err)
		}
		if _, err := d.save(texts.Draft{Key: content.Reminder24h, Base: 1, Variants: content.Variants{"en": good + "!"}, Seen: true}); !errs.Is(err, errs.Conflict) {
			t.Errorf("a change of an old version: %v", err)
		}
		if _, err := d.save(texts.Draft{Key: content.Reminder24h, Base: 2, Variants: content.Variants{"en": good}, Seen: true}); !errs.Is(err, errs.Invalid) {
			t.Errorf("no change: %v", err)
		}
		back, err := d.texts.Revert(ctx, d.Scope, content.Reminder24h, 2, "")
		if err != nil || back.Version != 3 || back.Line.Own || back.InForce["en"] != d.shipped[content.Reminder24h]["en"] {
			t.Errorf("back to %d, own %v (%v)", back.Version, back.Line.Own, err)
		}
		if v, ok := back.Served(2); !ok || v["en"] != good {
			t.Error("an older version cannot be read")
		}
		d.Read(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Audit().List(ctx, store.Page{Limit: 20})
			for _, action := range []string{"template.save", "template.revert"} {
				if !slices.ContainsFunc(all, func(r audit.Event) bool { return r.Action == action }) {
					t.Errorf("no audit row for %s", action)
				}
			}
			return err
		})
	})
}

func TestWhatAReminderMustCarry(t *testing.T) {
	t.Parallel()
	c := clock.NewFixed(plantest.Noon)
	d := newDesk(t, storetest.SQLite(t, c), c)
	for name, x := range map[string]struct {
		key  content.Key
		body string
		code content.Code
		line int
	}{
		"who writes":                      {content.Reminder24h, strings.ReplaceAll(good, "{{ clinic.name }}", "We"), content.SenderUnknown, 0},
		"when":                            {content.Reminder24h, strings.ReplaceAll(good, "{{ visit.time }}", "noon"), content.TimeUnknown, 0},
		"the digits that it is sent with": {content.Reminder24h, strings.ReplaceAll(good, "{{ reply.confirm }}", "something"), content.DigitsMissing, 0},
		"variables instead of figures":    {content.Reminder24h, strings.ReplaceAll(good, "{{ reply.confirm }}", "1"), content.FixedDigit, 1},
		"no digits where nothing asks":    {content.Booking, good, content.DigitsUnasked, 1},
		"a number to call":                {content.Booking, "{{ clinic.name }}: {{ visit.day }}, {{ visit.time }}", content.PhoneMissing, 0},
		"a default for what is not known": {content.Reminder24h, "Dear\n{{ patient.first_name }}\n" + good, content.NotAlwaysKnown, 2},
		"no digit for a question":         {content.Reminder24h, good + " {{ reply.question }}", content.DigitsUnasked, 1},
		"no word of the law's":            {content.Reminder24h, good + " Or reply STOP to cancel the visit.", content.ReservedWord, 1},
		"variables that exist":            {content.Reminder24h, good + "\n{{ visit.tim }}", content.UnknownVariable, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := d.save(texts.Draft{Key: x.key, Base: 1, Variants: content.Variants{"en": x.body}, Seen: true})
			var f *texts.Faults
			if !errors.As(err, &f) || !errs.Is(err, errs.Invalid) {
				t.Fatalf("got %v", err)
			}
			i := slices.IndexFunc(f.Findings, func(x2 content.Finding) bool { return x2.Code == x.code })
			if i < 0 || f.Findings[i].Line != x.line || f.Findings[i].Severity != content.Block || f.Findings[i].Locale != "en" {
				t.Fatalf("findings %+v", f.Findings)
			}
			if !strings.Contains(errs.Safe(err), texts.Place(f.Findings[i])) || strings.Contains(f.Findings[i].Sentence(), "%!") {
				t.Errorf("says %s", errs.Safe(err))
			}
		})
	}
}

func TestSeveralFaultsComeAtOnceAndWarningsAreToBeSeen(t *testing.T) {
	t.Parallel()
	c := clock.NewFixed(plantest.Noon)
	d := newDesk(t, storetest.SQLite(t, c), c)
	_, err := d.save(texts.Draft{Key: content.Reminder24h, Base: 1, Variants: content.Variants{"en": "x {{ nobody }}\n{{ visit.tim }}", "pl": "{ clinic.name }"}, Seen: true})
	var f *texts.Faults
	if !errors.As(err, &f) || len(f.Findings) < 3 || f.Unseen {
		t.Fatalf("got %v", err)
	}
	draft := texts.Draft{Key: content.Reminder24h, Base: 1, Variants: content.Variants{"en": good + " – thank you"}}
	_, err = d.save(draft)
	if !errors.As(err, &f) || !f.Unseen || f.Findings[0].Code != content.CostlyCharacter || f.Findings[0].Twin != "-" {
		t.Fatalf("a dear dash: %v", err)
	}
	draft.Seen = true
	if _, err = d.save(draft); err != nil {
		t.Fatal(err)
	}
}

func TestEveryTextThatShipsCouldBePublished(t *testing.T) {
	t.Parallel()
	c := clock.NewFixed(plantest.Noon)
	d := newDesk(t, storetest.SQLite(t, c), c)
	for _, k := range content.Keys() {
		found, err := d.texts.Check(context.Background(), d.Scope, k, d.shipped[k])
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if f.Severity == content.Block {
				t.Errorf("%s: %s: %s", k, texts.Place(f), f.Sentence())
			}
		}
	}
}

func TestTheListSaysHowEachLanguageIsServed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		d.Person(true)
		if _, err := d.save(texts.Draft{Key: "bring-your-card", Base: 1, Variants: content.Variants{"pl": "{{ clinic.name }}: {{ visit.on_day }}, {{ visit.time }}. Tel. {{ clinic.phone }}"}, Seen: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.save(texts.Draft{Key: content.Reminder24h, Base: 1, Variants: content.Variants{"en": good}, Seen: true}); err != nil {
			t.Fatal(err)
		}
		all, err := d.texts.List(context.Background(), d.Scope)
		if err != nil {
			t.Fatal(err)
		}
		states := map[content.Key]map[content.Locale]texts.CoverageState{}
		for _, l := range all {
			states[l.Key] = map[content.Locale]texts.CoverageState{}
			for _, c := range l.Languages {
				states[l.Key][c.Language] = c.State
			}
			if l.Key == content.Reminder24h && (len(l.Uses) != 1 || !l.Uses[0].Asks || l.Uses[0].Step != "day-before") {
				t.Errorf("uses %+v", l.Uses)
			}
		}
		if s := states["bring-your-card"]; s["en"] != texts.Fallback || s["pl"] != texts.Covered {
			t.Errorf("own text: %v", s)
		}
		if s := states[content.Reminder24h]; s["en"] != texts.Covered || s["pl"] != texts.Shipped {
			t.Errorf("changed text: %v", s)
		}
		if s := states[content.Booking]; s["en"] != texts.Covered || s["pl"] != texts.Covered {
			t.Errorf("untouched text: %v", s)
		}
	})
}

func TestAPreviewIsWrittenForRealPeople(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		for i := range 3 {
			p := d.Person(true)
			d.Book(p.ID, plantest.Noon.Add(time.Duration(48+i)*time.Hour), plantest.Noon)
		}
		p, err := d.texts.Preview(context.Background(), d.Scope, content.Reminder24h,
			content.Variants{"en": good + " – {{ patient.first_name }}", "pl": "{{ nikt }}"}, 50)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Examples) != 2 || p.Examples[0].Locale != "en" || !p.Examples[1].Text.IsEmpty() {
			t.Fatalf("%d examples", len(p.Examples))
		}
		e := p.Examples[0]
		if e.Meter.Coding != "ucs2" || len(e.Meter.Guilty) != 1 || e.Meter.Guilty[0].Twin != "-" || e.Plain.IsEmpty() || !strings.Contains(e.PlainBody, " - {{ patient.first_name }}") {
			t.Errorf("meter %+v, plain %q", e.Meter, e.PlainBody)
		}
		if p.People.Tried != 0 {
			t.Errorf("a text that does not compile was tried on %d", p.People.Tried)
		}
		if p, err = d.texts.Preview(context.Background(), d.Scope, content.Reminder24h, content.Variants{"en": good + " {{ patient.first_name }}"}, 50); err != nil {
			t.Fatal(err)
		}
		if p.People.Tried != 3 || p.People.Longest == nil || p.People.Price == nil || !strings.Contains(p.People.Longest.Text.Reveal(), "Reply 1 to confirm, 2 to cancel") ||
			!strings.HasSuffix(p.People.Longest.Text.Reveal(), "Anna\nReply STOP for no more texts.") || p.People.Told != 3 {
			t.Errorf("people %d", p.People.Tried)
		}
		if n := len(d.Messages(id.New())); n != 0 {
			t.Errorf("%d messages", n)
		}
		p, err = d.texts.Preview(context.Background(), d.Scope, content.Reminder24h, content.Variants{"en": good + " {{ practitioner.name }}"}, 50)
		if err != nil || p.People.Unwritten[content.PractitionerName] != 3 {
			t.Errorf("without a practitioner: %v (%v)", p.People.Unwritten, err)
		}
	})
}

func TestWhoMayWrite(t *testing.T) {
	t.Parallel()
	c := clock.NewFixed(plantest.Noon)
	d := newDesk(t, storetest.SQLite(t, c), c)
	for role, want := range map[access.Role]bool{access.Admin: true, access.Manager: true, access.Receptionist: false, access.Viewer: false} {
		if got := role.Allows(access.ManageTexts); got != want {
			t.Errorf("%s: %v", role, got)
		}
	}
	var nobody access.Scope
	for name, err := range map[string]error{
		"list":    second(d.texts.List(context.Background(), nobody)),
		"read":    second(d.texts.Read(context.Background(), nobody, content.Booking)),
		"blank":   second(d.texts.Blank(context.Background(), nobody, "x-y")),
		"check":   second(d.texts.Check(context.Background(), nobody, content.Booking, nil)),
		"preview": second(d.texts.Preview(context.Background(), nobody, content.Booking, nil, 1)),
		"save":    second(d.texts.Save(context.Background(), nobody, texts.Draft{})),
		"revert":  second(d.texts.Revert(context.Background(), nobody, content.Booking, 1, "")),
	} {
		if !errs.Is(err, errs.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A step that asks needs digits in every language that will be in force: own words in one language do not stand in for
// the others, and going back to words without digits is no way out.
func TestEveryLanguageInForceFitsWhetherTheStepAsks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		all := content.Variants{}
		for l := range d.shipped[content.Booking] {
			all[l] = good
		}
		d.Write(func(ctx context.Context, tx store.Tx) error { // as of before a journey asks with it
			return tx.Templates().Save(ctx, store.TemplateVersion{Key: content.Booking, Version: 2, Variants: all, ByKind: access.Command})
		})
		source := strings.Replace(string(journey.ShippedFiles()[0]), "template: booking\n    asks: false", "template: booking\n    asks: true", 1)
		if _, err := d.Plan.SaveJourney(ctx, d.Scope, plan.Saving{Source: source, Key: "appointment-reminder", Base: 1}); err != nil {
			t.Fatal(err)
		}
		_, err := d.save(texts.Draft{Key: content.Booking, Base: 2, Variants: content.Variants{"pl": good}, Seen: true})
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "en: ") {
			t.Errorf("one language of many: %v", err)
		}
		if _, err := d.texts.Revert(ctx, d.Scope, content.Booking, 2, ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("back to words without digits: %v", err)
		}
		if _, err := d.save(texts.Draft{Key: content.Booking, Base: 2, Seen: true}); !errs.Is(err, errs.Invalid) {
			t.Errorf("no words of its own: %v", err)
		}
		asks := strings.Replace(source, "template: reminder-24h", "template: reminder-2h", 1)
		_, err = d.Plan.SaveJourney(ctx, d.Scope, plan.Saving{Source: asks, Key: "appointment-reminder", Base: 2})
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("a journey that asks with words without digits: %v", err)
		}
	})
}
