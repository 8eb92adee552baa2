package sms_test

import (
	"bytes"
	"testing"

	oracle "github.com/warthog618/sms"
	"github.com/warthog618/sms/encoding/gsm7/charset"
	"github.com/warthog618/sms/encoding/tpdu"
	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/core/sms"
)

// The oracle keeps no marks and joined signs together, so the texts have none; everything else must agree
// octet by octet: coding, tables, where segments end, what they carry.
func TestPlansAgreeWithTheOracle(t *testing.T) {
	t.Parallel()
	plain := []rune("abc XYZ 019 @£€[]{}^~|\\\nñÄé") // no CR LF: the oracle cuts it
	wide := []rune("łąż中文я😀🚀")
	national := []rune("şğıçãõáíóÁकखবગಕകକਕதత")
	rapid.Check(t, func(t *rapid.T) {
		signs := rapid.SampledFrom([][]rune{plain, append(plain[:len(plain):len(plain)], wide...),
			append(plain[:len(plain):len(plain)], national...)}).Draw(t, "alphabet")
		n := lengths().Draw(t, "length")
		text := string(rapid.SliceOfN(rapid.SampledFrom(signs), n, n).Draw(t, "text"))
		lang := rapid.IntRange(charset.Start, charset.End-1).Draw(t, "language")
		agree(t, text, sms.Options{})
		agree(t, text, sms.Options{National: []sms.Lang{sms.Lang(lang)}}, oracle.WithCharset(lang))
		agree(t, text, sms.Options{National: []sms.Lang{sms.Lang(lang)}}, oracle.WithShiftCharset(lang))
	})
}

func agree(t *rapid.T, text string, o sms.Options, with ...oracle.EncoderOption) {
	t.Helper()
	e, err := sms.Plan(text, o)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	want, err := oracle.Encode([]byte(text), with...)
	if err != nil {
		t.Fatalf("oracle: %v", err)
	}
	if locking, single := tablesOf(want[0]); locking != e.Locking || single != e.Single {
		return // another choice of tables: the oracle takes the first that fits, Plan the cheapest
	}
	alphabet, err := want[0].Alphabet()
	if err != nil {
		t.Fatalf("oracle: %v", err)
	}
	if (alphabet == tpdu.AlphaUCS2) != (e.Coding == sms.UCS2) {
		if len(e.Segments) > len(want) {
			t.Fatalf("%s in %d segments, the oracle needs %d", e.Coding, len(e.Segments), len(want))
		}
		return
	}
	if len(e.Segments) != len(want) {
		t.Fatalf("%d segments, oracle %d", len(e.Segments), len(want))
	}
	for i, s := range e.Segments {
		if !bytes.Equal(s.Payload(), want[i].UD) {
			t.Fatalf("segment %d: %x, oracle %x", i+1, s.Payload(), want[i].UD)
		}
	}
}

func tablesOf(p tpdu.TPDU) (locking, single sms.Lang) {
	for _, ie := range p.UDH {
		switch ie.ID {
		case 0x24:
			single = sms.Lang(ie.Data[0])
		case 0x25:
			locking = sms.Lang(ie.Data[0])
		}
	}
	return locking, single
}
