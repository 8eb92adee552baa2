package texts_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/engine/texts"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// An opt-out short code makes a French text about care advertising: it is not published where a site is in France,
// wherever it stands in the text, and is nobody's business elsewhere.
func TestAForbiddenShortCodeIsNotPublished(t *testing.T) {
	t.Parallel()
	c := clock.NewFixed(plantest.Noon)
	d := newDesk(t, storetest.SQLite(t, c), c)
	body := good + " STOP au 36111"
	if _, err := d.save(texts.Draft{Key: content.Reminder24h, Base: 1, Variants: content.Variants{"en": body}, Seen: true}); err != nil {
		t.Fatalf("in Poland: %v", err)
	}
	d.Write(func(ctx context.Context, tx store.Tx) error {
		short, err := phone.FromStored("+33361110000")
		if err != nil {
			return err
		}
		_, err = tx.Orgs().SaveLocation(ctx, org.Location{Name: "Lyon", Address: "1 rue du Parc", Zone: "Europe/Paris", Region: "FR", Languages: []string{"fr"}, Phone: short})
		return err
	})
	_, err := d.save(texts.Draft{Key: content.Reminder24h, Base: 2, Variants: content.Variants{"en": body + "."}, Seen: true})
	var f *texts.Faults
	if !errors.As(err, &f) {
		t.Fatalf("in France: %v", err)
	}
	i := slices.IndexFunc(f.Findings, func(x content.Finding) bool { return x.Code == content.StopCode })
	if i < 0 || f.Findings[i].Severity != content.Block || f.Findings[i].Text != "STOP au 36111" || f.Findings[i].Line != 1 {
		t.Fatalf("findings %+v", f.Findings)
	}
	if _, err = d.save(texts.Draft{Key: content.Reminder24h, Base: 2, Variants: content.Variants{"en": good}, Seen: true}); err != nil {
		t.Errorf("without the code: %v", err)
	}
}

// The preview says what the first text to a number adds and costs, in the country of the language, for a sender that
// hears or does not.
func TestAPreviewTellsOfTheFirstText(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		look := func(key content.Key, v content.Variants) texts.Preview {
			t.Helper()
			p, err := d.texts.Preview(context.Background(), d.Scope, key, v, 0)
			if err != nil || len(p.Examples) != 1 {
				t.Fatalf("%v, %d examples", err, len(p.Examples))
			}
			return p
		}
		long := good + strings.Repeat(" Please bring your card.", 1)
		e := look(content.Reminder24h, content.Variants{"en": long}).Examples[0]
		if e.First == nil || e.First.Line != "Reply STOP for no more texts." || e.First.Own || e.First.Meter.Units != e.Meter.Units+1+len(e.First.Line) ||
			e.Meter.Segments != 1 || e.First.Meter.Segments != 2 {
			t.Errorf("first %+v, alone %d segments of %d units", e.First, e.Meter.Segments, e.Meter.Units)
		}
		if e = look(content.Reminder24h, content.Variants{"en": good + ". Reply STOP to opt out"}).Examples[0]; e.First == nil || !e.First.Own || e.First.Line != "" {
			t.Errorf("its own words: %+v", e.First)
		}
		if e = look(content.HelpText, content.Variants{"en": d.shipped[content.HelpText]["en"]}).Examples[0]; e.First != nil {
			t.Errorf("the answer to HELP: %+v", e.First)
		}
		d.Write(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Routes().Senders(ctx)
			for i := range all {
				all[i].TwoWay = false
				if err == nil {
					_, err = tx.Routes().SaveSender(ctx, all[i])
				}
			}
			return err
		})
		if e = look(content.Booking, content.Variants{"pl": d.shipped[content.Booking]["pl"]}).Examples[0]; e.First == nil || e.First.Line != "Rezygnacja z SMS: tel. 22 123 45 67" {
			t.Errorf("a sender that hears nothing: %+v", e.First)
		}
	})
}
