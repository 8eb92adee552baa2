package console_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// clinic is a small practice with people whose names do not fit into narrow columns.
type clinic struct {
	sites    []org.Location
	people   []patient.Person
	points   []patient.ContactPoint
	visits   []schedule.Appointment
	messages []store.Draft
	route    store.Route
	threads  []conversation.Conversation
}

var names = []struct{ given, family, born, language, number string }{
	{"Amelia", "Hart", "1961-07-02", "en", "+447911123456"},
	{"Bronisława Wirginia", "Grzegżółka-Brzęczyszczykiewicz de domo Szczebrzeszyńska", "1948-11-30", "pl", "+48601234567"},
	{"عبد الرحمن", "بن عبد العزيز الحسيني", "1990-01-17", "ar", "+447911123457"},
	{"秀英", "欧阳", "1975-05-05", "zh", "+447911123458"},
	{"Tom", "Ng", "2015-09", "en", "+447911123459"},
	{"María del Carmen", "Fernández y Rodríguez", "1983-02-28", "es", "+447911123460"},
	{"<script>alert(1)</script>", "O'Neil & Sons \"x\"", "1970", "en", "+447911123461"},
}

// seed fills the organization with one day's life in every state that a page can show.
func (w *world) seed(t *testing.T) *clinic {
	t.Helper()
	c := &clinic{}
	w.write(t, func(tx store.Tx) error { return c.places(t, tx) })
	w.write(t, func(tx store.Tx) error { return c.persons(t, tx) })
	w.write(t, func(tx store.Tx) error { return c.calendar(t, tx) })
	w.write(t, func(tx store.Tx) error { return c.texts(t, tx) })
	w.write(t, func(tx store.Tx) error { return c.tasks(t, tx) })
	w.write(t, func(tx store.Tx) error { return c.talks(t, tx) })
	return c
}

func (c *clinic) places(t *testing.T, tx store.Tx) error {
	for _, l := range []org.Location{
		{Name: "Elm Street", Zone: "Europe/London", Region: "GB", Languages: []string{"en"}},
		{Name: "Przychodnia przy ulicy Marszałkowskiej (dawniej Zespół Opieki Zdrowotnej Warszawa-Śródmieście)", Zone: "Europe/Warsaw", Region: "PL", Languages: []string{"pl"}},
	} {
		l.ID, l.Org, l.Travel = id.New(), tx.Scope().Org(), org.DefaultTravel
		l.Address = "Elm Street 7"
		desk, err := phone.FromStored("+442079460000")
		if err != nil {
			return err
		}
		l.Phone = desk
		kept, err := tx.Orgs().SaveLocation(t.Context(), l)
		if err != nil {
			return err
		}
		c.sites = append(c.sites, kept)
	}
	var err error
	c.route, err = tx.Routes().Save(t.Context(), store.Route{Name: "Operator One", Kind: store.RouteSMPP, Channel: patient.SMS,
		Config: phi.T(`{"host":"127.0.0.1","system_id":"sim","password":"sim","simulator":true}`), Rate: 50, Rank: 1, Simulator: true, State: store.RouteOpen})
	if err != nil {
		return err
	}
	late := store.ReceiptWatch{Route: c.route.ID, Usual: 970, Seen: 800, From: tx.Now().Add(-time.Hour), Until: tx.Now().Add(-50 * time.Minute), Texts: 40, Missing: 38,
		LateSince: tx.Now().Add(-40 * time.Minute), LookedAt: tx.Now().Add(-40 * time.Minute)}
	if err := tx.Messages().SaveWatch(t.Context(), late); err != nil {
		return err
	}
	_, err = tx.Routes().SaveSender(t.Context(), store.Sender{Route: c.route.ID, Address: "447700900001", TON: 1, NPI: 1, TwoWay: true})
	return err
}

func (c *clinic) persons(t *testing.T, tx store.Tx) (err error) {
	numbers := make([]phone.Number, len(names))
	for i, n := range names {
		if numbers[i], err = phone.FromStored(n.number); err != nil {
			return err
		}
		c.people = append(c.people, patient.Person{Kind: patient.Patient, Status: patient.Active, Language: n.language, Location: c.sites[i%2].ID,
			Facts: patient.Facts{GivenName: phi.T(n.given), FamilyName: phi.T(n.family), BirthDate: phi.T(n.born),
				Identifiers: []patient.Identifier{{System: "mrn", Value: phi.T("MRN-" + n.number[8:])}}}})
	}
	if c.people, err = tx.People().Create(t.Context(), c.people); err != nil {
		return err
	}
	if c.points, err = tx.People().SavePoints(t.Context(), patient.SMS, numbers); err != nil {
		return err
	}
	var links []store.ContactLink
	var ledger []consent.Entry
	for i, p := range c.people {
		links = append(links, store.ContactLink{Person: p.ID, Point: c.points[i].ID, Use: patient.Mobile, Rank: 1, Relationship: patient.Self})
		ledger = append(ledger, consent.Entry{Person: p.ID, Channel: patient.SMS, Purpose: purpose.Appointment, Status: consent.Granted,
			Method: consent.Form, Wording: "sms-care/3", Shown: phi.T("I agree to texts about my visits."), Language: p.Language, By: access.User, At: now.AddDate(0, -2, i)})
	}
	ledger = append(ledger, consent.Entry{Point: c.points[5].ID, Channel: patient.SMS, Purpose: consent.AllPurposes, Status: consent.Revoked,
		Method: consent.Keyword, Shown: phi.T("STOP"), By: access.Carrier, At: now.Add(-26 * time.Hour)})
	if err = tx.People().Link(t.Context(), links); err != nil {
		return err
	}
	_, err = tx.Consents().Append(t.Context(), ledger)
	return err
}

func (c *clinic) calendar(t *testing.T, tx store.Tx) error {
	doctor, err := tx.Orgs().SavePractitioner(t.Context(), org.Practitioner{Org: tx.Scope().Org(), Name: "Dr Aleksandra Nowicka-Świerczyńska"})
	if err != nil {
		return err
	}
	kind, err := tx.Visits().SaveType(t.Context(), schedule.VisitType{Name: "Dental check-up", Neutral: map[string]string{"en": "visit"}})
	if err != nil {
		return err
	}
	states := []schedule.Status{schedule.Booked, schedule.Booked, schedule.Booked, schedule.Booked, schedule.Arrived, schedule.Booked, schedule.Cancelled}
	for i, p := range c.people {
		for days := range 2 {
			start := time.Date(2026, 3, 4+days, 10, 0, 0, 0, time.UTC).Add(time.Duration(i) * 25 * time.Minute)
			c.visits = append(c.visits, schedule.Appointment{Person: p.ID, Location: p.Location, Practitioner: doctor.ID, Type: kind.ID,
				Status: states[i], Start: start, Length: 20 * time.Minute, Zone: "Europe/London", Wall: start.Format("2006-01-02T15:04"), BookedAt: now.AddDate(0, 0, -12)})
		}
	}
	if c.visits, err = tx.Visits().Create(t.Context(), c.visits); err != nil {
		return err
	}
	for i, a := range map[int]schedule.Answer{0: schedule.Accepted, 2: schedule.Accepted, 6: schedule.Tentative, 10: schedule.Declined} {
		v := c.visits[i]
		if _, err := tx.Visits().Answer(t.Context(), schedule.Response{Appointment: v.ID, Version: v.Version, Person: v.Person, Answer: a, At: now.Add(-20 * time.Hour)}); err != nil {
			return err
		}
	}
	return nil
}

func (c *clinic) texts(t *testing.T, tx store.Tx) error {
	kinds := []struct {
		state  message.State
		reason message.Reason
		body   string
	}{
		{message.Delivered, message.ReasonReceipt, "Elm Tree: your visit is on Wed 4 March at 10:00, Elm Street 7. Reply 1 to confirm, 2 to cancel, 3 for another time. STOP to opt out."},
		{message.Accepted, "", "Przychodnia: wizyta w środę 4 marca o 11:25, ul. Marszałkowska 7. Odpisz 1, by potwierdzić, 2, by odwołać."},
		{message.Undelivered, message.ReasonReceipt, "إيلم تري: موعدك يوم الأربعاء 4 مارس الساعة 10:50. للتأكيد أرسل 1 وللإلغاء أرسل 2."},
		{message.Queued, "", "榆树诊所:您的就诊时间是3月4日星期三11:15。回复1确认,回复2取消。"},
		{message.Held, message.ReasonQuietHours, "Elm Tree: Tom's visit is on Wed 4 March at 11:40."},
		{message.Refused, message.ReasonOptedOut, "Elm Tree: su visita es el miércoles 4 de marzo a las 12:05."},
		{message.Unknown, message.ReasonNoAnswer, "Elm Tree: your visit on Wed 4 March at 12:30 was cancelled."},
	}
	for i, k := range kinds {
		v := c.visits[2*i]
		m := message.Message{ID: id.New(), Org: tx.Scope().Org(), Purpose: purpose.Appointment, Priority: purpose.Care,
			Origin: message.Origin{Kind: message.FromJourney, Enrollment: id.New(), Step: "reminder-24h"}, Person: v.Person, Point: c.points[i].ID,
			Channel: patient.SMS, To: c.points[i].Number, Location: v.Location, Appointment: v.ID, AppointmentVersion: v.Version,
			Template: "reminder-24h", TemplateVersion: 1, Locale: c.people[i].Language, Body: phi.T(k.body), Segments: 1, Coding: "gsm7",
			Route: c.route.ID, State: k.state, Reason: k.reason, DueAt: now.Add(-22 * time.Hour), ExpiresAt: v.Start, PlannedAt: now.AddDate(0, 0, -1),
			Decision: message.Decision{At: now.AddDate(0, 0, -1), Verdict: "send", Consent: id.New(), Zone: "Europe/London", ZoneFrom: "location", Moved: i == 0}}
		if m.State == message.Queued {
			m.DueAt = now.Add(90 * time.Minute)
		}
		if m.State == message.Delivered {
			m.SentAt, m.DoneAt, m.Attempts = now.Add(-22*time.Hour), now.Add(-22*time.Hour+4*time.Second), 1
		}
		draft := store.Draft{Message: m}
		if m.State == message.Held {
			draft.HeldUntil = now.Add(time.Hour)
		}
		c.messages = append(c.messages, draft)
	}
	events := []message.Event{{ID: id.New(), Org: tx.Scope().Org(), Message: c.messages[5].ID, At: now.Add(-23 * time.Hour),
		From: message.Planned, To: message.Refused, Reason: message.ReasonOptedOut}}
	_, err := tx.Messages().Insert(t.Context(), c.messages, events)
	return err
}

func (c *clinic) tasks(t *testing.T, tx store.Tx) error {
	return tx.Tasks().Add(t.Context(), []conversation.Task{
		{Kind: conversation.CallPatient, Person: c.people[2].ID, Point: c.points[2].ID, Location: c.sites[0].ID, Appointment: c.visits[4].ID,
			Message: c.messages[2].ID, Reason: string(message.ReasonReceipt), Urgent: true},
		{Kind: conversation.CancelVisit, Person: c.people[5].ID, Point: c.points[5].ID, Location: c.sites[1].ID, Appointment: c.visits[10].ID, Reason: "cancel"},
		{Kind: conversation.MoveVisit, Person: c.people[3].ID, Point: c.points[3].ID, Location: c.sites[1].ID, Appointment: c.visits[6].ID, Reason: "reschedule"},
	})
}

// talks are conversations: a question, an unclear opt-out, and a stranger.
func (c *clinic) talks(t *testing.T, tx store.Tx) error {
	for i, text := range map[int]string{
		0: "Hello, can I bring my daughter to the appointment? And is there parking near the surgery, my mother does not walk well.",
		2: "من فضلك لا ترسل لي المزيد من الرسائل",
		3: "可以改到下周吗?",
	} {
		thread, err := tx.Conversations().Thread(t.Context(), c.points[i].ID, c.people[i].Location)
		if err != nil {
			return err
		}
		in := conversation.Inbound{ID: id.New(), Org: tx.Scope().Org(), Route: c.route.ID, Point: c.points[i].ID, Conversation: thread.ID, From: c.points[i].Number,
			Text: phi.T(text), Parts: 1, ReceivedAt: now.Add(-time.Duration(i+1) * 50 * time.Minute), Intent: "question", Outcome: conversation.ToPerson}
		if _, err := tx.Conversations().PutInbound(t.Context(), in); err != nil {
			return err
		}
		thread.State, thread.WaitsFrom, thread.LastIn, thread.Urgent = conversation.Open, in.ReceivedAt, in.ReceivedAt, i == 2
		if thread, err = tx.Conversations().UpdateThread(t.Context(), thread); err != nil {
			return err
		}
		c.threads = append(c.threads, thread)
	}
	_, err := tx.Consents().Append(t.Context(), []consent.Entry{{Point: c.points[2].ID, Channel: patient.SMS, Purpose: consent.AllPurposes,
		Status: consent.Suspended, Method: consent.Keyword, Shown: phi.T("من فضلك لا ترسل لي المزيد من الرسائل"), By: access.Carrier, At: now.Add(-time.Hour)}})
	return err
}

// thread is the conversation of one of the people.
func (c *clinic) thread(person int) conversation.Conversation {
	for _, t := range c.threads {
		if t.Point == c.points[person].ID {
			return t
		}
	}
	return conversation.Conversation{}
}
