package outbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

const (
	byReply = "\nReply STOP for no more texts."
	byCall  = "\nFor no more texts call 22 123 45 67"
)

// leaves plays the carrier: the text as the second gate has it is accepted.
func (d *desk) leaves(m id.ID) store.Draft {
	d.t.Helper()
	r := d.again(m)
	if !r.Send {
		d.t.Fatalf("it may not leave: %s %s", r.Move.To, r.Move.Reason)
	}
	d.write(func(ctx context.Context, tx store.Tx) error {
		was, err := tx.Messages().Get(ctx, m)
		if err != nil {
			return err
		}
		fence, _, err := tx.Routes().Take(ctx, d.route.ID, "test", noon, noon.Add(time.Hour))
		if err != nil {
			return err
		}
		if _, err = tx.Messages().Lease(ctx, store.Lease{Route: d.route.ID, Fence: fence, Machine: noon, Domain: tx.Now()},
			[]store.Leased{{Message: m, Revised: was.Revised, Rewrite: r.Rewrite}}); err != nil {
			return err
		}
		_, err = tx.Messages().Answered(ctx, []store.Answered{{Message: m, Attempt: 1, To: message.Accepted, ProviderID: m.String(), Route: d.route.ID}})
		return err
	})
	return d.get(m)
}

func (d *desk) get(m id.ID) (got store.Draft) {
	d.t.Helper()
	if err := d.store.Read(context.Background(), d.scope, func(tx store.Tx) (err error) {
		got, err = tx.Messages().Get(context.Background(), m)
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	return got
}

// Two texts that are planned together both say it; what leaves after the first does not say it any more, and what is
// planned after it never does.
func TestTheFirstTextToANumberSaysHowToStop(t *testing.T) {
	t.Parallel()
	d := setup(t)
	together := d.prepare(d.standing(), d.standing())
	d.insert(together...)
	for i, p := range together {
		m := p.Draft
		if text := m.Body.Reveal(); !strings.HasSuffix(text, byReply) || !m.Flags.Has(message.TellsWayOut) || m.Flags.Has(message.WayOutByCall) ||
			m.Decision.WayOut != message.WayOutFirst {
			t.Errorf("planned text %d: %q, flags %b, record %q", i, text, m.Flags, m.Decision.WayOut)
		}
	}
	first := d.leaves(together[0].Draft.ID)
	if text := first.Body.Reveal(); strings.Count(text, "STOP") != 1 || !strings.HasSuffix(text, byReply) {
		t.Errorf("the first said %q", text)
	}
	second := d.leaves(together[1].Draft.ID)
	if text := second.Body.Reveal(); strings.Contains(text, "STOP") || second.Flags.Has(message.TellsWayOut) || second.Decision.WayOut != "" {
		t.Errorf("the second said %q, flags %b, record %q", text, second.Flags, second.Decision.WayOut)
	}
	if m := d.prepare(d.reminder())[0].Draft; strings.Contains(m.Body.Reveal(), "STOP") || m.Decision.WayOut != "" {
		t.Errorf("the third says %q", m.Body.Reveal())
	}
}

// What was planned with the line leaves with it by its record alone, and in the words of the sender that it leaves by.
func TestTheLineFitsTheSender(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ask := d.standing()
	ask.Flags = 0
	got := d.prepare(ask)[0]
	d.insert(got)
	stands := func() bool {
		t.Helper()
		_, ok, err := d.outbox.Standing(context.Background(), d.scope, []store.Draft{d.get(got.Draft.ID)})
		if err != nil {
			t.Fatal(err)
		}
		return ok[0]
	}
	if !stands() {
		t.Fatal("a text with the line is decided again for nothing")
	}
	d.sendFrom(func(s *store.Sender) { s.TwoWay = false })
	if stands() {
		t.Error("a text that asks to reply leaves by a sender that hears nothing")
	}
	left := d.leaves(got.Draft.ID)
	if text := left.Body.Reveal(); !strings.HasSuffix(text, byCall) || strings.Contains(text, "STOP") || !left.Flags.Has(message.TellsWayOut|message.WayOutByCall) {
		t.Errorf("a sender that hears nothing says %q, flags %b", text, left.Flags)
	}
}

func TestWhichTextsCarryTheLine(t *testing.T) {
	t.Parallel()
	own := func(d *desk, body string) {
		d.write(func(ctx context.Context, tx store.Tx) error {
			return tx.Templates().Save(ctx, store.TemplateVersion{Key: content.Reminder2h, Version: store.ShippedVersion + 1, ByKind: access.Command,
				Variants: content.Variants{"en": body}})
		})
	}
	staff := func(flags message.Flags) func(*desk, *outbox.Ask) {
		return func(_ *desk, a *outbox.Ask) {
			a.Appointment, a.AppointmentVersion, a.Template, a.Body, a.Flags = id.ID{}, 0, "", phi.T("Please bring your card."), flags
		}
	}
	cases := map[string]struct {
		change func(*desk, *outbox.Ask)
		ends   string
		why    message.WayOut
		state  message.State
		reason message.Reason
	}{
		"a reminder":              {func(*desk, *outbox.Ask) {}, byReply, message.WayOutFirst, message.Queued, ""},
		"an alarm":                {func(_ *desk, a *outbox.Ask) { a.Purpose = purpose.Emergency }, "22 123 45 67", "", message.Queued, ""},
		"the answer to STOP":      {func(_ *desk, a *outbox.Ask) { a.Purpose, a.Exempt = purpose.Operational, id.New() }, "22 123 45 67", "", message.Queued, ""},
		"the answer to HELP":      {func(_ *desk, a *outbox.Ask) { a.Purpose, a.Template = purpose.Operational, content.HelpText }, "Reply STOP to stop texts.", "", message.Queued, ""},
		"a test of the route":     {func(d *desk, a *outbox.Ask) { staff(message.SelfTest)(d, a); a.Route = d.route.ID }, "your card.", "", message.Queued, ""},
		"the first note of staff": {staff(message.StaffText), "your card." + byReply, message.WayOutFirst, message.Queued, ""},
		"an answer of staff":      {staff(message.StaffText | message.InThread), "your card.", "", message.Queued, ""},
		"an automatic answer": {func(_ *desk, a *outbox.Ask) {
			a.Purpose, a.Template, a.Flags = purpose.Operational, content.ReplyQuestionNoted, message.Answers|message.AutoReply
		}, byReply, message.WayOutFirst, message.Queued, ""},
		"own words that say it": {func(d *desk, _ *outbox.Ask) {
			own(d, "{{ clinic.name }}: {{ visit.day }} {{ visit.time }}. Reply STOP to opt out. Call {{ clinic.phone }}")
		}, "to opt out. Call 22 123 45 67", message.WayOutOwn, message.Queued, ""},
		"a sender that hears nothing": {func(d *desk, _ *outbox.Ask) { d.sendFrom(func(s *store.Sender) { s.TwoWay = false }) }, byCall, message.WayOutFirst, message.Queued, ""},
		"a sender that hears nothing, at a site without a number": {func(d *desk, _ *outbox.Ask) {
			d.sendFrom(func(s *store.Sender) { s.TwoWay = false })
			d.unplug()
			own(d, "{{ clinic.name }}: {{ visit.day }} {{ visit.time }}.")
		}, "14:00.", "", message.Queued, ""},
		"a sender that hears nothing, and words that do not say who writes": {func(d *desk, _ *outbox.Ask) {
			d.sendFrom(func(s *store.Sender) { s.TwoWay = false })
			own(d, "{{ visit.day }} {{ visit.time }}, {{ clinic.phone }}.")
		}, byCall, message.WayOutFirst, message.Refused, message.ReasonNameless},
		"a French number and a short code": {func(d *desk, a *outbox.Ask) {
			d.french(a)
			own(d, "{{ clinic.name }}: {{ visit.day }} {{ visit.time }}. STOP au 36111")
		}, "36111", message.WayOutOwn, message.Refused, message.ReasonStopCode},
		"a French number": {func(d *desk, a *outbox.Ask) { d.french(a) }, byReply, message.WayOutFirst, message.Queued, ""},
		"French advertising without a short code": {func(d *desk, a *outbox.Ask) {
			d.french(a)
			a.Purpose = purpose.Marketing
			d.consents(a, purpose.Marketing)
		}, byReply, message.WayOutFirst, message.Refused, message.ReasonNoWayOut},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			a := d.standing()
			a.Flags = 0
			c.change(d, &a)
			m := d.prepare(a)[0].Draft
			if m.State != c.state || m.Reason != c.reason {
				t.Errorf("it is %s (%s)", m.State, m.Reason)
			}
			if text := m.Body.Reveal(); !strings.HasSuffix(text, c.ends) || m.Decision.WayOut != c.why || m.Flags.Has(message.TellsWayOut) != (c.why != "") {
				t.Errorf("it says %q, why %q, flags %b", text, m.Decision.WayOut, m.Flags)
			}
		})
	}
}

// Where the country wants it, every text of the class says it and the record names the rule; one that cannot does not
// leave.
func TestACountryMayWantTheLineInEveryText(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ask := d.standing()
	ask.Flags = 0
	first := d.prepare(ask)[0]
	d.insert(first)
	d.leaves(first.Draft.ID)
	a := d.standing()
	a.Flags = 0
	d.abroad(&a, "+61412345678", "AU")
	a.Purpose = purpose.Marketing
	d.consents(&a, purpose.Marketing)
	for range 2 {
		m := d.prepare(a)[0].Draft
		if !strings.HasSuffix(m.Body.Reveal(), byReply) || m.Decision.WayOut != message.WayOutDemanded || m.Decision.WayOutRule != "AU-1" {
			t.Fatalf("%s %s says %q, why %q by %q", m.State, m.Reason, m.Body.Reveal(), m.Decision.WayOut, m.Decision.WayOutRule)
		}
		a.Origin.Enrollment = id.New()
	}
	d.sendFrom(func(s *store.Sender) { s.TwoWay = false })
	d.unplug()
	a.Template, a.Appointment, a.AppointmentVersion, a.Body, a.Locale = "", id.ID{}, 0, phi.T("Riverside: new classes."), "en"
	if m := d.prepare(a)[0].Draft; m.State != message.Refused || m.Reason != message.ReasonNoWayOut {
		t.Errorf("without a way out: %s %s, %q", m.State, m.Reason, m.Body.Reveal())
	}
}

// What staff wrote is kept beside the line: written anew, it is not said twice and follows the sender.
func TestAStaffNoteIsWrittenAnewWithoutDoublingTheLine(t *testing.T) {
	t.Parallel()
	d := setup(t)
	a := outbox.Ask{Origin: message.Origin{Kind: message.FromStaff}, Purpose: purpose.Appointment, Person: d.person.ID, Location: d.place.ID,
		Body: phi.T("Please bring your card."), Locale: "en", Flags: message.StaffText}
	got := d.prepare(a)[0]
	d.insert(got)
	if r := d.again(got.Draft.ID); !r.Send || r.Rewrite != nil {
		t.Fatalf("nothing changed: send %v, rewrite %v", r.Send, r.Rewrite != nil)
	}
	d.sendFrom(func(s *store.Sender) { s.TwoWay = false })
	if left := d.leaves(got.Draft.ID); left.Body.Reveal() != "Please bring your card."+byCall {
		t.Errorf("it says %q", left.Body.Reveal())
	}
}

// unplug takes the sites' telephone away.
func (d *desk) unplug() {
	d.t.Helper()
	d.write(func(ctx context.Context, tx store.Tx) error {
		l := d.place
		l.Phone = phone.Number{}
		_, err := tx.Orgs().SaveLocation(ctx, l)
		return err
	})
}

// abroad makes the ask one to another person's number.
func (d *desk) abroad(a *outbox.Ask, number, region string) {
	d.t.Helper()
	d.person, d.point = d.patient(number)
	if got := d.point.Number.Region(); got != region {
		d.t.Fatalf("the number is of %s", got)
	}
	d.visit = d.book(noon.Add(26 * time.Hour))
	a.Person, a.Appointment, a.AppointmentVersion, a.ExpiresAt = d.person.ID, d.visit.ID, d.visit.Version, d.visit.Start
}

func (d *desk) french(a *outbox.Ask) { d.abroad(a, "+33612345678", "FR") }

// consents lets the person of an ask agree to a purpose, and the text wait for nothing.
func (d *desk) consents(a *outbox.Ask, p purpose.Purpose) {
	d.t.Helper()
	storetest.Append(d.t, d.store, d.scope, consent.Entry{Org: d.scope.Org(), Person: a.Person, Point: d.point.ID, Channel: patient.SMS,
		Purpose: p, Status: consent.Granted, Method: consent.Form, At: noon.Add(-time.Hour)})
	a.Flags |= message.BreaksQuiet
}
