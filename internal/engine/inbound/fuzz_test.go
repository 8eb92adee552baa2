package inbound_test

import (
	"testing"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/store/storetest"
)

// Whatever a carrier delivers is stored, and nothing that a phone can send stops the door.
func FuzzTake(f *testing.F) {
	f.Add("48500200001", uint8(0), "gsm7", []byte(nil), []byte("STOP"), uint8(0), uint8(0))
	f.Add("InfoSMS", uint8(8), "", []byte{5, 0, 3, 7, 2, 1}, []byte{0xd8, 0x3d}, uint8(1), uint8(2))
	f.Add("", uint8(0xf5), "gsm7_packed", []byte{0xff}, []byte{0x1b}, uint8(9), uint8(3))
	f.Add("+48 500\x00", uint8(3), "utf8", []byte{3, 0x24, 1, 0}, []byte("\xff\x00"), uint8(2), uint8(2))
	k := newFuzzClinic(f)
	f.Fuzz(func(t *testing.T, from string, coding uint8, alphabet string, udh, payload []byte, number, total uint8) {
		in := carrier.Inbound{Delivery: carrier.NewDelivery(k, 1), From: phi.T(from), To: phi.T(ours), DataCoding: coding,
			Alphabet: sms.DefaultAlphabet(alphabet), UDH: udh, Payload: payload, Concat: carrier.Part{Ref: 1, Number: number, Total: total}}
		if err := k.in.Take(t.Context(), k.Scope.Org(), k.Route.ID, in); err != nil {
			t.Fatalf("not stored: %v", err)
		}
	})
}

func newFuzzClinic(f *testing.F) *clinic { return newClinic(f, storetest.SQLite) }
