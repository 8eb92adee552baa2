package outbox

import (
	"context"
	"sync"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/store"
)

// Text is one template with its compiled variants. It is immutable but for what it remembers.
type Text struct {
	Version  int64
	variants content.Variants
	compiled map[content.Locale]*content.Template

	mu     sync.RWMutex
	chosen map[choiceKey]*variant
}

type choiceKey struct{ wanted, person, place, org string }

// variant is the text for one reader.
type variant struct {
	template *content.Template
	locale   content.Locale // of the variant
	format   content.Locale // how dates are written
	invites  bool
}

// NewText compiles variants. An error is errs.Invalid and names the locale.
func NewText(version int64, v content.Variants) (*Text, error) {
	t := &Text{Version: version, variants: v, compiled: map[content.Locale]*content.Template{}, chosen: map[choiceKey]*variant{}}
	for l, body := range v {
		c, err := content.Compile(body, content.AppointmentVars())
		if err != nil {
			return nil, errs.Wrap(errs.Invalid, "the text in "+string(l)+" does not compile", err)
		}
		t.compiled[l] = c
	}
	return t, nil
}

// choose picks the variant: what was asked for, the person's language, the site's, the organization's; nil when
// none fits.
func (t *Text) choose(wanted, person string, p *place, org string) *variant {
	k := choiceKey{wanted: wanted, person: person, org: org}
	var languages []string
	region := ""
	if p != nil {
		k.place, region, languages = p.ID.String(), p.Region, p.Languages
	}
	t.mu.RLock()
	v, ok := t.chosen[k]
	t.mu.RUnlock()
	if ok {
		return v
	}
	chain := content.Wanted(region, append([]string{wanted, person}, append(languages, org)...)...)
	if c, found := t.variants.Choose(chain...); found {
		v = &variant{template: t.compiled[c.Variant], locale: c.Variant, format: c.Format.In(region), invites: t.compiled[c.Variant].Invites(c.Variant)}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.chosen) > maxTables {
		clear(t.chosen)
	}
	t.chosen[k] = v
	return v
}

// Shipped serves the built-in texts to every organization.
type Shipped struct{ of map[content.Key]*Text }

// NewShipped compiles the library.
func NewShipped(lib content.Library) (*Shipped, error) {
	s := &Shipped{of: map[content.Key]*Text{}}
	for key, v := range lib {
		t, err := NewText(1, v)
		if err != nil {
			return nil, err
		}
		s.of[key] = t
	}
	return s, nil
}

// Text finds a built-in text.
func (s *Shipped) Text(_ context.Context, _ store.Tx, key content.Key, _ int64) (*Text, error) {
	if t := s.of[key]; t != nil {
		return t, nil
	}
	return nil, errs.New(errs.NotFound, "there is no text of this key")
}
