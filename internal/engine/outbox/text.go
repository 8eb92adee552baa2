package outbox

import (
	"context"
	"maps"
	"sync"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/store"
)

// Text is one template with its compiled variants. It is immutable but for what it remembers.
type Text struct {
	Version int64
	// plain is the text that takes its place where no digit is free and its own words offer nothing but digits.
	plain    *Text
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

// Texts are the texts of every organization: its own where it wrote one, else those that ship.
type Texts struct {
	library content.Library
	shipped map[content.Key]*Text
}

// NewTexts compiles the library.
func NewTexts(lib content.Library) (*Texts, error) {
	t := &Texts{library: lib, shipped: map[content.Key]*Text{}}
	for key, v := range lib {
		text, err := NewText(store.ShippedVersion, v)
		if err != nil {
			return nil, err
		}
		t.shipped[key] = text
	}
	return t, nil
}

// All reads the newest of the organization's own texts and compiles them.
func (t *Texts) All(ctx context.Context, tx store.Tx) (map[content.Key]*Text, error) {
	own, err := tx.Templates().Newest(ctx)
	if err != nil || len(own) == 0 {
		return t.shipped, err
	}
	out := maps.Clone(t.shipped)
	for i := range own {
		v := &own[i]
		variants := v.Variants.Over(t.library[v.Key])
		text, err := NewText(v.Version, variants)
		if err != nil { // written for another release: refused with the reason, never replaced in silence
			delete(out, v.Key)
			continue
		}
		if v.Shipped && t.shipped[v.Key] == nil {
			delete(out, v.Key)
			continue
		}
		if text.plain = t.shipped[v.Key]; text.plain == nil {
			text.plain = t.shipped[content.Reminder24h]
		}
		out[v.Key] = text
	}
	return out, nil
}
