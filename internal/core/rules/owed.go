package rules

import (
	"regexp"
	"slices"

	"carillon.dev/carillon/internal/core/fold"
	"carillon.dev/carillon/internal/core/purpose"
)

// Owed is what a country's duties ask of every text of a class, each by the id of the rule that asks; empty where none
// does.
type Owed struct {
	WayOut   string // each text says how to get no more
	Sender   string // each text says who writes
	NoCode   string // no text names an opt-out short code
	NeedCode string // each text names one

	codes []*regexp.Regexp
}

// Owed gathers the duties of a class of texts from a sender that hears answers, or does not. Duties under the United
// States health care exemption are left out: no organization relies on it here.
func (s *Set) Owed(c purpose.Class, oneWay bool) Owed {
	var o Owed
	for i := range s.Duties {
		if d := &s.Duties[i]; d.Class == c && !d.Exempt && (oneWay || !d.OneWay) {
			o.take(d)
		}
	}
	return o
}

func (o *Owed) take(d *Duty) {
	for _, dm := range d.Demands {
		switch dm {
		case OptOutLine:
			o.WayOut = d.ID
		case SenderName:
			o.Sender = d.ID
		case NoStopCode:
			o.NoCode = d.ID
		case NeedsStop:
			o.NeedCode = d.ID
		default:
			continue
		}
		if d.Pattern != nil && (dm == NoStopCode || dm == NeedsStop) {
			o.codes = append(o.codes, d.Pattern)
		}
	}
}

// Code finds an opt-out short code of the country in a text: its place in bytes, or nil.
func (o *Owed) Code(text string) []int {
	for _, p := range o.codes {
		if at := p.FindStringIndex(text); at != nil {
			return at
		}
	}
	return nil
}

// wayOutWords are what a text may ask a reader of a language to answer for no more texts, the best first. STOP is
// understood wherever a provider acts by itself; a Chinese reader writes no Latin word.
var wayOutWords = map[string][]string{"zh": {"退订"}}

// WayOutWord is the word that a text in this language names for getting no more: one that is understood as an opt-out
// in this country whatever languages are known of the reader. Empty where there is none.
func (s *Set) WayOutWord(language string) string {
	own := primary(language)
	for _, w := range append(slices.Clone(wayOutWords[own]), "STOP") {
		if h, ok := s.Keyword(fold.Key(w), []string{own}); ok && h.Role == OptOut && !h.StaffTask {
			return w
		}
	}
	return ""
}

// OptsOut reports whether a word, alone in an answer by a reader of this language, is an opt-out here and nothing else.
func (s *Set) OptsOut(word, language string) bool {
	h, ok := s.Keyword(fold.Key(word), []string{language})
	return ok && h.Role == OptOut && !h.StaffTask
}
