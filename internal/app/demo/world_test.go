package demo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon.dev/carillon/internal/app/demo"
	"carillon.dev/carillon/internal/core/phone"
)

var now = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func TestTheSameSeedMakesTheSamePeople(t *testing.T) {
	t.Parallel()
	same := cmp.Comparer(func(a, b phone.Number) bool { return a == b })
	if d := cmp.Diff(demo.People(7, 300, now), demo.People(7, 300, now), same); d != "" {
		t.Fatal(d)
	}
	if cmp.Equal(demo.People(7, 300, now), demo.People(8, 300, now), same) {
		t.Fatal("another seed makes the same people")
	}
}

func TestEveryKindOfPatientIsThere(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, p := range demo.People(7, 600, now) {
		seen["language "+p.Language]++
		seen["consent "+string(p.Consent)]++
		seen["status "+string(p.Status)]++
		seen["prefers "+string(p.Preferred)]++
		switch {
		case p.Number.IsZero():
			seen["no number"]++
		case p.Number.CanText():
			seen["mobile"]++
		default:
			seen["landline"]++
		}
		if p.Shared {
			seen["shared"]++
		}
	}
	for _, kind := range []string{"language pl", "language en", "language es", "language zh", "language ar", "consent never_asked",
		"consent took_back", "status deceased", "prefers letter", "no number", "mobile", "landline", "shared"} {
		if seen[kind] == 0 {
			t.Errorf("nobody: %s", kind)
		}
	}
	if seen["mobile"] < 480 {
		t.Errorf("only %d of 600 have a mobile", seen["mobile"])
	}
}
