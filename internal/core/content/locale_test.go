package content_test

import (
	"testing"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/content"
)

func TestChooseFollowsTheFallbackChain(t *testing.T) {
	t.Parallel()
	have := content.Variants{"en": "", "en-US": "", "pl": "", "zh": "", "pt-BR": ""}
	for _, c := range []struct {
		name            string
		wanted          []content.Locale
		variant, format content.Locale
	}{
		{"exact", []content.Locale{"en-US"}, "en-US", "en-US"},
		{"parent", []content.Locale{"pl-PL", "en"}, "pl", "pl-PL"},
		{"British English has the English text and British dates", []content.Locale{"en-GB"}, "en", "en-GB"},
		{"Simplified Chinese", []content.Locale{"zh-Hans-CN"}, "zh", "zh-Hans-CN"},
		{"Traditional Chinese is not served with Simplified", []content.Locale{"zh-TW", "en"}, "en", "en"},
		{"another country's variant of the language", []content.Locale{"pt-PT", "en"}, "pt-BR", "pt-PT"},
		{"location's language after the patient's", []content.Locale{"uk", "pl", "en"}, "pl", "pl"},
		{"nonsense is skipped", []content.Locale{"", "!!", "en"}, "en", "en"},
		{"nothing fits", []content.Locale{"uk"}, "", ""},
	} {
		got, ok := have.Choose(c.wanted...)
		if got.Variant != c.variant || got.Format != c.format || ok != (c.variant != "") {
			t.Errorf("%s: %+v %v", c.name, got, ok)
		}
	}
}

func TestWantedKnowsTheCountry(t *testing.T) {
	t.Parallel()
	have := content.Variants{"en": "", "en-US": "", "pl": ""}
	for _, c := range []struct {
		region  string
		tags    []string
		variant content.Locale
		format  content.Locale
	}{
		{"US", []string{"en"}, "en-US", "en-US"},
		{"GB", []string{"", "en"}, "en", "en-GB"},
		{"PL", []string{"polski", "pl_PL", "en"}, "pl", "pl-PL"},
		{"US", []string{"pl"}, "pl", "pl-US"},
	} {
		got, ok := have.Choose(content.Wanted(c.region, c.tags...)...)
		if !ok || got.Variant != c.variant || got.Format != c.format {
			t.Errorf("%v in %s: %+v", c.tags, c.region, got)
		}
	}
}

func TestParseLocale(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]content.Locale{"pl_PL": "pl-PL", "EN-gb": "en-GB", " zh-hant ": "zh-Hant", "de": "de", "iw": "he"} {
		if got, err := content.ParseLocale(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, bad := range []string{"", "polski", "und", "12", "x"} {
		if got, err := content.ParseLocale(bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
	}
}

func TestLocaleInARegion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		l      content.Locale
		region string
		want   content.Locale
	}{{"en", "GB", "en-GB"}, {"en-US", "GB", "en-US"}, {"zh-Hant", "TW", "zh-Hant-TW"}, {"pl", "", "pl"}, {"pl", "??", "pl"}, {"", "GB", ""}} {
		if got := c.l.In(c.region); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.l, c.region, got, c.want)
		}
	}
}

func BenchmarkChooseByParent(b *testing.B) {
	have := content.Variants{"en": "", "pl": ""}
	for b.Loop() {
		if _, ok := have.Choose("pl-PL", "en"); !ok {
			b.Fatal("no variant")
		}
	}
}

func TestACountryDoesNotChangeHowAReaderWrites(t *testing.T) {
	t.Parallel()
	v := content.Variants{"zh": "z", "en": "e"}
	for _, region := range []string{"GB", "US", "TW", "PL", "CN"} {
		if got, ok := v.Choose(content.Wanted(region, "zh", "en")...); !ok || got.Variant != "zh" {
			t.Errorf("zh in %s is served with %q", region, got.Variant)
		}
	}
	if got, ok := v.Choose(content.Wanted("GB", "zh-Hant", "en")...); !ok || got.Variant != "en" {
		t.Errorf("zh-Hant is served with %q", got.Variant)
	}
}
