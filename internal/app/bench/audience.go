package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strconv"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	audiences "carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/store"
)

// Audience is `carillon bench audience`: it fills an empty database with made-up patients, evaluates one rule over all
// of them and asks the gate about everybody who matches. Only the evaluation is measured.
type Audience struct {
	Database
	Patients int    `help:"How many patients." default:"100000"`
	Rule     string `help:"The rule." default:"age >= 50 && sex == \"female\" && (conditions.has(\"E11*\") || medications.has(\"A10*\")) && !visits.seen(365)"`
	JSON     bool   `help:"Print one JSON object and nothing else."`
	Profile  string `help:"Write a CPU profile of the timed part." type:"path" placeholder:"FILE" hidden:""`
}

// AudienceReport is what `bench audience` prints as one JSON object.
type AudienceReport struct {
	Store     string  `json:"store"`
	Patients  int     `json:"patients"` // looked at
	Matched   int     `json:"matched"`
	Reachable int     `json:"reachable"`
	Calls     int     `json:"calls"`
	Letters   int     `json:"letters"`
	LeftOut   int     `json:"left_out"`
	Unknown   int     `json:"unknown"` // the rule cannot be answered
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"patients_per_s"`
	RSS       float64 `json:"rss_mb"` // most during the evaluation, this process
	CPU       float64 `json:"cpu_s"`
	SeedTime  float64 `json:"seed_seconds"`
	Rule      string  `json:"rule"`
}

// Run measures.
func (a Audience) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	if a.Patients < 1 || a.Patients > 10_000_000 {
		return errs.New(errs.Invalid, "the number of patients is from one to ten million").At("--patients")
	}
	s, _, done, err := a.open(ctx, clock.NewFixed(began()), log)
	if err != nil {
		return err
	}
	defer done()
	report, err := a.measure(ctx, s, out)
	if err != nil {
		return err
	}
	if !a.JSON {
		_, _ = fmt.Fprintln(out)
	}
	return json.NewEncoder(out).Encode(report)
}

func (a Audience) measure(ctx context.Context, s store.Store, out io.Writer) (AudienceReport, error) {
	r := AudienceReport{Store: a.Store, Rule: a.Rule}
	o, err := newOutbox(s)
	if err != nil {
		return r, err
	}
	service, err := audiences.New(s, o, clock.Real{})
	if err != nil {
		return r, err
	}
	c, err := found(ctx, s, "127.0.0.1:2775", 10)
	if err != nil {
		return r, err
	}
	start := time.Now()
	if err := c.populate(ctx, s, a.Patients); err != nil {
		return r, err
	}
	r.SeedTime = seconds(start)
	debug.FreeOSMemory() // what seeding took is not the evaluation's
	stopProfile, err := profileTo(a.Profile)
	if err != nil {
		return r, err
	}
	g := startGauges(0)
	start = time.Now()
	count, err := service.Evaluate(ctx, c.scope, audiences.Question{Rule: a.Rule, Purpose: purpose.Recall}, audiences.Sinks{Progress: func(so audience.Count) error {
		if !a.JSON {
			_, _ = fmt.Fprintf(out, "\r%d of %d patients, %d match", so.Looked, a.Patients, so.Matched)
		}
		return nil
	}})
	r.Seconds = seconds(start)
	stopProfile()
	var used Report
	g.stop(&used, 1000)
	r.RSS, r.CPU = used.RSS, used.CPUPer1k
	r.Patients, r.Matched, r.Reachable, r.Calls, r.Letters = count.Looked, count.Matched, count.Reachable, count.Calls, count.Letters
	r.LeftOut, r.Unknown = count.Left(), count.Undecided()
	r.PerSecond = float64(count.Looked) / r.Seconds
	return r, err
}

func seconds(since time.Time) float64 { return time.Since(since).Seconds() }

// populateRows is how many patients one transaction makes: nobody else waits for the writer here.
const populateRows = 2000

// populate makes patients of all ages with conditions, addresses, numbers, consents and visits, so that a rule has
// something to tell apart and the gate has every usual reason.
func (c *clinic) populate(ctx context.Context, s store.Store, n int) error {
	for from := 0; from < n; from += populateRows {
		to := min(from+populateRows, n)
		err := s.InTx(ctx, c.scope, func(tx store.Tx) error { return c.populatePage(ctx, tx, from, to) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *clinic) populatePage(ctx context.Context, tx store.Tx, from, to int) error {
	people := make([]patient.Person, 0, to-from)
	for i := from; i < to; i++ {
		people = append(people, c.madeUp(i))
	}
	people, err := tx.People().Create(ctx, people)
	if err != nil {
		return err
	}
	var numbers []phone.Number
	var owners []id.ID
	for i, p := range people {
		if (from+i)%16 == 0 {
			continue // no number at all
		}
		n, err := phone.FromStored(fmt.Sprintf("+4860%07d", from+i))
		if err != nil {
			return err
		}
		numbers, owners = append(numbers, n), append(owners, p.ID)
	}
	points, err := tx.People().SavePoints(ctx, patient.SMS, numbers)
	if err != nil {
		return err
	}
	links := make([]store.ContactLink, len(owners))
	var entries []consent.Entry
	for i, p := range owners {
		links[i] = store.ContactLink{Person: p, Point: points[i].ID, Use: patient.Mobile, Rank: 1, Relationship: patient.Self}
		if i%10 != 3 { // one in ten never agreed
			entries = append(entries, consent.Entry{Person: p, Channel: patient.SMS, Purpose: consent.AllCare, Status: consent.Granted,
				Method: consent.Form, Wording: "sms-care/1", Language: "pl", At: began().Add(-time.Hour)})
		}
	}
	if err := tx.People().Link(ctx, links); err != nil {
		return err
	}
	if _, err := tx.Consents().Append(ctx, entries); err != nil {
		return err
	}
	_, err = tx.Visits().Create(ctx, c.pastVisits(people, from))
	return err
}

// pastVisits gives every second patient one visit, somewhere within the last two years.
func (c *clinic) pastVisits(people []patient.Person, from int) []schedule.Appointment {
	var out []schedule.Appointment
	for i, p := range people {
		if n := from + i; n%2 == 0 {
			out = append(out, schedule.Appointment{Person: p.ID, Location: c.location, Status: schedule.Fulfilled, Length: 15 * time.Minute,
				Start: began().Add(-time.Duration(n%730) * 24 * time.Hour), Zone: "Europe/Warsaw", BookedAt: began().Add(-750 * 24 * time.Hour)})
		}
	}
	return out
}

func (c *clinic) madeUp(i int) patient.Person {
	f := patient.Facts{GivenName: phi.T(names[i%len(names)]), FamilyName: phi.T("Nowak" + strconv.Itoa(i%997)), Sex: [...]string{"female", "male"}[i%2],
		BirthDate:   phi.T(fmt.Sprintf("%d-%02d-%02d", 1935+i/3%85, 1+i/7%12, 1+i/11%28)),
		Identifiers: []patient.Identifier{{System: "mrn", Value: phi.T("B" + strconv.Itoa(i))}},
		Address:     patient.Address{Line: phi.T(strconv.Itoa(i%200) + " River Street"), City: phi.T("Warszawa"), PostalCode: phi.T(fmt.Sprintf("%02d-%03d", i/5%90, i%1000)), Country: "PL"}}
	switch i % 50 {
	case 1, 2:
		f.PreferredChannel = patient.Letter
	case 3:
		f.PreferredChannel = patient.Voice
	}
	if i/2%10 == 0 {
		f.Conditions = append(f.Conditions, patient.Code{System: "http://hl7.org/fhir/sid/icd-10", Code: phi.T("E11." + strconv.Itoa(i%10))})
	}
	if i/2%6 == 0 {
		f.Conditions = append(f.Conditions, patient.Code{System: "http://hl7.org/fhir/sid/icd-10", Code: phi.T("I10")})
	}
	if i/2%20 == 0 {
		f.Medications = append(f.Medications, patient.Code{System: "http://www.whocc.no/atc", Code: phi.T("A10BA02")})
	}
	if i%8 == 0 {
		f.Tags = append(f.Tags, phi.T("newsletter"))
	}
	return patient.Person{ID: id.New(), Kind: patient.Patient, Status: patient.Active, Location: c.location, Language: [...]string{"pl", "en", "uk"}[i%3], Facts: f}
}
