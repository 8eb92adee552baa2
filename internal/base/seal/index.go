package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Sizes of blind indexes: long enough that accidents do not matter, short enough to be cheap to index.
const (
	IndexSize = 16
	TokenSize = 8
)

// Index turns values into keyed hashes that can be compared but not read (HMAC-SHA256, cut). Kinds are kept
// apart: a number and an identifier with the same characters give different bytes. Frequencies leak: equal
// values give equal bytes.
type Index struct{ macs sync.Pool }

func newIndex(key []byte) *Index {
	return &Index{macs: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

func (x *Index) sum(kind string, parts ...string) []byte {
	m := x.macs.Get().(hash.Hash)
	defer x.macs.Put(m)
	m.Reset()
	m.Write([]byte(kind))
	for _, p := range parts {
		m.Write([]byte{0})
		m.Write([]byte(p))
	}
	return m.Sum(make([]byte, 0, sha256.Size))
}

// Number indexes a number in E.164.
func (x *Index) Number(e164 string) []byte { return x.sum("number", e164)[:IndexSize] }

// Identifier indexes how a system names somebody or something; spaces around and case do not matter.
func (x *Index) Identifier(system, value string) []byte {
	return x.sum("identifier", system, strings.ToUpper(strings.TrimSpace(value)))[:IndexSize]
}

// Email indexes an address; case does not matter.
func (x *Index) Email(address string) []byte {
	return x.sum("email", strings.ToLower(strings.TrimSpace(address)))[:IndexSize]
}

// BirthDate indexes a date as written in ISO 8601.
func (x *Index) BirthDate(date string) []byte { return x.sum("birthdate", date)[:IndexSize] }

// Opaque indexes any other value under a kind of the caller's, such as "digest".
func (x *Index) Opaque(kind, value string) []byte { return x.sum("opaque:"+kind, value)[:IndexSize] }

// NameTokens are the tokens under which a person is found: each word of the names, and its first three and
// four letters. Each token comes once.
func (x *Index) NameTokens(names ...string) [][]byte {
	var out [][]byte
	seen := map[string]bool{}
	add := func(kind, text string) {
		if !seen[kind+text] {
			seen[kind+text] = true
			out = append(out, x.sum("name:"+kind, text)[:TokenSize])
		}
	}
	for _, n := range names {
		for _, w := range Words(n) {
			add("word", w)
			letters := []rune(w)
			for _, size := range []int{3, 4} {
				if len(letters) >= size {
					add("prefix", string(letters[:size]))
				}
			}
		}
	}
	return out
}

// NameQuery is the token to look for when somebody typed this word: three or four letters find the names that
// begin so, anything else finds the whole word. Nothing is returned for a word without letters. Four letters
// also match a whole word of four.
func (x *Index) NameQuery(word string) []byte {
	words := Words(word)
	if len(words) == 0 {
		return nil
	}
	w := words[0]
	if n := len([]rune(w)); n == 3 || n == 4 {
		return x.sum("name:prefix", w)[:TokenSize]
	}
	return x.sum("name:word", w)[:TokenSize]
}

// NameStart is the token of the first four letters of a longer word: it finds all names that the word may begin, and
// others, which StartsWith leaves out. Nothing is returned for a shorter word: NameQuery finds those.
func (x *Index) NameStart(word string) []byte {
	if words := Words(word); len(words) > 0 {
		if letters := []rune(words[0]); len(letters) > 4 {
			return x.sum("name:prefix", string(letters[:4]))[:TokenSize]
		}
	}
	return nil
}

// StartsWith reports whether a word of the names begins with what somebody typed.
func StartsWith(word string, names ...string) bool {
	typed := Words(word)
	if len(typed) == 0 {
		return true
	}
	for _, n := range names {
		for _, w := range Words(n) {
			if strings.HasPrefix(w, typed[0]) {
				return true
			}
		}
	}
	return false
}

// Words folds a name for comparison: compatibility decomposition, no marks, case folded, split at everything
// that is neither letter nor digit. "Łódź-Nowak" gives "lodz" and "nowak".
func Words(name string) []string {
	folded := cases.Fold().String(norm.NFKD.String(name))
	var b strings.Builder
	for _, r := range folded {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mc, r):
			b.WriteString(plain(r))
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// plain spells letters that decomposition leaves whole the way keyboards without them do.
func plain(r rune) string {
	switch r {
	case 'ł':
		return "l"
	case 'ø':
		return "o"
	case 'đ', 'ð':
		return "d"
	case 'ħ':
		return "h"
	case 'ı':
		return "i"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'þ':
		return "th"
	}
	return string(r)
}
