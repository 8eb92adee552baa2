package reply

import "slices"

// Phrase classes that only the reader sees: courtesies change no meaning anywhere, question words open a
// question, and fillers change no meaning around an opt-out phrase only.
const (
	polite Intent = "polite"
	asking Intent = "asking"
	filler Intent = "filler"
	// inviting phrases are ours, not the patient's: "reply with".
	inviting Intent = "inviting"
)

// oneLetter marks a phrase of a single letter; it counts only in the writer's own language.
const oneLetter uint32 = 1 << 31

// everyLanguage reads an answer in another language than the record says; strangers' single letters stay out.
const everyLanguage = ^oneLetter

// phrase is a sequence of words with one meaning.
type phrase struct {
	words  []string
	intent Intent
	lang   int    // index of the language
	langs  uint32 // its bit, and oneLetter
}

func (p phrase) at(words []string) bool {
	return len(words) >= len(p.words) && slices.Equal(words[:len(p.words)], p.words)
}

// aside reports a phrase that says nothing in an answer.
func (p phrase) aside() bool {
	return p.intent == asking || p.intent == filler || p.intent == inviting
}

// usable: an own single letter counts, a stranger's never.
func (p phrase) usable(langs uint32) bool {
	if p.langs&oneLetter != 0 && langs == everyLanguage {
		return false
	}
	return p.langs&langs&everyLanguage != 0
}

// A mask is the set of meanings in a cover.
const (
	maskConfirm = 1 << iota
	maskCancel
	maskReschedule
	maskQuestion
	maskThanks
	masks = 32
)

func maskOf(i Intent) int {
	switch i {
	case Confirm:
		return maskConfirm
	case Cancel:
		return maskCancel
	case Reschedule:
		return maskReschedule
	case Question:
		return maskQuestion
	case Thanks:
		return maskThanks
	}
	return 0
}

// maxCovered bounds the words of an answer that may act; longer ones go to a person.
const maxCovered = 24

// best is the fewest phrases by which a prefix is covered with one mask of meanings, and the language of the
// last meaning in it; 0 phrases means not covered.
type best struct {
	phrases int
	lang    int
}

// cover tries to read words wholly as phrases of the languages. It prefers fewer, longer phrases, and is
// not ok when some word stays over. Unclear means that it says two things.
func (m *message) cover(words []string, langs uint32) (Intent, string, bool) {
	if len(words) == 0 || len(words) > maxCovered {
		return "", "", false
	}
	var reach [maxCovered + 1][masks]best
	reach[0][0].phrases = 1
	for i, first := range words {
		for _, p := range m.phrases[first] {
			if p.aside() || !p.usable(langs) || !p.at(words[i:]) {
				continue
			}
			step(&reach, i, p)
		}
	}
	return m.verdict(reach[len(words)])
}

func step(reach *[maxCovered + 1][masks]best, i int, p phrase) {
	add := maskOf(p.intent)
	for mask, b := range reach[i] {
		if b.phrases == 0 {
			continue
		}
		to := &reach[i+len(p.words)][mask|add]
		if to.phrases != 0 && to.phrases <= b.phrases+1 {
			continue
		}
		*to = best{b.phrases + 1, b.lang}
		if add != 0 {
			to.lang = p.lang
		}
	}
}

func (m *message) verdict(end [masks]best) (Intent, string, bool) {
	mask, least, tie := -1, best{}, false
	for k, b := range end {
		switch {
		case b.phrases == 0:
		case mask < 0 || b.phrases < least.phrases:
			mask, least, tie = k, b, false
		case b.phrases == least.phrases && k&^maskThanks != mask&^maskThanks:
			tie = true
		}
	}
	if mask < 0 {
		return "", "", false
	}
	if tie {
		return Unclear, "", true
	}
	return meaning(mask), m.names[least.lang], true
}

// meaning of a cover. Who cannot come and wants another time wants another time.
func meaning(mask int) Intent {
	switch mask &^ maskThanks {
	case 0:
		if mask&maskThanks != 0 {
			return Thanks
		}
		return polite
	case maskConfirm:
		return Confirm
	case maskCancel:
		return Cancel
	case maskReschedule, maskReschedule | maskCancel:
		return Reschedule
	case maskQuestion, maskQuestion | maskReschedule:
		return Question
	}
	return Unclear
}

// trimPolite takes courtesies off both ends.
func (m *message) trimPolite(words []string) []string {
	for n := m.politeHead(words); n > 0 && n < len(words); n = m.politeHead(words) {
		words = words[n:]
	}
	for n := m.politeTail(words); n > 0 && n < len(words); n = m.politeTail(words) {
		words = words[:len(words)-n]
	}
	return words
}

func courtesy(p phrase) bool { return p.intent == polite || p.intent == Thanks }

func (m *message) politeHead(words []string) int {
	longest := 0
	for _, p := range m.phrases[words[0]] {
		if courtesy(p) && p.at(words) {
			longest = max(longest, len(p.words))
		}
	}
	return longest
}

func (m *message) politeTail(words []string) int {
	for from := max(0, len(words)-6); from < len(words); from++ {
		for _, p := range m.phrases[words[from]] {
			if courtesy(p) && len(p.words) == len(words)-from && p.at(words[from:]) {
				return len(p.words)
			}
		}
	}
	return 0
}

// empty reports whether words hold nothing but courtesies and fillers.
func (m *message) empty(words []string) bool {
	for len(words) > 0 {
		n := 0
		for _, p := range m.phrases[words[0]] {
			if (courtesy(p) || p.intent == filler) && p.at(words) {
				n = max(n, len(p.words))
			}
		}
		if n == 0 {
			return false
		}
		words = words[n:]
	}
	return true
}
