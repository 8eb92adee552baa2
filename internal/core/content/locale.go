package content

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"carillon.dev/carillon/internal/base/errs"
)

// Locale is a BCP 47 tag in canonical form, such as "pl", "en-GB" or "zh-Hant".
type Locale string

// ParseLocale reads a tag as people and other systems write it (pl_PL, EN-gb).
func ParseLocale(s string) (Locale, error) {
	tag, err := language.Parse(strings.TrimSpace(s))
	if err != nil || tag == language.Und {
		return "", errs.New(errs.Invalid, "this is not a language tag; write for example pl, en-GB or zh-Hant").At("locale")
	}
	return Locale(tag.String()), nil
}

// Base is the language alone: "zh" of "zh-Hant-TW".
func (l Locale) Base() string {
	base, _, _ := strings.Cut(string(l), "-")
	return base
}

// In adds a country to a locale that names none, so that an English text in a British clinic has British
// dates.
func (l Locale) In(region string) Locale {
	tag, err := language.Parse(string(l))
	if err != nil {
		return l
	}
	r, err := language.ParseRegion(region)
	if _, c := tag.Region(); err != nil || c == language.Exact {
		return l
	}
	base, script, _ := tag.Raw()
	joined, err := language.Compose(base, script, r)
	if err != nil {
		return l
	}
	writes, _ := tag.Script()
	if there, _ := joined.Script(); there != writes { // Chinese in Britain is mostly zh-Hant, but this reader said zh
		if joined, err = language.Compose(base, writes, r); err != nil {
			return l
		}
	}
	return Locale(joined.String())
}

// Wanted makes the fallback chain for Choose out of language tags in order of preference; empty and broken ones
// are left out. region is the location's country: "en" in the United States means en-US, whose texts carry
// what carriers there ask for.
func Wanted(region string, tags ...string) []Locale {
	chain := make([]Locale, 0, len(tags))
	for _, t := range tags {
		if l, err := ParseLocale(t); err == nil {
			chain = append(chain, l.In(region))
		}
	}
	return chain
}

// rightToLeft reports a script that is written from the right.
func (l Locale) rightToLeft() bool {
	switch l.Base() {
	case "ar", "he", "fa", "ur", "ps", "yi", "dv", "ckb", "sd", "ug":
		return true
	}
	return false
}

// Choice is the variant that fits a reader.
type Choice struct {
	Variant Locale // key of the variant
	Format  Locale // the wanted locale that found it, for Values.Locale
}

// Variants is one text in several languages: Liquid by locale.
type Variants map[Locale]string

// Choose picks the first wanted locale that has a variant: patient's language, location's, organization's.
// Each is tried exactly, then by its parents (pl-PL, pl; zh-Hant-TW, zh-Hant, but not zh), then as a
// variant of the same language and script. ok is false when none fits: then no text can be sent.
func (v Variants) Choose(wanted ...Locale) (Choice, bool) {
	for _, w := range wanted {
		if _, ok := v[w]; ok {
			return Choice{w, w}, true
		}
		if found, ok := v.near(w); ok {
			return Choice{found, w}, true
		}
	}
	return Choice{}, false
}

func (v Variants) near(wanted Locale) (Locale, bool) {
	tag, err := language.Parse(string(wanted))
	if err != nil || tag == language.Und {
		return "", false
	}
	for t := tag; t != language.Und; t = t.Parent() {
		if _, ok := v[Locale(t.String())]; ok {
			return Locale(t.String()), true
		}
	}
	for _, have := range v.Locales() {
		if other, err := language.Parse(string(have)); err == nil && sameWriting(tag, other) {
			return have, true
		}
	}
	return "", false
}

// sameWriting compares language and script: a reader of zh-Hant is not served with zh.
func sameWriting(a, b language.Tag) bool {
	aBase, _ := a.Base()
	bBase, _ := b.Base()
	aScript, _ := a.Script()
	bScript, _ := b.Script()
	return aBase == bBase && aScript == bScript
}

// Over puts an organization's own variants before those that ship: a language that it wrote itself, in whatever
// country's form, is served by its own words alone, any other by the words that ship.
func (v Variants) Over(shipped Variants) Variants {
	out := maps.Clone(shipped)
	if out == nil {
		out = Variants{}
	}
	for own := range v {
		tag, err := language.Parse(string(own))
		for l := range out {
			if other, oerr := language.Parse(string(l)); err == nil && oerr == nil && sameWriting(tag, other) {
				delete(out, l)
			}
		}
	}
	maps.Copy(out, v)
	return out
}

// Locales are the languages there are, sorted.
func (v Variants) Locales() []Locale {
	all := make([]Locale, 0, len(v))
	for l := range v {
		all = append(all, l)
	}
	slices.Sort(all)
	return all
}
