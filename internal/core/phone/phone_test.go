package phone_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/phone"
)

func TestParseUnderstandsHowPeopleWriteNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, raw, region, want string }{
		{"national", "601 234 567", "PL", "+48601234567"},
		{"e164", "+48601234567", "", "+48601234567"},
		{"region in small letters", "601234567", "pl", "+48601234567"},
		{"country code without plus", "48 601 234 567", "PL", "+48601234567"},
		{"double zero", "0048 601-234-567", "PL", "+48601234567"},
		{"double zero where the region dials 011", "0048601234567", "US", "+48601234567"},
		{"011 from North America", "011 48 601 234 567", "US", "+48601234567"},
		{"trunk zero in brackets", "+44 (0)7911 123456", "", "+447911123456"},
		{"trunk zero in brackets where there is none", "+48 (0) 601 234 567", "PL", "+48601234567"},
		{"double zero and trunk zero", "0044 (0)7911 123456", "PL", "+447911123456"},
		{"trunk zero", "07911 123456", "GB", "+447911123456"},
		{"no-break and thin spaces", "\u00a0601\u2009234\u202f567\u00a0", "PL", "+48601234567"},
		{"bidirectional marks", "\u202a\u200e+48601234567\u202c", "", "+48601234567"},
		{"byte order mark", "\ufeff601234567", "PL", "+48601234567"},
		{"full-width", "＋４８ ６０１（２３４）５６７", "", "+48601234567"},
		{"Arabic-Indic digits", "٠٥٠ ١٢٣ ٤٥٦٧", "SA", "+966501234567"},
		{"Persian digits", "۰۹۱۲ ۳۴۵ ۶۷۸۹", "IR", "+989123456789"},
		{"typographic dashes", "601–234‑567", "PL", "+48601234567"},
		{"brackets and dots", "(202) 456-1111", "US", "+12024561111"},
		{"link form", "tel:+1-202-456-1111", "", "+12024561111"},
		{"an Italian zero stays", "+39 06 6982", "", "+39066982"},
		{"China", "138 1234 5678", "CN", "+8613812345678"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := phone.Parse(phi.T(c.raw), c.region)
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			if got.Reveal() != c.want {
				t.Fatalf("got %s, want %s", got.Reveal(), c.want)
			}
		})
	}
}

func TestParseSaysWhyItRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, raw, region string
		want              phone.Reason
	}{
		{"nothing", "", "PL", phone.Empty},
		{"only invisible signs", " \u200b\u00a0\ufeff", "PL", phone.Empty},
		{"words", "brak", "PL", phone.NotANumber},
		{"number with a remark", "601234567 (mama)", "PL", phone.NotANumber},
		{"half hidden", "601 xxx 567", "PL", phone.NotANumber},
		{"letters for digits", "1-800-FLOWERS", "US", phone.NotANumber},
		{"formula", "=601234567", "PL", phone.NotANumber},
		{"plus in the middle", "601234567+1", "PL", phone.NotANumber},
		{"very long text", strings.Repeat("6", 500), "PL", phone.NotANumber},
		{"spreadsheet float", "4.86E+10", "PL", phone.Rounded},
		{"spreadsheet float with comma", "4,86e10", "PL", phone.Rounded},
		{"spreadsheet decimal", "48601234567.0", "PL", phone.Rounded},
		{"too short", "60123", "PL", phone.TooShort},
		{"local part only", "456-1111", "US", phone.TooShort},
		{"two numbers in one cell", "601234567/602345678", "PL", phone.TooLong},
		{"no region", "601234567", "", phone.WrongRegion},
		{"unknown region", "601234567", "XX", phone.WrongRegion},
		{"no such country code", "+999123456789", "", phone.WrongRegion},
		{"not given out", "+48 101 234 567", "", phone.NotPossible},
		{"extension", "+1 202 456 1111 ext. 5", "", phone.HasExtension},
		{"Polish extension", "22 123 45 67 wew. 12", "PL", phone.HasExtension},
		{"premium", "+1 900 234 5678", "", phone.PremiumOrShared},
		{"shared cost", "801 234 567", "PL", phone.PremiumOrShared},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n, err := phone.Parse(phi.T(c.raw), c.region)
			if err == nil {
				t.Fatalf("accepted as %s", n.Reveal())
			}
			if got := phone.ReasonOf(err); got != c.want {
				t.Fatalf("reason %q, want %q", got, c.want)
			}
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("kind %q", errs.KindOf(err))
			}
			if digits := strings.Trim(c.raw, " \u200b\u00a0\ufeff"); digits != "" && strings.Contains(err.Error()+errs.Safe(err), digits) {
				t.Fatalf("the error repeats the input: %v", err)
			}
		})
	}
}

func TestKindDecidesWhoCanBeTexted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e164   string
		kind   phone.Kind
		text   bool
		region string
		cc     int
		masked string
	}{
		{"+48601234567", phone.Mobile, true, "PL", 48, "+48 ••• ••• 567"},
		{"+48221234567", phone.Fixed, false, "PL", 48, "+48 ••• ••• 567"},
		{"+12024561111", phone.FixedOrMobile, true, "US", 1, "+1 • ••• ••• 111"},
		{"+16132345678", phone.FixedOrMobile, true, "CA", 1, "+1 • ••• ••• 678"},
		{"+447400123456", phone.Mobile, true, "GB", 44, "+44 • ••• ••• 456"},
		{"+33912345678", phone.VoIP, false, "FR", 33, "+33 ••• ••• 678"},
		{"+8613812345678", phone.Mobile, true, "CN", 86, "+86 •• ••• ••• 678"},
		{"+18002345678", phone.Other, false, "", 1, "+1 • ••• ••• 678"},
	} {
		n, err := phone.FromStored(c.e164)
		if err != nil {
			t.Fatal(err)
		}
		if n.Kind() != c.kind || n.CanText() != c.text || n.CallingCode() != c.cc || n.Masked() != c.masked {
			t.Errorf("%s: kind %s text %v code %d masked %q", c.e164, n.Kind(), n.CanText(), n.CallingCode(), n.Masked())
		}
		if c.region != "" && n.Region() != c.region {
			t.Errorf("%s: region %q, want %q", c.e164, n.Region(), c.region)
		}
	}
}

func TestDisplayInIsForReadersOfACountry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ e164, region, want string }{
		{"+48221234567", "PL", "22 123 45 67"},
		{"+48221234567", "DE", "+48 22 123 45 67"},
		{"+442079460123", "gb", "020 7946 0123"},
		{"+12024561111", "US", "+1 202-456-1111"},
		{"+390648741234", "IT", "06 4874 1234"},
	} {
		n, err := phone.FromStored(c.e164)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.DisplayIn(c.region); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.e164, c.region, got, c.want)
		}
	}
	if got := (phone.Number{}).DisplayIn("PL"); got != "" {
		t.Errorf("no number shows as %q", got)
	}
}

func TestTimeZonesOfANumber(t *testing.T) {
	t.Parallel()
	n, err := phone.Parse(phi.T("202 456 1111"), "US")
	if err != nil {
		t.Fatal(err)
	}
	if z := n.TimeZones(); len(z) != 1 || z[0] != "America/New_York" {
		t.Errorf("zones of Washington: %v", z)
	}
	if z := (phone.Number{}).TimeZones(); z != nil {
		t.Errorf("zones of no number: %v", z)
	}
}

func TestFromStoredTakesOnlyE164(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "48601234567", "+0123456789", "+48 601234567", "+123456", "+1234567890123456", "+48601234a67"} {
		if _, err := phone.FromStored(bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func TestNumberNeverPrintsItself(t *testing.T) {
	t.Parallel()
	n, err := phone.Parse(phi.T("+48601234567"), "")
	if err != nil {
		t.Fatal(err)
	}
	row := struct {
		N phone.Number
		L []phone.Number
		P *phone.Number
	}{n, []phone.Number{n}, &n}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "n", n, "row", row)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "n", n, "row", row)
	js, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	out := log.String() + string(js)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out += fmt.Sprintf(verb, n) + fmt.Sprintf(verb, row)
	}
	if strings.Contains(out, "601234567") || strings.Contains(out, "363031") {
		t.Fatalf("leaked: %s", out)
	}
	if n.Digits() != "48601234567" || n.IsZero() {
		t.Fatal("content lost")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"601 234 567", "+48 (0)601", "４８", "tel:", "4.86E+10", "0", "+", "+1 202 456 1111 x5", "\u202a+48"} {
		f.Add(s, "PL")
	}
	f.Add("2024561111", "US")
	f.Fuzz(func(t *testing.T, raw, region string) {
		n, err := phone.Parse(phi.T(raw), region)
		if err != nil {
			if phone.ReasonOf(err) == "" {
				t.Fatalf("no reason: %v", err)
			}
			return
		}
		again, err := phone.Parse(phi.T(n.Reveal()), "")
		if err != nil || again != n {
			t.Fatalf("%q became %q, which does not parse to itself: %v", raw, n.Reveal(), err)
		}
	})
}

func BenchmarkParseNational(b *testing.B) {
	raws := make([]phi.Text, 1000)
	for i := range raws {
		raws[i] = phi.T(fmt.Sprintf("601 234 %03d", i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := phone.Parse(raws[i%len(raws)], "PL"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseE164(b *testing.B) {
	raw := phi.T("+12024561111")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := phone.Parse(raw, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanText(b *testing.B) {
	n, err := phone.FromStored("+48601234567")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !n.CanText() {
			b.Fatal("mobile expected")
		}
	}
}

// What the number alone tells must be what the library reads from it.
func TestEveryRegionsExampleReadsBack(t *testing.T) {
	t.Parallel()
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE} {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil {
				continue
			}
			for _, format := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL} {
				written := phonenumbers.Format(example, format)
				if region == "AR" && kind == phonenumbers.MOBILE && format == phonenumbers.NATIONAL {
					written = "011 15-2345-6789" // the library writes 09 for 011 here
				}
				n, err := phone.Parse(phi.T(written), region)
				if err != nil {
					t.Errorf("%s, type %d, format %d: %v", region, kind, format, err)
					continue
				}
				if n.Reveal() != phonenumbers.Format(example, phonenumbers.E164) {
					t.Errorf("%s, type %d, format %d: read as %s", region, kind, format, n.Reveal())
				}
				if n.CallingCode() != int(example.GetCountryCode()) || n.Region() != phonenumbers.GetRegionCodeForNumber(example) {
					t.Errorf("%s, type %d: code %d, region %s", region, kind, n.CallingCode(), n.Region())
				}
				if kind == phonenumbers.MOBILE && !n.CanText() {
					t.Errorf("%s: a mobile number cannot be texted: %s", region, n.Kind())
				}
			}
		}
	}
}
