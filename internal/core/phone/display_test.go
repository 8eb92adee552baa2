package phone_test

import (
	"testing"

	"carillon.dev/carillon/internal/core/phone"
)

func TestDisplayGroupsTheNumberAsPeopleReadItOut(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]string{"+48601234567": "+48 601 234 567", "+447911123456": "+44 7911 123456"} {
		n, err := phone.FromStored(stored)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Display(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := (phone.Number{}).Display(); got != "" {
		t.Errorf("no number shows %q", got)
	}
}
