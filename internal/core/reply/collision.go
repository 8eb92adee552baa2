package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"carillon.dev/carillon/internal/core/fold"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
)

// Collision is an answer that a text invites although carriers, providers or the law give it another meaning.
type Collision struct {
	Invited string // as the text has it
	Role    rules.Role
	RuleID  string
	Offer   string // a code that is safe to invite instead; empty when every digit is taken
}

// Collides checks the answers that a text invites, in any of its languages. Any collision means that the
// text is refused: "reply CANCEL" would opt the patient out before anyone reads it.
func Collides(invited []string, country string, languages []string, book *rules.Book, day quiet.Day) []Collision {
	set := book.For(country, day)
	used := map[string]bool{}
	for _, s := range invited {
		used[fold.Key(s)] = true
	}
	var out []Collision
	for _, s := range invited {
		if hit, ok := set.Reserved(fold.Key(s), languages); ok {
			out = append(out, Collision{s, hit.Role, hit.RuleID, freeDigit(used)})
		}
	}
	return out
}

// freeDigit takes the lowest digit not yet in use.
func freeDigit(used map[string]bool) string {
	for d := '1'; d <= '9'; d++ {
		if s := string(d); !used[s] {
			used[s] = true
			return s
		}
	}
	return ""
}

// maxInvited is how many words (or Han characters) an invited answer may have.
const maxInvited = 4

// Invited finds what a text may invite: the words behind "reply with" and its like in every language, and
// words in capitals after it. It finds too much rather than too little; Collides keeps what is reserved.
// The opt-out line itself is no part of a template's body and is not given to it.
func (w *Words) Invited(text string) []string {
	words := foldedWords(text)
	var out []string
	for i, word := range words {
		for _, p := range w.phrases[word] {
			if p.intent != inviting || !p.at(words[i:]) {
				continue
			}
			rest := words[i+len(p.words):]
			for n := 1; n <= min(maxInvited, len(rest)); n++ {
				out = append(out, fold.Join(rest[:n]))
			}
		}
	}
	if len(out) > 0 {
		out = append(out, capitals(text)...)
	}
	return unique(out)
}

// capitals are the words of two letters or more written in capitals only.
func capitals(text string) []string {
	var out []string
	for _, f := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if utf8.RuneCountInString(f) > 1 && strings.ToUpper(f) == f && strings.ToLower(f) != f {
			out = append(out, f)
		}
	}
	return out
}

// unique keeps the first of answers that fold together.
func unique(list []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range list {
		if key := fold.Key(s); !seen[key] {
			seen[key] = true
			out = append(out, s)
		}
	}
	return out
}
