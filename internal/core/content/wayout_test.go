package content_test

import (
	"strings"
	"testing"

	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/sms"
)

func book(t *testing.T) *rules.Book {
	t.Helper()
	b, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var lineLocales = []content.Locale{"en", "en-US", "en-GB", "pl", "es", "es-MX", "zh", "zh-Hant", "fr", "fr-CA", "de", "de-AT", "ar", "ar-SA"}

// In every country of the rule files and one without, in every language: the word that the line names opts out there, a
// text with the line says how to stop, and is no other invitation.
func TestTheLineNamesAWordThatOptsOut(t *testing.T) {
	t.Parallel()
	b, day := book(t), quiet.Day(20600)
	for _, country := range append(b.Countries(), "SE") {
		set := b.For(country, day)
		for _, l := range lineLocales {
			word := set.WayOutWord(string(l))
			line := content.WayOut(l, word, "22 123 45 67")
			if word == "" || !strings.Contains(line, word) || strings.Contains(line, "%") {
				t.Fatalf("%s in %s: word %q, line %q", l, country, word, line)
			}
			for _, languages := range [][]string{{l.Base()}, nil, {l.Base(), "pt"}} {
				if h, ok := set.Keyword(strings.ToLower(word), languages); !ok || h.Role != rules.OptOut {
					t.Errorf("%s in %s: %q is no opt-out for a reader of %v", l, country, word, languages)
				}
			}
			optsOut := func(w string) bool { return set.OptsOut(w, l.Base()) }
			if !content.SaysWayOut(content.WithLine("Riverside: 14:00. Tel. 22 123 45 67", line), l, optsOut) {
				t.Errorf("%s in %s: %q is not seen to say how to stop", l, country, line)
			}
			if content.InvitesReserved(line, l, func(w string, l content.Locale) bool {
				_, hit := set.Reserved(strings.ToLower(w), []string{l.Base()})
				return hit
			}) {
				t.Errorf("%s in %s: %q invites a reserved word for something else", l, country, line)
			}
		}
	}
}

// The line of a sender that hears nothing asks for no answer and gives the number; in France no line is an opt-out code,
// whatever the number.
func TestTheLineOfAOneWaySenderGivesANumber(t *testing.T) {
	t.Parallel()
	b, day := book(t), quiet.Day(20600)
	france := b.For("FR", day)
	owed := france.Owed(purpose.ClassCare, false)
	if owed.NoCode == "" || owed.Code("Confirmez. STOP au 36111") == nil || owed.Code("stop sms 36034") == nil {
		t.Fatalf("France forbids no codes: %+v", owed)
	}
	for _, l := range lineLocales {
		for _, phone := range []string{"01 23 45 67 89", "+33123456789", "36111", "3 6111"} {
			line := content.WayOut(l, "", phone)
			if content.Invites(line, l) || !strings.Contains(line, phone) {
				t.Errorf("%s: %q", l, line)
			}
			for _, x := range []string{line, content.WayOut(l, france.WayOutWord(string(l)), phone), content.WithLine("RDV, appelez le "+phone, line)} {
				if owed.Code(x) != nil {
					t.Errorf("%s: %q is an opt-out code", l, x)
				}
			}
		}
	}
	if content.WayOut("en", "", "") != "" {
		t.Error("a line without a word and a number")
	}
	if line := content.WayOut("ar", "", "+966112345678"); !strings.Contains(line, "\u200e+966") {
		t.Errorf("the number turns round: %q", line)
	}
	if line := content.WayOut("uk", "STOP", ""); line != "Reply STOP for no more texts." {
		t.Errorf("a language without a line: %q", line)
	}
}

// Lines in Latin letters do not make a text dearer than its letters are.
func TestLatinLinesArePlain(t *testing.T) {
	t.Parallel()
	for _, l := range []content.Locale{"en", "pl", "es", "fr", "de"} {
		for _, line := range []string{content.WayOut(l, "STOP", ""), content.WayOut(l, "", "22 123 45 67")} {
			m, err := sms.Measure(line, string(l), sms.Options{})
			if err != nil || m.Coding != sms.GSM7 || m.Units > 50 {
				t.Errorf("%s: %q takes %d units of %s, %v", l, line, m.Units, m.Coding, err)
			}
		}
	}
}

func TestATextThatSaysHowToStop(t *testing.T) {
	t.Parallel()
	us := book(t).For("US", quiet.Day(20600))
	cases := map[string]struct {
		locale content.Locale
		text   string
		says   bool
	}{
		"as carriers want it":          {"en-US", "Riverside: see you at 10. Reply STOP to opt out", true},
		"in few words":                 {"en", "Riverside: see you at 10. Text STOP", true},
		"the word behind":              {"en", "To opt out: STOP", true},
		"a quoted word":                {"en", "Reply \"stop\" to unsubscribe", true},
		"Polish":                       {"pl", "Przychodnia: jutro o 10. Odpisz STOP, aby ich nie otrzymywać", true},
		"Chinese":                      {"zh", "【北城诊所】明天10:30。拒收请回复退订", true},
		"Arabic":                       {"ar", "عيادة الشمال: غدا. لإيقاف الرسائل أرسل STOP", true},
		"nothing":                      {"en", "Riverside: see you at 10. Reply 1 to confirm", false},
		"a clinic called by a word":    {"en-US", "ALTO Clinic: reply 1 to confirm, 2 to cancel at ALTO Clinic", false},
		"a bus stop":                   {"en", "Riverside: get off at the bus stop. Reply 1 to confirm", false},
		"a word that means the visit":  {"en-US", "Reply CANCEL to cancel", false},
		"the way back":                 {"en", "To get texts again, reply START", false},
		"a shouted word without sense": {"en", "PLEASE STOP smoking", false},
	}
	for name, c := range cases {
		if got := content.SaysWayOut(c.text, c.locale, func(w string) bool { return us.OptsOut(w, c.locale.Base()) }); got != c.says {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Which of the texts that ship need a line is settled by their words: those of the United States about bookings do not,
// reminders everywhere do.
func TestWhichShippedTextsSayHowToStop(t *testing.T) {
	t.Parallel()
	lib, err := content.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	us := book(t).For("US", quiet.Day(20600))
	for key, variants := range lib {
		for l, body := range variants {
			want := strings.Contains(body, string(content.OptOutWord))
			if key == content.OptOutQuestion {
				continue // never gets a line, whatever it says
			}
			tpl, err := content.Compile(body, content.AppointmentVars())
			if err != nil {
				t.Fatal(err)
			}
			text, err := tpl.Render(content.Example(l))
			if err != nil {
				t.Fatal(err)
			}
			if got := content.SaysWayOut(text.Reveal(), l, func(w string) bool { return us.OptsOut(w, l.Base()) }); got != want {
				t.Errorf("%s in %s: %v, want %v: %q", key, l, got, want, text.Reveal())
			}
		}
	}
}
