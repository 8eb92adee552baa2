package outbox

import (
	"context"
	"errors"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/store"
)

// Tried is a text as one person would get it.
type Tried struct {
	Person id.ID
	Visit  id.ID
	Locale content.Locale // of the variant; empty when none fits
	Text   phi.Text       // empty when it cannot be written
	Meter  sms.Meter
	// Missing is the variable without a value for this person, when that is why.
	Missing content.Name
	WayOut  message.WayOut // why the text says how to get no more; empty when it does not
}

// Try writes a text that is not in force for real people, with what is true of them now. No gate is asked, nothing
// is written. The answer is in the order of the asks, whose template is left aside; codes come by Vars.
func (o *Outbox) Try(ctx context.Context, scope access.Scope, t *Text, asks []Ask) ([]Tried, error) {
	out := make([]Tried, len(asks))
	err := o.store.Read(ctx, scope, func(tx store.Tx) error {
		items := make([]item, len(asks))
		for i := range asks {
			d, bare := draftOf(tx, &asks[i]), asks[i]
			d.Template, bare.Codes = "preview", nil
			items[i] = item{draft: &d, ask: &bare, try: t}
		}
		if err := o.load(ctx, tx, items); err != nil {
			return err
		}
		for i := range items {
			out[i] = o.tried(&items[i])
		}
		return nil
	})
	return out, err
}

func (o *Outbox) tried(it *item) Tried {
	t := Tried{Person: it.person.ID, Visit: it.draft.Appointment}
	if it.variant == nil {
		return t
	}
	t.Locale = it.variant.locale
	text, err := it.variant.template.Render(o.values(it))
	if err != nil {
		var e *errs.Error
		if errors.As(err, &e) && e.Kind == errs.Precondition {
			t.Missing = content.Name(e.Where)
		}
		return t
	}
	text = it.plain(o.complete(it, &gate.Facts{}, text))
	t.WayOut = it.wayOut
	if m, err := sms.Measure(text.Reveal(), string(t.Locale), sms.Options{}); err == nil {
		t.Text, t.Meter = text, m
	}
	return t
}
