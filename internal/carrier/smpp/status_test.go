package smpp

import (
	"testing"

	"carillon.dev/carillon/internal/carrier"
)

// The whole table, written a second time from section 5.1.3 of SMPP 3.4 by what each word obliges us to do.
func TestEveryCommandStatusHasItsOutcome(t *testing.T) {
	t.Parallel()
	want := map[carrier.Class][]uint32{
		carrier.Accepted: {0x00},
		carrier.Throttle: {0x14, 0x58},                                // queue full, throttled
		carrier.Retry:    {0x04, 0x05, 0x08, 0x0D, 0x45, 0x64, 0x102}, // bind state, system error, submit failed, temporary, unavailable
		carrier.Unknown:  {0xFF},                                      // unknown error
		carrier.Permanent: {0x01, 0x02, 0x03, 0x06, 0x07, 0x0A, 0x0B, 0x0C, 0x0E, 0x0F, 0x11, 0x13, 0x15, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44,
			0x48, 0x49, 0x50, 0x51, 0x53, 0x54, 0x55, 0x61, 0x62, 0x63, 0x65, 0x66, 0x67, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xFE,
			0x100, 0x101, 0x103, 0x104, 0x105, 0x106},
	}
	listed := 0
	for class, all := range want {
		for _, s := range all {
			listed++
			if got := meaningOf(s); got.Class != class || got.Reason == "" || got.Reason == carrier.ReasonUnlisted {
				t.Errorf("status 0x%03x is %s (%s), want %s", s, got.Class, got.Reason, class)
			}
		}
	}
	if listed != len(statuses) {
		t.Errorf("%d statuses in the table, %d in this test", len(statuses), listed)
	}
	for _, s := range []uint32{0x09, 0x10, 0x35, 0x400, 0x4FF, 0xFFFFFFFF} {
		if got := meaningOf(s); got != (meaning{carrier.Permanent, carrier.ReasonUnlisted}) {
			t.Errorf("unlisted status 0x%x is %+v", s, got)
		}
	}
}

func TestReasonsThatPeopleActOn(t *testing.T) {
	t.Parallel()
	for status, want := range map[uint32]carrier.Reason{
		0x0A: carrier.ReasonBadSender, 0x0B: carrier.ReasonBadNumber, 0x01: carrier.ReasonBadContent, 0x14: carrier.ReasonQueueFull,
		0x58: carrier.ReasonThrottled, 0x08: carrier.ReasonCarrierDown, 0x0E: carrier.ReasonNotAllowed,
	} {
		if got := meaningOf(status).Reason; got != want {
			t.Errorf("status 0x%02x: %s, want %s", status, got, want)
		}
	}
}
