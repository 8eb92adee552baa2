package content

import (
	"strings"

	"carillon.dev/carillon/internal/base/errs"
)

// use is what one Liquid expression refers to.
type use struct {
	names    []Name
	filters  []string
	fallback string // literal of the only filter "default", when that is all the expression has
	compares bool   // it has == and the like, or joins conditions
	simple   bool   // one variable, with at most that filter
}

// words of Liquid that are no variables.
var liquidWords = map[string]bool{"and": true, "or": true, "contains": true, "true": true, "false": true, "nil": true,
	"null": true, "blank": true, "empty": true, "not": true}

// readExpression finds the variables and filters of an expression as Liquid reads it. Indexing, ranges and
// brackets are refused: no template of a message needs them.
func readExpression(src string) (use, error) {
	var u use
	tokens, err := lex(src)
	if err != nil {
		return use{}, err
	}
	for i, t := range tokens {
		switch {
		case strings.IndexByte("=!<>-", t.kind) >= 0 || t.text == "and" || t.text == "or" || t.text == "contains":
			u.compares = true
		case t.kind != 'w' || liquidWords[t.text]:
		case i > 0 && tokens[i-1].text == "|":
			u.filters = append(u.filters, t.text)
		default:
			u.names = append(u.names, Name(t.text))
		}
	}
	switch {
	case len(tokens) == 1 && len(u.names) == 1:
		u.simple = true
	case len(tokens) == 5 && len(u.names) == 1 && tokens[0].kind == 'w' && tokens[1].text == "|" &&
		tokens[2].text == "default" && tokens[3].text == ":" && tokens[4].kind == '"':
		u.simple, u.fallback = true, tokens[4].text
	}
	return u, nil
}

// lexeme is a word ('w'), a string ('"'), a number ('0') or a sign (itself).
type lexeme struct {
	kind byte
	text string
}

func lex(src string) ([]lexeme, error) {
	var out []lexeme
	for i := 0; i < len(src); {
		c := src[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '"' || c == '\'':
			end := strings.IndexByte(src[i+1:], c)
			if end < 0 {
				return nil, errs.New(errs.Invalid, "a quotation mark is not closed")
			}
			out = append(out, lexeme{'"', src[i+1 : i+1+end]})
			i += end + 2
		case isLetter(c):
			n := span(src[i:], func(c byte) bool { return isLetter(c) || isDigit(c) || c == '.' || c == '-' })
			out = append(out, lexeme{'w', src[i : i+n]})
			i += n
		case isDigit(c):
			n := span(src[i:], func(c byte) bool { return isDigit(c) || c == '.' })
			out = append(out, lexeme{'0', src[i : i+n]})
			i += n
		case strings.IndexByte("|:,=!<>-", c) >= 0:
			out = append(out, lexeme{c, src[i : i+1]})
			i++
		default:
			return nil, errs.New(errs.Invalid, "a sign is not allowed here; use variables, quoted texts and the filter default")
		}
	}
	return out, nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

func span(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}
