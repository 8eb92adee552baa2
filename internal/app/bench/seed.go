package bench

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// clinic is the made-up organization of a benchmark.
type clinic struct {
	scope    access.Scope
	org      id.ID
	location id.ID
	route    id.ID
	purpose  purpose.Purpose // what patients agreed to
	asks     bool            // reminders ask for an answer
	parts    atomic.Int64    // submits that the planned texts take
}

// consentTo changes what the patients that seed makes agree to.
func (c *clinic) consentTo(p purpose.Purpose) *clinic {
	c.purpose = p
	return c
}

// found makes the organization with one site, one route and one sender.
func found(ctx context.Context, s store.Store, smsc string, window int) (*clinic, error) {
	c := &clinic{org: id.New(), purpose: purpose.Appointment}
	c.scope = access.ForCommand(c.org, "bench")
	host, port, err := net.SplitHostPort(smsc)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	cfg := smpp.Config{Host: host, Port: n, SystemID: "bench", Password: phi.T("bench"), Window: window, Simulator: true, SubmitTimeout: 20 * time.Second}
	desk, err := phone.FromStored("+48221234567")
	if err != nil {
		return nil, err
	}
	return c, s.InTx(ctx, c.scope, func(tx store.Tx) error {
		_, err := tx.Orgs().Create(ctx, org.Organization{ID: c.org, Name: "Riverside Clinic", Region: "PL", Locale: "en", CalendarOwner: org.OwnCalendar, Demo: true})
		if err != nil {
			return err
		}
		l, err := tx.Orgs().SaveLocation(ctx, org.Location{Org: c.org, Name: "Riverside", Address: "1 River Street", Zone: "Europe/Warsaw", Region: "PL", Languages: []string{"en"}, Phone: desk})
		if err != nil {
			return err
		}
		c.location = l.ID
		r, err := tx.Routes().Save(ctx, store.Route{Name: "simulator", Kind: store.RouteSMPP, State: store.RouteOpen, Simulator: true, Config: cfg.JSON()})
		if err != nil {
			return err
		}
		c.route = r.ID
		_, err = tx.Routes().SaveSender(ctx, store.Sender{Route: r.ID, Address: "48600000000", TON: 1, NPI: 1, TwoWay: true})
		return err
	})
}

// seedRows is how many patients one transaction makes.
const seedRows = 250

// seed makes patients with a number, a consent and a visit each. Visits begin a millisecond apart, in the order of
// the patients, so that a page of visits is a page of patients.
func (c *clinic) seed(ctx context.Context, s store.Store, n int) error {
	for from := 0; from < n; from += seedRows {
		to := min(from+seedRows, n)
		err := s.InTx(ctx, c.scope, func(tx store.Tx) error { return c.seedPage(ctx, tx, from, to) })
		if err != nil {
			return err
		}
	}
	return nil
}

var names = [...]string{"Zofia", "Jan", "Hanna", "Antoni", "Julia", "Aleksander", "Maja", "Franciszek"}

func (c *clinic) seedPage(ctx context.Context, tx store.Tx, from, to int) error {
	people := make([]patient.Person, 0, to-from)
	numbers := make([]phone.Number, 0, to-from)
	for i := from; i < to; i++ {
		number, err := phone.FromStored(fmt.Sprintf("+4860%07d", i))
		if err != nil {
			return err
		}
		numbers = append(numbers, number)
		people = append(people, patient.Person{ID: id.New(), Kind: patient.Patient, Status: patient.Active, Location: c.location, Language: "en",
			Facts: patient.Facts{GivenName: phi.T(names[i%len(names)]), FamilyName: phi.T("Nowak" + strconv.Itoa(i%997)), BirthDate: phi.T("1980-05-17")}})
	}
	people, err := tx.People().Create(ctx, people)
	if err != nil {
		return err
	}
	points, err := tx.People().SavePoints(ctx, patient.SMS, numbers)
	if err != nil {
		return err
	}
	links := make([]store.ContactLink, len(people))
	entries := make([]consent.Entry, len(people))
	visits := make([]schedule.Appointment, len(people))
	for i, p := range people {
		links[i] = store.ContactLink{Person: p.ID, Point: points[i].ID, Use: patient.Mobile, Rank: 1, Relationship: patient.Self}
		entries[i] = consent.Entry{Person: p.ID, Point: points[i].ID, Channel: patient.SMS, Purpose: c.purpose, Status: consent.Granted,
			Method: consent.Form, Wording: "sms-care/1", Language: "pl", At: began().Add(-time.Hour)}
		start := began().Add(26*time.Hour + time.Duration(from+i)*time.Millisecond)
		visits[i] = schedule.Appointment{Person: p.ID, Location: c.location, Status: schedule.Booked, Start: start, Length: 15 * time.Minute,
			Zone: "Europe/Warsaw", BookedAt: began().Add(-48 * time.Hour)}
	}
	if err := tx.People().Link(ctx, links); err != nil {
		return err
	}
	if _, err := tx.Consents().Append(ctx, entries); err != nil {
		return err
	}
	_, err = tx.Visits().Create(ctx, visits)
	return err
}
