package content

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes a value harmless in a text: line breaks and controls become a space, bidirectional and other
// invisible controls and braces go, runs of spaces become one. Joiners stay, names in several scripts
// need them.
func clean(value string) string {
	if isPlain(value) {
		return value
	}
	var b strings.Builder
	b.Grow(len(value))
	space := true // drop leading ones
	for _, r := range value {
		switch {
		case r == '{' || r == '}' || r == utf8.RuneError || isHidden(r):
		case unicode.IsSpace(r) || unicode.IsControl(r):
			if !space {
				b.WriteByte(' ')
			}
			space = true
		default:
			b.WriteRune(r)
			space = false
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// isPlain reports printable ASCII without braces, doubled or outer spaces: most values.
func isPlain(s string) bool {
	space := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == '{' || c == '}' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || s == ""
}

// isHidden reports signs that change how neighbours are shown or are not seen at all.
func isHidden(r rune) bool {
	return r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) ||
		0xe0000 <= r && r <= 0xe0fff
}
