package texts

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"unicode"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/store"
)

// Draft is a text that somebody wants published.
type Draft struct {
	Key content.Key
	// Base is the version that the change was made on; when it is not the newest any more the answer is errs.Conflict.
	Base int64
	// Variants by language. An empty one leaves the language to the text that ships, or to nothing.
	Variants content.Variants
	Note     string
	// Seen: a person has seen the warnings.
	Seen bool
}

// Save publishes a new version. What is wrong comes back as *Faults with languages and lines; nothing is written then.
// Messages that wait are written with the new words before they leave.
func (s *Service) Save(ctx context.Context, scope access.Scope, d Draft) (Text, error) {
	if err := may(scope, access.ManageTexts); err != nil {
		return Text{}, err
	}
	v, err := tidy(d.Variants)
	if err == nil {
		d.Note, err = tidyNote(d.Note)
	}
	if err != nil {
		return Text{}, err
	}
	d.Variants = s.own(d.Key, v)
	if err := s.worthSaving(ctx, scope, d); err != nil {
		return Text{}, err
	}
	return s.write(ctx, scope, d)
}

func tidyNote(note string) (string, error) {
	note = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(note, "")))
	if len(note) > maxNote {
		return "", errs.Newf(errs.Invalid, "say what changed in %d letters at most", maxNote).At("note")
	}
	return note, nil
}

// own leaves out what only repeats the text that ships: a better release of it shall reach patients.
func (s *Service) own(key content.Key, v content.Variants) content.Variants {
	out := maps.Clone(v)
	for l, body := range s.library[key] {
		if out[l] == body {
			delete(out, l)
		}
	}
	return out
}

// worthSaving checks the draft on a snapshot, outside of the write transaction.
func (s *Service) worthSaving(ctx context.Context, scope access.Scope, d Draft) error {
	return s.store.Read(ctx, scope, func(tx store.Tx) error {
		f, err := s.frame(ctx, tx)
		if err != nil {
			return err
		}
		if err := s.fits(ctx, tx, d); err != nil {
			return err
		}
		found := s.check(f, d.Key, d.Variants)
		switch {
		case content.Blocks(found):
			return faulty(found, false)
		case len(found) > 0 && !d.Seen:
			return faulty(found, true)
		}
		return nil
	})
}

// fits looks at what is not about the words: the key, the base, and whether anything changed.
func (s *Service) fits(ctx context.Context, tx store.Tx, d Draft) error {
	_, ships := s.library[d.Key]
	if !ships && !ValidKey(d.Key) {
		return errs.New(errs.Invalid, "write a short name in lower case, such as bring-your-card").At("key")
	}
	versions, err := tx.Templates().Versions(ctx, d.Key)
	if err != nil {
		return err
	}
	newest := store.TemplateVersion{Version: store.ShippedVersion, Shipped: true}
	if len(versions) > 0 {
		newest = versions[0]
	}
	switch {
	case newest.Version != d.Base:
		return errs.Newf(errs.Conflict, "somebody published version %d meanwhile: look at it and make your change there", newest.Version).At("version")
	case len(d.Variants) == 0 && !ships:
		return errs.New(errs.Invalid, "write the text in one language at least").At("text")
	case maps.Equal(d.Variants, newest.Variants) && (ships || len(versions) > 0):
		return errs.New(errs.Invalid, "nothing was changed").At("text")
	}
	if ships || len(versions) > 0 {
		return nil
	}
	all, err := tx.Templates().Newest(ctx)
	if err == nil && len(all) >= maxOwn {
		return errs.Newf(errs.TooMany, "an organization has at most %d texts of its own", maxOwn)
	}
	return err
}

// Revert puts the text that ships in force again, as a new version.
func (s *Service) Revert(ctx context.Context, scope access.Scope, key content.Key, base int64, note string) (Text, error) {
	if err := may(scope, access.ManageTexts); err != nil {
		return Text{}, err
	}
	if _, ships := s.library[key]; !ships {
		return Text{}, errs.New(errs.NotFound, "carillon brings no text of this key").At("key")
	}
	d := Draft{Key: key, Base: base, Seen: true}
	var err error
	if d.Note, err = tidyNote(note); err != nil {
		return Text{}, err
	}
	if err := s.worthSaving(ctx, scope, d); err != nil { // the words that ship may not fit a step that asks, or asks no more
		return Text{}, err
	}
	return s.write(ctx, scope, d)
}

func (s *Service) write(ctx context.Context, scope access.Scope, d Draft) (t Text, err error) {
	v := store.TemplateVersion{Key: d.Key, Version: d.Base + 1, Shipped: len(d.Variants) == 0, Variants: d.Variants, Note: d.Note,
		ByKind: scope.Actor().Kind(), By: scope.Actor().ID()}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Templates().Save(ctx, v); err != nil {
			return err
		}
		action := "template.save"
		if v.Shipped {
			action = "template.revert"
		}
		tx.Publish(store.TopicDue) // what is due is written anew
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), action, "template", id.ID{}, string(d.Key)+"/"+strconv.FormatInt(v.Version, 10)))
	})
	if err != nil {
		return t, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		t, err = s.read(ctx, tx, d.Key)
		return err
	})
	return t, err
}
