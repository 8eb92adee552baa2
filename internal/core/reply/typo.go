package reply

import "unicode/utf8"

// minTypo is the shortest word that a slip is forgiven in: shorter ones have too many neighbours.
const minTypo = 5

// spelled replaces unknown words by the one known word that is a single slip away.
func (m *message) spelled() ([]string, bool) {
	if len(m.words) > maxCovered {
		return nil, false
	}
	var out []string
	for i, w := range m.words {
		if m.vocabulary[w] || isDigits(w) {
			continue
		}
		fixed, ok := m.neighbour(w)
		if !ok {
			return nil, false // the message cannot be covered anyway
		}
		if out == nil {
			out = append(out, m.words...)
		}
		out[i] = fixed
	}
	return out, out != nil
}

func (m *message) neighbour(w string) (string, bool) {
	n := utf8.RuneCountInString(w)
	if n < minTypo {
		return "", false
	}
	langs, found := m.mine|m.bit("en"), ""
	for size := n - 1; size <= n+1; size++ {
		for _, k := range m.bySize[size] {
			if k.langs&langs == 0 || size < minTypo || !near(w, k.word) || k.word == found {
				continue
			}
			if found != "" {
				return "", false
			}
			found = k.word
		}
	}
	return found, found != ""
}

// near reports whether two words are one slip apart: a letter more, less, other, or two swapped.
func near(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	switch len(y) - len(x) {
	case 0:
		if i == len(x) {
			return true
		}
		swapped := i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && same(x[i+2:], y[i+2:])
		return swapped || same(x[i+1:], y[i+1:])
	case 1:
		return same(x[i:], y[i+1:])
	}
	return false
}

func same(a, b []rune) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
