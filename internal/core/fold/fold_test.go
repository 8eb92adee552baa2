package fold_test

import (
	"slices"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/core/fold"
)

func TestWritingsOfOneWordFoldTogether(t *testing.T) {
	t.Parallel()
	for want, forms := range map[string][]string{
		"stop": {"STOP", "stop.", "Stop!", " stop \n", "ＳＴＯＰ", "ЅТОР", "SТОP", "st\u200bop", "sto\u00adp", "s\u2060top",
			"STOP\u00a0", "STOP🛑", "STOP 🙏🏽", "“stop”", "stooop", "S T O P", "s.t.o.p", "\ufeffSTOP", "ŠTÓP", "S\u202eTOP", "*STOP*", "𝐒𝐓𝐎𝐏", "ⓈⓉⓄⓅ"},
		"arret":   {"ARRÊT", "arrêt", "ARRET", "Arre\u0302t"},
		"opt out": {"opt-out", "OPT OUT", "opt_out"},
		"dont":    {"don't", "don’t", "DON`T"},
		"bede":    {"będę", "BĘDĘ", "bede"},
		"lodz":    {"Łódź"},
		"strasse": {"Straße"},
		"退订":      {"退订", "退訂", "退 订", "退订。"},
		"توقف":    {"تَوَقَّف", "تـــوقف", "توقف!"},
		"ايقاف":   {"إيقاف", "ايقاف", "أيقاف"},
		"1":       {"1", "1.", "1)", "(1)", "①", "１", "١", "۱", "1️⃣", "❶", "➀", "#1", "१"},
		"11":      {"11", "١١"},
		"стоп":    {"стоп", "СТОП"},
	} {
		for _, f := range forms {
			if got := fold.Key(f); got != want {
				t.Errorf("%q folds to %q, want %q", f, got, want)
			}
		}
	}
}

func TestSentencesQuestionsAndPictures(t *testing.T) {
	t.Parallel()
	got := fold.Of("Stop. Thank you, is it 2 pm？ 👍🏻")
	if !got.Question || !slices.Equal(got.Emoji, []rune{'👍'}) {
		t.Errorf("question %v emoji %q", got.Question, string(got.Emoji))
	}
	var s []string
	for _, x := range got.Sentences() {
		s = append(s, fold.Join(x))
	}
	if want := []string{"stop", "thank you", "is it 2 pm"}; !slices.Equal(s, want) {
		t.Errorf("sentences %q", s)
	}
	if got := fold.Of("OK 我会来 thanks"); !slices.Equal(got.Words, []string{"ok", "我会来", "thanks"}) {
		t.Errorf("Han runs stand apart: %q", got.Words)
	}
}

func TestLongTextIsCut(t *testing.T) {
	t.Parallel()
	if got := fold.Of(strings.Repeat("ab ", 10_000)); len(got.Words) > fold.MaxRunes {
		t.Errorf("%d words", len(got.Words))
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"STOP", "ЅТОР", "ﷺ", "1️⃣", "\xff\xfe", "ǆ", "ß", "İ", "0\xf4й", strings.Repeat("\x9a", 2000) + "0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := fold.Key(s)
		noisy := strings.Join(strings.Split(s, ""), "\u200b")
		if fold.Key(noisy) != key {
			t.Fatalf("invisible noise changes %.50q: %.50q, %.50q", s, key, fold.Key(noisy))
		}
	})
}

func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		fold.Of("Tak, będę na pewno, dziękuję bardzo 👍")
	}
}
