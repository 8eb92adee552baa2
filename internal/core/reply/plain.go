package reply

import (
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/fold"
)

// Plain is a bare yes or no.
type Plain string

// What a text is when it is nothing but yes or no.
const (
	NotPlain Plain = ""
	PlainYes Plain = "yes"
	PlainNo  Plain = "no"
	// PlainElsewhere is yes or no in another language than the question's: a person must say which.
	PlainElsewhere Plain = "elsewhere"
)

// Plain reads a text that is nothing but yes or no in the language that the question was asked in: a Pole's "no" is a
// yes, so other languages' words say neither. A text with anything more, a question mark or a picture is not plain.
func (w *Words) Plain(text phi.Text, locale string) Plain {
	t := fold.Of(text.Reveal())
	if t.Question || len(t.Emoji) > 0 || len(t.Words) == 0 {
		return NotPlain
	}
	base, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	words, _ := split(t)
	key := fold.Join(words)
	if says := w.plain[base][key]; says != NotPlain {
		return says
	}
	for _, of := range w.plain {
		if of[key] != NotPlain {
			return PlainElsewhere
		}
	}
	return NotPlain
}

// plain takes a language's bare answers in; one that is both is a mistake of the table.
func (b *builder) plain(t table) error {
	of := map[string]Plain{}
	b.w.plain[t.Language] = of
	for _, list := range []struct {
		says  Plain
		words []string
	}{{PlainYes, t.PlainYes}, {PlainNo, t.PlainNo}} {
		for _, s := range list.words {
			key := fold.Join(foldedWords(s))
			if was, both := of[key]; key == "" || both && was != list.says {
				return errs.New(errs.Invalid, "a plain answer is empty, or stands in both lists")
			}
			of[key] = list.says
		}
	}
	return nil
}
