package seal_test

import (
	"bytes"
	"slices"
	"testing"

	"carillon.dev/carillon/internal/base/seal"
)

func TestIndexesKeepKindsAndOrganizationsApart(t *testing.T) {
	t.Parallel()
	r := ring(t)
	_, a, _ := organization(t, r)
	_, b, _ := organization(t, r)
	const v = "48601000001"
	all := [][]byte{
		a.Index().Number(v), b.Index().Number(v), a.Index().Identifier("mrn", v), a.Index().Identifier("other", v), a.Index().Identifier("", "mrn"+v),
		a.Index().Email(v), a.Index().BirthDate(v), a.Index().Opaque("number", v), a.Index().Opaque("digest", v),
	}
	for i := range all {
		if len(all[i]) != seal.IndexSize {
			t.Errorf("%d has %d bytes", i, len(all[i]))
		}
		for j := range i {
			if bytes.Equal(all[i], all[j]) {
				t.Errorf("%d and %d are equal", j, i)
			}
		}
	}
	if !bytes.Equal(a.Index().Identifier("mrn", " ab1 "), a.Index().Identifier("mrn", "AB1")) || !bytes.Equal(a.Index().Email("A@b.example"), a.Index().Email("a@B.example")) {
		t.Error("case or spaces matter")
	}
}

func TestNamesAreFoundByWordsAndBeginnings(t *testing.T) {
	t.Parallel()
	_, keys, _ := organization(t, ring(t))
	for name, c := range map[string]struct {
		stored, typed string
		found         bool
	}{
		"the whole word":              {"Zofia Łukasiewicz", "Łukasiewicz", true},
		"in other letters":            {"Zofia Łukasiewicz", "LUKASIEWICZ", true},
		"three letters":               {"Zofia Łukasiewicz", "łuk", true},
		"four letters":                {"Zofia Łukasiewicz", "Luka", true},
		"five letters are a word":     {"Zofia Łukasiewicz", "lukas", false},
		"a short name":                {"Li Wei", "li", true},
		"half of a double name":       {"Nowak-Kowalska", "kowalska", true},
		"with an apostrophe":          {"O'Brien", "obrien", true},
		"full-width letters":          {"Ａｎｎａ", "anna", true},
		"composed and decomposed":     {"Jose\u0301", "José", true},
		"a script without case":       {"王小明", "王小明", true},
		"Cyrillic":                    {"Żaneta Ольга", "ОЛЬГА", true},
		"a letter of another word":    {"Zofia", "ofia", false},
		"only marks":                  {"Zofia", "--", false},
		"sharp s":                     {"Weiß", "WEISS", true},
		"three letters of four":       {"Anna", "ann", true},
		"a four-letter word is exact": {"Annabel", "anna", true},
	} {
		tokens := keys.Index().NameTokens(c.stored)
		q := keys.Index().NameQuery(c.typed)
		got := q != nil && slices.ContainsFunc(tokens, func(b []byte) bool { return bytes.Equal(b, q) })
		if got != c.found {
			t.Errorf("%s: found %v", name, got)
		}
	}
}
