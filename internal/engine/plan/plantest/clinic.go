// Package plantest makes small clinics for tests of the engine: an organization with a site, an open route to
// a simulator, patients with consent, visits, and the real outbox over a clock that stands still. It refuses
// to send: tests move messages as a carrier would.
package plantest

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
)

// Noon is a Monday at noon in Warsaw, well inside every window.
var Noon = time.Date(2026, time.May, 4, 10, 0, 0, 0, time.UTC)

// Clinic is one organization on its clock.
type Clinic struct {
	T       testing.TB
	Store   store.Store
	Clock   *clock.Fixed
	Scope   access.Scope // of a receptionist's key in effect: a command
	Site    org.Location
	Outbox  *outbox.Outbox
	Plan    *plan.Planner
	Route   store.Route
	numbers int
}

// New makes a clinic on a store that runs on c.
func New(t testing.TB, s store.Store, c *clock.Fixed, o outbox.Options) *Clinic {
	t.Helper()
	k := &Clinic{T: t, Store: s, Clock: c}
	book, err := rules.Load()
	k.must(err)
	holidays, err := quiet.Holidays()
	k.must(err)
	lib, err := content.Shipped()
	k.must(err)
	if o.Questions == nil {
		o.Questions = inbound.Questions{}
	}
	if o.Templates, err = outbox.NewTexts(lib); err != nil {
		t.Fatal(err)
	}
	k.Outbox = outbox.New(s, book, holidays, o)
	k.Plan = plan.New(s, k.Outbox, c, slog.New(slog.DiscardHandler))
	k.build()
	return k
}

func (k *Clinic) must(err error) {
	k.T.Helper()
	if err != nil {
		for e := err; e != nil; {
			k.T.Log(errs.KindOf(e), e)
			u, ok := e.(interface{ Unwrap() error })
			if !ok {
				break
			}
			e = u.Unwrap()
		}
		k.T.Fatal(err)
	}
}

func (k *Clinic) build() {
	o := org.Organization{ID: id.New(), Name: "Przychodnia Lipowa", Region: "PL", Locale: "pl", CalendarOwner: org.OwnCalendar}
	k.Scope = access.ForCommand(o.ID, "plantest")
	k.Write(func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.Orgs().Create(ctx, o); err != nil {
			return err
		}
		desk, err := phone.FromStored("+48221234567")
		if err != nil {
			return err
		}
		if k.Site, err = tx.Orgs().SaveLocation(ctx, org.Location{Name: "Lipowa", Address: "ul. Lipowa 12", Zone: "Europe/Warsaw",
			Region: "PL", Languages: []string{"pl"}, Phone: desk, Travel: 2 * time.Hour}); err != nil {
			return err
		}
		if k.Route, err = tx.Routes().Save(ctx, store.Route{Name: "sim", Kind: store.RouteSMPP, Channel: patient.SMS,
			State: store.RouteOpen, Simulator: true, Rank: 1, Config: phi.T("{}")}); err != nil {
			return err
		}
		_, err = tx.Routes().SaveSender(ctx, store.Sender{Route: k.Route.ID, Address: "48500100200", TwoWay: true})
		return err
	})
}

// KeepCalendar says who keeps the calendar.
func (k *Clinic) KeepCalendar(owner org.CalendarOwner) {
	k.T.Helper()
	k.Write(func(ctx context.Context, tx store.Tx) error {
		o, err := tx.Orgs().Get(ctx)
		if err != nil {
			return err
		}
		o.CalendarOwner = owner
		return tx.Orgs().Update(ctx, o)
	})
}

// Write runs do in a transaction that must succeed.
func (k *Clinic) Write(do func(context.Context, store.Tx) error) {
	k.T.Helper()
	ctx := context.Background()
	k.must(k.Store.InTx(ctx, k.Scope, func(tx store.Tx) error { return do(ctx, tx) }))
}

// Read runs do on a snapshot.
func (k *Clinic) Read(do func(context.Context, store.Tx) error) {
	k.T.Helper()
	ctx := context.Background()
	k.must(k.Store.Read(ctx, k.Scope, func(tx store.Tx) error { return do(ctx, tx) }))
}

// Person makes a patient with a mobile number and, when wanted, consent to texts about visits.
func (k *Clinic) Person(consents bool) patient.Person {
	k.T.Helper()
	var out patient.Person
	k.numbers++
	n, err := phone.FromStored(fmt.Sprintf("+4850020%04d", k.numbers))
	k.must(err)
	k.Write(func(ctx context.Context, tx store.Tx) error {
		made, err := tx.People().Create(ctx, []patient.Person{{Kind: patient.Patient, Status: patient.Active, Language: "en", Location: k.Site.ID,
			Facts: patient.Facts{GivenName: phi.T("Anna"), FamilyName: phi.T("Nowak")}}})
		if err != nil {
			return err
		}
		out = made[0]
		points, err := tx.People().SavePoints(ctx, patient.SMS, []phone.Number{n})
		if err != nil {
			return err
		}
		return tx.People().Link(ctx, []store.ContactLink{{Person: out.ID, Point: points[0].ID, Use: patient.Mobile, Rank: 1, Relationship: patient.Self}})
	})
	if consents {
		k.Consent(out.ID)
	}
	return out
}

// Consent records a grant on a form.
func (k *Clinic) Consent(person id.ID) {
	k.T.Helper()
	k.Write(func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Consents().Append(ctx, []consent.Entry{{Person: person, Channel: patient.SMS, Purpose: purpose.Appointment,
			Status: consent.Granted, Method: consent.Form, Wording: "sms-care/1", Language: "en", By: access.Command, At: tx.Now()}})
		return err
	})
}

// Book makes a visit and touches it, as every writer does.
func (k *Clinic) Book(person id.ID, start time.Time, booked time.Time) schedule.Appointment {
	k.T.Helper()
	var out schedule.Appointment
	k.Write(func(ctx context.Context, tx store.Tx) error {
		made, err := tx.Visits().Create(ctx, []schedule.Appointment{{Person: person, Location: k.Site.ID, Status: schedule.Booked,
			Start: start, Length: 20 * time.Minute, Zone: "Europe/Warsaw", BookedAt: booked}})
		if err != nil {
			return err
		}
		out = made[0]
		return tx.Journeys().Touch(ctx, []store.Touch{{Visit: out.ID}})
	})
	return out
}

// Change writes a visit anew and touches it.
func (k *Clinic) Change(v schedule.Appointment, change func(*schedule.Appointment)) schedule.Appointment {
	k.T.Helper()
	k.Write(func(ctx context.Context, tx store.Tx) error {
		now, err := tx.Visits().Get(ctx, v.ID)
		if err != nil {
			return err
		}
		change(&now)
		made, err := tx.Visits().Update(ctx, []schedule.Appointment{now})
		if err != nil {
			return err
		}
		v = made[0]
		return tx.Journeys().Touch(ctx, []store.Touch{{Visit: v.ID}})
	})
	return v
}

// Sweep plans what waits now.
func (k *Clinic) Sweep() {
	k.T.Helper()
	_, err := k.Plan.Sweep(context.Background())
	k.must(err)
}

// Run lets the clock go on in steps and plans and sends at each of them, as long as it takes.
func (k *Clinic) Run(d, step time.Duration) {
	k.T.Helper()
	for end := k.Clock.Now().Add(d); k.Clock.Now().Before(end); {
		k.Clock.Advance(step)
		k.Sweep()
		k.Deliver()
	}
}

// Deliver hands over what is due, through the second gate, and has it delivered at once.
func (k *Clinic) Deliver() {
	k.T.Helper()
	k.handOver(message.Delivered)
}

// Lose hands over what is due and says that it was not delivered.
func (k *Clinic) Lose() {
	k.T.Helper()
	k.handOver(message.Undelivered)
}

func (k *Clinic) handOver(end message.State) {
	k.T.Helper()
	ctx := context.Background()
	var due []store.Draft
	k.Read(func(ctx context.Context, tx store.Tx) (err error) {
		lean, err := tx.Messages().Due(ctx, k.Route.ID, tx.Now(), 500)
		if err != nil || len(lean) == 0 {
			return err
		}
		ids := make([]id.ID, len(lean))
		for i := range lean {
			ids[i] = lean[i].ID
		}
		due, err = tx.Messages().ByIDs(ctx, ids) // deciding again needs everything
		return err
	})
	if len(due) == 0 {
		return
	}
	for i := range due { // one by one: a sender counts caps inside its transaction
		rulings, err := k.Outbox.Again(ctx, k.Scope, due[i:i+1])
		k.must(err)
		k.Write(func(ctx context.Context, tx store.Tx) error {
			if r := &rulings[0]; !r.Send {
				return k.settle(ctx, tx, r.Move)
			}
			return k.carry(ctx, tx, due[i], &rulings[0], end)
		})
	}
}

// settle plays the sender with a text that may not leave.
func (k *Clinic) settle(ctx context.Context, tx store.Tx, m store.Move) error {
	if _, err := tx.Messages().Settle(ctx, []store.Move{m}); err != nil || !m.To.Settled() {
		return err
	}
	return k.Plan.Missed(ctx, tx, []receipt.Ended{{Message: m.Message, To: m.To, Reason: m.Reason}})
}

// carry plays the sender and the carrier: lease, answer, receipt.
func (k *Clinic) carry(ctx context.Context, tx store.Tx, d store.Draft, r *send.Ruling, end message.State) error {
	now := tx.Now()
	if r.Question != nil {
		if asked, err := tx.Conversations().AskQuestions(ctx, []conversation.Question{*r.Question}); err != nil || !asked[0] {
			return fmt.Errorf("the question was not opened: %v, %w", asked, err)
		}
	}
	if r.Call != nil {
		if err := tx.Tasks().Add(ctx, []conversation.Task{*r.Call}); err != nil {
			return err
		}
	}
	fence, ok, err := tx.Routes().Take(ctx, k.Route.ID, "plantest", now, now.Add(time.Hour))
	if err != nil || !ok {
		return fmt.Errorf("no lease: %v, %w", ok, err)
	}
	if _, err = tx.Messages().Lease(ctx, store.Lease{Route: k.Route.ID, Fence: fence, Machine: now, Domain: now},
		[]store.Leased{{Message: d.ID, Revised: d.Revised, Rewrite: r.Rewrite}}); err != nil {
		return err
	}
	if _, err = tx.Messages().Answered(ctx, []store.Answered{{Message: d.ID, Org: d.Org, Attempt: 1, To: message.Accepted,
		ProviderID: d.ID.Short(), Route: k.Route.ID}}); err != nil {
		return err
	}
	_, err = tx.Messages().Receipted(ctx, []store.Receipted{{Part: store.Part{Message: d.ID, Parts: 1}, Org: d.Org, Route: k.Route.ID,
		State: end, ProviderID: d.ID.Short(), At: now}})
	if err != nil || end == message.Delivered {
		return err
	}
	return k.Plan.Missed(ctx, tx, []receipt.Ended{{Message: d.ID, To: end, Reason: message.ReasonReceipt}})
}

// Messages lists what there is about a visit, oldest first.
func (k *Clinic) Messages(visit id.ID) (out []store.Draft) {
	k.T.Helper()
	k.Read(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Messages().OfVisits(ctx, []id.ID{visit})
		out = all[visit]
		return err
	})
	return out
}
