package sms

import (
	"unicode"
	"unicode/utf8"
)

// Effect is what a guilty character does to the price.
type Effect string

const (
	// NeedsUCS2: the 7-bit alphabet lacks it, so that the whole text costs more.
	NeedsUCS2 Effect = "needs_ucs2"
	// TakesTwo: it takes two units where most characters take one.
	TakesTwo Effect = "takes_two_units"
)

// Guilty is a character that makes a text dearer, with its twin if there is one.
type Guilty struct {
	Rune    rune
	Offset  int // bytes before its first appearance
	Count   int // how often it appears
	Effect  Effect
	Twin    string // plain replacement; only with HasTwin, and empty for signs that nobody sees
	HasTwin bool
}

// Meter is what a person who writes a text wants to know about its price.
type Meter struct {
	Coding        Coding
	Units         int // what the text takes
	Segments      int
	Left          int // units until the next segment begins
	Guilty        []Guilty
	PlainSegments int // segments if every twin were taken; equal to Segments when that saves nothing
}

// Measure counts a text for the composer: nothing is changed. lang is the text's language (BCP 47), which
// decides some twins. Errors are Plan's, but an empty text measures as nothing.
func Measure(text, lang string, o Options) (Meter, error) {
	if text == "" {
		return Meter{Coding: GSM7}, nil
	}
	s, n, _, err := choose(text, o)
	if err != nil {
		return Meter{}, err
	}
	m := Meter{Coding: s.coding, Units: n}
	m.Segments, m.Left = s.left(text, n, o)
	m.PlainSegments = m.Segments
	m.Guilty = s.guilty(text, lang)
	if len(m.Guilty) == 0 {
		return m, nil
	}
	twin := Transliterate(text, lang).Text
	if t, n, _, err := choose(twin, o); err == nil && twin != "" {
		count, _ := t.left(twin, n, o)
		m.PlainSegments = min(m.PlainSegments, count)
	}
	return m, nil
}

// left is the number of segments and the units free in the last one.
func (s scheme) left(text string, units int, o Options) (segments, free int) {
	if room := s.header(1, o).room(s.coding); units <= room {
		return 1, room - units
	}
	ends := s.ends(text, units, o)
	used, _ := s.units(text[ends[len(ends)-2]:])
	return len(ends), s.header(2, o).room(s.coding) - used
}

// guilty lists, in order of appearance, what forces UCS-2, or what takes two units in 7 bits.
func (s scheme) guilty(text, lang string) []Guilty {
	plain := scheme{coding: GSM7}
	var list []Guilty
	at := map[rune]int{}
	for i, r := range text {
		if i0, seen := at[r]; seen {
			list[i0].Count++
			continue
		}
		g := Guilty{Rune: r, Offset: i, Count: 1}
		switch {
		case s.coding == UCS2 && plain.cost(r) == 0:
			g.Effect = NeedsUCS2
			g.Twin, g.HasTwin = twin(r, lang)
			if unicode.Is(unicode.Mn, r) && unicode.Is(unicode.Inherited, r) { // a mark on the letter before
				g.Twin, g.HasTwin = "", true
			}
		case s.coding == GSM7 && s.cost(r) == 2:
			g.Effect = TakesTwo
			g.Twin, g.HasTwin = shorter(r)
		default:
			continue
		}
		at[r] = len(list)
		list = append(list, g)
	}
	return list
}

// shorter offers one-unit twins for the brackets of the extension table.
func shorter(r rune) (string, bool) {
	switch r {
	case '[', '{':
		return "(", true
	case ']', '}':
		return ")", true
	case '~':
		return "-", true
	case '|', '\\':
		return "/", true
	}
	return "", false
}

// fits reports whether the default alphabet carries all of text.
func fits(text string) bool {
	_, ok := scheme{coding: GSM7}.units(text)
	return ok && utf8.ValidString(text)
}
