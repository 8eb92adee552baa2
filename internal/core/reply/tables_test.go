package reply_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"

	"carillon.dev/carillon/internal/core/reply"
)

// TestEveryPhraseMeansWhatItsListSays keeps the tables free of contradictions: each phrase, alone, from
// somebody of that language, in a country without own words, is read as the list it stands in.
func TestEveryPhraseMeansWhatItsListSays(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for _, lang := range r.words.Languages() {
		b, err := os.ReadFile(filepath.Join("words", lang+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var lists map[string]any
		if err := yaml.Unmarshal(b, &lists); err != nil {
			t.Fatal(err)
		}
		for _, intent := range []reply.Intent{reply.Confirm, reply.Cancel, reply.Reschedule, reply.Question, reply.Thanks} {
			for _, p := range lists[string(intent)].([]any) {
				got := r.read(p.(string), "ZZ", lang, visit)
				if got.Intent != intent || got.OptOut != reply.No || !got.Acts() {
					t.Errorf("%s %s %q: %s %s by %s", lang, intent, p, got.Intent, got.OptOut, got.Evidence)
				}
			}
		}
		for word, digit := range lists["numbers"].(map[string]any) {
			if got := r.read(word, "ZZ", lang, visit); digit.(string) <= "4" && got.Evidence != reply.ByCode {
				t.Errorf("%s number %q: %s by %s", lang, word, got.Intent, got.Evidence)
			}
		}
	}
}

func TestBrokenTablesAreRefused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"another language":          "language: yy\n",
		"an unknown list":           "language: xx\nmaybe: [x]\n",
		"a phrase without letters":  "language: xx\nconfirm: ['!']\n",
		"a pattern with only a gap": "language: xx\nurgent: ['...']\n",
		"an optional beginning":     "language: xx\nurgent: ['a? b']\n",
		"yes and no at once":        "language: xx\nplain_yes: [ja]\nplain_no: [ja]\n",
		"an empty alternative":      "language: xx\nurgent: ['a|']\n",
	} {
		if _, err := reply.ParseWords(fstest.MapFS{"xx.yaml": {Data: []byte(body)}}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
