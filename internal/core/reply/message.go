package reply

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"carillon.dev/carillon/internal/core/fold"
	"carillon.dev/carillon/internal/core/rules"
)

// message is one answer while it is read.
type message struct {
	*Words
	in    Input
	text  fold.Text
	words []string // Han runs cut into single characters, so that phrases can be found in them
	ends  []int    // sentence ends in words
	mine  uint32   // the writer's languages
}

func (w *Words) read(in Input) *message {
	m := &message{Words: w, in: in, text: fold.Of(in.Text.Reveal())}
	m.words, m.ends = split(m.text)
	for _, l := range in.Languages {
		m.mine |= w.bit(l)
	}
	return m
}

// split cuts Han words into characters.
func split(t fold.Text) (words []string, ends []int) {
	next := 0
	for i, w := range t.Words {
		words = append(words, characters(w)...)
		if next < len(t.Ends) && t.Ends[next] == i+1 {
			ends = append(ends, len(words))
			next++
		}
	}
	return words, ends
}

func characters(w string) []string {
	if r, _ := utf8.DecodeRuneInString(w); !unicode.Is(unicode.Han, r) {
		return []string{w}
	}
	var out []string
	for _, r := range w {
		out = append(out, string(r))
	}
	return out
}

// pictures reads a message without words.
func (m *message) pictures() Result {
	agree, thank := 0, 0
	for _, e := range m.text.Emoji {
		switch e {
		case '👍', '✅', '👌', '✔', '☑', '🆗':
			agree++
		case '🙏', '❤', '😊', '🙂', '💐', '🌹':
			thank++
		default:
			return unclear(ByEmoji)
		}
	}
	switch {
	case m.text.Question || agree+thank == 0:
		return unclear(Empty)
	case agree > 0:
		return Result{Intent: Confirm, OptOut: No, Evidence: ByEmoji, Confidence: Good}
	}
	return Result{Intent: Thanks, OptOut: No, Evidence: ByEmoji, Confidence: Good}
}

// keyword reads a message that is nothing but a reserved word.
func (m *message) keyword(set *rules.Set) (Result, bool) {
	hit, ok := set.Keyword(fold.Join(m.words), m.in.Languages)
	if !ok || (hit.YieldsToQuestion && len(m.in.Open) > 0) || m.offered(hit) {
		return Result{}, false
	}
	return reserved(hit, ByKeyword), true
}

// offered lets a question's own letter code win over a reserved single letter: the code was given by us.
func (m *message) offered(hit rules.Hit) bool {
	return utf8.RuneCountInString(hit.Word) == 1 && slices.ContainsFunc(m.in.Open, func(q OpenQuestion) bool {
		_, ok := q.choice(hit.Word)
		return ok
	})
}

func reserved(h rules.Hit, why Evidence) Result {
	r := Result{OptOut: No, Evidence: why, Confidence: Certain, StaffTask: h.StaffTask, RuleID: h.RuleID}
	switch h.Role {
	case rules.OptOut:
		r.Intent, r.OptOut = OptOut, Sure
	case rules.Help:
		r.Intent = Help
	default:
		r.Intent = Start
	}
	return r
}

// code reads a message that is one of the menu's codes, with or without courtesies or a word that agrees.
func (m *message) code() (Result, bool) {
	core := m.trimPolite(m.words)
	code, rest := m.leadingCode(core)
	if code == "" {
		return Result{}, false
	}
	now := givers(code, m.in.Open)
	if len(now) > 1 && !(oneSubject(now) && oneMeaning(code, now)) {
		r := unclear(CodeShared)
		r.Code = code
		return r, true
	}
	if len(now) == 0 && !isDigits(code) {
		return Result{}, false
	}
	if m.text.Question {
		return unclear(Asked), true
	}
	if len(now) == 0 {
		r := unclear(CodeUnknown)
		r.Code = code
		return r, true
	}
	giver := newest(now)
	choice, _ := giver.choice(code)
	if len(rest) > 0 && !m.agrees(rest, choice.Intent) {
		r := unclear(Mixed)
		r.Code = code
		return r, true
	}
	return Result{Intent: choice.Intent, OptOut: No, Code: choice.Code, QuestionID: giver.ID, Evidence: ByCode, Confidence: Certain}, true
}

// leadingCode finds a code at the beginning ("1", "nr 1", "one", "1 yes") and what stands behind it.
func (m *message) leadingCode(core []string) (code string, rest []string) {
	if len(core) == 0 {
		return "", nil
	}
	i := 0
	if len(core) > 1 && m.leads[core[0]] {
		i = 1
	}
	if isDigits(core[i]) {
		return core[i], core[i+1:]
	}
	if n, ok := m.numbers[core[i]]; ok && len(core) == i+1 && (n.langs&(m.mine|m.bit("en")) != 0 || m.mine == 0) {
		return n.digit, nil
	}
	if len(core) == 1 {
		return core[0], nil
	}
	return "", nil
}

// agrees reports whether the words behind a code say the same or nothing.
func (m *message) agrees(rest []string, want Intent) bool {
	got, _, ok := m.cover(rest, ^uint32(0))
	return ok && (got == want || got == Thanks || got == polite)
}

func isDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

// answer reads the words of the reply map; the whole message must be covered.
func (m *message) answer() Result {
	r := m.mapped()
	if m.text.Question && (r.Intent == Confirm || r.Intent == Cancel || r.Intent == Unclear) {
		return Result{Intent: Question, OptOut: No, Evidence: Asked, Confidence: Good}
	}
	if r.Intent == Confirm && m.doubtfulPicture() {
		return unclear(Mixed)
	}
	if r.Intent == Unclear && r.Evidence == Extra && m.asks() {
		return Result{Intent: Question, OptOut: No, Evidence: ByPhrase, Confidence: Good}
	}
	return r
}

func (m *message) mapped() Result {
	if m.mine != 0 {
		if got, lang, ok := m.cover(m.words, m.mine); ok && got != polite {
			return mapResult(got, ByWord, Certain, lang)
		}
	}
	if got, lang, ok := m.cover(m.words, everyLanguage); ok && got != polite {
		return mapResult(got, ByWord, Good, lang)
	}
	fixed, changed := m.spelled()
	if !changed {
		return unclear(Extra)
	}
	if got, lang, ok := m.cover(fixed, m.mine|m.bit("en")); ok && got != polite {
		return mapResult(got, ByTypo, Good, lang)
	}
	return unclear(Extra)
}

func mapResult(got Intent, why Evidence, c Confidence, lang string) Result {
	if got == Unclear {
		return unclear(Mixed)
	}
	return Result{Intent: got, OptOut: No, Evidence: why, Confidence: c, Language: lang}
}

// doubtfulPicture: yes with a sad or refusing face is not a plain yes.
func (m *message) doubtfulPicture() bool {
	return slices.ContainsFunc(m.text.Emoji, func(e rune) bool {
		return slices.Contains([]rune{'👎', '❌', '🚫', '😡', '😠', '😢', '😭', '🤔', '😕', '🙄', '🛑', '⛔'}, e)
	})
}

// asks reports a question without its mark.
func (m *message) asks() bool {
	for _, at := range append([]int{0}, m.ends...) {
		if at < len(m.words) && m.questionAt(at) {
			return true
		}
	}
	return false
}

func (m *message) questionAt(at int) bool {
	for _, p := range m.phrases[m.words[at]] {
		if p.intent == asking && p.at(m.words[at:]) {
			return true
		}
	}
	return false
}
