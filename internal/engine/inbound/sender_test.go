package inbound_test

import (
	"testing"

	"carillon.dev/carillon/internal/carrier"
)

// 508 412 345 is a Polish mobile, and +508 41 23 45 a phone on Saint Pierre; the clinic's number is Polish.
func TestAStopIsOfTheNumberThatTheCarrierMeans(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		from  string
		ton   uint8
		whose string
		other string
	}{
		"international, as SMPP writes it": {"48508412345", carrier.TONInternational, "48508412345", ""},
		"international, another country":   {"508412345", carrier.TONInternational, "508412345", "48508412345"},
		"a plus says international":        {"+508412345", carrier.TONUnknown, "508412345", "48508412345"},
		"national":                         {"508412345", carrier.TONNational, "48508412345", "508412345"},
		"unsaid, as dialled at home":       {"508412345", carrier.TONUnknown, "48508412345", "508412345"},
		"unsaid, with the calling code":    {"48508412345", carrier.TONUnknown, "48508412345", ""},
		"unsaid, only abroad":              {"4915112345678", carrier.TONUnknown, "4915112345678", ""},
		"a plan that is not known yet":     {"48999000111", carrier.TONInternational, "48999000111", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, k *clinic) {
				in := k.event(c.from, "STOP")
				in.FromTON = c.ton
				if err := k.take(in); err != nil {
					t.Fatal(err)
				}
				got := k.texts(c.whose)
				if len(got) != 1 || k.point(c.whose).OptedOutAt == nil {
					t.Fatalf("%d texts of the number that wrote, or it is not stopped", len(got))
				}
				if c.other != "" && len(k.texts(c.other)) != 0 {
					t.Error("somebody else's number was stopped")
				}
			})
		})
	}
}
