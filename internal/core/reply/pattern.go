package reply

import (
	"strings"

	"carillon.dev/carillon/internal/base/errs"
)

// class is what a pattern points to.
type class int

const (
	urgent class = iota
	wrongNumber
	autoReply
	optOutSure
	optOutLikely
	notOptOut
	classes
)

// pattern is a short sequence of elements found anywhere in a message. In a file it reads
// "stop|quit sending|texting ... me": words parted by | are alternatives, word* a beginning, *word an end,
// *word* a middle, a trailing ? makes an element optional, ... skips up to three words, _ joins words of one
// alternative.
type pattern struct {
	class    class
	lang     int
	elements []element
}

type element struct {
	gap      bool
	optional bool
	any      [][]token
}

type token struct {
	text       string
	head, tail bool // text may be preceded, followed
}

const gapWords = 3

// spanOf is where a pattern was found, words from..to.
type spanOf struct{ from, to int }

func (t token) is(word string) bool {
	switch {
	case t.head && t.tail:
		return strings.Contains(word, t.text)
	case t.head:
		return strings.HasSuffix(word, t.text)
	case t.tail:
		return strings.HasPrefix(word, t.text)
	}
	return word == t.text
}

// match gives the number of words matched from the beginning of words, or -1.
func match(es []element, words []string) int {
	if len(es) == 0 {
		return 0
	}
	e, rest := es[0], es[1:]
	if e.gap {
		for skip := 0; skip <= gapWords && skip <= len(words); skip++ {
			if n := match(rest, words[skip:]); n >= 0 {
				return n + skip
			}
		}
		return -1
	}
	for _, alt := range e.any {
		if len(alt) <= len(words) && matchAll(alt, words) {
			if n := match(rest, words[len(alt):]); n >= 0 {
				return n + len(alt)
			}
		}
	}
	if e.optional {
		return match(rest, words)
	}
	return -1
}

func matchAll(alt []token, words []string) bool {
	for i, t := range alt {
		if !t.is(words[i]) {
			return false
		}
	}
	return true
}

// parsePattern reads the form described at pattern; text must already be folded word by word.
func parsePattern(s string, foldWord func(string) []string) ([]element, error) {
	var out []element
	for f := range strings.FieldsSeq(s) {
		if f == "..." {
			out = append(out, element{gap: true})
			continue
		}
		e := element{optional: strings.HasSuffix(f, "?")}
		for alt := range strings.SplitSeq(strings.TrimSuffix(f, "?"), "|") {
			var ts []token
			for w := range strings.SplitSeq(alt, "_") {
				head, tail := strings.HasPrefix(w, "*"), strings.HasSuffix(w, "*")
				parts := foldWord(strings.Trim(w, "*"))
				for i, p := range parts {
					ts = append(ts, token{p, head && i == 0, tail && i == len(parts)-1})
				}
			}
			if len(ts) == 0 {
				return nil, errs.New(errs.Invalid, "a pattern has an empty alternative")
			}
			e.any = append(e.any, ts)
		}
		out = append(out, e)
	}
	if len(out) == 0 || out[0].gap || out[0].optional {
		return nil, errs.New(errs.Invalid, "a pattern begins with a word")
	}
	return out, nil
}

// index finds the patterns that may begin at a word without trying all.
type index struct {
	exact map[string][]int
	stems map[string][]int // by the first stemBytes bytes of a beginning
	loose []int            // ends and middles
	all   []pattern
}

const stemBytes = 3

func newIndex(all []pattern) index {
	x := index{exact: map[string][]int{}, stems: map[string][]int{}, all: all}
	for i, p := range all {
		for _, alt := range p.elements[0].any {
			t := alt[0]
			switch {
			case !t.head && !t.tail:
				x.exact[t.text] = once(x.exact[t.text], i)
			case !t.head && len(t.text) >= stemBytes:
				x.stems[t.text[:stemBytes]] = once(x.stems[t.text[:stemBytes]], i)
			default:
				x.loose = once(x.loose, i)
			}
		}
	}
	return x
}

// once appends i unless it is the last already: patterns come in rising order.
func once(list []int, i int) []int {
	if n := len(list); n > 0 && list[n-1] == i {
		return list
	}
	return append(list, i)
}

// find calls found for every pattern at every place, until it returns false.
func (x index) find(words []string, found func(p *pattern, s spanOf) bool) {
	for at, w := range words {
		lists := [3][]int{x.exact[w], nil, x.loose}
		if len(w) >= stemBytes {
			lists[1] = x.stems[w[:stemBytes]]
		}
		for _, list := range lists {
			for _, i := range list {
				p := &x.all[i]
				if n := match(p.elements, words[at:]); n > 0 && !found(p, spanOf{at, at + n}) {
					return
				}
			}
		}
	}
}

// says reports the first pattern of a class, with its language.
func (m *message) says(c class) (lang string, ok bool) {
	m.patterns[c].find(m.words, func(p *pattern, _ spanOf) bool {
		lang, ok = m.names[p.lang], true
		return false
	})
	return lang, ok
}

func (m *message) find(c class) []spanOf {
	var out []spanOf
	m.patterns[c].find(m.words, func(_ *pattern, s spanOf) bool {
		out = append(out, s)
		return true
	})
	return out
}
