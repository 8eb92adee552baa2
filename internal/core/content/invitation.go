package content

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/osteele/liquid/parser"
)

// phrases are how a language asks for an answer by text, and how it speaks of opting out. Both are matched
// in lower case from the beginning of a word; Chinese has no word limits.
type phrases struct {
	invites []string
	optOut  []string
}

var phrasesOf = map[string]phrases{
	"en": {[]string{"reply", "respond", "text back", "text us", "send us a text", "answer this", "answer yes", "answer no", "text yes", "text no", "text stop", "text cancel"},
		[]string{"opt out", "opt-out", "unsubscribe", "stop these", "stop texts", "stop messages", "stop receiving", "no more", "texts again"}},
	"pl": {[]string{"odpowiedz", "odpisz", "odeślij", "prosimy o odpowiedź", "wyślij"},
		[]string{"rezyg", "nie otrzymywać", "wypis", "nie chcesz", "przestać", "znów otrzymywać"}},
	"es": {[]string{"responda", "responde", "respóndanos", "conteste", "contesta", "envíe", "envía"},
		[]string{"darse de baja", "de baja", "no recibir", "dejar de recibir", "volver a recibir"}},
	"zh": {[]string{"回复", "回覆", "请回"}, []string{"退订", "拒收", "不再接收", "重新接收"}},
	"fr": {[]string{"répond", "repond", "envoyez", "renvoyez"},
		[]string{"désabonn", "ne plus recevoir", "vous désinscrire", "à nouveau"}},
	"de": {[]string{"antworten", "antworte ", "zurückschreiben", "schreiben sie", "senden sie"},
		[]string{"abmeld", "abbestell", "keine nachrichten", "keine sms", "wieder"}},
	"ar": {[]string{"أجب", "أجيبوا", "رد ", "ردّ", "ردوا", "للرد", "أرسل", "بالرد"},
		[]string{"إلغاء الاشتراك", "إيقاف الرسائل", "عدم استلام", "لاستئناف"}},
}

// Invites reports whether the text asks for an answer by text, in its own language or in English. Such a
// text may not leave by a sender that cannot receive.
func (t *Template) Invites(l Locale) bool { return t.UsesGroup("reply") || Invites(t.body, l) }

// Invites is Template.Invites for a text without variables, such as one that staff write.
func Invites(text string, l Locale) bool {
	lower := strings.ToLower(text)
	for _, lang := range [...]string{l.Base(), "en"} {
		for _, p := range phrasesOf[lang].invites {
			if findPhrase(lower, p, 0) >= 0 {
				return true
			}
		}
	}
	return false
}

// findPhrase finds p at the beginning of a word from offset on, or -1.
func findPhrase(lower, p string, from int) int {
	for from <= len(lower) {
		i := strings.Index(lower[from:], p)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(lower[:i])
		if i == 0 || !unicode.IsLetter(before) || unicode.Is(unicode.Han, before) && before != '的' { // 您的回复: your reply
			return i
		}
		from = i + len(p)
	}
	return -1
}

// InvitesReserved reports whether a text without variables, in this language, invites an answer that is a reserved word
// and not what that word is for. reserved says which words are.
func InvitesReserved(text string, l Locale, reserved func(word string, l Locale) bool) bool {
	c := check{body: text, locale: l, o: LintOptions{Reserved: reserved}}
	c.reserved()
	return len(c.found) > 0
}

// reserved finds invitations to answer with a reserved word. "Reply STOP to opt out" is what those words are
// for; "reply CANCEL to cancel the visit" is not, because the carrier takes it for an opt-out.
func (c *check) reserved() {
	lower := strings.ToLower(c.body)
	plain := strings.ToLower(withoutVariables(c.body)) // reply.confirm asks for nothing
	for _, lang := range [...]string{c.locale.Base(), "en"} {
		for _, p := range phrasesOf[lang].invites {
			for at := findPhrase(plain, p, 0); at >= 0; at = findPhrase(plain, p, at+len(p)) {
				c.sentence(lower, at, at+len(p))
			}
		}
		if c.locale.Base() == "en" {
			return
		}
	}
}

// sentence looks at what follows an invitation up to the end of its sentence.
func (c *check) sentence(lower string, start, from int) {
	end := len(c.body)
	plain := withoutVariables(c.body) // the dot of a variable's name ends no sentence
	if i := strings.IndexAny(plain[from:], ".!?;\n。！？；؟"); i >= 0 {
		end = from + i
	}
	if len(lower) != len(c.body) { // a letter whose lower case has another length: look at the text as it is
		lower = c.body
	}
	if speaksOfOptOut(lower[start:end], c.locale) {
		return
	}
	first := true
	for _, w := range wordsIn(plain[from:end]) {
		word := c.body[from+w.offset : from+w.offset+w.length]
		first = first && !strings.Contains(c.body[from:from+w.offset], "{{") // a digit is the answer
		if (first || w.quoted || isShouted(word)) && c.isReserved(word) {
			c.at(ReservedWord, Block, from+w.offset, w.length)
			return
		}
		first = false
	}
}

// withoutVariables blanks variables; offsets stay.
func withoutVariables(body string) string {
	return variable.ReplaceAllStringFunc(body, func(v string) string { return strings.Repeat(" ", len(v)) })
}

func (c *check) isReserved(word string) bool {
	if c.o.Reserved(word, c.locale) {
		return true
	}
	runes := []rune(word)
	if len(runes) == 0 || !unicode.Is(unicode.Han, runes[0]) {
		return false
	}
	for n := 1; n <= min(len(runes), 4); n++ { // no word limits
		if c.o.Reserved(string(runes[:n]), c.locale) {
			return true
		}
	}
	return false
}

func speaksOfOptOut(sentence string, l Locale) bool {
	if strings.Contains(sentence, string(OptOutWord)) || strings.Contains(sentence, string(OptInWord)) {
		return true
	}
	for _, lang := range [...]string{l.Base(), "en"} {
		for _, p := range phrasesOf[lang].optOut {
			if strings.Contains(sentence, p) {
				return true
			}
		}
	}
	return false
}

// isShouted reports capitals only, as keywords are written.
func isShouted(word string) bool {
	return utf8.RuneCountInString(word) > 1 && strings.ToUpper(word) == word && strings.ToLower(word) != word
}

type wordAt struct {
	offset, length int
	quoted         bool
}

func wordsIn(s string) []wordAt {
	var out []wordAt
	start := -1
	for i, r := range s + " " {
		switch in := unicode.IsLetter(r) || unicode.Is(unicode.M, r); {
		case in && start < 0:
			start = i
		case !in && start >= 0:
			before, _ := utf8.DecodeLastRuneInString(s[:start])
			out = append(out, wordAt{start, i - start, strings.ContainsRune("\"'“„«「‘*", before)})
			start = -1
		}
	}
	return out
}

// stretch is fixed text of a body.
type stretch struct {
	text   string
	offset int
}

func fixed(body string) []stretch {
	var out []stretch
	offset := 0
	for _, tok := range parser.Scan(body, parser.SourceLoc{LineNo: 1}, nil) {
		if tok.Type == parser.TextTokenType {
			out = append(out, stretch{tok.Source, offset})
		}
		offset += len(tok.Source)
	}
	return out
}

var (
	link       = regexp.MustCompile(`(?i)(?:[a-z][a-z0-9+.-]*://|www\.)[^\s]*|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|info|io|co|me|ly|gl|eu|uk|pl|de|fr|es|cn|us|int|gov|edu|health|clinic)(?:/[^\s]*)`)
	plainHTTPS = regexp.MustCompile(`(?i)^https://[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.[a-z]{2,}(?::443)?(?:[/?#][^\s]*)?$`)
	shorteners = regexp.MustCompile(`(?i)^https://(?:www\.)?(?:bit\.ly|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|buff\.ly|rebrand\.ly|cutt\.ly|shorturl\.at|rb\.gy|t\.ly|tiny\.cc|dwz\.cn|t\.cn|url\.cn)(?:[/?#]|$)`)
	variable   = regexp.MustCompile(`\{\{.*?\}\}`)
)

// links finds what is not https to a host that people can read: other schemes, no scheme, numeric or
// look-alike hosts, log-in names in front of the host, public shorteners (carriers filter them).
func (c *check) links() {
	body := variable.ReplaceAllStringFunc(c.body, func(v string) string { return strings.Repeat("v", len(v)) }) // offsets stay
	for _, at := range link.FindAllStringIndex(body, -1) {
		end := at[0] + len(strings.TrimRight(body[at[0]:at[1]], ".,;:!?)\"'。，）؟"))
		url := body[at[0]:end]
		if !plainHTTPS.MatchString(url) || shorteners.MatchString(url) || strings.Contains(url, "xn--") {
			c.at(UnsafeLink, Block, at[0], end-at[0])
		}
	}
}
