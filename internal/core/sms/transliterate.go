package sms

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Change is one replacement that Transliterate made.
type Change struct {
	From   string // what stood there
	To     string // what stands there now; empty for a sign that nobody sees
	Offset int    // bytes before From in the original
}

// Plain is an offered rewriting of a text for the 7-bit alphabet.
type Plain struct {
	Text    string
	Changes []Change
	Left    []rune // characters without a safe twin, each once: they stay in Text as they were
}

// Complete reports whether the default alphabet carries all of the rewritten text.
func (p Plain) Complete() bool { return len(p.Left) == 0 }

// Transliterate replaces characters that the 7-bit alphabet lacks by twins that a reader of the language
// understands: typographic quotes, dashes, dots and spaces, invisible signs, full-width forms, and letters
// of the Latin script with marks. Nothing ever becomes "?": a character without a twin (Chinese, Arabic,
// Cyrillic, emoji) stays and is listed. It is an offer for a person to accept, never a step of sending.
func Transliterate(text, lang string) Plain {
	if fits(text) {
		return Plain{Text: text}
	}
	var p Plain
	var b strings.Builder
	b.Grow(len(text))
	seen := map[rune]bool{}
	behindPlain := true // what stands before is Latin, a digit or punctuation, or nothing
	for at := 0; at < len(text); {
		size := norm.NFC.NextBoundaryInString(text[at:], true)
		from := text[at : at+size]
		to, left := plainSign(from, lang)
		if !isJoiner(from) {
			last, _ := utf8.DecodeLastRuneInString(from)
			behindPlain = last < 0x250
		} else if behindPlain {
			to, left = "", nil
		}
		if to != from {
			p.Changes = append(p.Changes, Change{From: from, To: to, Offset: at})
		}
		for _, r := range left {
			if !seen[r] {
				seen[r] = true
				p.Left = append(p.Left, r)
			}
		}
		b.WriteString(to)
		at += size
	}
	p.Text = b.String()
	return p
}

// plainSign rewrites a letter with its combining marks, or says which characters it had to leave.
func plainSign(from, lang string) (to string, left []rune) {
	if fits(from) {
		return from, nil
	}
	composed := norm.NFC.String(from)
	if fits(composed) {
		return composed, nil
	}
	var b strings.Builder
	base := rune(0)
	for _, r := range composed {
		plain, ok := twin(r, lang)
		switch {
		case fits(string(r)):
			b.WriteRune(r)
		case ok:
			b.WriteString(plain)
		case unicode.Is(unicode.Mn, r) && unicode.Is(unicode.Latin, base):
			continue // a further mark on a Latin letter
		default:
			return from, append(left, outside(from)...)
		}
		if !unicode.Is(unicode.Mn, r) {
			base = r
		}
	}
	return b.String(), nil
}

// twin is the plain replacement of one character outside the default alphabet.
func twin(r rune, lang string) (string, bool) {
	if t, ok := byLanguage(r, lang); ok {
		return t, true
	}
	if t, ok := twins[r]; ok {
		return t, true
	}
	switch {
	case unicode.IsSpace(r) || unicode.Is(unicode.Zs, r):
		return " ", true
	case invisible(r):
		return "", true
	case 0xff01 <= r && r <= 0xff5e: // full-width forms of ASCII
		if t := string(r - 0xff01 + '!'); fits(t) {
			return t, true
		}
		return "", false
	case unicode.Is(unicode.Pd, r):
		return "-", true
	case !unicode.Is(unicode.Latin, r):
		return "", false
	}
	return withoutMarks(r)
}

// invisible are signs whose loss no reader sees: bidirectional controls, zero-width space, soft hyphen, byte
// order mark and C0/C1 controls. The joiners stay: they shape words in several scripts.
func invisible(r rune) bool {
	switch {
	case r == '\u00ad' || r == '\u200b' || r == '\u2060' || r == '\ufeff':
		return true
	case r == '\u200e' || r == '\u200f' || r == '\u061c':
		return true
	case '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069':
		return true
	}
	return unicode.IsControl(r)
}

// isJoiner reports a zero-width joiner or non-joiner. They shape words in many scripts, so that only those
// behind plain text are taken out.
func isJoiner(sign string) bool { return sign == "\u200c" || sign == "\u200d" }

// withoutMarks is the base letter of a Latin letter with marks.
func withoutMarks(r rune) (string, bool) {
	base, _ := utf8.DecodeRuneInString(norm.NFKD.String(string(r)))
	if t := string(base); fits(t) {
		return t, true
	}
	t, ok := twins[base]
	return t, ok
}

// byLanguage are twins that only readers of a language would choose.
func byLanguage(r rune, lang string) (string, bool) {
	if base, _, _ := strings.Cut(strings.ToLower(lang), "-"); base == "hu" {
		switch r {
		case 'ő':
			return "ö", true
		case 'ű':
			return "ü", true
		case 'Ő':
			return "Ö", true
		case 'Ű':
			return "Ü", true
		}
	}
	return "", false
}

// twins are replacements that no decomposition gives.
var twins = map[rune]string{
	'‘': "'", '’': "'", '‚': "'", '‛': "'", '′': "'", 'ʼ': "'", '´': "'", '`': "'", '‹': "<", '›': ">",
	'“': "\"", '”': "\"", '„': "\"", '‟': "\"", '″': "\"", '«': "\"", '»': "\"",
	'‐': "-", '‑': "-", '‒': "-", '–': "-", '—': "-", '―': "-", '−': "-", '⁃': "-",
	'…': "...", '•': "-", '·': ".", '‧': ".", '∙': ".", '⁄': "/", '∕': "/", '×': "x", '÷': "/", '¦': "|",
	'¹': "1", '²': "2", '³': "3", '½': "1/2", '¼': "1/4", '¾': "3/4", '№': "No", '™': "(TM)", '®': "(R)", '©': "(C)",
	'ł': "l", 'Ł': "L", 'đ': "d", 'Đ': "D", 'ı': "i", 'ħ': "h", 'Ħ': "H", 'ŧ': "t", 'Ŧ': "T",
	'œ': "oe", 'Œ': "OE", 'ð': "d", 'Ð': "D", 'þ': "th", 'Þ': "Th", 'ŋ': "ng", 'Ŋ': "NG", 'ĸ': "k", 'ſ': "s",
	'ẞ': "SS", 'ª': "a", 'º': "o", 'ə': "e", 'Ə': "E", 'ﬀ': "ff", 'ﬁ': "fi", 'ﬂ': "fl", 'ﬃ': "ffi", 'ﬄ': "ffl",
	'、': ",", '。': ".", '「': "\"", '」': "\"", '，': ",", '：': ":", '；': ";", '！': "!", '？': "?",
}
