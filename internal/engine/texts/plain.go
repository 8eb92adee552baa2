package texts

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/store"
)

// PlainLetters is what is chosen for one language in use: its texts, in every country's form, are written in plain
// letters where that takes fewer segments, names included.
type PlainLetters struct {
	Language content.Locale // a primary tag
	On       bool
}

// PlainLetters lists the languages in use that have a plain form, and what is chosen for each.
func (s *Service) PlainLetters(ctx context.Context, scope access.Scope) (out []PlainLetters, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return nil, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		f, err := s.frame(ctx, tx)
		if err != nil {
			return err
		}
		out = f.plainLetters()
		return nil
	})
	return out, err
}

// plainLetters are the languages in use, and those chosen before that nobody uses any more.
func (f *frame) plainLetters() (out []PlainLetters) {
	seen := map[string]bool{}
	add := func(l content.Locale) {
		base := l.Base()
		if !seen[base] && content.PlainForm(l) {
			seen[base] = true
			out = append(out, PlainLetters{content.Locale(base), f.org.PlainLetters.Has(base)})
		}
	}
	for _, l := range f.languages {
		add(l)
	}
	for _, l := range f.org.PlainLetters.Languages() {
		add(content.Locale(l))
	}
	return out
}

// SetPlainLetters chooses plain letters for a language, or takes the choice back. Texts that wait are written anew. A
// language of another script is refused: it has no plain letters.
func (s *Service) SetPlainLetters(ctx context.Context, scope access.Scope, language string, on bool) error {
	if err := may(scope, access.ManageTexts); err != nil {
		return err
	}
	l, err := content.ParseLocale(language)
	if err != nil {
		return errs.New(errs.Invalid, "this is not a language tag; write for example pl or en").At("language")
	}
	// The choice is of the language: zh-Latn is in Latin letters, and zh, which is what it would be kept as, is not.
	if on && !content.PlainForm(content.Locale(l.Base())) {
		return errs.New(errs.Invalid, "this language has no plain letters to write it in").At("language")
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		o, err := tx.Orgs().Get(ctx)
		if err != nil {
			return err
		}
		next := o.PlainLetters.With(l.Base(), on)
		if next == o.PlainLetters {
			return nil
		}
		if err := tx.Orgs().SetPlainLetters(ctx, next); err != nil {
			return err
		}
		tx.Publish(store.TopicDue) // what is due is written anew
		said := "off"
		if on {
			said = "on"
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "texts.plain_letters", "organization", scope.Org(), l.Base()+"="+said))
	})
}
