package outbox_test

import (
	"context"
	"maps"
	"strings"
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
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

var noon = time.Date(2026, time.March, 3, 11, 0, 0, 0, time.UTC) // a Tuesday in Warsaw

type desk struct {
	t      *testing.T
	store  store.Store
	clock  *clock.Fixed
	scope  access.Scope
	place  org.Location
	person patient.Person
	point  patient.ContactPoint
	route  store.Route
	sender store.Sender
	visit  schedule.Appointment
	asked  *questions
	outbox *outbox.Outbox
}

// questions is the engine's memory of open questions, in memory.
type questions struct {
	open map[id.ID][]reply.OpenQuestion
}

func (q *questions) Open(_ context.Context, _ store.Tx, points []id.ID) (open, closed map[id.ID][]reply.OpenQuestion, err error) {
	open = map[id.ID][]reply.OpenQuestion{}
	for _, p := range points {
		open[p] = append([]reply.OpenQuestion(nil), q.open[p]...)
	}
	return open, nil, nil
}

// asks opens what a ruling asks.
func (q *questions) asks(a *conversation.Question) {
	o := reply.OpenQuestion{ID: a.ID.String(), Subject: a.Appointment.String()}
	for code, intent := range a.Codes {
		o.Choices = append(o.Choices, reply.Choice{Code: code, Intent: reply.Intent(intent)})
	}
	q.open[a.Point] = append(q.open[a.Point], o)
}

func setup(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, clock: clock.NewFixed(noon), asked: &questions{open: map[id.ID][]reply.OpenQuestion{}}}
	d.store = storetest.SQLite(t, d.clock)
	o := org.Organization{ID: id.New(), Name: "Riverside", Region: "PL", Locale: "en", CalendarOwner: org.OwnCalendar}
	d.scope = access.ForCommand(o.ID, "test")
	d.write(func(ctx context.Context, tx store.Tx) (err error) {
		if _, err = tx.Orgs().Create(ctx, o); err != nil {
			return err
		}
		d.place, err = tx.Orgs().SaveLocation(ctx, org.Location{Org: o.ID, Name: "North", Address: "1 River Street", Zone: "Europe/Warsaw", Region: "PL",
			Languages: []string{"pl"}, Phone: storetest.Number(t, "+48221234567")})
		if err != nil {
			return err
		}
		if d.route, err = tx.Routes().Save(ctx, store.Route{Name: "one", Kind: store.RouteSMPP, State: store.RouteOpen, Simulator: true}); err != nil {
			return err
		}
		d.sender, err = tx.Routes().SaveSender(ctx, store.Sender{Route: d.route.ID, Address: "48700", TwoWay: true})
		return err
	})
	d.person, d.point = d.patient("+48601234567")
	d.visit = d.book(noon.Add(26 * time.Hour))
	d.outbox = newOutbox(t, d.store, d.asked)
	return d
}

// sendFrom changes the sender.
func (d *desk) sendFrom(change func(*store.Sender)) {
	d.t.Helper()
	s := d.sender
	change(&s)
	d.write(func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Routes().SaveSender(ctx, s)
		return err
	})
}

func newOutbox(t *testing.T, s store.Store, q outbox.Questions) *outbox.Outbox {
	t.Helper()
	book, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	holidays, err := quiet.Holidays()
	if err != nil {
		t.Fatal(err)
	}
	lib, err := content.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	texts, err := outbox.NewTexts(lib)
	if err != nil {
		t.Fatal(err)
	}
	return outbox.New(s, book, holidays, outbox.Options{Templates: texts, Questions: q})
}

func (d *desk) write(do func(context.Context, store.Tx) error) {
	d.t.Helper()
	storetest.Write(d.t, d.store, d.scope, do)
}

func (d *desk) patient(number string) (patient.Person, patient.ContactPoint) {
	d.t.Helper()
	p := storetest.AddPeople(d.t, d.store, d.scope, patient.Person{Kind: patient.Patient, Status: patient.Active, Language: "en", Location: d.place.ID,
		Facts: patient.Facts{GivenName: phi.T("Ewa"), FamilyName: phi.T("Lis")}})[0]
	point := storetest.AddPoint(d.t, d.store, d.scope, p.ID, storetest.Number(d.t, number))
	storetest.Append(d.t, d.store, d.scope, consent.Entry{Org: d.scope.Org(), Person: p.ID, Point: point.ID, Channel: patient.SMS,
		Purpose: purpose.Appointment, Status: consent.Granted, Method: consent.Form, At: noon.Add(-time.Hour)})
	return p, point
}

func (d *desk) book(start time.Time) (v schedule.Appointment) {
	d.t.Helper()
	d.write(func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Visits().Create(ctx, []schedule.Appointment{{Person: d.person.ID, Location: d.place.ID, Status: schedule.Booked, Start: start,
			Length: time.Hour, Zone: "Europe/Warsaw", BookedAt: noon.Add(-24 * time.Hour)}})
		if err == nil {
			v = got[0]
		}
		return err
	})
	return v
}

// reminder asks for the shipped reminder of the visit.
func (d *desk) reminder() outbox.Ask {
	return outbox.Ask{Origin: message.Origin{Kind: message.FromJourney, Enrollment: id.New(), Step: "24h"}, Purpose: purpose.Appointment,
		Person: d.person.ID, Appointment: d.visit.ID, AppointmentVersion: d.visit.Version, Template: content.Reminder24h,
		Codes:     []reply.Choice{{Code: "1", Intent: reply.Confirm}, {Code: "2", Intent: reply.Cancel}, {Code: "3", Intent: reply.Reschedule}},
		ExpiresAt: d.visit.Start}
}

// standing asks for a text that invites an answer and no digit, so that its record may stand.
func (d *desk) standing() outbox.Ask {
	a := d.reminder()
	a.Template, a.Codes, a.Flags = content.Reminder2h, nil, message.Invites
	return a
}

// again decides about a stored message.
func (d *desk) again(m id.ID) send.Ruling {
	d.t.Helper()
	var drafts []store.Draft
	if err := d.store.Read(context.Background(), d.scope, func(tx store.Tx) (err error) {
		drafts, err = tx.Messages().ByIDs(context.Background(), []id.ID{m})
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	got, err := d.outbox.Again(context.Background(), d.scope, drafts)
	if err != nil {
		d.t.Fatal(err)
	}
	return got[0]
}

func (d *desk) prepare(asks ...outbox.Ask) []outbox.Prepared {
	d.t.Helper()
	got, err := d.outbox.Prepare(context.Background(), d.scope, asks)
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

func (d *desk) insert(p ...outbox.Prepared) (kept []bool) {
	d.t.Helper()
	d.write(func(ctx context.Context, tx store.Tx) (err error) {
		kept, err = d.outbox.Insert(ctx, tx, p)
		return err
	})
	return kept
}

func TestAReminderIsWrittenInTheReadersWords(t *testing.T) {
	t.Parallel()
	d := setup(t)
	got := d.prepare(d.reminder())[0]
	m := got.Draft
	if m.State != message.Queued || m.To != d.point.Number || m.Point != d.point.ID || m.Route != d.route.ID || m.Sender != d.sender.ID ||
		m.Location != d.place.ID || m.Locale != "en" || m.Segments == 0 {
		t.Fatalf("%s (%s), route %v, location %v, locale %s, %d segments", m.State, m.Reason, m.Route, m.Location, m.Locale, m.Segments)
	}
	text := m.Body.Reveal()
	for _, part := range []string{"Riverside", "14:00", "1 River Street"} {
		if !strings.Contains(text, part) {
			t.Errorf("the text lacks %q", part)
		}
	}
	if !m.Flags.Has(message.Invites|message.Asks) || !strings.Contains(text, "Reply 1 to confirm") {
		t.Errorf("flags %b, text %q", m.Flags, text)
	}
	rec := m.Decision
	if rec.Verdict != "send" || rec.Person != 1 || rec.Point == 0 || rec.Visit != d.visit.Version || rec.Zone != "Europe/Warsaw" || rec.Consent.IsZero() || rec.ValidUntil.IsZero() ||
		!strings.HasPrefix(rec.Rules, "PL@") || len(rec.Rules) != len("PL@00000000") {
		t.Errorf("record %+v", rec)
	}
	if !d.insert(got)[0] {
		t.Error("the message was not written")
	}
}

// Digits are given as texts leave: any number of visits may be planned, and the fourth to leave while three are open says
// whom to call, in words, beside a call.
func TestOpenQuestionsOfANumberShareNoDigits(t *testing.T) {
	t.Parallel()
	d := setup(t)
	asks := []outbox.Ask{d.reminder()}
	for i := range 3 {
		d.visit = d.book(noon.Add(time.Duration(27+i) * time.Hour))
		asks = append(asks, d.reminder())
	}
	got := d.prepare(asks...)
	d.insert(got...)
	seen := map[string]bool{}
	for i, p := range got {
		if p.Draft.State != message.Queued || !strings.Contains(p.Draft.Body.Reveal(), "Reply 1 to confirm") {
			t.Fatalf("planned text %d: %s %s, %q", i, p.Draft.State, p.Draft.Reason, p.Draft.Body.Reveal())
		}
		stands, by, err := d.outbox.Standing(context.Background(), d.scope, []store.Draft{p.Draft})
		if free := i == 0; err != nil || by[0] != free {
			t.Fatalf("text %d leaves by its record: %v (%v); the digits that it shows are free: %v", i, by[0], err, free)
		}
		r := d.again(p.Draft.ID)
		if by[0] && !maps.Equal(stands[0].Question.Codes, r.Question.Codes) {
			t.Errorf("by its record it asks %v, decided again %v", stands[0].Question.Codes, r.Question.Codes)
		}
		if i == 3 {
			if r.Question != nil || r.Call == nil || r.Call.Reason != string(message.ReasonNoFreeCodes) || r.Call.Appointment != p.Draft.Appointment ||
				!strings.Contains(r.Rewrite.Body.Reveal(), "cancel or change it, call") || strings.Contains(r.Rewrite.Body.Reveal(), "Reply 1") {
				t.Errorf("with nine digits taken: %+v, %+v", r.Question, r.Call)
			}
			continue
		}
		if r.Question == nil || r.Call != nil || !r.Send {
			t.Fatalf("text %d asks nothing", i)
		}
		for code := range r.Question.Codes {
			if seen[code] {
				t.Errorf("digit %s answers two questions", code)
			}
			seen[code] = true
		}
		d.asked.asks(r.Question)
	}
}

// An organization's own words that offer only digits give way to those that ship.
func TestOwnWordsWithoutAWayToCallGiveWayWhereNoDigitIsFree(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.write(func(ctx context.Context, tx store.Tx) error {
		return tx.Templates().Save(ctx, store.TemplateVersion{Key: content.Reminder24h, Version: store.ShippedVersion + 1, ByKind: access.Command,
			Variants: content.Variants{"en": "{{ clinic.name }} {{ visit.day }} {{ visit.time }}: {{ reply.confirm }}=yes {{ reply.cancel }}=no {{ clinic.phone }}"}})
	})
	got := d.prepare(d.reminder())[0]
	if !strings.Contains(got.Draft.Body.Reveal(), "1=yes") {
		t.Fatalf("own words: %q", got.Draft.Body.Reveal())
	}
	d.insert(got)
	d.asked.asks(&conversation.Question{ID: id.New(), Point: d.point.ID, Appointment: id.New(),
		Codes: map[string]string{"1": "a", "2": "b", "3": "c", "4": "d", "5": "e", "6": "f", "7": "g", "8": "h"}})
	if r := d.again(got.Draft.ID); !r.Send || r.Call == nil || !strings.Contains(r.Rewrite.Body.Reveal(), "cancel or change it, call") {
		t.Errorf("%v: %q", r.Send, r.Rewrite.Body.Reveal())
	}
}

func TestWhyATextIsNotPlanned(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(d *desk, a *outbox.Ask)
		state  message.State
		reason message.Reason
	}{
		"no consent for the purpose":    {func(_ *desk, a *outbox.Ask) { a.Purpose = purpose.Survey }, message.Refused, message.ReasonNoConsent},
		"an older version of the visit": {func(_ *desk, a *outbox.Ask) { a.AppointmentVersion-- }, message.Refused, message.ReasonFactChanged},
		"a visit that is not there":     {func(_ *desk, a *outbox.Ask) { a.Appointment = id.New() }, message.Refused, message.ReasonFactChanged},
		"a text that nobody wrote":      {func(_ *desk, a *outbox.Ask) { a.Template = "nothing" }, message.Refused, message.ReasonTemplate},
		"a variable without a value":    {func(_ *desk, a *outbox.Ask) { a.Template = content.VisitMoved }, message.Refused, message.ReasonTemplate},
		"too late to be of use":         {func(_ *desk, a *outbox.Ask) { a.ExpiresAt = noon.Add(-time.Second) }, message.Refused, message.ReasonStale},
		"a person without a number": {func(d *desk, a *outbox.Ask) {
			a.Person = storetest.AddPeople(d.t, d.store, d.scope, patient.Person{Kind: patient.Patient, Status: patient.Active, Language: "en"})[0].ID
			a.Appointment, a.AppointmentVersion, a.Template, a.Body, a.Codes = id.ID{}, 0, "", phi.T("hello"), nil
		}, message.Refused, message.ReasonNoNumber},
		"a landline": {func(d *desk, a *outbox.Ask) {
			p, _ := d.patient("+48221234567")
			a.Person, a.Appointment, a.Template, a.Body, a.Codes = p.ID, id.ID{}, "", phi.T("hello"), nil
		}, message.Refused, message.ReasonNotMobile},
		"staff invite a word that opts out": {func(_ *desk, a *outbox.Ask) {
			a.Appointment, a.AppointmentVersion, a.Template, a.Codes = id.ID{}, 0, "", nil
			a.Body, a.Locale, a.Flags = phi.T("Your visit is tomorrow. Reply STOP if you cannot come"), "en", message.StaffText
		}, message.Refused, message.ReasonReservedWord},
		"a number that opted out": {func(d *desk, _ *outbox.Ask) { storetest.OptOut(d.t, d.store, d.scope, d.point.ID, noon) }, message.Refused, message.ReasonOptedOut},
		"a one-way sender and a text that invites": {func(d *desk, _ *outbox.Ask) {
			d.write(func(ctx context.Context, tx store.Tx) error {
				s := d.sender
				s.TwoWay = false
				_, err := tx.Routes().SaveSender(ctx, s)
				return err
			})
		}, message.Refused, message.ReasonOneWaySender},
		"every route is stopped": {func(d *desk, _ *outbox.Ask) {
			d.write(func(ctx context.Context, tx store.Tx) error {
				return tx.Routes().SetState(ctx, d.route.ID, store.RouteStopped)
			})
		}, message.Held, message.ReasonRouteDown},
		"everything is stopped": {func(d *desk, _ *outbox.Ask) {
			d.write(func(ctx context.Context, tx store.Tx) error { return tx.Orgs().StopAll(ctx) })
		}, message.Held, message.ReasonStopped},
		"the patient confirmed": {func(d *desk, a *outbox.Ask) {
			a.Flags = message.NotAfterAnswer
			d.write(func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Visits().Answer(ctx, schedule.Response{Appointment: d.visit.ID, Version: d.visit.Version, Person: d.person.ID, Answer: schedule.Accepted, At: noon})
				return err
			})
		}, message.Refused, message.ReasonAnswered},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			a := d.reminder()
			c.change(d, &a)
			got := d.prepare(a)[0]
			if got.Draft.State != c.state || got.Draft.Reason != c.reason {
				t.Fatalf("%s, %s (%v)", got.Draft.State, got.Draft.Reason, got.Decision.Reasons())
			}
			// A refused or held text is a row that people see, with an event that tells why.
			if !d.insert(got)[0] {
				t.Fatal("not written")
			}
			storetest.Read(t, d.store, d.scope, func(ctx context.Context, tx store.Tx) error {
				events, err := tx.Messages().Events(ctx, got.Draft.ID)
				if len(events) != 1 || events[0].Reason != c.reason {
					t.Errorf("events %+v", events)
				}
				return err
			})
		})
	}
}

func TestAReminderBendsToTheEveningBefore(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.visit = d.book(time.Date(2026, time.March, 5, 7, 0, 0, 0, time.UTC)) // eight in the morning in Warsaw
	a := d.reminder()
	a.DueAt, a.Direction = time.Date(2026, time.March, 4, 23, 30, 0, 0, time.UTC), quiet.Pull
	got := d.prepare(a)[0]
	if got.Draft.State != message.Queued || !got.Draft.Decision.Moved || !got.Draft.DueAt.Before(a.DueAt) || got.Draft.DueAt.Before(a.DueAt.Add(-12*time.Hour)) {
		t.Errorf("%s at %v, %s", got.Draft.State, got.Draft.DueAt, got.Draft.Reason)
	}
}

func TestANaturalKeyPlansOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	a := d.reminder()
	p := d.prepare(a)
	again := d.prepare(a) // prepared before the first was written: the key decides at the write
	if !d.insert(p...)[0] || d.insert(again...)[0] {
		t.Error("the same step was written twice")
	}
	if got := d.prepare(a)[0]; got.Draft.State != message.Refused || got.Draft.Reason != message.ReasonDuplicate {
		t.Errorf("planned again as %s, %s", got.Draft.State, got.Draft.Reason)
	}
}

func TestABatchIsProvedByOneAuditEvent(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.insert(d.prepare(d.reminder(), d.reminder(), d.reminder())...)
	storetest.Read(t, d.store, d.scope, func(ctx context.Context, tx store.Tx) error {
		events, err := tx.Audit().List(ctx, store.Page{})
		n := 0
		for _, e := range events {
			if e.Action == "message.batch" {
				n++
				if !strings.HasPrefix(e.Detail, "rows=3 digest=") {
					t.Errorf("detail %q", e.Detail)
				}
			}
		}
		if n != 1 {
			t.Errorf("%d events", n)
		}
		return err
	})
}

func TestWhatWouldHappenNowIsTheSameDecision(t *testing.T) {
	t.Parallel()
	d := setup(t)
	p := d.prepare(d.reminder())[0]
	d.insert(p)
	ask := func() gate.Decision {
		got, _, err := d.outbox.Explain(context.Background(), d.scope, p.Draft.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := ask(); got.Verdict != gate.Send {
		t.Errorf("now: %s, %v", got.Verdict, got.Reasons())
	}
	storetest.OptOut(t, d.store, d.scope, d.point.ID, noon)
	if got := ask(); got.Verdict != gate.Refuse || got.Reason() != message.ReasonOptedOut {
		t.Errorf("after an opt-out: %s, %v", got.Verdict, got.Reasons())
	}
	if _, _, err := d.outbox.Explain(context.Background(), d.scope, id.New()); !errs.Is(err, errs.NotFound) {
		t.Errorf("a message that is not there: %v", err)
	}
}

func TestATextThatDoesNotOpenIsHeldForAPersonAndTheOthersLeave(t *testing.T) {
	t.Parallel()
	d := setup(t)
	good := d.prepare(d.standing())[0].Draft
	bad := good
	bad.ID, bad.Body, bad.Vars, bad.Unreadable = id.New(), phi.Text{}, nil, true
	drafts := []store.Draft{bad, good}
	_, ok, err := d.outbox.Standing(context.Background(), d.scope, drafts)
	if err != nil || ok[0] || !ok[1] {
		t.Fatalf("stand %v, %v", ok, err)
	}
	got, err := d.outbox.Again(context.Background(), d.scope, drafts)
	if err != nil {
		t.Fatal(err)
	}
	v := got[0].Move
	if got[0].Send || v.Message != bad.ID || v.To != message.Held || !v.Until.IsZero() || v.Reason != message.ReasonUnreadable || !v.Event {
		t.Errorf("the one that does not open: %+v", got[0])
	}
	if !got[1].Send || got[1].Bound.Person != good.Person {
		t.Errorf("the other: %+v", got[1].Move)
	}
}

func TestARecordStandsUntilSomethingOvertakesIt(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(d *desk, m *store.Draft)
		stands bool
	}{
		"nothing changed":                     {func(*desk, *store.Draft) {}, true},
		"the window has closed":               {func(d *desk, m *store.Draft) { d.clock.Set(m.Decision.ValidUntil) }, false},
		"it has expired":                      {func(_ *desk, m *store.Draft) { m.ExpiresAt = noon }, false},
		"it was held":                         {func(_ *desk, m *store.Draft) { m.Decision.Verdict = "hold" }, false},
		"an automatic answer is counted anew": {func(_ *desk, m *store.Draft) { m.Flags |= message.AutoReply }, false},
		"its route is on trial": {func(d *desk, _ *store.Draft) {
			d.write(func(ctx context.Context, tx store.Tx) error {
				return tx.Routes().SetState(ctx, d.route.ID, store.RouteTrial)
			})
		}, false},
		"its sender became one-way": {func(d *desk, _ *store.Draft) { d.sendFrom(func(s *store.Sender) { s.TwoWay = false }) }, false},
		"its sender serves another purpose": {func(d *desk, _ *store.Draft) {
			d.sendFrom(func(s *store.Sender) { s.Purposes = []purpose.Purpose{purpose.Recall} })
		}, false},
		"its sender serves its purpose only": {func(d *desk, _ *store.Draft) {
			d.sendFrom(func(s *store.Sender) { s.Purposes = []purpose.Purpose{purpose.Appointment} })
		}, true},
		"its sender moved to another route": {func(d *desk, _ *store.Draft) {
			d.write(func(ctx context.Context, tx store.Tx) error {
				other, err := tx.Routes().Save(ctx, store.Route{Name: "two", Kind: store.RouteSMPP, State: store.RouteOpen, Simulator: true})
				d.sender.Route = other.ID
				return err
			})
			d.sendFrom(func(*store.Sender) {})
		}, false},
		"the patient answered": {func(d *desk, m *store.Draft) {
			m.Flags |= message.NotAfterAnswer
			d.write(func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Visits().Answer(ctx, schedule.Response{Appointment: d.visit.ID, Version: d.visit.Version, Person: d.person.ID, Answer: schedule.Declined, At: noon})
				return err
			})
		}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			m := d.prepare(d.standing())[0].Draft
			c.change(d, &m)
			rulings, ok, err := d.outbox.Standing(context.Background(), d.scope, []store.Draft{m})
			if err != nil {
				t.Fatal(err)
			}
			if ok[0] != c.stands {
				t.Fatalf("stands: %v", ok[0])
			}
			if !c.stands {
				return
			}
			fresh, err := d.outbox.Again(context.Background(), d.scope, []store.Draft{m})
			if err != nil {
				t.Fatal(err)
			}
			a, b := rulings[0], fresh[0]
			if !b.Send || a.Revs != b.Revs || a.OrgRev != b.OrgRev || a.Bound != b.Bound || !a.ValidUntil.Equal(b.ValidUntil) || a.Cap != b.Cap || b.Rewrite != nil {
				t.Errorf("by record %+v\nanew      %+v", a, b)
			}
		})
	}
}
