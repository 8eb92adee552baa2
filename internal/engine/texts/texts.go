// Package texts is how an organization writes its own words: what there is in which language, a check that names
// every fault with its line, a preview on real people, versions that never change, and the way back to the text that
// ships. It refuses to publish what could not be sent or would harm: a text that does not say who, when and where to
// call, digits that nothing gives, words that carriers take for an opt-out.
package texts

import (
	"context"
	"regexp"
	"slices"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Service keeps texts. It is safe for concurrent use.
type Service struct {
	store   store.Store
	outbox  *outbox.Outbox
	book    *rules.Book
	library content.Library

	mu     sync.Mutex
	spoken map[id.ID]spoken
}

// spoken is how many active persons use each language, as counted at a time.
type spoken struct {
	at time.Time
	by map[string]int
}

// New makes the service over the texts that ship.
func New(s store.Store, o *outbox.Outbox, book *rules.Book, lib content.Library) *Service {
	return &Service{store: s, outbox: o, book: book, library: lib, spoken: map[id.ID]spoken{}}
}

func may(scope access.Scope, a access.Action) error {
	if !scope.Allows(a) {
		return errs.New(errs.Forbidden, "your role does not allow this")
	}
	return nil
}

// Line is one text as a list shows it.
type Line struct {
	Key     content.Key
	Version int64
	Own     bool // the organization's own words are in force
	Ships   bool // Carillon brings a text of this key
	Changed time.Time
	Uses    []Use
	// Languages are those that patients or locations use, the most used first.
	Languages []Coverage
}

// Missing counts the languages in use that have no text of their own.
func (l *Line) Missing() (n int) {
	for _, c := range l.Languages {
		if c.State != Covered {
			n++
		}
	}
	return n
}

// Coverage is how a language in use is served.
type Coverage struct {
	Language content.Locale // as patients have it
	People   int            // active persons who use it
	State    CoverageState
	Variant  content.Locale // the text that serves it; empty when there is none
}

// CoverageState says whether a reader of a language gets it.
type CoverageState string

const (
	Covered  CoverageState = "covered"
	Shipped  CoverageState = "shipped"  // by the words that ship, while other languages have own words
	Fallback CoverageState = "fallback" // another language serves it
	Nothing  CoverageState = "nothing"  // such a reader gets no text
)

// Text is one text whole.
type Text struct {
	Line
	// InForce are the variants that serve patients: own ones over those that ship.
	InForce  content.Variants
	Own      content.Variants
	Shipped  content.Variants
	Need     content.Need
	Versions []Version // newest first; the last is the text that ships, when there is one
}

// Version is one version as a history shows it. Variants are empty for one that went back to the text that ships.
type Version struct {
	Number   int64
	Variants content.Variants
	Shipped  bool
	Note     string
	By       string // name of the user; empty for keys and commands
	ByKind   access.ActorKind
	At       time.Time
}

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,48}$`)

// ValidKey reports whether a new text may have this key.
func ValidKey(k content.Key) bool { return keyForm.MatchString(string(k)) }

// List says of every text which version is in force, what uses it and how the languages in use are served.
func (s *Service) List(ctx context.Context, scope access.Scope) (out []Line, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return nil, err
	}
	all, err := s.All(ctx, scope)
	for i := range all {
		out = append(out, all[i].Line)
	}
	return out, err
}

// All reads every text with what is in force, without its versions.
func (s *Service) All(ctx context.Context, scope access.Scope) (out []Text, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return nil, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		f, err := s.frame(ctx, tx)
		if err != nil {
			return err
		}
		newest, err := tx.Templates().Newest(ctx)
		if err != nil {
			return err
		}
		own := map[content.Key]*store.TemplateVersion{}
		keys := content.Keys()
		for i := range newest {
			own[newest[i].Key] = &newest[i]
			if !slices.Contains(keys, newest[i].Key) {
				keys = append(keys, newest[i].Key)
			}
		}
		for _, k := range keys {
			t := Text{Line: s.line(f, k, own[k]), Shipped: s.library[k], Need: f.need(k)}
			if v := own[k]; v != nil {
				t.Own = v.Variants
			}
			t.InForce = t.Own.Over(t.Shipped)
			out = append(out, t)
		}
		return nil
	})
	return out, err
}

// Read reads one text with its versions. errs.NotFound: nobody wrote one of this key.
func (s *Service) Read(ctx context.Context, scope access.Scope, key content.Key) (t Text, err error) {
	if err := may(scope, access.ReadMessages); err != nil {
		return t, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		t, err = s.read(ctx, tx, key)
		return err
	})
	return t, err
}

// Blank is a text that nobody wrote yet, for an editor.
func (s *Service) Blank(ctx context.Context, scope access.Scope, key content.Key) (t Text, err error) {
	if err := may(scope, access.ManageTexts); err != nil {
		return t, err
	}
	if !ValidKey(key) {
		return t, errs.New(errs.Invalid, "write a short name in lower case, such as bring-your-card").At("key")
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		if _, err := s.read(ctx, tx, key); !errs.Is(err, errs.NotFound) {
			if err == nil {
				err = errs.New(errs.Conflict, "there is a text of this name already").At("key")
			}
			return err
		}
		f, err := s.frame(ctx, tx)
		t = Text{Line: s.line(f, key, nil), Need: f.need(key)}
		t.Version = store.ShippedVersion
		return err
	})
	return t, err
}

func (s *Service) read(ctx context.Context, tx store.Tx, key content.Key) (t Text, err error) {
	f, err := s.frame(ctx, tx)
	if err != nil {
		return t, err
	}
	versions, err := tx.Templates().Versions(ctx, key)
	if err != nil {
		return t, err
	}
	shipped, ships := s.library[key]
	if len(versions) == 0 && !ships {
		return t, errs.New(errs.NotFound, "there is no text of this key").At("key")
	}
	var newest *store.TemplateVersion
	if len(versions) > 0 {
		newest = &versions[0]
		t.Own = newest.Variants
	}
	t.Line = s.line(f, key, newest)
	t.Shipped, t.InForce, t.Need = shipped, t.Own.Over(shipped), f.need(key)
	names, err := userNames(ctx, tx)
	if err != nil {
		return t, err
	}
	for _, v := range versions {
		t.Versions = append(t.Versions, Version{Number: v.Version, Variants: v.Variants, Shipped: v.Shipped, Note: v.Note,
			By: names[v.By], ByKind: v.ByKind, At: v.CreatedAt})
	}
	if ships {
		t.Versions = append(t.Versions, Version{Number: store.ShippedVersion, Shipped: true})
	}
	return t, nil
}

func userNames(ctx context.Context, tx store.Tx) (map[id.ID]string, error) {
	users, err := tx.Users().List(ctx)
	out := make(map[id.ID]string, len(users))
	for _, u := range users {
		out[u.ID] = u.Name
	}
	return out, err
}

// Served are the variants that a version served patients with, as far as the texts that ship are still the same.
func (t *Text) Served(number int64) (content.Variants, bool) {
	for _, v := range t.Versions {
		if v.Number == number {
			return v.Variants.Over(t.Shipped), true
		}
	}
	return nil, false
}

// Difference is what two versions say differently in one language.
type Difference struct {
	Locale content.Locale
	Parts  []content.Part
}

// Compare says what changed between two versions, by language; languages that are alike are left out.
func (t *Text) Compare(from, to int64) ([]Difference, error) {
	a, okA := t.Served(from)
	b, okB := t.Served(to)
	if !okA || !okB {
		return nil, errs.New(errs.NotFound, "there is no such version").At("version")
	}
	return Differences(a, b), nil
}

// Differences compares variants by language.
func Differences(a, b content.Variants) (out []Difference) {
	all := content.Variants{}
	for l := range a {
		all[l] = ""
	}
	for l := range b {
		all[l] = ""
	}
	for _, l := range all.Locales() {
		if a[l] != b[l] {
			out = append(out, Difference{l, content.CompareWords(a[l], b[l])})
		}
	}
	return out
}

func (s *Service) line(f *frame, key content.Key, newest *store.TemplateVersion) Line {
	l := Line{Key: key, Version: store.ShippedVersion, Uses: f.uses[key]}
	shipped, ships := s.library[key]
	l.Ships = ships
	var own content.Variants
	if newest != nil {
		l.Version, l.Own, l.Changed, own = newest.Version, !newest.Shipped, newest.CreatedAt, newest.Variants
	}
	l.Languages = f.cover(own, shipped)
	return l
}

// regions are the countries that the organization writes in.
func regions(o org.Organization, sites []org.Location) []string {
	out := []string{o.Region}
	for _, l := range sites {
		if l.Region != "" && !slices.Contains(out, l.Region) {
			out = append(out, l.Region)
		}
	}
	return out
}
