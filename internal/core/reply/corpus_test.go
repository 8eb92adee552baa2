package reply_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/core/reply"
)

// line is one reply and how its writer meant it.
type line struct {
	at, country string
	intent      reply.Intent
	grade       reply.Grade
	text        string
}

func corpus(t *testing.T, file string) []line {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []line
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		if strings.HasPrefix(in.Text(), "#") {
			continue
		}
		c := strings.Split(in.Text(), "\t")
		if len(c) != 4 {
			t.Fatalf("%s:%d has %d columns", file, n, len(c))
		}
		out = append(out, line{fmt.Sprintf("%s:%d", filepath.Base(file), n), c[0], reply.Intent(c[1]), reply.Grade(c[2]), c[3]})
	}
	return out
}

// minLines a language's corpus must have, and the share of free text that must be read as meant.
const (
	minLines = 60
	minRight = 0.95
)

// TestCorpus reads each language's replies. Reserved words, codes and harmless texts must be exact: no
// harmless text may be a sure opt-out, and confirm and cancel are never exchanged. The rest has a bar.
func TestCorpus(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for _, lang := range r.words.Languages() {
		lines := corpus(t, filepath.Join("testdata", lang+".tsv"))
		if len(lines) < minLines {
			t.Errorf("%s has only %d lines", lang, len(lines))
		}
		right := 0
		for _, l := range lines {
			open := []reply.OpenQuestion{visit}
			got := r.read(l.text, l.country, lang, open...)
			if checkLine(t, l, got) {
				right++
			}
		}
		share := float64(right) / float64(len(lines))
		t.Logf("%s: %3d of %3d as meant (%.1f %%)", lang, right, len(lines), 100*share)
		if share < minRight {
			t.Errorf("%s: %.1f %% is under the bar", lang, 100*share)
		}
	}
}

func checkLine(t *testing.T, l line, got reply.Result) bool {
	t.Helper()
	ok := got.Intent == l.intent && got.OptOut == l.grade
	wrong := func(why string) {
		t.Errorf("%s %q: %s: %s %s by %s", l.at, l.text, why, got.Intent, got.OptOut, got.Evidence)
	}
	switch {
	case l.grade != reply.Sure && got.OptOut == reply.Sure:
		wrong("a false sure opt-out")
	case l.grade != reply.No && got.OptOut == reply.No:
		wrong("a missed opt-out")
	case l.intent == reply.Urgent && got.Intent != reply.Urgent:
		wrong("a missed emergency")
	case got.Acts() && got.Intent != l.intent && l.grade == reply.No && got.Intent != reply.Question:
		wrong("acts on another meaning")
	case !ok && (l.intent == reply.Help || l.intent == reply.Start || got.Evidence == reply.ByCode):
		wrong("a reserved word or code misread")
	case !ok:
		t.Logf("%s %q: meant %s %s, read %s %s by %s", l.at, l.text, l.intent, l.grade, got.Intent, got.OptOut, got.Evidence)
	}
	return ok
}
