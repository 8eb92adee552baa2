package console

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/web/console/locales"
	"carillon.dev/carillon/internal/web/words"
)

// forms are the CLDR plural forms that a whole number takes in each language.
var forms = map[string][]string{"en": {"one", "other"}, "pl": {"few", "many", "one", "other"}}

var place = regexp.MustCompile(`{{\s*\.(\w+)\s*}}`)

func readCatalogue(t *testing.T, code string) map[string]any {
	t.Helper()
	b, err := fs.ReadFile(locales.Files(), code+".json")
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// places are the names that a text of any form has places for.
func places(v any) (out []string) {
	texts := map[string]any{"other": v}
	if m, ok := v.(map[string]any); ok {
		texts = m
	}
	for _, text := range texts {
		for _, m := range place.FindAllStringSubmatch(text.(string), -1) {
			if !slices.Contains(out, m[1]) && m[1] != "N" {
				out = append(out, m[1])
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestEveryLanguageHasEveryKeyWithItsPluralFormsAndPlaces(t *testing.T) {
	t.Parallel()
	en := readCatalogue(t, "en")
	for _, l := range words.Languages() {
		m := readCatalogue(t, l.Code)
		for key, v := range en {
			other, ok := m[key]
			if !ok {
				t.Errorf("%s lacks %s", l.Code, key)
				continue
			}
			if !slices.Equal(places(v), places(other)) {
				t.Errorf("%s: %s has places %v, English has %v", l.Code, key, places(other), places(v))
			}
			_, plural := v.(map[string]any)
			got, gotPlural := other.(map[string]any)
			if plural != gotPlural {
				t.Errorf("%s: %s is plural in one language only", l.Code, key)
			}
			if gotPlural {
				var names []string
				for f := range got {
					names = append(names, f)
				}
				slices.Sort(names)
				if !slices.Equal(names, forms[l.Code]) {
					t.Errorf("%s: %s has forms %v, want %v", l.Code, key, names, forms[l.Code])
				}
			} else if strings.TrimSpace(other.(string)) == "" {
				t.Errorf("%s: %s is empty", l.Code, key)
			}
		}
		for key := range m {
			if _, ok := en[key]; !ok {
				t.Errorf("%s has %s, which English lacks", l.Code, key)
			}
		}
	}
}

// literal finds keys that the code names whole.
var literal = regexp.MustCompile(`(?:W|w)\.(?:T|N)\(\s*"([a-z0-9_.\-]+)"\s*[,)]`)

// prefix finds keys that the code completes with a value of a closed list, a path or a name.
var prefix = regexp.MustCompile(`"((?:[a-z_]+\.)+)"\s*(?:\+|,)`)

func TestEveryKeyThatTheCodeNamesExistsAndEveryKeyIsUsed(t *testing.T) {
	t.Parallel()
	en := readCatalogue(t, "en")
	used := map[string]bool{}
	var prefixes []string
	var all strings.Builder
	files, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	shared, err := filepath.Glob("../words/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, shared...)
	for _, f := range files {
		if !strings.HasSuffix(f, ".templ") && (!strings.HasSuffix(f, ".go") || strings.HasSuffix(f, "_templ.go") || strings.HasSuffix(f, "_test.go")) {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
		for _, m := range literal.FindAllStringSubmatch(string(b), -1) {
			if _, ok := en[m[1]]; !ok {
				t.Errorf("%s names %s, which the catalogue lacks", f, m[1])
			}
			used[m[1]] = true
		}
		for _, m := range prefix.FindAllStringSubmatch(string(b), -1) {
			prefixes = append(prefixes, m[1])
		}
	}
	for key := range en {
		whole := strings.Contains(all.String(), `"`+key+`"`)
		stem, _, _ := cutLast(key)
		byPrefix := slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
		byStem := strings.Contains(all.String(), `"`+stem+`"`) // completed with ".title" and the like
		if !used[key] && !whole && !byPrefix && !byStem {
			t.Errorf("nothing uses %s", key)
		}
	}
}

func cutLast(key string) (before, after string, found bool) {
	i := strings.LastIndex(key, ".")
	if i < 0 {
		return key, "", false
	}
	return key[:i], key[i+1:], true
}
