package content

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// wayOut is how a language says how to get no more texts: by an answer with a word, or by calling a number. Each is as
// short as it can be and costs nothing more in a text that the 7-bit alphabet carries, where the language allows that.
type wayOut struct{ reply, call string }

var waysOut = map[Locale]wayOut{
	"en":      {"Reply %s for no more texts.", "For no more texts call %s"},
	"pl":      {"Odpisz %s: rezygnacja z SMS.", "Rezygnacja z SMS: tel. %s"},
	"es":      {"Responda %s para no recibir SMS.", "Para no recibir SMS llame al %s"},
	"zh":      {"回复%s不再接收短信。", "不再接收短信请致电 %s"},
	"zh-Hant": {"回覆%s不再接收簡訊。", "不再接收簡訊請致電 %s"},
	"fr":      {"Répondez %s pour ne plus recevoir de SMS.", "Pour ne plus recevoir de SMS : tél. %s"},
	"de":      {"Keine SMS mehr: %s antworten.", "Keine SMS mehr: Tel. %s"},
	"ar":      {"أرسل %s لإيقاف الرسائل", "لإيقاف الرسائل اتصل على %s"},
}

// wayOutLocales finds the locale of waysOut that a reader of another understands.
var wayOutLocales = func() Variants {
	v := Variants{}
	for l := range waysOut {
		v[l] = string(l)
	}
	return v
}()

// WayOut is the line that says how to get no more texts, in the language of a text, or in English where there is none in
// it: by an answer with word, or where word is empty by calling. Empty when both are.
func WayOut(l Locale, word, phone string) string {
	c, _ := wayOutLocales.Choose(l, "en")
	w := waysOut[c.Variant]
	switch {
	case word != "":
		return fmt.Sprintf(w.reply, word)
	case phone == "":
		return ""
	case phone[0] == '+' && c.Variant.rightToLeft():
		phone = "\u200e" + phone
	}
	return fmt.Sprintf(w.call, phone)
}

// WithLine puts a line behind a text.
func WithLine(text, line string) string { return strings.TrimRight(text, " \n") + "\n" + line }

// SaysWayOut reports whether a text in a language says by itself how to get no more texts: a word that opts out, written
// as such words are, in a sentence that speaks of opting out or right behind an invitation to answer. optsOut says which
// words are; a clinic may be called by one.
func SaysWayOut(text string, l Locale, optsOut func(word string) bool) bool {
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".!?;\n。！？；؟", r) }) {
		lower := strings.ToLower(s)
		said := speaksOfOptOut(lower, l)
		if !said && !Invites(s, l) {
			continue
		}
		for _, w := range wordsIn(s) {
			word := s[w.offset : w.offset+w.length]
			if (said || len(lower) == len(s) && invitesAt(lower[:w.offset], l)) && (w.quoted || isShouted(word)) && optsOut(word) {
				return true
			}
			if said && optsOutInHan(word, optsOut) {
				return true
			}
		}
	}
	return false
}

// invitesAt reports whether a beginning of a sentence, in lower case, ends with an invitation to answer, such as "reply
// with".
func invitesAt(before string, l Locale) bool {
	for _, lang := range [...]string{l.Base(), "en"} {
		for _, p := range slices.Concat(phrasesOf[lang].invites, []string{"text "}) { // "text STOP" invites, "text" alone does not
			at := findPhrase(before, p, 0)
			if at < 0 {
				continue
			}
			rest := wordsIn(before[at+len(p):])
			if len(rest) > 0 && rest[0].offset == 0 { // the rest of the word itself
				rest = rest[1:]
			}
			if len(rest) == 0 || len(rest) == 1 && rest[0].length <= 4 {
				return true
			}
		}
	}
	return false
}

// optsOutInHan looks into Chinese, which has no word limits, for two signs that opt out, or a shouted word.
func optsOutInHan(word string, optsOut func(string) bool) bool {
	if !strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return false
	}
	runes := []rune(word)
	for i := 0; i+2 <= len(runes); i++ {
		if unicode.Is(unicode.Han, runes[i]) && optsOut(string(runes[i:i+2])) {
			return true
		}
	}
	return slices.ContainsFunc(strings.FieldsFunc(word, func(r rune) bool { return r > unicode.MaxASCII }), func(w string) bool {
		return isShouted(w) && optsOut(w)
	})
}
