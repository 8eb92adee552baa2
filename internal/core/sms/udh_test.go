package sms_test

import (
	"testing"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/sms"
)

func TestParseUDH(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		data []byte
		want sms.UDH
		body string
	}{
		{"8-bit concatenation", []byte("\x05\x00\x03\x2a\x02\x01hi"), sms.UDH{Ref: 0x2a, Total: 2, Part: 1}, "hi"},
		{"16-bit concatenation", []byte("\x06\x08\x04\x12\x34\x03\x03hi"), sms.UDH{Ref: 0x1234, WideRef: true, Total: 3, Part: 3}, "hi"},
		{"national shifts", []byte("\x06\x24\x01\x01\x25\x01\x03hi"), sms.UDH{Single: sms.Turkish, Locking: sms.Portuguese}, "hi"},
		{"ports", []byte("\x06\x05\x04\x0b\x84\x23\xf0hi"), sms.UDH{Ports: true, DstPort: 2948, SrcPort: 9200}, "hi"},
		{"small ports", []byte("\x04\x04\x02\xf0\xf1hi"), sms.UDH{Ports: true, DstPort: 0xf0, SrcPort: 0xf1}, "hi"},
		{"part nought is no part", []byte("\x05\x00\x03\x2a\x02\x00hi"), sms.UDH{}, "hi"},
		{"part 3 of 2 is no part", []byte("\x05\x00\x03\x2a\x02\x03hi"), sms.UDH{}, "hi"},
		{"empty header", []byte("\x00hi"), sms.UDH{}, "hi"},
		{"header only", []byte("\x05\x00\x03\x2a\x02\x01"), sms.UDH{Ref: 0x2a, Total: 2, Part: 1}, ""},
	} {
		u, body, err := sms.ParseUDH(c.data)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(u.Other) != 0 || u.Ref != c.want.Ref || u.Total != c.want.Total || u.Part != c.want.Part ||
			u.WideRef != c.want.WideRef || u.Single != c.want.Single || u.Locking != c.want.Locking ||
			u.Ports != c.want.Ports || u.SrcPort != c.want.SrcPort || u.DstPort != c.want.DstPort {
			t.Errorf("%s: %+v, want %+v", c.name, u, c.want)
		}
		if string(body) != c.body {
			t.Errorf("%s: body %q", c.name, body)
		}
	}
}

func TestParseUDHKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	u, body, err := sms.ParseUDH([]byte("\x07\x70\x01\x07\x24\x02\x01\x02x"))
	if err != nil || len(u.Other) != 2 || u.Other[0].ID != 0x70 || u.Other[1].ID != 0x24 || u.Single != sms.Default || string(body) != "x" {
		t.Fatalf("%+v %q %v", u, body, err)
	}
}

func TestParseUDHRefusesBadLengths(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "\x05\x00\x03\x2a", "\xff", "\x02\x00\x03", "\x01\x00", "\x06\x00\x03\x2a\x02\x01\x24hi"} {
		if _, _, err := sms.ParseUDH([]byte(data)); !errs.Is(err, errs.Invalid) {
			t.Errorf("%x: %v", data, err)
		}
	}
}

func FuzzParseUDH(f *testing.F) {
	for _, s := range []string{"\x05\x00\x03\x2a\x02\x01hi", "\x06\x24\x01\x01\x25\x01\x03hi", "\xff", "", "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		u, body, err := sms.ParseUDH(data)
		if err != nil {
			return
		}
		if len(body)+1+int(data[0]) != len(data) {
			t.Fatalf("header and body do not make up the data")
		}
		if u.Part > u.Total || u.Total > 0 && u.Part == 0 {
			t.Fatalf("part %d of %d", u.Part, u.Total)
		}
	})
}
