package rules_test

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"carillon.dev/carillon/internal/core/fold"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
)

func load(t testing.TB) *rules.Book {
	t.Helper()
	b, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func day(t testing.TB, s string) quiet.Day {
	t.Helper()
	d, err := quiet.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEveryRuleHasSourceAndDates(t *testing.T) {
	t.Parallel()
	for _, r := range load(t).Rules() {
		if r.Source == "" || r.Checked == "" || r.From == 0 {
			t.Errorf("%s lacks source, check mark or date", r.ID)
		}
		if k := r.Keywords; k != nil && (len(k.Examples.Hit) == 0 || len(k.Examples.Miss) == 0) {
			t.Errorf("%s has no positive or no negative example", r.ID)
		}
	}
}

// Every keyword row is tried in its country on its first day: its words and examples hit, its misses do not.
func TestEveryKeywordRowHitsAndMisses(t *testing.T) {
	t.Parallel()
	b := load(t)
	for _, r := range b.Rules() {
		if r.Keywords == nil {
			continue
		}
		set := b.For(r.Country, r.From)
		look := set.Keyword
		if r.Keywords.Role == rules.Provider {
			look = set.Reserved
		}
		for _, w := range r.Keywords.Words {
			lang := append(slices.Clone(r.Keywords.Languages), "en")[0]
			for _, form := range []string{w, w + ".", " " + w + " 🙏", "\u200b" + w} {
				if h, ok := look(fold.Key(form), r.Keywords.Languages); !ok || (h.Role != r.Keywords.Role && r.Keywords.Role != rules.Provider) {
					t.Errorf("%s: %q (%s) does not hit", r.ID, form, lang)
				}
			}
		}
		for _, e := range r.Keywords.Examples.Hit {
			if _, ok := look(fold.Key(e.Text), []string{e.Language}); !ok {
				t.Errorf("%s: %q from %s should hit", r.ID, e.Text, e.Language)
			}
		}
		for _, e := range r.Keywords.Examples.Miss {
			if h, ok := look(fold.Key(e.Text), []string{e.Language}); ok && h.Role == r.Keywords.Role {
				t.Errorf("%s: %q from %s should miss, hit %s", r.ID, e.Text, e.Language, h.RuleID)
			}
		}
	}
}

func TestDatesTravel(t *testing.T) {
	t.Parallel()
	b := load(t)
	for _, c := range []struct {
		day, rule string
		narrow    bool
	}{
		{"2027-01-30", "US-RV-6-BEFORE", true},
		{"2027-01-31", "US-RV-6", false},
		{"2020-06-01", "DEF-SCOPE", true},
	} {
		s := b.At(day(t, c.day)).For("US")
		if s.Scope.MayNarrow != c.narrow || s.Decided("scope") != c.rule || s.Scope.Default != rules.AllButEmergency {
			t.Errorf("%s: %+v by %s, want %s", c.day, s.Scope, s.Decided("scope"), c.rule)
		}
	}
	if got := b.For("AU", day(t, "2026-06-30")).Sender.Alpha; got != rules.Yes {
		t.Errorf("AU before its register: %s", got)
	}
	if got := b.For("AU", day(t, "2026-07-01")).Sender.Alpha; got != rules.Register {
		t.Errorf("AU with its register: %s", got)
	}
	if h, ok := b.For("US", day(t, "2025-04-10")).Keyword("cancel", []string{"en"}); ok {
		t.Errorf("CANCEL before the rule: %+v", h)
	}
	if _, ok := b.For("US", day(t, "1990-01-01")).Keyword("stop", nil); ok {
		t.Error("before every rule nothing is reserved")
	}
}

func TestWordsAreScopedByCountryAndLanguage(t *testing.T) {
	t.Parallel()
	b := load(t)
	today := day(t, "2026-11-23")
	for _, c := range []struct {
		name, country, word string
		langs               []string
		role                rules.Role
		task                bool
	}{
		{"CANCEL in the US is an opt-out and a task", "US", "cancel", []string{"en"}, rules.OptOut, true},
		{"CANCEL in Britain is about the visit", "GB", "cancel", []string{"en"}, "", false},
		{"T in China is an opt-out", "CN", "t", []string{"zh"}, rules.OptOut, false},
		{"T of a Pole texting a Chinese sender is tak", "CN", "t", []string{"pl"}, "", false},
		{"T in Poland is tak", "PL", "t", []string{"pl"}, "", false},
		{"T of somebody unknown is nothing", "CN", "t", nil, "", false},
		{"ARRET works for everyone in Canada", "CA", "arret", []string{"en"}, rules.OptOut, false},
		{"pt-BR is Portuguese", "PT", "sair", []string{"pt-BR"}, rules.OptOut, false},
		{"an unknown country has the default", "ZZ", "stop", nil, rules.OptOut, false},
		{"YES opts in in the US", "US", "yes", []string{"en"}, rules.Start, false},
		{"YES is only a word in Poland", "PL", "yes", []string{"en"}, "", false},
		{"HELP everywhere", "AE", "help", []string{"ar"}, rules.Help, false},
	} {
		h, _ := b.For(c.country, today).Keyword(c.word, c.langs)
		if h.Role != c.role || h.StaffTask != c.task {
			t.Errorf("%s: %+v", c.name, h)
		}
	}
	if _, ok := b.For("GB", today).Reserved("cancel", []string{"en"}); !ok {
		t.Error("a text must not invite CANCEL anywhere: providers act on it")
	}
}

func TestHoursByClass(t *testing.T) {
	t.Parallel()
	b := load(t)
	today := day(t, "2026-11-23")
	for _, c := range []struct {
		country string
		class   purpose.Class
		sample  string // a local time
		open    bool
	}{
		{"PL", purpose.ClassCare, "2026-11-22 20:30", true},
		{"PL", purpose.ClassCare, "2026-11-22 21:00", false},
		{"PL", purpose.ClassMarketing, "2026-11-22 12:00", false},
		{"US", purpose.ClassMarketing, "2026-11-23 09:59", false},
		{"US", purpose.ClassMarketing, "2026-11-23 16:59", true},
		{"FR", purpose.ClassMarketing, "2026-11-21 12:00", false},
		{"CZ", purpose.ClassCare, "2026-11-23 18:00", false},
		{"SA", purpose.ClassMarketing, "2026-11-22 12:00", true},
		{"ZZ", purpose.ClassUrgent, "2026-11-22 03:00", true},
		{"ZZ", "unheard-of", "2026-11-22 12:00", false},
	} {
		at, err := time.Parse("2006-01-02 15:04", c.sample)
		if err != nil {
			t.Fatal(err)
		}
		tt := quiet.Timetable{Hours: b.For(c.country, today).Hours(c.class)}
		if open, why := tt.At(at); open != c.open {
			t.Errorf("%s %s %s: %v (%s)", c.country, c.class, c.sample, open, why)
		}
	}
}

func TestSendersOfEveryShippedCountry(t *testing.T) {
	t.Parallel()
	b := load(t)
	want := []string{"AE", "AT", "AU", "CA", "CH", "CN", "CZ", "DE", "EG", "ES", "FR", "GB", "HK", "IE", "IN", "IT", "MX", "NL", "NZ", "PL", "PT", "SA", "SK", "TW", "US"}
	if got := b.Countries(); !slices.Equal(got, want) {
		t.Fatalf("countries %v", got)
	}
	for _, c := range want {
		if s := b.For(c, day(t, "2026-11-23")); s.Sender.Alpha == rules.Unknown || s.Sender.Receipt == "" || s.Decided("sender") == "DEF-SENDER" {
			t.Errorf("%s has no sender facts", c)
		}
	}
}

func TestDutiesOfFrenchTexts(t *testing.T) {
	t.Parallel()
	found := 0
	for _, d := range load(t).For("FR", day(t, "2026-11-23")).Duties {
		if d.Pattern == nil {
			continue
		}
		found++
		for _, s := range []string{"STOP au 36111", "stop 36173", "STOP SMS au 36034"} {
			if !d.Pattern.MatchString(s) {
				t.Errorf("%q is a stop code", s)
			}
		}
		if d.Pattern.MatchString("Rendez-vous 36 rue du Stop 75001") {
			t.Error("an address is no stop code")
		}
	}
	if found != 2 {
		t.Errorf("%d duties about the stop code", found)
	}
}

func TestBrokenFilesAreRefused(t *testing.T) {
	t.Parallel()
	const head = "country: XX\nname: X\nrules:\n  - id: X\n    effective_from: 2026-01-01\n    source: s\n    checked: no\n"
	for name, body := range map[string]string{
		"a global single letter": head + "    keywords: {role: opt_out, words: [R]}\n",
		"nothing":                head,
		"two things":             head + "    hours: {class: care, open: any}\n    confirmation: {allowed: true}\n",
		"an unknown field":       head + "    colour: red\n",
		"no source":              "country: XX\nrules:\n  - id: X\n    effective_from: 2026-01-01\n    checked: no\n    hours: {class: care, open: any}\n",
		"no check mark":          "country: XX\nrules:\n  - id: X\n    effective_from: 2026-01-01\n    source: s\n    hours: {class: care, open: any}\n",
		"ends before it begins":  head + "    effective_to: 2025-01-01\n    hours: {class: care, open: any}\n",
		"another country":        "country: YY\nrules: []\n",
		"bad hours":              head + "    hours: {class: care, open: sometimes}\n",
		"a wordless keyword":     head + "    keywords: {role: help, words: ['!!']}\n",
		"an id used twice":       head + "    hours: {class: care, open: any}\n  - id: X\n    effective_from: 2026-01-01\n    source: s\n    checked: no\n    hours: {class: care, open: any}\n",
	} {
		if _, err := rules.Parse(fstest.MapFS{"xx.yaml": {Data: []byte(body)}}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add("XX", []byte("country: XX\nrules:\n  - id: X\n    effective_from: 2026-01-01\n    source: s\n    checked: no\n    hours: {class: care, open: any}\n"))
	f.Fuzz(func(t *testing.T, country string, b []byte) {
		rs, err := rules.ParseFile(country, b)
		for _, r := range rs {
			if err != nil || r.ID == "" || r.Source == "" {
				t.Fatalf("accepted %+v, %v", r, err)
			}
		}
	})
}

func BenchmarkFor(b *testing.B) {
	book := load(b)
	d := day(b, "2026-11-23")
	for b.Loop() {
		book.For("US", d).Keyword("stop", []string{"en"})
	}
}
