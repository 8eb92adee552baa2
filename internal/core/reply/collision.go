package reply

import (
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
