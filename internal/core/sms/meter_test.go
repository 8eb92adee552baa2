package sms_test

import (
	"slices"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/core/sms"
)

func TestMeterPointsAtTheDearCharacters(t *testing.T) {
	t.Parallel()
	m, err := sms.Measure("Don’t forget: Łukasz’s visit 😀", "en", sms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []sms.Guilty{
		{Rune: '’', Offset: 3, Count: 2, Effect: sms.NeedsUCS2, Twin: "'", HasTwin: true},
		{Rune: 'Ł', Offset: 16, Count: 1, Effect: sms.NeedsUCS2, Twin: "L", HasTwin: true},
		{Rune: '😀', Offset: 34, Count: 1, Effect: sms.NeedsUCS2},
	}
	if m.Coding != sms.UCS2 || !slices.Equal(m.Guilty, want) {
		t.Fatalf("%+v", m)
	}
}

func TestMeterSaysWhatTheTwinsWouldSave(t *testing.T) {
	t.Parallel()
	m, err := sms.Measure("It’s "+strings.Repeat("a", 100), "en", sms.Options{})
	if err != nil || m.Segments != 2 || m.PlainSegments != 1 {
		t.Fatalf("%+v %v", m, err)
	}
	m, err = sms.Measure(strings.Repeat("中", 80)+"’", "zh", sms.Options{})
	if err != nil || m.Segments != 2 || m.PlainSegments != 2 {
		t.Fatalf("%+v %v", m, err)
	}
}

func TestMeterPointsAtCharactersThatTakeTwo(t *testing.T) {
	t.Parallel()
	m, err := sms.Measure("[5€]", "en", sms.Options{})
	want := []sms.Guilty{
		{Rune: '[', Offset: 0, Count: 1, Effect: sms.TakesTwo, Twin: "(", HasTwin: true},
		{Rune: '€', Offset: 2, Count: 1, Effect: sms.TakesTwo},
		{Rune: ']', Offset: 5, Count: 1, Effect: sms.TakesTwo, Twin: ")", HasTwin: true},
	}
	if err != nil || m.Units != 7 || m.Coding != sms.GSM7 || !slices.Equal(m.Guilty, want) {
		t.Fatalf("%+v %v", m, err)
	}
}

func TestMeterOfNothing(t *testing.T) {
	t.Parallel()
	if m, err := sms.Measure("", "en", sms.Options{}); err != nil || m.Segments != 0 || m.Units != 0 {
		t.Fatalf("%+v %v", m, err)
	}
}

func TestTransliterateIsSafe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, lang, text, want, left string }{
		{"plain stays", "en", "Tue 3 May, 10:30 @ £5 {x}", "Tue 3 May, 10:30 @ £5 {x}", ""},
		{"typography", "en", "“Don’t” – wait… now", "\"Don't\" - wait... now", ""},
		{"spaces and invisible signs", "fr", "10\u00a0h\u202f30\u200b\u200e ok\ufeff", "10 h 30 ok", ""},
		{"joiners behind plain text", "en", "a\u200db\u200c\u200dc", "abc", ""},
		{"Polish", "pl", "Zażółć gęślą jaźń ŁÓDŹ", "Zazolc gesla jazn LODZ", ""},
		{"Czech", "cs", "Příliš žluťoučký kůň", "Prilis zlutoucky kun", ""},
		{"German keeps what 7 bits have", "de", "Größe „Überweisung“", "Größe \"Überweisung\"", ""},
		{"capital sharp s", "de", "STRAẞE", "STRASSE", ""},
		{"Spanish", "es", "¿Cómo está, señor? ¡Sí!", "¿Como esta, señor? ¡Si!", ""},
		{"French", "fr", "Hôpital, ça va, cœur à 9 h", "Hopital, ca va, coeur à 9 h", ""},
		{"Hungarian", "hu-HU", "Őrült űrhajó", "Örült ürhajo", ""},
		{"Turkish", "tr", "ığdır İstanbul şiş", "igdir Istanbul sis", ""},
		{"Romanian", "ro", "știință țară", "stiinta tara", ""},
		{"Vietnamese", "vi", "Đặng Thị Nguyễn", "Dang Thi Nguyen", ""},
		{"separate marks are put together first", "pt", "cafe\u0301 Lo\u0301pez", "café Lopez", ""},
		{"full-width", "zh", "ＡＢＣ１２３", "ABC123", ""},
		{"Chinese stays and is named", "zh", "中文 – ok", "中文 - ok", "中文"},
		{"Arabic stays with its joiners", "ar", "می\u200cخواهم", "می\u200cخواهم", "می\u200cخواه"},
		{"Cyrillic stays", "ru", "Да, Łódź", "Да, Lodz", "Да"},
		{"emoji stay", "en", "ok 👍🏽", "ok 👍🏽", "👍🏽"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := sms.Transliterate(c.text, c.lang)
			if p.Text != c.want || string(p.Left) != c.left {
				t.Fatalf("%q, left %q; want %q, left %q", p.Text, string(p.Left), c.want, c.left)
			}
			if strings.Count(p.Text, "?") != strings.Count(c.text, "?") {
				t.Fatal("a question mark appeared")
			}
			if p.Complete() {
				if e := plan(t, p.Text, sms.Options{}); e.Coding != sms.GSM7 {
					t.Fatal("complete, yet not 7 bits")
				}
			}
			back, at := "", 0
			for _, ch := range p.Changes {
				if c.text[ch.Offset:ch.Offset+len(ch.From)] != ch.From {
					t.Fatalf("change %+v is not at its place", ch)
				}
				back += c.text[at:ch.Offset] + ch.To
				at = ch.Offset + len(ch.From)
			}
			if back+c.text[at:] != p.Text {
				t.Fatalf("the changes do not explain the text: %+v", p.Changes)
			}
		})
	}
}

func FuzzTransliterate(f *testing.F) {
	for _, s := range []string{"Zażółć", "e\u0301", "中文…", "\u200d\u200d", "\xff\xfe", "ẞ"} {
		f.Add(s, "pl")
	}
	f.Fuzz(func(t *testing.T, text, lang string) {
		p := sms.Transliterate(text, lang)
		if strings.Count(p.Text, "?") > strings.Count(text, "?")+strings.Count(text, "？")+strings.Count(text, "\u037e") {
			t.Fatalf("%q became %q", text, p.Text)
		}
		if p.Text == "" || !p.Complete() {
			return
		}
		if _, err := sms.Plan(p.Text, sms.Options{Policy: sms.OnlyGSM7}); err != nil {
			t.Fatalf("complete, yet %v", err)
		}
	})
}
