package send

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
)

func TestAnOptOutThatIsBeingWrittenIsNotLiftedByAnOlderLedger(t *testing.T) {
	t.Parallel()
	s, point := NewSuppressed(clock.Real{}), id.New()
	started := timeOf(id.New())
	s.Add(point) // its transaction is open; the ledger still ends with a START
	s.hear(point, false, started)
	if !s.Has(point) {
		t.Fatal("a START of before lifted the opt-out")
	}
	s.hear(point, true, started)
	s.hear(point, false, started)
	if !s.Has(point) {
		t.Fatal("hearing of an older opt-out made this one older")
	}
	s.hear(point, false, time.Now().Add(time.Second))
	if s.Has(point) {
		t.Fatal("a START of after did not lift the opt-out")
	}
	s.hear(point, true, started)
	if !s.Has(point) {
		t.Fatal("an opt-out that another node took was not heard")
	}
}

func TestALedgerPositionTellsItsTime(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_772_535_600_123)
	if got := timeOf(idAt(at)); !got.Equal(at) {
		t.Fatalf("%v instead of %v", got, at)
	}
}
