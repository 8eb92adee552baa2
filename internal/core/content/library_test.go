package content_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/sms"
)

var update = flag.Bool("update", false, "write the golden files")

var shippedLocales = []content.Locale{"en", "en-GB", "en-US", "pl", "es", "zh", "fr", "de", "ar"}

func shipped(t *testing.T) content.Library {
	t.Helper()
	lib, err := content.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func TestEveryShippedTextExistsInEveryLanguage(t *testing.T) {
	t.Parallel()
	lib := shipped(t)
	for _, key := range content.Keys() {
		for _, l := range shippedLocales {
			if choice, ok := lib[key].Choose(l); !ok || choice.Variant.Base() != l.Base() {
				t.Errorf("%s has no text in %s", key, l)
			}
		}
	}
}

// The goldens are what patients read, with invented values; a reviewer reads them as text.
func TestShippedTextsReadAsReviewed(t *testing.T) {
	t.Parallel()
	lib := shipped(t)
	for _, l := range shippedLocales {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			for _, key := range content.Keys() {
				choice, _ := lib[key].Choose(l)
				text := render(t, lib[key][choice.Variant], content.Example(l))
				e, err := sms.Plan(text, sms.Options{})
				if err != nil {
					t.Fatalf("%s: %v", key, err)
				}
				fmt.Fprintf(&out, "%s (%s, %s, %d units, %d segments)\n%s\n\n", key, choice.Variant, e.Coding, e.Units, len(e.Segments), text)
			}
			golden(t, filepath.Join("testdata", "appointment", string(l)+".golden"), out.String())
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; run the test with -update and read the change.\ngot:\n%s", path, got)
	}
}

func TestShippedTextsTakeAtMostTwoSegments(t *testing.T) {
	t.Parallel()
	lib := shipped(t)
	for _, key := range content.Keys() {
		for _, l := range shippedLocales {
			choice, _ := lib[key].Choose(l)
			m, err := sms.Measure(render(t, lib[key][choice.Variant], content.Example(l)), string(l), sms.Options{})
			if err != nil || m.Segments > 2 {
				t.Errorf("%s in %s: %d segments, %v", key, l, m.Segments, err)
			}
		}
	}
}

func TestShippedTextsUse7BitsWhereTheLanguageAllows(t *testing.T) {
	t.Parallel()
	lib := shipped(t)
	for _, key := range content.Keys() {
		for _, l := range []content.Locale{"en", "en-GB", "en-US", "es", "fr", "de"} {
			choice, _ := lib[key].Choose(l)
			m, err := sms.Measure(render(t, lib[key][choice.Variant], content.Example(l)), string(l), sms.Options{})
			if err != nil || m.Coding != sms.GSM7 {
				t.Errorf("%s in %s: %s because of %+v (%v)", key, l, m.Coding, m.Guilty, err)
			}
		}
	}
}

func TestShippedTextsPassTheLint(t *testing.T) {
	t.Parallel()
	lib := shipped(t)
	reserved := func(word string, _ content.Locale) bool {
		switch strings.ToLower(word) {
		case "stop", "cancel", "end", "quit", "start", "help", "td", "t", "r":
			return true
		}
		return false
	}
	for _, key := range content.Keys() {
		o := content.LintOptions{Allowed: content.AppointmentVars(), Wanted: shippedLocales, MaxSegments: 2, Reserved: reserved}
		for _, f := range content.Lint(lib[key], o) {
			if f.Severity == content.Block {
				t.Errorf("%s: %+v", key, f)
			}
		}
	}
}

// Which texts ask for an answer is stated by the journey; a text that asks needs a sender that can receive.
func TestOnlyTextsWithAReplyMapInviteAnswers(t *testing.T) {
	t.Parallel()
	lib := shipped(t)
	asks := map[content.Key]bool{content.Reminder7d: true, content.Reminder24h: true, content.VisitMoved: true,
		content.VisitCorrection: true, content.ReplyNotUnderstood: true, content.OptOutConfirmation: true,
		content.OptOutQuestion: true, content.HelpText: true, content.StartConfirmation: true}
	for _, key := range content.Keys() {
		for l, body := range lib[key] {
			if l == "en-US" && key == content.Booking {
				continue // carries the opt-out line that carriers there ask for
			}
			if got := content.Invites(body, l); got != asks[key] {
				t.Errorf("%s in %s invites: %v", key, l, got)
			}
		}
	}
}

func TestShippedTextsSayWhoWhenAndWhere(t *testing.T) {
	t.Parallel()
	lib := shipped(t)
	for _, key := range content.Keys() {
		for l, body := range lib[key] {
			tpl, err := content.Compile(body, content.AppointmentVars())
			if err != nil {
				t.Fatalf("%s in %s: %v", key, l, err)
			}
			needs := []content.Name{content.ClinicName}
			switch key {
			case content.Booking, content.Reminder7d, content.Reminder24h, content.Reminder2h, content.VisitMoved, content.VisitCorrection:
				needs = append(needs, content.VisitTime, content.LocationAddress)
				if !tpl.Uses(content.VisitDay) && !tpl.Uses(content.VisitOnDay) {
					t.Errorf("%s in %s lacks the day", key, l)
				}
			}
			if key == content.VisitMoved {
				needs = append(needs, content.OldDate, content.OldTime)
			}
			for _, n := range needs {
				if !tpl.Uses(n) {
					t.Errorf("%s in %s lacks %s", key, l, n)
				}
			}
			if !tpl.Uses(content.ClinicPhone) && !tpl.UsesGroup("reply") && !tpl.UsesGroup("optin") && key != content.ReplyRescheduleNoted {
				t.Errorf("%s in %s offers no next step", key, l)
			}
			if tpl.Uses(content.PatientFirstName) || tpl.Uses(content.PractitionerName) {
				t.Errorf("%s in %s names a person; shared phones must not", key, l)
			}
		}
	}
}

// Where no digit is free, every text that asks says whom to call, in every language.
func TestTextsThatAskCanDoWithoutDigits(t *testing.T) {
	t.Parallel()
	lib, err := content.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []content.Key{content.Reminder7d, content.Reminder24h, content.VisitMoved, content.VisitCorrection} {
		for locale, body := range lib[key] {
			tpl, err := content.Compile(body, content.AppointmentVars())
			if err != nil {
				t.Fatal(err)
			}
			v := content.Example(locale)
			with, err := tpl.Render(v)
			if err != nil || strings.Contains(with.Reveal(), "{") {
				t.Errorf("%s in %s with digits: %q, %v", key, locale, with.Reveal(), err)
			}
			for _, n := range []content.Name{content.ReplyConfirm, content.ReplyCancel, content.ReplyReschedule, content.ReplyQuestion} {
				delete(v.Text, n)
			}
			text, err := tpl.Render(v)
			if err != nil || !strings.Contains(text.Reveal(), v.Text[content.ClinicPhone]) || content.Invites(text.Reveal(), locale) {
				t.Errorf("%s in %s: %q, %v", key, locale, text.Reveal(), err)
			}
		}
	}
}
