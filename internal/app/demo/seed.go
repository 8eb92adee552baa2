package demo

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Name of the group.
const Name = "Lindenbridge Health"

// Clinic is the seeded group.
type Clinic struct {
	Org   id.ID
	Sites []Placed
}

// Placed is a site with the ids of its rows.
type Placed struct {
	Site
	Location id.ID
	Doctors  []id.ID
	Patients []id.ID
}

// scope of what the demo writes.
func scope(o id.ID) access.Scope { return access.ForCommand(o, "demo") }

// Find is the group in a database that was seeded before; errs.NotFound when there is none, errs.Precondition
// when the database has real organizations: made-up patients never come to real ones.
func Find(ctx context.Context, s store.Store) (*Clinic, error) {
	var all []org.Organization
	err := s.Read(ctx, access.System("demo"), func(tx store.Tx) (err error) {
		all, err = tx.Orgs().All(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errs.New(errs.NotFound, "there is no demo yet")
	}
	if len(all) > 1 || !all[0].Demo {
		return nil, errs.New(errs.Precondition, "this database holds a real organization: give the demo a data folder of its own with --data")
	}
	c := &Clinic{Org: all[0].ID}
	return c, s.Read(ctx, scope(c.Org), func(tx store.Tx) error { return c.read(ctx, tx) })
}

func (c *Clinic) read(ctx context.Context, tx store.Tx) error {
	places, err := tx.Orgs().Locations(ctx)
	if err != nil {
		return err
	}
	doctors, err := tx.Orgs().Practitioners(ctx)
	if err != nil {
		return err
	}
	at := map[id.ID]int{}
	for _, s := range Sites() {
		p := Placed{Site: s}
		for _, l := range places {
			if l.ExternalID == s.Key {
				p.Location = l.ID
			}
		}
		for _, d := range doctors {
			if slices.Contains(s.Doctors, d.Name) {
				p.Doctors = append(p.Doctors, d.ID)
			}
		}
		at[p.Location] = len(c.Sites)
		c.Sites = append(c.Sites, p)
	}
	return c.readPatients(ctx, tx, at)
}

func (c *Clinic) readPatients(ctx context.Context, tx store.Tx, at map[id.ID]int) error {
	var page store.Page
	for {
		page.Limit = store.MaxLimit
		people, err := tx.People().List(ctx, page)
		if err != nil || len(people) == 0 {
			return err
		}
		for _, p := range people {
			if i, ok := at[p.Location]; ok {
				c.Sites[i].Patients = append(c.Sites[i].Patients, p.ID)
			}
		}
		page.After = people[len(people)-1].ID
	}
}

// Seed makes the group, its patients and two weeks of visits around now.
func Seed(ctx context.Context, s store.Store, seed uint64, patients int, now time.Time) (*Clinic, error) {
	c := &Clinic{Org: id.New()}
	people := People(seed, patients, now)
	if err := s.InTx(ctx, scope(c.Org), func(tx store.Tx) error { return c.places(ctx, tx) }); err != nil {
		return nil, err
	}
	for part := range slices.Chunk(people, 100) {
		if err := s.InTx(ctx, scope(c.Org), func(tx store.Tx) error { return c.people(ctx, tx, part) }); err != nil {
			return nil, err
		}
	}
	return c, c.visits(ctx, s, rand.New(rand.NewPCG(seed, 0xB00C)), now)
}

func (c *Clinic) places(ctx context.Context, tx store.Tx) error {
	_, err := tx.Orgs().Create(ctx, org.Organization{ID: c.Org, Name: Name, Region: "PL", Locale: "en", CalendarOwner: org.OwnCalendar, Demo: true, CreatedAt: tx.Now()})
	if err != nil {
		return err
	}
	c.Sites = nil
	for _, s := range Sites() {
		desk, err := phone.Parse(phi.T(s.Phone), s.Region)
		if err != nil {
			return errs.Wrap(errs.Internal, "a demo site has a bad number", err)
		}
		l, err := tx.Orgs().SaveLocation(ctx, org.Location{Name: s.Name, Address: s.Address, Zone: s.Zone, Region: s.Region, Languages: []string{s.Language},
			Phone: desk, Travel: org.DefaultTravel, ExternalID: s.Key})
		if err != nil {
			return err
		}
		p := Placed{Site: s, Location: l.ID}
		for _, name := range s.Doctors {
			d, err := tx.Orgs().SavePractitioner(ctx, org.Practitioner{Name: name, ExternalID: name})
			if err != nil {
				return err
			}
			p.Doctors = append(p.Doctors, d.ID)
		}
		c.Sites = append(c.Sites, p)
	}
	return nil
}

// people writes some of the patients with their numbers and what they agreed to.
func (c *Clinic) people(ctx context.Context, tx store.Tx, part []Somebody) error {
	in := make([]patient.Person, len(part))
	for i, s := range part {
		in[i] = patient.Person{Kind: patient.Patient, Status: s.Status, Location: c.Sites[s.Site].Location, Language: s.Language,
			Facts: patient.Facts{GivenName: phi.T(s.Given), FamilyName: phi.T(s.Family), BirthDate: phi.T(s.Born), Sex: s.Sex, PreferredChannel: s.Preferred}}
		in[i].SetIdentifier("mrn", phi.T(s.External))
	}
	made, err := tx.People().Create(ctx, in)
	if err != nil {
		return err
	}
	var numbers []phone.Number
	var links []store.ContactLink
	var ledger []consent.Entry
	for i, s := range part {
		c.Sites[s.Site].Patients = append(c.Sites[s.Site].Patients, made[i].ID)
		ledger = append(ledger, s.ledger(made[i].ID, tx.Now())...)
		if s.Number.IsZero() {
			continue
		}
		use, relation := patient.Home, patient.Self
		if s.Number.CanText() {
			use = patient.Mobile
		}
		if s.Shared {
			relation = patient.Shared
		}
		numbers = append(numbers, s.Number)
		links = append(links, store.ContactLink{Person: made[i].ID, Use: use, Rank: 1, Relationship: relation})
	}
	points, err := tx.People().SavePoints(ctx, patient.SMS, numbers)
	if err != nil {
		return err
	}
	for i := range links {
		links[i].Point = points[i].ID
	}
	if err := tx.People().Link(ctx, links); err != nil {
		return err
	}
	_, err = tx.Consents().Append(ctx, ledger)
	return err
}

// ledger is what was recorded about somebody's consent.
func (s Somebody) ledger(who id.ID, now time.Time) []consent.Entry {
	if s.Consent == NeverAsked {
		return nil
	}
	yes := consent.Entry{Person: who, Channel: patient.SMS, Purpose: consent.AllCare, Status: consent.Granted, Method: consent.Form,
		Wording: "sms-care/1", Language: s.Language, By: access.Command, At: now.AddDate(0, -3, 0)}
	if s.Consent == Agreed {
		return []consent.Entry{yes}
	}
	no := yes
	no.Status, no.Method, no.At = consent.Revoked, consent.Verbal, now.AddDate(0, -1, 0)
	return []consent.Entry{yes, no}
}

// Days of visits that are seeded, beginning with today.
const seededDays = 12

// visits fills the doctors' weekdays from 9 to 17 h local time, three in five of them.
func (c *Clinic) visits(ctx context.Context, s store.Store, r *rand.Rand, now time.Time) error {
	for i := range c.Sites {
		site := &c.Sites[i]
		zone, err := time.LoadLocation(site.Zone)
		if err != nil {
			return errs.Wrap(errs.Internal, "a demo site has a bad time zone", err)
		}
		all := site.plan(r, now, zone)
		for part := range slices.Chunk(all, 100) {
			if err := s.InTx(ctx, scope(c.Org), func(tx store.Tx) error { return bookAll(ctx, tx, part) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Placed) plan(r *rand.Rand, now time.Time, zone *time.Location) []schedule.Appointment {
	var out []schedule.Appointment
	y, m, d := now.In(zone).Date()
	for day := range seededDays {
		date := time.Date(y, m, d+day, 0, 0, 0, 0, zone)
		if date.Weekday() == time.Saturday || date.Weekday() == time.Sunday {
			continue
		}
		for slot := 0; slot < 24; slot++ {
			start := time.Date(y, m, d+day, 9, slot*20, 0, 0, zone)
			for _, doctor := range p.Doctors {
				if r.IntN(5) < 2 || !start.After(now) {
					continue
				}
				who := p.Patients[r.IntN(len(p.Patients))]
				out = append(out, schedule.Appointment{Person: who, Location: p.Location, Practitioner: doctor, Status: schedule.Booked,
					Start: start, Length: 20 * time.Minute, Zone: p.Zone, Wall: start.Format("2006-01-02T15:04"),
					BookedAt: now.AddDate(0, 0, -2-r.IntN(20))})
			}
		}
	}
	return out
}

// bookAll writes visits, touches the journeys, and keeps what patients of today's visits have said before.
func bookAll(ctx context.Context, tx store.Tx, part []schedule.Appointment) error {
	made, err := tx.Visits().Create(ctx, part)
	if err != nil {
		return err
	}
	touches := make([]store.Touch, len(made))
	for i, v := range made {
		touches[i] = store.Touch{Visit: v.ID, Version: v.Version, At: tx.Now()}
		if v.Start.Sub(tx.Now()) < 20*time.Hour && v.ID[15]%3 != 0 { // two of three answered yesterday's text
			if _, err := tx.Visits().Answer(ctx, schedule.Response{Appointment: v.ID, Version: v.Version, Person: v.Person,
				Answer: schedule.Accepted, At: tx.Now().Add(-15 * time.Hour)}); err != nil {
				return err
			}
		}
	}
	return tx.Journeys().Touch(ctx, touches)
}
