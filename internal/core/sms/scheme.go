package sms

import (
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// scheme is one way to carry a text: a coding and, for GSM7, its two tables.
type scheme struct {
	coding          Coding
	locking, single Lang
}

// cost is how many units r takes, 0 when the scheme cannot carry it.
func (s scheme) cost(r rune) int {
	if s.coding == UCS2 {
		if r > 0xffff {
			return 2
		}
		return 1
	}
	if lockingTables[s.locking].septet(r) != none {
		return 1
	}
	if singleTables[s.single].septet(r) != none {
		return 2
	}
	return 0
}

// units is what the whole text takes; ok is false when some character cannot be carried.
func (s scheme) units(text string) (n int, ok bool) {
	low, ext := &lockingTables[s.locking].low, &singleTables[s.single].low
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf && s.coding == GSM7 {
			switch {
			case low[c] != none:
				n++
			case ext[c] != none:
				n += 2
			default:
				return 0, false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		cost := s.cost(r)
		if cost == 0 {
			return 0, false
		}
		n, i = n+cost, i+size
	}
	return n, true
}

// append writes the text, which the scheme can carry, as unpacked septets or UTF-16 big-endian.
func (s scheme) append(b []byte, text string) []byte {
	if s.coding == UCS2 {
		return appendUTF16(b, text)
	}
	locking, single := &lockingTables[s.locking], &singleTables[s.single]
	for _, r := range text {
		if c := locking.septet(r); c != none {
			b = append(b, c)
		} else {
			b = append(b, esc, single.septet(r))
		}
	}
	return b
}

func appendUTF16(b []byte, text string) []byte {
	for _, r := range text {
		if r > 0xffff {
			hi, lo := utf16.EncodeRune(r)
			b = append(b, byte(hi>>8), byte(hi), byte(lo>>8), byte(lo))
		} else {
			b = append(b, byte(r>>8), byte(r))
		}
	}
	return b
}

// header is the user data header that every segment of the scheme carries, whole or in parts.
func (s scheme) header(parts int, o Options) UDH {
	u := UDH{Single: s.single, Locking: s.locking}
	if parts > 1 {
		u.Total, u.WideRef, u.Ref = uint8(min(parts, maxSegments)), o.WideRef, o.Ref
	}
	return u
}

// ends gives the byte offset after each segment of text, which takes so many units. Nothing is cut inside a
// character; what a reader sees as one sign (a letter with marks, a joined emoji, CR LF) is kept whole when
// that takes no further segment.
func (s scheme) ends(text string, units int, o Options) []int {
	if units <= s.header(1, o).room(s.coding) {
		return []int{len(text)}
	}
	room := s.header(2, o).room(s.coding)
	byRune := s.cut(text, room, nextRune)
	if bySign := s.cut(text, room, nextSign); len(bySign) <= len(byRune) {
		return bySign
	}
	return byRune
}

// cut fills segments of room units with the pieces that next yields.
func (s scheme) cut(text string, room int, next func(string) int) []int {
	var ends []int
	used := 0
	for i := 0; i < len(text); {
		size := next(text[i:])
		cost, _ := s.units(text[i : i+size])
		if cost > room { // a sign longer than a segment is cut between its characters
			_, size = utf8.DecodeRuneInString(text[i:])
			cost, _ = s.units(text[i : i+size])
		}
		if used+cost > room {
			ends, used = append(ends, i), 0
		}
		used, i = used+cost, i+size
	}
	return append(ends, len(text))
}

func nextRune(text string) int {
	_, size := utf8.DecodeRuneInString(text)
	return size
}

const zeroWidthJoiner = '\u200d'

// maxSign bounds a sign in octets: no honest one is longer, and a text of marks only must not cost a square.
const maxSign = 128

// nextSign is the length of the first sign of text: a close enough cut of the grapheme clusters of UAX #29.
func nextSign(text string) int {
	r, size := utf8.DecodeRuneInString(text)
	if r == '\r' && len(text) > 1 && text[1] == '\n' {
		return 2
	}
	flag := isFlagHalf(r)
	for size < min(len(text), maxSign) {
		n, w := utf8.DecodeRuneInString(text[size:])
		switch {
		case flag && isFlagHalf(n):
			flag = false
		case r != zeroWidthJoiner && n != zeroWidthJoiner && !extends(n):
			return size
		}
		r, size = n, size+w
	}
	return size
}

func isFlagHalf(r rune) bool { return 0x1f1e6 <= r && r <= 0x1f1ff }

// extends reports whether r belongs to the sign before it: marks, variation selectors, skin tones, tags.
func extends(r rune) bool {
	return r >= 0x300 && (unicode.Is(unicode.M, r) || 0x1f3fb <= r && r <= 0x1f3ff || 0xe0020 <= r && r <= 0xe007f)
}
