package reply_test

import (
	"testing"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/reply"
)

func TestABareYesOrNoIsReadInTheQuestionsLanguage(t *testing.T) {
	t.Parallel()
	words := setup(t).words
	for _, c := range []struct {
		text, locale string
		want         reply.Plain
	}{
		{"Yes!", "en", reply.PlainYes}, {"no thanks", "en-US", reply.PlainNo}, {"Tak.", "pl", reply.PlainYes}, {"nie", "pl", reply.PlainNo},
		{"SI", "es", reply.PlainYes}, {"Sí", "es-MX", reply.PlainYes}, {"Nein, danke", "de", reply.PlainNo}, {"oui", "fr", reply.PlainYes},
		{"是的", "zh", reply.PlainYes}, {"不是", "zh-Hant", reply.PlainNo}, {"نعم", "ar", reply.PlainYes}, {"لا", "ar", reply.PlainNo},

		{"no", "pl", reply.PlainElsewhere}, // colloquial for yes
		{"tak", "en", reply.PlainElsewhere},
		{"yes?", "en", reply.NotPlain},
		{"yes but call me", "en", reply.NotPlain},
		{"no 👍", "en", reply.NotPlain},
		{"nie przyjdę", "pl", reply.NotPlain},
		{"", "en", reply.NotPlain},
		{"yes", "", reply.PlainElsewhere},
	} {
		if got := words.Plain(phi.T(c.text), c.locale); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.text, c.locale, got, c.want)
		}
	}
}

func TestEveryLanguageHasBothPlainAnswers(t *testing.T) {
	t.Parallel()
	words := setup(t).words
	for lang, pair := range map[string][2]string{"en": {"yes", "no"}, "pl": {"tak", "nie"}, "de": {"ja", "nein"}, "es": {"sí", "no"}, "fr": {"oui", "non"},
		"zh": {"是", "否"}, "ar": {"نعم", "لا"}} {
		if words.Plain(phi.T(pair[0]), lang) != reply.PlainYes || words.Plain(phi.T(pair[1]), lang) != reply.PlainNo {
			t.Errorf("%s: %v", lang, pair)
		}
	}
	for _, lang := range words.Languages() {
		if words.Plain(phi.T("stop"), lang) != reply.NotPlain {
			t.Errorf("%s takes a reserved word for yes or no", lang)
		}
	}
}
