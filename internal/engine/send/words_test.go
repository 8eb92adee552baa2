package send_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// publish makes a text the organization's own.
func (r *rig) publish(version int64, body string) {
	r.t.Helper()
	r.write(func(ctx context.Context, tx store.Tx) error {
		return tx.Templates().Save(ctx, store.TemplateVersion{Key: content.Booking, Version: version,
			Variants: content.Variants{"en": body}, ByKind: access.Command})
	})
}

// waiting queues a text of that key for an hour from now.
func (r *rig) waiting(start time.Time) id.ID {
	r.t.Helper()
	v := r.visit(start)
	m := r.plan(outbox.Ask{Origin: message.Origin{Kind: message.FromJourney, Enrollment: id.New(), Step: "booking"}, Purpose: purpose.Appointment,
		Person: r.person.ID, Appointment: v.ID, AppointmentVersion: v.Version, Template: content.Booking, DueAt: noon.Add(time.Hour), ExpiresAt: start})[0]
	if d := r.get(m); d.State != message.Queued {
		r.t.Fatalf("%s: %s", d.State, d.Reason)
	}
	return m
}

func TestAWaitingTextLeavesWithTheWordsOfItsDay(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open).start()
		r.publish(2, "{{ clinic.name }}: old words, {{ visit.time }}")
		m := r.waiting(noon.Add(30 * time.Hour))
		if d := r.get(m); d.TemplateVersion != 2 || !strings.Contains(d.Body.Reveal(), "old words") {
			t.Fatalf("queued with version %d", d.TemplateVersion)
		}
		r.publish(3, "{{ clinic.name }}: new words, {{ visit.time }}")
		r.domain.Advance(time.Hour)
		r.until("the text to leave", func() bool { r.domain.Advance(time.Second); return r.get(m).State == message.Accepted })
		sent := r.lines.at(r.route.ID).texts()
		if len(sent) != 1 || !strings.HasPrefix(string(sent[0].Payload), "Riverside: new words, ") {
			t.Fatalf("%d texts left", len(sent))
		}
		if d := r.get(m); d.TemplateVersion != 3 || !strings.Contains(d.Body.Reveal(), "new words") {
			t.Errorf("kept with version %d", d.TemplateVersion)
		}
	})
}

func TestATextThatNoLongerFitsIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		r := setup(t, open).start()
		r.publish(2, "{{ clinic.name }}: see you at {{ visit.time }}")
		m := r.waiting(noon.Add(30 * time.Hour))
		r.publish(3, "{{ clinic.name }}: see {{ practitioner.name }} at {{ visit.time }}") // nobody is named
		r.domain.Advance(time.Hour)
		r.until("the refusal", func() bool { r.domain.Advance(time.Second); return r.get(m).State == message.Refused })
		if d := r.get(m); d.Reason != message.ReasonTemplate {
			t.Errorf("reason %s", d.Reason)
		}
		if ev := r.events(m); len(ev) != 1 || ev[0].To != message.Refused || ev[0].Reason != message.ReasonTemplate {
			t.Errorf("events %+v", ev)
		}
		if sent := r.lines.at(r.route.ID).texts(); len(sent) != 0 {
			t.Errorf("%d texts left", len(sent))
		}
	})
}
