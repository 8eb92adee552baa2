package consent

import (
	"bytes"
	"slices"
)

// sorted orders by the time given; at the same instant grants come first, so that a revocation wins.
func sorted(entries []Entry) []Entry {
	if slices.IsSortedFunc(entries, compare) {
		return entries
	}
	out := slices.Clone(entries)
	slices.SortStableFunc(out, compare)
	return out
}

func compare(a, b Entry) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	if c := weight(a) - weight(b); c != 0 {
		return c
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}

func weight(e Entry) int {
	if e.Status == Granted || e.Lifts {
		return 0
	}
	return 1
}
