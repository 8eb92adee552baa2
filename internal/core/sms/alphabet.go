package sms

import (
	"strconv"
	"strings"
)

const (
	esc  = 0x1b
	none = 0xff // no such character
)

// table is one locking or single shift table, both ways.
type table struct {
	runes [128]rune     // 0 is void
	low   [256]byte     // septet by code point below 256, or none
	high  map[rune]byte // septet by the other code points
}

// septet finds r, none when the table lacks it.
func (t *table) septet(r rune) byte {
	if uint32(r) < 256 {
		return t.low[r]
	}
	if s, ok := t.high[r]; ok {
		return s
	}
	return none
}

func newTable(runes [128]rune) table {
	t := table{runes: runes, high: map[rune]byte{}}
	for i := range t.low {
		t.low[i] = none
	}
	for i := len(runes) - 1; i >= 0; i-- { // backwards: of a character's two positions the first wins
		switch r := runes[i]; {
		case r == 0 || r == esc:
		case r < 256:
			t.low[r] = byte(i)
		default:
			t.high[r] = byte(i)
		}
	}
	return t
}

// lockingTables and singleTables are by Lang. Spanish has no locking table: the default one stands in, and
// Plan never announces it.
var (
	lockingTables = buildLocking()
	singleTables  = buildSingle()
)

func buildLocking() (all [langs]table) {
	written := map[Lang]string{Default: defaultLocking, Turkish: turkishLocking, Spanish: defaultLocking,
		Portuguese: portugueseLocking, Urdu: urduLocking}
	for lang := range langs {
		if text, ok := written[lang]; ok {
			all[lang] = newTable(listed(text))
		} else {
			all[lang] = newTable(indicTables[lang].locking())
		}
	}
	return all
}

func buildSingle() (all [langs]table) {
	added := map[Lang]map[byte]rune{Turkish: turkishSingle, Spanish: spanishSingle, Portuguese: portugueseSingle}
	for lang := range langs {
		var runes [128]rune
		for i, r := range defaultSingle {
			runes[i] = r
		}
		for i, r := range added[lang] {
			runes[i] = r
		}
		switch {
		case lang == Urdu:
			indicSingle(&runes, urduSingle)
		case lang >= Bengali:
			indicSingle(&runes, indicTables[lang].single)
		}
		all[lang] = newTable(runes)
	}
	return all
}

// listed reads a table written as 128 characters.
func listed(text string) (runes [128]rune) {
	i := 0
	for _, r := range text {
		if r != ' ' || i == 0x20 {
			runes[i] = r
		}
		i++
	}
	return runes
}

// locking moves the Hindi letters into the script's block, leaves out what the script lacks and puts its own
// six characters in.
func (x indic) locking() [128]rune {
	void := map[rune]bool{}
	for _, place := range strings.Fields(x.void) {
		n, _ := strconv.ParseUint(place, 16, 8) // a wrong constant fails the comparison with the oracle
		void[x.block+rune(n)] = true
	}
	runes := listed(hindiLocking)
	for i, r := range runes {
		if r < 0x900 {
			continue
		}
		runes[i] = r - 0x900 + x.block
		if void[runes[i]] {
			runes[i] = 0
		}
	}
	own := []rune(x.own)
	runes[0x60] = own[0]
	copy(runes[0x7b:], own[1:])
	return runes
}

func indicSingle(runes *[128]rune, own string) {
	i := 0
	for _, r := range indicSingleStart {
		if r != ' ' {
			runes[i] = r
		}
		i++
	}
	i = 0
	for _, r := range own {
		if r != ' ' {
			runes[indicSlots[i]] = r
		}
		i++
	}
	for r := 'A'; r <= 'Z'; r++ {
		runes[r] = r
	}
	runes['@'] = '|'
}
