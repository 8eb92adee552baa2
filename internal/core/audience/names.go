package audience

import (
	"maps"
	"slices"
	"strings"

	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
)

// of lists the texts that a kind of value may have; false when any text may stand there.
func (n Names) of(kind string) ([]string, bool) {
	switch kind {
	case "location":
		return append(sortedKeys(n.Locations), ""), true
	case "type":
		return sortedKeys(n.Types), true
	case "list":
		return sortedKeys(n.Lists), true
	case "sex":
		return []string{"female", "male", "other", "unknown"}, true
	case "kind":
		return []string{string(patient.Patient), string(patient.Member), string(patient.Resident)}, true
	case "status":
		return []string{string(patient.Active), string(patient.Inactive), string(patient.Deceased)}, true
	case "prefers":
		return append(Channels(), ""), true
	case "channel":
		return Channels(), true
	case "purpose":
		var out []string
		for _, p := range purpose.All() {
			out = append(out, string(p))
		}
		return out, true
	}
	return nil, false
}

// Channels lists the ways that a person may prefer.
func Channels() []string {
	return []string{string(patient.SMS), string(patient.Email), string(patient.Voice), string(patient.Letter)}
}

// Choices lists what may be chosen where a rule asks for this kind of value; nil when any text may be written.
func (n Names) Choices(kind string) []string {
	all, _ := n.of(kind)
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "" })
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// spoken names a kind of value in a complaint.
func spoken(kind string) string {
	switch kind {
	case "type":
		return "kind of visit called"
	case "location", "list":
		return kind + " called"
	case "prefers":
		return "channel"
	}
	return kind
}

// Nearest is the candidate that somebody most likely meant; empty when none is near.
func Nearest(s string, candidates []string) string {
	best, at := "", max(2, len([]rune(s))/3)+1
	low := []rune(strings.ToLower(s))
	for _, c := range candidates {
		if c == "" {
			continue
		}
		if d := editDistance(low, []rune(strings.ToLower(c)), at); d < at {
			best, at = c, d
		}
	}
	return best
}

// editDistance counts insertions, deletions and replacements (Levenshtein); limit or more is not looked into.
func editDistance(a, b []rune, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
