package content_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/sms"
)

func reservedInUS(word string, _ content.Locale) bool {
	return slices.Contains([]string{"stop", "cancel", "end", "quit", "help", "start", "td", "取消"}, strings.ToLower(word))
}

func lint(l content.Locale, body string, o content.LintOptions) []content.Finding {
	o.Allowed = content.AppointmentVars()
	return content.Lint(content.Variants{l: body}, o)
}

func TestLintFinds(t *testing.T) {
	t.Parallel()
	us := content.LintOptions{Reserved: reservedInUS}
	inTalk := content.LintOptions{NoSender: true}
	for _, c := range []struct {
		name     string
		locale   content.Locale
		body     string
		o        content.LintOptions
		code     content.Code
		severity content.Severity
		text     string
	}{
		{"a mistyped variable", "en", "{{ clinic.name }} {{ visit.tme }}", us, content.UnknownVariable, content.Block, "visit.tme"},
		{"half a brace", "en", "{{ clinic.name }} {{ visit.time }", us, content.StrayBrace, content.Block, ""},
		{"single braces", "en", "{{ clinic.name }} {visit.time}", us, content.StrayBrace, content.Block, "{"},
		{"a loop", "en", "{{ clinic.name }}{% for a in b %}{% endfor %}", us, content.BadSyntax, content.Block, "for"},
		{"no sender", "en", "See you {{ visit.day }}", us, content.SenderUnknown, content.Block, ""},
		{"reply to one that cannot receive", "en", "{{ clinic.name }}: please reply", content.LintOptions{OneWay: true}, content.ReplyOneWay, content.Block, ""},
		{"the same by the reply map alone", "zh", "{{ clinic.name }} {{ reply.confirm }}", content.LintOptions{OneWay: true}, content.ReplyOneWay, content.Block, ""},
		{"the same in Polish", "pl", "{{ clinic.name }}: Odpisz TAK", content.LintOptions{OneWay: true}, content.ReplyOneWay, content.Block, ""},
		{"the same in German", "de", "{{ clinic.name }}: bitte antworten", content.LintOptions{OneWay: true}, content.ReplyOneWay, content.Block, ""},
		{"the same in French", "fr", "{{ clinic.name }}: répondez OUI", content.LintOptions{OneWay: true}, content.ReplyOneWay, content.Block, ""},
		{"the same in Spanish", "es", "{{ clinic.name }}: responda SI", content.LintOptions{OneWay: true}, content.ReplyOneWay, content.Block, ""},
		{"the same in Arabic", "ar", "{{ clinic.name }}: أرسل نعم", content.LintOptions{OneWay: true}, content.ReplyOneWay, content.Block, ""},
		{"the same in Chinese", "zh", "{{ clinic.name }}：请回复是", content.LintOptions{OneWay: true}, content.ReplyOneWay, content.Block, ""},
		{"a reserved word in capitals", "en", "{{ clinic.name }}: reply YES to confirm or CANCEL to cancel", us, content.ReservedWord, content.Block, "CANCEL"},
		{"a reserved word at once", "en", "{{ clinic.name }}: reply cancel if you cannot come", us, content.ReservedWord, content.Block, "cancel"},
		{"a reserved word in quotation marks", "en", "{{ clinic.name }}: to cancel reply with \"stop\"", us, content.ReservedWord, content.Block, "stop"},
		{"a reserved word in a Polish text", "pl", "{{ clinic.name }}: odpisz STOP, aby odwołać wizytę", us, content.ReservedWord, content.Block, "STOP"},
		{"a reserved word in a Chinese text", "zh", "{{ clinic.name }}：回复取消预约", us, content.ReservedWord, content.Block, "取消预约"},
		{"plain http", "en", "{{ clinic.name }} http://clinic.example/x", us, content.UnsafeLink, content.Block, "http://clinic.example/x"},
		{"no scheme", "en", "{{ clinic.name }} www.clinic.example.", us, content.UnsafeLink, content.Block, "www.clinic.example"},
		{"a bare host with a path", "en", "{{ clinic.name }} clinic.com/x", us, content.UnsafeLink, content.Block, "clinic.com/x"},
		{"a public shortener", "en", "{{ clinic.name }} https://bit.ly/3xY", us, content.UnsafeLink, content.Block, "https://bit.ly/3xY"},
		{"a numeric host", "en", "{{ clinic.name }} https://192.0.2.1/x", us, content.UnsafeLink, content.Block, "https://192.0.2.1/x"},
		{"a name before the host", "en", "{{ clinic.name }} https://clinic.org@evil.example/", us, content.UnsafeLink, content.Block, "https://clinic.org@evil.example/"},
		{"a look-alike host", "en", "{{ clinic.name }} https://сlinic.org/", us, content.UnsafeLink, content.Block, "https://сlinic.org/"},
		{"another scheme", "en", "{{ clinic.name }} javascript://x", us, content.UnsafeLink, content.Block, "javascript://x"},
		{"a curly quotation mark", "en", "{{ clinic.name }}: don’t forget", us, content.CostlyCharacter, content.Warn, "’"},
		{"a no-break space", "fr", "{{ clinic.name }}\u00a0: RDV", us, content.CostlyCharacter, content.Warn, "\u00a0"},
		{"a bidirectional control", "en", "{{ clinic.name }}\u202e", us, content.HiddenCharacter, content.Block, "\u202e"},
		{"a zero-width space", "en", "{{ clinic.name }}\u200b", us, content.HiddenCharacter, content.Block, "\u200b"},
		{"a tab", "en", "{{ clinic.name }}\t", us, content.HiddenCharacter, content.Block, "\t"},
		{"too long", "en", "{{ clinic.name }} " + strings.Repeat("long ", 100), us, content.TooLong, content.Block, ""},
		{"a language without dates", "xh", "{{ clinic.name }} {{ visit.day }}", us, content.NoCalendar, content.Block, ""},
		{"a broken text in a talk", "en", "{{ nobody }}", inTalk, content.UnknownVariable, content.Block, "nobody"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := lint(c.locale, c.body, c.o)
			i := slices.IndexFunc(found, func(f content.Finding) bool { return f.Code == c.code })
			if i < 0 {
				t.Fatalf("found %+v", found)
			}
			f := found[i]
			if f.Severity != c.severity || f.Text != c.text || f.Locale != c.locale {
				t.Fatalf("%+v", f)
			}
			if f.Length > 0 && c.body[f.Offset:f.Offset+f.Length] != c.text {
				t.Fatalf("not at its place: %+v", f)
			}
			if content.Blocks(found) != (c.severity == content.Block) {
				t.Fatalf("blocks: %v", content.Blocks(found))
			}
		})
	}
}

func TestLintLetsGoodTextsThrough(t *testing.T) {
	t.Parallel()
	us := content.LintOptions{Reserved: reservedInUS}
	for _, c := range []struct {
		name   string
		locale content.Locale
		body   string
		o      content.LintOptions
	}{
		{"codes from the reply map", "en", "{{ clinic.name }}: reply {{ reply.confirm }} to confirm, {{ reply.cancel }} to cancel", us},
		{"the opt-out line", "en", "{{ clinic.name }}: reply STOP to opt out", us},
		{"the opt-out line by variable", "pl", "{{ clinic.name }}: odpisz {{ optout.word }}", us},
		{"the opt-out line in Chinese", "zh", "{{ clinic.name }}：回复TD退订", us},
		{"cancel in another sentence", "en", "{{ clinic.name }}: reply {{ reply.confirm }}. CANCEL by phone", us},
		{"https", "en", "{{ clinic.name }}: https://www.clinic.example/visit?x=1.", us},
		{"https with a variable", "en", "{{ clinic.name }}: https://clinic.example/{{ reply.confirm }}", us},
		{"a time and an abbreviation are no links", "en", "{{ clinic.name }}: 10.30 a.m. St.Mary", us},
		{"Polish letters", "pl", "{{ clinic.name }}: środa", us},
		{"Chinese punctuation", "zh", "【{{ clinic.name }}】您好，谢谢。", us},
		{"marks that Arabic needs", "ar", "{{ clinic.name }} \u200f(2)", us},
		{"an answer in a talk", "en", "Thank you, see you then.", content.LintOptions{NoSender: true}},
		{"a reply noun on a one-way sender", "de", "{{ clinic.name }}: Ihre Antwort kam an", content.LintOptions{OneWay: true}},
	} {
		if found := lint(c.locale, c.body, c.o); len(found) > 0 {
			t.Errorf("%s: %+v", c.name, found)
		}
	}
}

func TestLintShowsTheTwinAndWhatItSaves(t *testing.T) {
	t.Parallel()
	found := lint("en", "{{ clinic.name }}: don’t forget your appointment, {{ visit.day }}, {{ visit.time }}", content.LintOptions{})
	if len(found) != 1 || found[0].Twin != "'" || found[0].Segments != 2 || found[0].Plain != 1 {
		t.Fatalf("%+v", found)
	}
}

func TestLintOffersPlainLettersOnlyWhereTheySaveASegment(t *testing.T) {
	t.Parallel()
	long := "{{ clinic.name }}: zażółć gęślą jaźń, " + strings.Repeat("bardzo ", 6)
	if found := lint("pl", long, content.LintOptions{}); len(found) == 0 || found[0].Code != content.CostlyCharacter {
		t.Fatalf("%+v", found)
	}
	turkish := content.LintOptions{SMS: sms.Options{National: []sms.Lang{sms.Turkish}}}
	if found := lint("tr", "{{ clinic.name }}: "+strings.Repeat("randevunuz şimdi ", 5), turkish); len(found) != 0 {
		t.Fatalf("%+v", found)
	}
}

func TestLintNamesMissingLanguages(t *testing.T) {
	t.Parallel()
	v := content.Variants{"en": "{{ clinic.name }}"}
	found := content.Lint(v, content.LintOptions{Allowed: content.AppointmentVars(), Wanted: []content.Locale{"en-GB", "pl"}})
	if len(found) != 1 || found[0].Code != content.MissingVariant || found[0].Locale != "pl" || found[0].Severity != content.Warn {
		t.Fatalf("%+v", found)
	}
}

func FuzzLint(f *testing.F) {
	for _, s := range []string{"{{ clinic.name }} reply CANCEL", "回复", "https://", "İ reply STOP", "{ ’", "{{", "answer yes \"stop\""} {
		f.Add(s, "en")
	}
	f.Fuzz(func(t *testing.T, body, locale string) {
		for _, x := range lint(content.Locale(locale), body, content.LintOptions{Reserved: reservedInUS, OneWay: true}) {
			if x.Offset < 0 || x.Length < 0 || x.Offset+x.Length > len(body) {
				t.Fatalf("%+v lies outside", x)
			}
		}
	})
}

func TestADotInAVariableEndsNoSentence(t *testing.T) {
	t.Parallel()
	o := content.LintOptions{Reserved: reservedInUS}
	for body, reserved := range map[string]bool{
		"{{ clinic.name }}: reply {{ optout.word | default: \"STOP\" }} to opt out":             false,
		"{{ clinic.name }}: for {{ visit.time }} reply with your name or STOP":                  true,
		"{{ clinic.name }}: reply {{ reply.confirm }} to confirm, {{ reply.cancel }} or CANCEL": true,
		"{{ clinic.name }}: reply {{ reply.cancel }} cancel, {{ reply.confirm }} to confirm":    false,
	} {
		found := slices.ContainsFunc(lint("en", body, o), func(f content.Finding) bool { return f.Code == content.ReservedWord })
		if found != reserved {
			t.Errorf("%s: reserved %v", body, found)
		}
	}
}

func TestComparedTextsAreWholeFromEitherSide(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"{{ clinic.name }}: see you on {{ visit.day }}", "{{ clinic.name }}: we see you {{ visit.on_day }} at {{ visit.time }}"},
		{"", "a b"}, {"a\nb\nc\n", "a\nc\nd"}, {"{{{ x }} }", "}}{{ %}"}, {"您好 {{ a.b }}谢谢", "您好{{ a.b }}"},
	} {
		for _, parts := range [][]content.Part{content.CompareWords(c[0], c[1]), content.CompareLines(c[0], c[1])} {
			var from, to strings.Builder
			for _, p := range parts {
				if p.Op != content.Added {
					from.WriteString(p.Text)
				}
				if p.Op != content.Removed {
					to.WriteString(p.Text)
				}
			}
			if from.String() != c[0] || to.String() != c[1] {
				t.Errorf("%q to %q gives %+v", c[0], c[1], parts)
			}
		}
	}
	if got := content.CompareWords("see you on Monday", "see you on Friday"); len(got) != 3 || got[0].Text != "see you on " || got[1] != (content.Part{Op: content.Removed, Text: "Monday"}) {
		t.Errorf("got %+v", got)
	}
}

func TestOwnVariantsStandBeforeThoseThatShip(t *testing.T) {
	t.Parallel()
	shipped := content.Variants{"en": "e", "en-US": "u", "pl": "p", "zh": "z"}
	for name, c := range map[string]struct {
		own  content.Variants
		want content.Variants
	}{
		"none":                               {nil, shipped},
		"one language hides its countries":   {content.Variants{"en": "own"}, content.Variants{"en": "own", "pl": "p", "zh": "z"}},
		"one country hides the language":     {content.Variants{"en-US": "own"}, content.Variants{"en-US": "own", "pl": "p", "zh": "z"}},
		"another script is another reader's": {content.Variants{"zh-Hant": "own"}, content.Variants{"en": "e", "en-US": "u", "pl": "p", "zh": "z", "zh-Hant": "own"}},
	} {
		if got := c.own.Over(shipped); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if len(shipped) != 4 {
		t.Error("the texts that ship were changed")
	}
}
