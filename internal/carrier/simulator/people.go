package simulator

import "strings"

// intent is what a person wants to say.
type intent int

const (
	confirm intent = iota
	cancel
	reschedule
	question
	stop
	unclear
	intents
)

// reply is what a person writes.
type reply struct {
	intent   intent
	language string
	text     string
}

// react lets a person read a text and decide. Most texts that invite an answer get one; the others hardly ever.
func (s *Server) react(d dice, text string) (reply, bool) {
	a := s.cfg.Answers
	lang := languageOf(text)
	if !invites(text) {
		if !d.happens(saltUnasked, a.Reply/200) {
			return reply{}, false
		}
	} else if !d.happens(saltReply, a.Reply) {
		return reply{}, false
	}
	r := reply{intent: a.choose(d), language: lang}
	if d.happens(saltForeign, a.Foreign) {
		r.language = languages[d.pick(saltForeign+1<<32, len(languages))]
	}
	if digit, ok := menu(text)[r.intent]; ok && d.happens(saltDigits, a.Digits) {
		r.text = typed(d, digit)
		return r, true
	}
	p := phrases[r.language][r.intent]
	r.text = dressed(d, p[d.pick(saltPhrase, len(p))])
	return r, true
}

// choose draws an intent by the weights.
func (a Answers) choose(d dice) intent {
	weights := [intents]float64{confirm: a.Confirm, cancel: a.Cancel, reschedule: a.Reschedule, question: a.Question, stop: a.Stop, unclear: a.Unclear}
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	at := d.unit(saltIntent) * sum
	for i, w := range weights {
		if at -= w; at < 0 {
			return intent(i)
		}
	}
	return unclear
}

// typed is a digit as people send it.
func typed(d dice, digit string) string {
	switch d.pick(saltPhrase, 12) {
	case 0:
		return digit + "."
	case 1:
		return " " + digit + " "
	case 2:
		return digit + "!"
	default:
		return digit
	}
}

// dressed is a phrase as people send it: sometimes without capitals, sometimes shouting, sometimes with a mark.
func dressed(d dice, p string) string {
	switch d.pick(saltPhrase+1<<32, 10) {
	case 0:
		return strings.ToLower(p)
	case 1:
		return strings.ToUpper(p)
	case 2:
		return p + " "
	case 3:
		return p + "!"
	default:
		return p
	}
}

// menu reads a text as a person does: which digit stands for which intent. It looks at each digit that stands alone
// and at the words up to the next one ("1 = yes, 2 = no"), or, where the digit comes after the words ("yes: 1, no:
// 2"), at those before.
func menu(text string) map[intent]string {
	rs := []rune(strings.ToLower(text))
	var at []int
	for i, r := range rs {
		if r >= '1' && r <= '9' && (i == 0 || !wordRune(rs[i-1])) && (i+1 == len(rs) || !wordRune(rs[i+1])) && !inTime(rs, i) {
			at = append(at, i)
		}
	}
	after, before := map[intent]string{}, map[intent]string{}
	for n, i := range at {
		end, begin := len(rs), 0
		if n+1 < len(at) {
			end = at[n+1]
		}
		if n > 0 {
			begin = at[n-1] + 1
		}
		note(after, string(rs[i+1:min(end, i+60)]), string(rs[i]), false)
		note(before, string(rs[max(begin, i-40):i]), string(rs[i]), true)
	}
	if len(before) > len(after) {
		return before
	}
	return after
}

// note puts the intent that a clause speaks of into a menu: the first that is named, or the last.
func note(m map[intent]string, clause, digit string, last bool) {
	best, where := intents, -1
	for i := confirm; i < unclear; i++ {
		for _, w := range menuWords[i] {
			p := strings.Index(clause, w)
			if last {
				p = strings.LastIndex(clause, w)
			}
			if p >= 0 && (where < 0 || !last && p < where || last && p > where) {
				best, where = i, p
			}
		}
	}
	if _, taken := m[best]; where >= 0 && !taken {
		m[best] = digit
	}
}

func wordRune(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 0xC0 && r < 0x600
}

// inTime tells digits of times, dates and numbers from those of a menu: "9:30", "3.5", "+4 8", "9月".
func inTime(rs []rune, i int) bool {
	joins := func(j int) bool { return j >= 0 && j < len(rs) && strings.ContainsRune(":.,/-+", rs[j]) }
	digit := func(j int) bool { return j >= 0 && j < len(rs) && rs[j] >= '0' && rs[j] <= '9' }
	unit := i+1 < len(rs) && strings.ContainsRune("年月日号点时分", rs[i+1])
	return unit || joins(i-1) && digit(i-2) || joins(i+1) && digit(i+2) || i > 0 && rs[i-1] == '+'
}

// invites reports whether a text asks for an answer: by a question mark, a menu, or a word such as "reply". A text
// whose only offer is how to stop the texts, or to have them again, does not.
func invites(text string) bool {
	if strings.ContainsAny(text, "?？؟") {
		return true
	}
	m := menu(text)
	delete(m, stop)
	if len(m) > 1 {
		return true
	}
	lower := strings.ToLower(text)
	return containsAny(lower, askingWords) && !containsAny(lower, menuWords[stop]) && !strings.Contains(lower, "start")
}

func containsAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// languageOf guesses the language of a text by its script, or by the commonest short words of each language.
func languageOf(text string) string {
	score := map[string]int{}
	for _, r := range text {
		switch {
		case r >= 0x4E00 && r <= 0x9FFF:
			return "zh"
		case r >= 0x0600 && r <= 0x06FF:
			return "ar"
		case strings.ContainsRune("ąćęłńśźżĄĆĘŁŃŚŹŻ", r):
			score["pl"] += 3
		case strings.ContainsRune("ñ¿¡Ñ", r):
			score["es"] += 3
		case strings.ContainsRune("ßäÄ", r):
			score["de"] += 2
		case strings.ContainsRune("çêèâàœùÀÇ", r):
			score["fr"] += 2
		}
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !wordRune(r) })
	for lang, list := range commonWords {
		for _, w := range words {
			if strings.Contains(list, " "+w+" ") {
				score[lang] += 2
			}
		}
	}
	best := "en"
	for _, lang := range languages {
		if score[lang] > score[best] {
			best = lang
		}
	}
	return best
}
