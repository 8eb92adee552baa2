package sms_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/sms"
)

func plan(t *testing.T, text string, o sms.Options) sms.Encoded {
	t.Helper()
	e, err := sms.Plan(text, o)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return e
}

func TestSegmentsAreCountedExactly(t *testing.T) {
	t.Parallel()
	rep := strings.Repeat
	spanish := sms.Options{National: []sms.Lang{sms.Spanish}}
	turkish := sms.Options{National: []sms.Lang{sms.Turkish}}
	for _, c := range []struct {
		name     string
		text     string
		o        sms.Options
		coding   sms.Coding
		segments int
		left     int
	}{
		{"one character", "a", sms.Options{}, sms.GSM7, 1, 159},
		{"a full plain segment", rep("a", 160), sms.Options{}, sms.GSM7, 1, 0},
		{"one more", rep("a", 161), sms.Options{}, sms.GSM7, 2, 145},
		{"two full segments", rep("a", 306), sms.Options{}, sms.GSM7, 2, 0},
		{"three", rep("a", 307), sms.Options{}, sms.GSM7, 3, 152},
		{"wide references take one more", rep("a", 305), sms.Options{WideRef: true}, sms.GSM7, 3, 151},
		{"eighty euros", rep("€", 80), sms.Options{}, sms.GSM7, 1, 0},
		{"a euro is not cut in two", rep("a", 152) + "€" + rep("a", 100), sms.Options{}, sms.GSM7, 2, 51},
		{"a full wide segment", rep("ł", 70), sms.Options{}, sms.UCS2, 1, 0},
		{"one wide more", rep("ł", 71), sms.Options{}, sms.UCS2, 2, 63},
		{"two full wide segments", rep("ł", 134), sms.Options{}, sms.UCS2, 2, 0},
		{"wide segments with wide references", rep("ł", 133), sms.Options{WideRef: true}, sms.UCS2, 3, 65},
		{"thirty-five emoji", rep("😀", 35), sms.Options{}, sms.UCS2, 1, 0},
		{"an emoji is not cut in two", rep("ł", 66) + "😀" + rep("ł", 10), sms.Options{}, sms.UCS2, 2, 55},
		{"a letter and its mark stay together", rep("ł", 66) + "x\u0323" + rep("ł", 10), sms.Options{}, sms.UCS2, 2, 55},
		{"a family stays together", rep("ł", 60) + "👨‍👩‍👧" + rep("ł", 10), sms.Options{}, sms.UCS2, 2, 49},
		{"Spanish single shift: 155", rep("a", 153) + "á", spanish, sms.GSM7, 1, 0},
		{"Spanish single shift, two parts: 149 each", rep("a", 296) + "á", spanish, sms.GSM7, 2, 0},
		{"Turkish locking shift for many letters", rep("ş", 155), turkish, sms.GSM7, 1, 0},
		{"no table that the route does not know", rep("a", 153) + "ş", sms.Options{}, sms.UCS2, 3, 47},
		{"Hindi in its table", rep("क", 155), sms.Options{National: []sms.Lang{sms.Hindi}}, sms.GSM7, 1, 0},
		{"Hindi with both shifts: 152", rep("क", 150) + "०", sms.Options{National: []sms.Lang{sms.Hindi}}, sms.GSM7, 1, 0},
		{"Hindi without", rep("क", 155), sms.Options{}, sms.UCS2, 3, 46},
		{"forced UCS-2", "abc", sms.Options{Policy: sms.OnlyUCS2}, sms.UCS2, 1, 67},
		{"255 segments", rep("a", 255*153), sms.Options{}, sms.GSM7, 255, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := plan(t, c.text, c.o)
			if e.Coding != c.coding || len(e.Segments) != c.segments || e.Left != c.left {
				t.Errorf("%s in %d segments, %d left; want %s, %d, %d", e.Coding, len(e.Segments), e.Left, c.coding, c.segments, c.left)
			}
			m, err := sms.Measure(c.text, "en", c.o)
			if err != nil || m.Coding != e.Coding || m.Segments != len(e.Segments) || m.Left != e.Left || m.Units != e.Units {
				t.Errorf("the meter says %+v, %v; the plan %v", m, err, e)
			}
			roundTrip(t, c.text, e)
		})
	}
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// roundTrip checks what holds for every plan: the segments' texts and octets give the text back, in any
// order, and none is larger than a short message.
func roundTrip(t fataler, text string, e sms.Encoded) {
	t.Helper()
	said := ""
	var parts []sms.Part
	for _, s := range e.Segments {
		said += s.Text.Reveal()
		if octets := len(s.ShortMessage()); e.Coding == sms.UCS2 && octets > 140 {
			t.Fatalf("%d octets in a segment", octets)
		}
		if octets := len(s.Packed()); e.Coding == sms.GSM7 && octets > 140 {
			t.Fatalf("%d octets in a packed segment", octets)
		}
		if !utf8.ValidString(s.Text.Reveal()) {
			t.Fatalf("a segment is cut inside a character")
		}
		p, err := sms.ParsePart(e.Coding.DataCoding(), len(s.UDH()) > 0, s.ShortMessage())
		if err != nil {
			t.Fatalf("header of a segment: %v", err)
		}
		parts = append(parts, p)
		if alone, err := p.Text(sms.AlphabetGSM7); err != nil || alone != s.Text {
			t.Fatalf("segment reads %q, was %q (%v)", alone.Reveal(), s.Text.Reveal(), err)
		}
	}
	if said != text {
		t.Fatalf("segments say %q, text was %q", said, text)
	}
	slices.Reverse(parts)
	joined, err := sms.Join(parts, sms.AlphabetGSM7)
	if err != nil || joined != phi.T(text) {
		t.Fatalf("joined %q, text was %q (%v)", joined.Reveal(), text, err)
	}
}

// lengths are spread evenly: drawn slices are mostly short, and segments end late.
func lengths() *rapid.Generator[int] {
	all := make([]int, 500)
	for i := range all {
		all[i] = i + 1
	}
	return rapid.SampledFrom(all)
}

// texts draws from alphabets that meet at every rule: extension characters, marks, pairs, national letters.
func texts() *rapid.Generator[string] {
	signs := rapid.SampledFrom([]rune("abc XYZ 019 @£€[]{}^~|\\\n\r\fñÄéşğıçãõąłżاب中文हिंक़தமி😀👨\u200d👩🏽\u0301🇵🇱"))
	return rapid.Custom(func(t *rapid.T) string {
		n := lengths().Draw(t, "length")
		return string(rapid.SliceOfN(signs, n, n).Draw(t, "signs"))
	})
}

func options() *rapid.Generator[sms.Options] {
	return rapid.Custom(func(t *rapid.T) sms.Options {
		return sms.Options{
			National: rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 15), func(i int) sms.Lang { return sms.Lang(i) }), 0, 3).Draw(t, "national"),
			Ref:      rapid.Uint16().Draw(t, "ref"),
			WideRef:  rapid.Bool().Draw(t, "wide"),
		}
	})
}

func TestEveryPlanGivesTheTextBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, o := texts().Draw(t, "text"), options().Draw(t, "options")
		e, err := sms.Plan(text, o)
		if err != nil {
			t.Fatalf("plan: %v", err)
		}
		roundTrip(t, text, e)
		m, err := sms.Measure(text, "pl", o)
		if err != nil || m.Segments != len(e.Segments) || m.Left != e.Left || m.Units != e.Units || m.Coding != e.Coding {
			t.Fatalf("meter %+v, plan %v (%v)", m, e, err)
		}
		whole, err := sms.Decode(e.Coding.DataCoding(), len(e.Whole().UDH()) > 0, e.Whole().ShortMessage(), sms.AlphabetGSM7)
		if err != nil || whole != phi.T(text) {
			t.Fatalf("whole reads %q, text was %q (%v)", whole.Reveal(), text, err)
		}
	})
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		o          sms.Options
	}{
		{"nothing", "", sms.Options{}},
		{"broken UTF-8", "abc\xff", sms.Options{}},
		{"broken UTF-8 as UCS-2", "abc\xff", sms.Options{Policy: sms.OnlyUCS2}},
		{"wide characters in 7 bits", "Łódź-CANARY", sms.Options{Policy: sms.OnlyGSM7}},
		{"more than 255 segments", strings.Repeat("a", 255*153+1), sms.Options{}},
	} {
		_, err := sms.Plan(c.text, c.o)
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: the error repeats the text", c.name)
		}
	}
}

func TestOnlyGSM7TakesNationalTablesWhenAllowed(t *testing.T) {
	t.Parallel()
	e := plan(t, "Lütfen dişçi", sms.Options{Policy: sms.OnlyGSM7, National: []sms.Lang{sms.Spanish, sms.Turkish}})
	if e.Coding != sms.GSM7 || e.Reason != sms.ReasonNational || e.Single != sms.Turkish && e.Locking != sms.Turkish {
		t.Fatalf("%+v", e)
	}
}

func TestLabelsNameTheTable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"abc": "gsm7", "ł": "ucs2", strings.Repeat("ş", 80): "gsm7/tr", strings.Repeat("a", 100) + "á": "gsm7/es"} {
		e := plan(t, text, sms.Options{National: []sms.Lang{sms.LangOf("tr-TR"), sms.LangOf("es")}})
		if e.Label() != want {
			t.Errorf("%q: %s, want %s", text, e.Label(), want)
		}
	}
	if sms.LangOf("pl") != sms.Default || sms.LangOf("pt-BR") != sms.Portuguese || sms.Lang(99).Tag() != "" {
		t.Error("languages and tables")
	}
}

func TestReferenceCanBeSetAfterwards(t *testing.T) {
	t.Parallel()
	for _, wide := range []bool{false, true} {
		e := plan(t, strings.Repeat("a", 400), sms.Options{Ref: 1, WideRef: wide})
		e.SetRef(0x1234)
		want := uint16(0x34)
		if wide {
			want = 0x1234
		}
		for i, s := range e.Segments {
			u, _, err := sms.ParseUDH(s.ShortMessage())
			if err != nil || u.Ref != want || int(u.Part) != i+1 || int(u.Total) != len(e.Segments) || u.WideRef != wide {
				t.Fatalf("%+v %v", u, err)
			}
		}
	}
}

func TestPlansDoNotPrintTheText(t *testing.T) {
	t.Parallel()
	e := plan(t, "Zofia CANARY", sms.Options{})
	p, err := sms.ParsePart(0, false, []byte("CANARY"))
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprintf("%v %+v %#v %s %v %+v %v %#v %+v", e, e, e, e, e.Segments, e.Segments[0], p, p, []sms.Part{p})
	if strings.Contains(out, "CANARY") || strings.Contains(out, "67 65 78") {
		t.Fatalf("leaked: %s", out)
	}
}

func FuzzPlanRoundTrip(f *testing.F) {
	for _, s := range []string{"a", "ł€", "😀\u200d👩", strings.Repeat("ş", 200), "\xff", strings.Repeat("[", 81)} {
		f.Add(s, uint8(1), true)
	}
	f.Fuzz(func(t *testing.T, text string, lang uint8, wide bool) {
		e, err := sms.Plan(text, sms.Options{National: []sms.Lang{sms.Lang(lang)}, WideRef: wide})
		if err != nil {
			return
		}
		roundTrip(t, text, e)
	})
}

func BenchmarkPlanOneSegment(b *testing.B) {
	text := "Northside Clinic: your appointment is Tue 3 May at 10:30, 12 Mill Road. Reply 1 to confirm, 2 to cancel, 3 to move it. Call 020 7946 0000."
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sms.Plan(text, sms.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlanTwoWideSegments(b *testing.B) {
	text := strings.Repeat("Zażółć gęślą jaźń. ", 6)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sms.Plan(text, sms.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
