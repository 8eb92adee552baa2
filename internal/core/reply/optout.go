package reply

import (
	"unicode/utf8"

	"carillon.dev/carillon/internal/core/fold"
	"carillon.dev/carillon/internal/core/rules"
)

// optOut grades a message that is not a bare reserved word.
func (m *message) optOut(set *rules.Set) (Grade, Evidence, string) {
	if hit, ok := m.politeKeyword(set); ok {
		if hit.StaffTask || m.text.Question {
			return Likely, ByKeywordPolite, hit.RuleID
		}
		return Sure, ByKeywordPolite, hit.RuleID
	}
	if g := m.phraseGrade(); g != No {
		return g, ByPhrase, ""
	}
	if hit, ok := set.KeywordOfAny(fold.Join(m.words)); ok && !hit.StaffTask {
		return Likely, ByForeignWord, hit.RuleID
	}
	if hit, ok := m.keywordSentence(set); ok {
		return Likely, ByKeyword, hit.RuleID
	}
	if hit, ok := m.keywordTypo(set); ok {
		return Likely, ByKeywordTypo, hit.RuleID
	}
	return No, "", ""
}

// politeKeyword: "Stop. Thank you".
func (m *message) politeKeyword(set *rules.Set) (rules.Hit, bool) {
	core := m.trimPolite(m.words)
	hit, ok := set.Keyword(fold.Join(core), m.in.Languages)
	if !ok || hit.Role != rules.OptOut || utf8.RuneCountInString(hit.Word) == 1 {
		return rules.Hit{}, false
	}
	return hit, true
}

// keywordSentence: one sentence is a reserved word, the others say something else.
func (m *message) keywordSentence(set *rules.Set) (rules.Hit, bool) {
	from := 0
	for _, end := range m.ends {
		sentence := m.words[from:end]
		from = end
		hit, ok := set.Keyword(fold.Join(m.trimPolite(sentence)), m.in.Languages)
		if ok && hit.Role == rules.OptOut && !hit.StaffTask && utf8.RuneCountInString(hit.Word) > 2 {
			return hit, true
		}
	}
	return rules.Hit{}, false
}

// keywordTypo: a single word one slip away from a reserved one.
func (m *message) keywordTypo(set *rules.Set) (rules.Hit, bool) {
	core := m.trimPolite(m.words)
	if len(core) != 1 || m.vocabulary[core[0]] || m.text.Question {
		return rules.Hit{}, false
	}
	return set.NearOptOut(core[0], m.in.Languages, near)
}

// phraseGrade: Sure when an opt-out phrase and courtesies are the whole message, Likely when it is a part of
// it, asked, or only points that way. Phrases that a harmless reading covers do not count.
func (m *message) phraseGrade() Grade {
	spared := m.find(notOptOut)
	grade := No
	covered := make([]bool, len(m.words))
	for _, s := range m.find(optOutSure) {
		if !overlaps(s, spared) {
			grade = Likely
			for i := s.from; i < s.to; i++ {
				covered[i] = true
			}
		}
	}
	if grade == Likely && !m.text.Question && m.restEmpty(covered) {
		return Sure
	}
	for _, s := range m.find(optOutLikely) {
		if !overlaps(s, spared) {
			grade = Likely
		}
	}
	return grade
}

func (m *message) restEmpty(covered []bool) bool {
	for i := 0; i < len(covered); {
		j := i
		for j < len(covered) && !covered[j] {
			j++
		}
		if !m.empty(m.words[i:j]) {
			return false
		}
		i = j + 1
	}
	return true
}

func overlaps(s spanOf, others []spanOf) bool {
	for _, o := range others {
		if s.from < o.to && o.from < s.to {
			return true
		}
	}
	return false
}
