package content

import "golang.org/x/text/language"

// PlainForm reports whether a language is written in letters that have plain twins: the Latin script, but for Vietnamese,
// whose marks are half of the word.
func PlainForm(l Locale) bool {
	tag, err := language.Parse(string(l))
	if err != nil {
		return false
	}
	script, _ := tag.Script()
	return script.String() == "Latn" && l.Base() != "vi"
}
