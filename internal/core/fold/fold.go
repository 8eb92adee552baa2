// Package fold reduces a short text to what two people would call the same words: case, accents, width,
// punctuation, invisible characters, emoji and letters that only look alike fall away. It exists for
// comparing a reply with word tables. It refuses to interpret, and its result is never shown or stored in
// place of the original.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxRunes is how much of a text is read; nobody's reply of ten segments hides its word behind that.
const MaxRunes = 1600

// Text is a folded text.
type Text struct {
	// Words are the folded words in order. A run of Han characters is one word.
	Words []string
	// Ends holds, for each sentence, the index in Words behind its last word.
	Ends []int
	// Question reports a question mark of any script.
	Question bool
	// Emoji are the pictographs in order, without skin tones and selectors.
	Emoji []rune
}

// Of folds s.
func Of(s string) Text {
	f := folder{}
	n := 0
	// Broken bytes would keep their neighbours from being decomposed.
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, "\ufffd")) {
		if r == utf8.RuneError {
			f.flush()
			continue
		}
		if r >= 0x80 && ignorable(r) {
			continue
		}
		if n++; n > MaxRunes {
			break
		}
		f.rune(r)
	}
	f.flush()
	f.sentence()
	f.out.joinSpelled()
	return f.out
}

// Key is the folded words as one string to look up: words parted by a space, Han runs not at all.
func (t Text) Key() string { return Join(t.Words) }

// Key folds s and gives its key: the form in which word tables are kept.
func Key(s string) string { return Of(s).Key() }

// Join makes a key of words.
func Join(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 && !(startsHan(w) && startsHan(words[i-1])) {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}

// Sentences cuts Words at sentence ends.
func (t Text) Sentences() [][]string {
	var out [][]string
	from := 0
	for _, end := range t.Ends {
		if end > from {
			out = append(out, t.Words[from:end])
			from = end
		}
	}
	return out
}

// folder builds words rune by rune.
type folder struct {
	out       Text
	word      []byte
	foreign   bool // the word holds a Cyrillic or Greek letter
	lookAlike bool // every such letter has a Latin double
	han       bool
}

// rune takes one rune of the decomposed text.
func (f *folder) rune(r rune) {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		f.letter(r)
	case r < utf8.RuneSelf:
		f.plain(unicode.ToLower(r))
	case isHan(r):
		f.letter(simplified(r))
	case unicode.IsLetter(r):
		f.special(unicode.ToLower(r))
	default:
		f.symbol(r)
	}
}

// plain takes an ASCII rune in lower case.
func (f *folder) plain(r rune) {
	switch r {
	case '\'', '`':
		// don't is one word
	case '?':
		f.question()
	case '.', '!', ',', ';', ':', '\n':
		f.flush()
		f.sentence()
	default:
		if 'a' <= r && r <= 'z' {
			f.letter(r)
			return
		}
		f.flush()
	}
}

// symbol takes anything beyond ASCII that is no letter.
func (f *folder) symbol(r rune) {
	if d, ok := numbered(r); ok {
		f.letter(d)
		return
	}
	switch {
	case unicode.IsDigit(r):
		f.letter('0' + digit(r))
	case r == '’' || r == '‘' || r == '´':
	case r == '؟':
		f.question()
	case strings.ContainsRune("…،؛。、", r):
		f.flush()
		f.sentence()
	case pictograph(r):
		f.flush()
		f.out.Emoji = append(f.out.Emoji, r)
	default:
		f.flush()
	}
}

func (f *folder) question() {
	f.out.Question = true
	f.flush()
	f.sentence()
}

// special folds letters that Unicode does not decompose.
func (f *folder) special(r rune) {
	if s, ok := undecomposed[r]; ok {
		for _, c := range s {
			f.letter(c)
		}
		return
	}
	if 0x370 <= r && r <= 0x52f && unicode.In(r, unicode.Cyrillic, unicode.Greek) {
		_, double := doubles[r]
		f.lookAlike = double && (f.lookAlike || !f.foreign)
		f.foreign = true
	}
	f.letter(r)
}

func (f *folder) letter(r rune) {
	if han := isHan(r); han != f.han {
		f.flush()
		f.han = han
	}
	f.word = utf8.AppendRune(f.word, r)
}

func (f *folder) flush() {
	if len(f.word) == 0 {
		return
	}
	w := string(f.word)
	if f.foreign && f.lookAlike {
		w = strings.Map(func(r rune) rune {
			if d, ok := doubles[r]; ok {
				return d
			}
			return r
		}, w)
	}
	f.out.Words = append(f.out.Words, squeeze(w))
	f.word = f.word[:0]
	f.foreign, f.lookAlike, f.han = false, false, false
}

func (f *folder) sentence() {
	if n := len(f.out.Words); n > 0 && (len(f.out.Ends) == 0 || f.out.Ends[len(f.out.Ends)-1] < n) {
		f.out.Ends = append(f.out.Ends, n)
	}
}

// joinSpelled reads "s t o p" and "s.t.o.p" as stop: three or more single letters and nothing else.
func (t *Text) joinSpelled() {
	if len(t.Words) < 3 {
		return
	}
	for _, w := range t.Words {
		if len(w) != 1 || w[0] < 'a' || w[0] > 'z' {
			return
		}
	}
	t.Words = []string{strings.Join(t.Words, "")}
	t.Ends = []int{1}
}

// squeeze turns three or more of one letter into one: "stoooop". Digits and other scripts stay.
func squeeze(w string) string {
	run := 1
	long := false
	for i := 1; i < len(w); i++ {
		if w[i] == w[i-1] && w[i] >= 'a' && w[i] <= 'z' {
			run++
			long = long || run > 2
		} else {
			run = 1
		}
	}
	if !long {
		return w
	}
	var b strings.Builder
	for i := 0; i < len(w); {
		j := i
		for j < len(w) && w[j] == w[i] {
			j++
		}
		if j-i > 2 && w[i] >= 'a' && w[i] <= 'z' {
			b.WriteByte(w[i])
		} else {
			b.WriteString(w[i:j])
		}
		i = j
	}
	return b.String()
}

// ignorable: marks (accents, harakat, selectors), invisible format characters and the Arabic tatweel.
func ignorable(r rune) bool {
	if isHan(r) {
		return false
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc, unicode.Cf) || r == 'ـ' || r == '\u034f' || r == 'ㅤ' || r == '\u115f' || r == '\u1160'
}

func pictograph(r rune) bool { return r >= 0x2190 && unicode.Is(unicode.So, r) }

func startsHan(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return isHan(r)
}

func isHan(r rune) bool { return r >= 0x2e80 && unicode.Is(unicode.Han, r) }

// digit is the value of any decimal digit: Unicode keeps each script's ten in order from a multiple of its zero.
func digit(r rune) rune {
	if r <= '9' {
		return r - '0'
	}
	zero := r
	for zero > r-9 && unicode.IsDigit(zero-1) {
		zero--
	}
	return (r - zero) % 10
}

// numbered reads circled digits that Unicode does not decompose.
func numbered(r rune) (rune, bool) {
	for _, first := range []rune{'❶', '➀', '➊'} {
		if r >= first && r < first+9 {
			return '1' + r - first, true
		}
	}
	return 0, false
}

func simplified(r rune) rune {
	if s, ok := traditional[r]; ok {
		return s
	}
	return r
}
