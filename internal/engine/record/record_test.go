package record_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// desk is a clinic with the use-cases over it.
type desk struct {
	*plantest.Clinic
	*record.Service
	suppressed []id.ID
}

// Add remembers what was suppressed.
func (d *desk) Add(point id.ID) func() {
	d.suppressed = append(d.suppressed, point)
	return func() { d.suppressed = nil }
}

func onBoth(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		c := clock.NewFixed(plantest.Noon)
		s := open(t, c)
		d := &desk{Clinic: plantest.New(t, s, c, outbox.Options{})}
		d.Service = record.New(s, d)
		test(t, d)
	})
}

const day = 24 * time.Hour

func (d *desk) states(v id.ID) (out []string) {
	for _, m := range d.Messages(v) {
		out = append(out, m.Origin.Step+" "+string(m.State))
	}
	return out
}

func (d *desk) open(kinds ...conversation.TaskKind) (out []conversation.Task) {
	d.Read(func(ctx context.Context, tx store.Tx) (err error) {
		out, err = tx.Tasks().List(ctx, store.TaskFilter{Kinds: kinds}, store.Page{})
		return err
	})
	return out
}

func (d *desk) visit(v id.ID) (out schedule.Appointment) {
	d.Read(func(ctx context.Context, tx store.Tx) (err error) {
		out, err = tx.Visits().Get(ctx, v)
		return err
	})
	return out
}

// answer plays a reply as inbound hands it over.
func (d *desk) answer(v schedule.Appointment, i reply.Intent) (told inbound.Told) {
	d.Write(func(ctx context.Context, tx store.Tx) (err error) {
		told, err = d.PatientAnswered(ctx, tx, inbound.PatientAnswer{Visit: v.ID, Version: v.Version, Person: v.Person, Intent: i, Inbound: id.New()})
		return err
	})
	return told
}

func TestWhoConfirmsIsNotAskedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		v := d.Clinic.Book(d.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon.Add(-30*day))
		d.Sweep()
		if told := d.answer(v, reply.Confirm); told != inbound.Confirmed {
			t.Fatalf("told %q", told)
		}
		d.Sweep()
		if got := d.states(v.ID); !slices.Equal(got, []string{"day-before cancelled"}) {
			t.Errorf("messages %v", got)
		}
		if now := d.visit(v.ID); now.Status != schedule.Booked || now.Version != v.Version {
			t.Errorf("an answer changed the visit: %+v", now)
		}
	})
}

func TestCancelByReplyCancelsOurOwnVisitAndSaysNothingMore(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		v := d.Clinic.Book(d.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon.Add(-30*day))
		d.Sweep()
		if told := d.answer(v, reply.Cancel); told != inbound.CancelledNow {
			t.Fatalf("told %q", told)
		}
		if now := d.visit(v.ID); now.Status != schedule.Cancelled {
			t.Errorf("the visit is %s", now.Status)
		}
		d.Run(3*day, 6*time.Hour)
		if got := d.states(v.ID); !slices.Equal(got, []string{"day-before cancelled"}) {
			t.Errorf("messages %v", got)
		}
		if told := d.answer(v, reply.Confirm); told != inbound.TooLate {
			t.Errorf("a later answer was told %q", told)
		}
	})
}

func TestCancelByReplyStopsRemindersWhereAnotherSystemKeepsTheCalendar(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.KeepCalendar(org.OutsideCalendar)
		v := d.imported(plantest.Noon.Add(3 * day))
		d.Sweep()
		if told := d.answer(v, reply.Cancel); told != inbound.CancelRequested {
			t.Fatalf("told %q", told)
		}
		d.Run(3*day, 6*time.Hour)
		if now := d.visit(v.ID); now.Status != schedule.Booked {
			t.Errorf("another system's visit became %s", now.Status)
		}
		if got := d.states(v.ID); !slices.Equal(got, []string{"day-before cancelled"}) {
			t.Errorf("messages %v", got)
		}
		tasks := d.open(conversation.CancelVisit)
		if len(tasks) != 1 || tasks[0].Appointment != v.ID || tasks[0].Person != v.Person {
			t.Errorf("tasks %+v", tasks)
		}
		_, err := d.MoveVisit(t.Context(), d.Scope, record.Move{Visit: v.ID, Version: v.Version, Start: plantest.Noon.Add(9 * day)})
		if !errs.Is(err, errs.Precondition) {
			t.Errorf("moved another system's visit: %v", err)
		}
	})
}

// imported is a visit that a source owns.
func (d *desk) imported(start time.Time) (v schedule.Appointment) {
	who := d.Person(true)
	d.Write(func(ctx context.Context, tx store.Tx) error {
		src, err := tx.Visits().SaveSource(ctx, schedule.Source{Name: "practice"})
		if err != nil {
			return err
		}
		made, err := tx.Visits().Create(ctx, []schedule.Appointment{{Person: who.ID, Location: d.Site.ID, Source: src.ID, Status: schedule.Booked,
			Start: start, Zone: "Europe/Warsaw", BookedAt: plantest.Noon.Add(-30 * day), ExternalID: phi.T("A-1")}})
		if err != nil {
			return err
		}
		v = made[0]
		return tx.Journeys().Touch(ctx, []store.Touch{{Visit: v.ID}})
	})
	return v
}

func TestAnotherTimeBecomesATaskAndConfirmingTakesItBack(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		v := d.Clinic.Book(d.Person(true).ID, plantest.Noon.Add(3*day), plantest.Noon.Add(-30*day))
		if told := d.answer(v, reply.Reschedule); told != inbound.WillCall {
			t.Fatalf("told %q", told)
		}
		if got := d.open(conversation.MoveVisit); len(got) != 1 {
			t.Fatalf("tasks %+v", got)
		}
		d.answer(v, reply.Confirm)
		if got := d.open(conversation.MoveVisit); len(got) != 0 {
			t.Errorf("still open %+v", got)
		}
		if told := d.answer(v, reply.Question); told != inbound.QuestionKept {
			t.Errorf("a question was told %q", told)
		}
	})
}

func TestAnAnswerHoldsOnlyForTheTimeThatWasAsked(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		who := d.Person(true)
		v := d.Clinic.Book(who.ID, plantest.Noon.Add(3*day), plantest.Noon.Add(-30*day))
		d.Sweep()
		doctor, err := d.changed(v, func(v *schedule.Appointment) { v.Practitioner = id.New() })
		if err != nil || doctor.Version == v.Version {
			t.Fatalf("version %d, %v", doctor.Version, err)
		}
		if told := d.answer(v, reply.Confirm); told != inbound.Confirmed {
			t.Errorf("another practitioner made the answer %q", told)
		}
		if _, err := d.MoveVisit(t.Context(), d.Scope, record.Move{Visit: v.ID, Version: doctor.Version, Start: plantest.Noon.Add(5 * day)}); err != nil {
			t.Fatal(err)
		}
		if told := d.answer(v, reply.Confirm); told != inbound.TooLate {
			t.Errorf("an answer about the old time was told %q", told)
		}
	})
}

func (d *desk) changed(v schedule.Appointment, change func(*schedule.Appointment)) (schedule.Appointment, error) {
	return d.Change(v, change), nil
}

func TestAMovedVisitCancelsWaitingTextsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		made, err := d.Service.Book(t.Context(), d.Scope, record.Booking{Person: d.Person(true).ID, Location: d.Site.ID, Start: plantest.Noon.Add(3 * day)})
		if err != nil {
			t.Fatal(err)
		}
		if made.Wall != "2026-05-07T12:00" {
			t.Errorf("the calendar shows %q", made.Wall)
		}
		d.Sweep()
		moved, err := d.MoveVisit(t.Context(), d.Scope, record.Move{Visit: made.ID, Version: 1, Start: plantest.Noon.Add(4 * day), PatientKnows: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range d.states(made.ID) {
			if s == "booking queued" || s == "day-before queued" {
				t.Errorf("%s after the move", s)
			}
		}
		d.Run(5*day, 6*time.Hour)
		for _, m := range d.Messages(made.ID) {
			if m.Origin.Step == "moved" {
				t.Error("told what the patient asked for")
			}
		}
		if _, err := d.MoveVisit(t.Context(), d.Scope, record.Move{Visit: made.ID, Version: 1, Start: plantest.Noon.Add(9 * day)}); err == nil {
			t.Error("moved a version that nobody sees any more")
		}
		if moved.Version != 2 {
			t.Errorf("version %d", moved.Version)
		}
	})
}

func TestADeathCancelsEverythingInTheSameTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		who := d.Person(true)
		v := d.Clinic.Book(who.ID, plantest.Noon.Add(3*day), plantest.Noon)
		d.Sweep()
		if err := d.MarkDeceased(t.Context(), d.Scope, who.ID); err != nil {
			t.Fatal(err)
		}
		if got := d.states(v.ID); !slices.Equal(got, []string{"booking cancelled", "day-before cancelled"}) {
			t.Errorf("before any sweep: %v", got)
		}
		d.Run(3*day, 6*time.Hour)
		if got := d.states(v.ID); !slices.Equal(got, []string{"booking cancelled", "day-before cancelled"}) {
			t.Errorf("later: %v", got)
		}
		if calls := d.open(); len(calls) != 0 {
			t.Errorf("somebody is to call: %+v", calls)
		}
	})
}

func TestConsentKeepsHowAndWhichWords(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		who := d.Person(false)
		c := record.Consent{Person: who.ID, Purposes: []purpose.Purpose{purpose.Appointment}, Granted: true, Method: consent.Verbal,
			Wording: "sms-care/1", Shown: phi.T("May we text you about visits?"), Language: "en"}
		if err := d.Service.Consent(t.Context(), d.Scope, c); err != nil {
			t.Fatal(err)
		}
		var got []consent.Entry
		d.Read(func(ctx context.Context, tx store.Tx) (err error) {
			got, err = tx.Consents().For(ctx, []id.ID{who.ID}, nil)
			return err
		})
		if len(got) != 1 || got[0].Method != consent.Verbal || got[0].Shown != c.Shown || got[0].By != access.Command || !got[0].At.Equal(plantest.Noon) {
			t.Errorf("ledger %+v", got)
		}
		all := c
		all.Purposes = []purpose.Purpose{consent.AllCare}
		if err := d.Service.Consent(t.Context(), d.Scope, all); err != nil {
			t.Errorf("a yes to all care: %v", err)
		}
		for name, bad := range map[string]record.Consent{
			"everything": {Person: who.ID, Granted: true, Method: consent.Form, Wording: "x", Purposes: []purpose.Purpose{consent.AllPurposes}},
			"no purpose": {Person: who.ID, Granted: true, Method: consent.Form, Wording: "x"},
			"no wording": {Person: who.ID, Granted: true, Method: consent.Form, Purposes: c.Purposes},
			"by keyword": {Person: who.ID, Granted: true, Method: consent.Keyword, Wording: "x", Purposes: c.Purposes},
			"tomorrow":   {Person: who.ID, Granted: true, Method: consent.Form, Wording: "x", Purposes: c.Purposes, At: plantest.Noon.Add(day)},
		} {
			if err := d.Service.Consent(t.Context(), d.Scope, bad); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestASpokenOptOutIsInTheSendersMemoryAndTheLedger(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		who := d.Person(true)
		point, err := d.AddContact(t.Context(), d.Scope, record.Contact{Person: who.ID, Number: phi.T("500 200 999"), Rank: 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.OptOut(t.Context(), d.Scope, point.ID, phi.T("please stop")); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.suppressed, []id.ID{point.ID}) {
			t.Errorf("suppressed %v", d.suppressed)
		}
		var points []patient.ContactPoint
		d.Read(func(ctx context.Context, tx store.Tx) (err error) {
			points, err = tx.People().Points(ctx, []id.ID{point.ID})
			return err
		})
		if points[0].OptedOutAt == nil {
			t.Error("the number is not opted out")
		}
		if err := d.OptOut(t.Context(), d.Scope, id.New(), phi.T("stop")); !errs.Is(err, errs.NotFound) || len(d.suppressed) != 1 {
			t.Errorf("an unknown number: %v, suppressed %v", err, d.suppressed)
		}
	})
}

func TestAFieldHasOneOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		var who patient.Person
		d.Write(func(ctx context.Context, tx store.Tx) error {
			src, err := tx.Visits().SaveSource(ctx, schedule.Source{Name: "practice"})
			if err != nil {
				return err
			}
			made, err := tx.People().Create(ctx, []patient.Person{{Kind: patient.Patient, Status: patient.Active, Source: src.ID,
				Facts: patient.Facts{FamilyName: phi.T("Nowak")}}})
			who = made[0]
			return err
		})
		renamed := who
		renamed.Facts.FamilyName = phi.T("Kowalska")
		if _, err := d.UpdatePatient(t.Context(), d.Scope, renamed); !errs.Is(err, errs.Precondition) {
			t.Errorf("staff renamed a source's patient: %v", err)
		}
		noted := who
		noted.Language, noted.Facts.Note = "en", phi.T("hard of hearing")
		if made, err := d.UpdatePatient(t.Context(), d.Scope, noted); err != nil || made.Version != 2 {
			t.Errorf("staff's own fields: version %d, %v", made.Version, err)
		}
		if _, err := d.CreatePatient(t.Context(), d.Scope, patient.Person{}); !errs.Is(err, errs.Invalid) {
			t.Errorf("a person without a name: %v", err)
		}
	})
}

func TestAViewerWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		who := d.Person(true)
		viewer := access.ForUser(d.Scope.Org(), id.New(), access.Viewer)
		for name, err := range map[string]error{
			"deceased": d.MarkDeceased(t.Context(), viewer, who.ID),
			"opt-out":  d.OptOut(t.Context(), viewer, id.New(), phi.T("x")),
			"task":     d.CompleteTask(t.Context(), viewer, id.New(), conversation.Reached, phi.Text{}),
		} {
			if !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if d.visitless(who.ID) != 0 {
			t.Error("something was cancelled")
		}
	})
}

func (d *desk) visitless(person id.ID) (n int) {
	d.Read(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Messages().List(ctx, store.MessageFilter{Person: person, States: []message.State{message.Cancelled}}, store.Page{})
		n = len(all)
		return err
	})
	return n
}

func TestAVisitNamesOnlyWhatTheOrganizationHas(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		other := storetest.NewOrg(t, d.Store)
		var foreign, own org.Practitioner
		var kind schedule.VisitType
		storetest.Write(t, d.Store, other, func(ctx context.Context, tx store.Tx) (err error) {
			if foreign, err = tx.Orgs().SavePractitioner(ctx, org.Practitioner{Name: "Dr. Elsewhere"}); err != nil {
				return err
			}
			kind, err = tx.Visits().SaveType(ctx, schedule.VisitType{Name: "Elsewhere"})
			return err
		})
		storetest.Write(t, d.Store, d.Scope, func(ctx context.Context, tx store.Tx) (err error) {
			own, err = tx.Orgs().SavePractitioner(ctx, org.Practitioner{Name: "Dr. Here"})
			return err
		})
		who := d.Person(true)
		b := record.Booking{Person: who.ID, Location: d.Site.ID, Start: plantest.Noon.Add(10 * day)}
		for name, change := range map[string]func(*record.Booking){
			"a practitioner": func(b *record.Booking) { b.Practitioner = foreign.ID }, "a kind of visit": func(b *record.Booking) { b.Type = kind.ID },
		} {
			wrong := b
			change(&wrong)
			if _, err := d.Service.Book(t.Context(), d.Scope, wrong); !errs.Is(err, errs.NotFound) {
				t.Errorf("booked with another organization's %s: %v", name, err)
			}
		}
		b.Practitioner = own.ID
		v, err := d.Service.Book(t.Context(), d.Scope, b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.MoveVisit(t.Context(), d.Scope, record.Move{Visit: v.ID, Version: v.Version, Practitioner: foreign.ID}); !errs.Is(err, errs.NotFound) {
			t.Errorf("moved to another organization's practitioner: %v", err)
		}
	})
}
