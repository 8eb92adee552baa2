package rules

import (
	"slices"

	"carillon.dev/carillon/internal/core/fold"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

// Set is what holds for one country on one day. It is immutable.
type Set struct {
	Country      string
	Sender       Sender
	Confirmation Confirmation
	Scope        Scope
	Caps         []Cap
	Duties       []Duty

	hours    map[purpose.Class]quiet.Hours
	keywords map[string][]Hit
	near     []Hit             // opt-out words of four letters or more
	byKind   map[string]string // which rule decided what
}

// Hit is a reserved word that a text was.
type Hit struct {
	Role             Role
	Languages        []string
	StaffTask        bool
	YieldsToQuestion bool
	RuleID           string
	Word             string // folded
}

func newSet(country string, rs []Rule, day quiet.Day) *Set {
	s := &Set{Country: country, hours: map[purpose.Class]quiet.Hours{}, keywords: map[string][]Hit{}, byKind: map[string]string{}}
	for _, r := range rs {
		if r.in(day) {
			s.add(r)
		}
	}
	return s
}

// add lets a later rule of the same kind and class replace an earlier one; words, caps and duties gather.
func (s *Set) add(r Rule) {
	switch {
	case r.Keywords != nil:
		s.addWords(r)
	case r.Hours != nil:
		s.hours[r.Hours.Class] = r.Hours.Open
		s.byKind["hours/"+string(r.Hours.Class)] = r.ID
	case r.Sender != nil:
		s.Sender = *r.Sender
		s.byKind["sender"] = r.ID
	case r.Confirmation != nil:
		s.Confirmation = *r.Confirmation
		s.byKind["confirmation"] = r.ID
	case r.Scope != nil:
		s.Scope = *r.Scope
		s.byKind["scope"] = r.ID
	case r.Cap != nil:
		s.Caps = append(s.Caps, *r.Cap)
	case r.Duty != nil:
		d := *r.Duty
		d.ID = r.ID
		s.Duties = append(s.Duties, d)
	}
}

func (s *Set) addWords(r Rule) {
	k := r.Keywords
	for _, w := range k.Words {
		key := fold.Key(w)
		h := Hit{k.Role, k.Languages, k.StaffTask, k.YieldsToQuestion, r.ID, key}
		s.keywords[key] = append(s.keywords[key], h)
		if h.Role == OptOut && len([]rune(key)) >= 4 {
			s.near = append(s.near, h)
		}
	}
}

// Hours are the country's default hours of a class; an unknown class gets the marketing hours, the strictest.
func (s *Set) Hours(c purpose.Class) quiet.Hours {
	if h, ok := s.hours[c]; ok {
		return h
	}
	return s.hours[purpose.ClassMarketing]
}

// Decided names the rule behind a single-valued fact: "sender", "confirmation", "scope" or "hours/<class>".
func (s *Set) Decided(fact string) string { return s.byKind[fact] }

// Keyword looks a folded whole message up for a person of these languages. Words that carriers act upon by
// themselves (Provider) are not hits: they bind texts that we write, not what patients answer. Opting out
// wins over help, help over start.
func (s *Set) Keyword(key string, languages []string) (Hit, bool) {
	return s.pick(key, func(h Hit) bool { return h.Role != Provider && speaks(h, languages) })
}

// KeywordOfAny looks for an opt-out word in whatever language; who uses another language's word probably
// means it, but a person should look. One- and two-letter words never count.
func (s *Set) KeywordOfAny(key string) (Hit, bool) {
	if len([]rune(key)) < 3 && !isHan(key) {
		return Hit{}, false
	}
	return s.pick(key, func(h Hit) bool { return h.Role == OptOut })
}

// Reserved looks a word up for the check of templates: any role, and any of the given languages.
func (s *Set) Reserved(key string, languages []string) (Hit, bool) {
	return s.pick(key, func(h Hit) bool { return speaks(h, languages) })
}

func (s *Set) pick(key string, fits func(Hit) bool) (Hit, bool) {
	for _, role := range []Role{OptOut, Help, Start, Provider} {
		for _, h := range s.keywords[key] {
			if h.Role == role && fits(h) {
				return h, true
			}
		}
	}
	return Hit{}, false
}

// speaks reports whether the word is scoped to one of the languages; without any language known, words that
// are longer than two letters count in every language of the country.
func speaks(h Hit, languages []string) bool {
	if len(h.Languages) == 0 {
		return true
	}
	if len(languages) == 0 {
		return len([]rune(h.Word)) > 2 || isHan(h.Word)
	}
	return slices.ContainsFunc(languages, func(l string) bool { return slices.Contains(h.Languages, primary(l)) })
}

// primary is the language of a BCP 47 tag: pt-BR is pt.
func primary(tag string) string {
	for i, r := range tag {
		if r == '-' || r == '_' {
			return tag[:i]
		}
	}
	return tag
}

func isHan(s string) bool {
	for _, r := range s {
		return r >= 0x3400 && r <= 0x9fff
	}
	return false
}

// NearOptOut looks for an opt-out word that near says the word is a slip away from. Only words of four
// letters or more, of the languages or of every language, count; what it finds is never sure.
func (s *Set) NearOptOut(word string, languages []string, near func(a, b string) bool) (Hit, bool) {
	if len([]rune(word)) < 4 {
		return Hit{}, false
	}
	for _, h := range s.near {
		if !h.StaffTask && speaks(h, languages) && word[0] == h.Word[0] && near(word, h.Word) {
			return h, true
		}
	}
	return Hit{}, false
}
