package sms_test

import (
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/sms"
)

func TestDecodeByDataCoding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		dcs      byte
		udhi     bool
		octets   string
		alphabet sms.DefaultAlphabet
		want     string
	}{
		{"default alphabet", 0, false, "\x00\x11Tak", "", "@_Tak"},
		{"extension", 0, false, "5\x1b\x65\x1b\x3cx\x1b\x3e", sms.AlphabetGSM7, "5€[x]"},
		{"an escape that the extension lacks shows the plain character", 0, false, "\x1bA", "", "A"},
		{"an escape at the end", 0, false, "a\x1b", "", "a "},
		{"two escapes", 0, false, "a\x1b\x1bb", "", "a b"},
		{"default is Latin-1 on this route", 0, false, "caf\xe9", sms.AlphabetLatin1, "café"},
		{"default is UTF-8 on this route", 0, false, "żółw", sms.AlphabetUTF8, "żółw"},
		{"default is ASCII on this route", 0, false, "@yes", sms.AlphabetASCII, "@yes"},
		{"packed", 0, false, "\xe8\x32\x9b\xfd\x06", sms.AlphabetPacked, "hello"},
		{"IA5", 1, false, "@yes\xe9", "", "@yes\ufffd"},
		{"Latin-1", 3, false, "s\xed", "", "sí"},
		{"Cyrillic", 6, false, "\xd4\xd0", "", "да"},
		{"Hebrew", 7, false, "\xeb\xef", "", "כן"},
		{"UCS-2", 8, false, "\x01\x41\x00!", "", "Ł!"},
		{"UCS-2 with an emoji", 8, false, "\xd8\x3d\xde\x00", "", "😀"},
		{"UCS-2 with a lone half", 8, false, "\xd8\x3d\x00a", "", "\ufffda"},
		{"UCS-2 with an odd octet", 8, false, "\x00a\x00", "", "a\ufffd"},
		{"UCS-2 with a byte-order mark", 8, false, "\xfe\xff\x00a", "", "a"},
		{"UCS-2 in the wrong order, marked", 8, false, "\xff\xfea\x00", "", "a"},
		{"UCS-2 with a header", 8, true, "\x05\x00\x03\x01\x02\x01\x00a", "", "a"},
		{"message class, 7 bits", 0xf1, false, "Tak", "", "Tak"},
		{"general group, UCS-2, class 1", 0x19, false, "\x00a", "", "a"},
		{"message waiting, UCS-2", 0xe0, false, "\x00a", "", "a"},
		{"message waiting, default", 0xc8, false, "a", "", "a"},
		{"Turkish locking table", 0, true, "\x03\x25\x01\x01\x1c\x1d", "", "Şş"},
		{"Spanish single shift", 0, true, "\x03\x24\x01\x02s\x1b\x69", "", "sí"},
		{"empty", 0, false, "", "", ""},
	} {
		got, err := sms.Decode(c.dcs, c.udhi, []byte(c.octets), c.alphabet)
		if err != nil || got.Reveal() != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got.Reveal(), err, c.want)
		}
	}
}

func TestDecodeRefusesWhatIsNoText(t *testing.T) {
	t.Parallel()
	for _, dcs := range []byte{2, 4, 5, 9, 10, 13, 14, 0x14, 0xf5, 0x90} {
		if _, err := sms.Decode(dcs, false, []byte("CANARY"), ""); !errs.Is(err, errs.Invalid) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("data_coding %#x: %v", dcs, err)
		}
	}
}

func part(t *testing.T, dcs byte, octets string) sms.Part {
	t.Helper()
	p, err := sms.ParsePart(dcs, true, []byte(octets))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestJoin(t *testing.T) {
	t.Parallel()
	one := part(t, 0, "\x05\x00\x03\x07\x02\x01Yes, ")
	two := part(t, 0, "\x05\x00\x03\x07\x02\x02see you")
	other := part(t, 0, "\x05\x00\x03\x08\x02\x02see you")
	changed := part(t, 0, "\x05\x00\x03\x07\x02\x02no")
	wideTwo := part(t, 8, "\x05\x00\x03\x07\x02\x02\x01\x42")
	halfOne := part(t, 8, "\x05\x00\x03\x09\x02\x01\xd8\x3d")
	halfTwo := part(t, 8, "\x05\x00\x03\x09\x02\x02\xde\x00")
	whole, err := sms.ParsePart(0, false, []byte("OK"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		parts []sms.Part
		want  string
		says  string
	}{
		{"in order", []sms.Part{one, two}, "Yes, see you", ""},
		{"out of order", []sms.Part{two, one}, "Yes, see you", ""},
		{"twice", []sms.Part{two, one, two}, "Yes, see you", ""},
		{"whole", []sms.Part{whole}, "OK", ""},
		{"mixed codings", []sms.Part{one, wideTwo}, "Yes, ł", ""},
		{"an emoji cut by the phone", []sms.Part{halfTwo, halfOne}, "😀", ""},
		{"one missing", []sms.Part{two}, "", "part 1 of 2 is missing"},
		{"of another message", []sms.Part{one, other}, "", "different messages"},
		{"same number, other text", []sms.Part{one, two, changed}, "", "came twice"},
		{"a part and a whole", []sms.Part{one, whole}, "", "different messages"},
		{"two wholes", []sms.Part{whole, whole}, "", "different messages"},
		{"nothing", nil, "", "no part"},
	} {
		got, err := sms.Join(c.parts, "")
		if c.says == "" && (err != nil || got.Reveal() != c.want) {
			t.Errorf("%s: %q, %v; want %q", c.name, got.Reveal(), err, c.want)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v; want %q", c.name, err, c.says)
		}
	}
}

func TestUnpackRefusesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	if _, err := sms.Unpack([]byte{1, 2}, 0, 3); !errs.Is(err, errs.Invalid) {
		t.Fatal(err)
	}
	if got, err := sms.Unpack(nil, 6, -1); err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(byte(0), true, []byte("\x05\x00\x03\x07\x02\x01Yes"), "")
	f.Add(byte(8), false, []byte("\xd8\x3d\xde"), "")
	f.Add(byte(0), true, []byte("\x03\x24\x01\x0d\x1b\x19"), "gsm7_packed")
	f.Fuzz(func(t *testing.T, dcs byte, udhi bool, octets []byte, alphabet string) {
		p, err := sms.ParsePart(dcs, udhi, octets)
		if err != nil {
			return
		}
		alone, err := p.Text(sms.DefaultAlphabet(alphabet))
		if err != nil {
			return
		}
		if p.UDH.IsPart() {
			return
		}
		if joined, err := sms.Join([]sms.Part{p}, sms.DefaultAlphabet(alphabet)); err != nil || joined != alone {
			t.Fatalf("alone %q, joined %q (%v)", alone.Reveal(), joined.Reveal(), err)
		}
		if text := alone.Reveal(); text != "" && dcs == 0 && alphabet == "" && p.UDH.Locking == 0 && p.UDH.Single == 0 {
			if _, err := sms.Plan(text, sms.Options{Policy: sms.OnlyGSM7}); err != nil {
				t.Fatalf("decoded 7-bit text does not encode: %v", err)
			}
		}
	})
}
