package reply_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"carillon.dev/carillon/internal/core/reply"
)

func FuzzInterpret(f *testing.F) {
	r := setup(f)
	for _, s := range []string{"STOP", "yes please", "1️⃣", "لا ترسلوا", "别再发短信", "stop by at 5?", "\xff", "T", "nr 1", "chest pain"} {
		f.Add(s, "US", "en")
	}
	f.Fuzz(func(t *testing.T, text, country, lang string) {
		plain := r.read(text, country, lang, visit)
		noisy := r.read("\u200b"+strings.Join(strings.Split(text, ""), "\u200b\u2060")+"\ufeff", country, lang, visit)
		if plain != noisy {
			t.Fatalf("invisible noise changes the reading: %+v, %+v", plain, noisy)
		}
		if (plain.Intent == reply.OptOut) && plain.OptOut == reply.No {
			t.Fatalf("an opt-out without a grade: %+v", plain)
		}
		reply.Match(plain, []reply.OpenQuestion{visit}, nil)
	})
}

func BenchmarkInterpret(b *testing.B) {
	r := setup(b)
	for name, c := range map[string]struct{ text, lang string }{
		"keyword": {"STOP", "en"},
		"word":    {"Tak, będę na pewno, dziękuję bardzo", "pl"},
		"typo":    {"potwierdzma wizytę", "pl"},
		"long":    {strings.Repeat("I am not sure whether I can come on Friday because my son has school and I will call you later about it. ", 4), "en"},
		"chinese": {"医生您好，我那天要出差，不知道能不能安排到下周三下午，谢谢", "zh"},
		"arabic":  {"السلام عليكم دكتور أنا مسافر يوم الأحد ولا أعرف متى أرجع من السفر", "ar"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r.read(c.text, "US", c.lang, visit)
			}
		})
	}
}

func FuzzParseWords(f *testing.F) {
	f.Add([]byte("language: xx\nconfirm: [ja]\nurgent: [\"a|b* c? ... *d\"]\nnumbers: {ein: \"1\"}\n"))
	f.Add([]byte("language: xx\nopt_out_sure: [\"... a\"]\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := reply.ParseWords(fstest.MapFS{"xx.yaml": {Data: b}})
		if err != nil {
			return
		}
		r := setup(t)
		r.words = w
		r.read("ja a b c d", "US", "xx", visit)
	})
}
