package audience_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	core "carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

var now = time.Date(2026, time.March, 3, 9, 0, 0, 0, time.UTC)

// clinic is a small organization with everything that rules ask for.
type clinic struct {
	store   store.Store
	scope   access.Scope
	service *audience.Service
	sites   []org.Location
	checkup id.ID
	people  []patient.Person
	numbers map[id.ID]phone.Number
	clock   *clock.Fixed
}

func setup(t testing.TB, open storetest.Open) *clinic {
	t.Helper()
	c := &clinic{clock: clock.NewFixed(now), numbers: map[id.ID]phone.Number{}}
	c.store = open(t, c.clock)
	c.scope = storetest.NewOrg(t, c.store)
	book, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	holidays, err := quiet.Holidays()
	if err != nil {
		t.Fatal(err)
	}
	library, err := content.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	texts, err := outbox.NewTexts(library)
	if err != nil {
		t.Fatal(err)
	}
	if c.service, err = audience.New(c.store, outbox.New(c.store, book, holidays, outbox.Options{Templates: texts}), c.clock); err != nil {
		t.Fatal(err)
	}
	storetest.Write(t, c.store, c.scope, func(ctx context.Context, tx store.Tx) error {
		for _, name := range []string{"Riverside", "Hill"} {
			l, err := tx.Orgs().SaveLocation(ctx, org.Location{Name: name, Zone: "Europe/Warsaw", Region: "PL", Languages: []string{"pl"}})
			if err != nil {
				return err
			}
			c.sites = append(c.sites, l)
		}
		kind, err := tx.Visits().SaveType(ctx, schedule.VisitType{Name: "Check-up"})
		c.checkup = kind.ID
		return err
	})
	return c
}

// populate makes people of all sorts, some facts of each missing for some.
func (c *clinic) populate(t testing.TB, n int) {
	t.Helper()
	storetest.Write(t, c.store, c.scope, func(ctx context.Context, tx store.Tx) error {
		for i := range n {
			if err := c.addOne(ctx, tx, i); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *clinic) addOne(ctx context.Context, tx store.Tx, i int) error {
	p := patient.Person{Kind: patient.Patient, Status: []patient.Status{patient.Active, patient.Active, patient.Active, patient.Inactive, patient.Deceased}[i%5],
		Language: []string{"pl", "en", ""}[i%3], Facts: patient.Facts{GivenName: phi.T("Anna"), FamilyName: phi.T(fmt.Sprint("Nowak", i)),
			Identifiers: []patient.Identifier{{System: "mrn", Value: phi.T(fmt.Sprint("R", i))}}}}
	f := &p.Facts
	if i%4 != 0 {
		p.Location = c.sites[i%2].ID
	}
	if i%7 != 0 {
		f.BirthDate = phi.T(fmt.Sprintf("%d-05-17", 1930+i*3%90))
	}
	f.Sex = []string{"female", "male", ""}[i%3]
	f.PreferredChannel = []patient.Channel{"", patient.SMS, patient.Letter, patient.Voice}[i/2%4]
	if i%2 == 0 {
		f.Conditions = []patient.Code{{System: "icd", Code: phi.T([]string{"E11.9", "I10"}[i/2%2])}}
		f.Address = patient.Address{Line: phi.T(" =1 Street\nflat 2"), City: phi.T("Town"), PostalCode: phi.T(fmt.Sprintf("%02d-001", i%9)), Country: "PL"}
	}
	made, err := tx.People().Create(ctx, []patient.Person{p})
	if err != nil {
		return err
	}
	p = made[0]
	c.people = append(c.people, p)
	if i%6 == 5 {
		return nil // no number
	}
	number, err := phone.FromStored(fmt.Sprintf([]string{"+48601%06d", "+4822%07d"}[i/3%2], i)) // mobiles and landlines
	if err != nil {
		return err
	}
	c.numbers[p.ID] = number
	points, err := tx.People().SavePoints(ctx, patient.SMS, []phone.Number{number})
	if err != nil {
		return err
	}
	if err := tx.People().Link(ctx, []store.ContactLink{{Person: p.ID, Point: points[0].ID, Use: patient.Mobile, Rank: 1, Relationship: patient.Self}}); err != nil {
		return err
	}
	if err := c.agree(ctx, tx, i, p.ID, points[0].ID); err != nil {
		return err
	}
	visit := schedule.Appointment{Person: p.ID, Status: []schedule.Status{schedule.Fulfilled, schedule.NoShow, schedule.Booked}[i%3], Start: now.AddDate(0, 0, (i%3-1)*(i*17%500)),
		Zone: "UTC", Wall: "2026-03-02T09:00"}
	if i%2 == 0 {
		visit.Type = c.checkup
	}
	_, err = tx.Visits().Create(ctx, []schedule.Appointment{visit})
	return err
}

func (c *clinic) agree(ctx context.Context, tx store.Tx, i int, person, point id.ID) error {
	var entries []consent.Entry
	if i%8 != 1 {
		entries = append(entries, consent.Entry{Person: person, Channel: patient.SMS, Purpose: consent.AllCare, Status: consent.Granted, Method: consent.Form, By: access.Command, At: now.Add(-48 * time.Hour)})
	}
	if i%8 == 2 {
		entries = append(entries, consent.Entry{Person: person, Channel: patient.SMS, Purpose: purpose.Recall, Status: consent.Revoked, Method: consent.Form, By: access.Command, At: now.Add(-24 * time.Hour)})
	}
	if i%9 == 3 {
		entries = append(entries, consent.Entry{Point: point, Channel: patient.SMS, Purpose: consent.AllPurposes, Status: consent.Revoked, Method: consent.Keyword, By: access.Carrier, At: now.Add(-24 * time.Hour)})
	}
	_, err := tx.Consents().Append(ctx, entries)
	return err
}

// ruleOf draws a rule from conditions of every sort.
func ruleOf(t *rapid.T) string {
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{`age >= 50`, `age < 30`, `sex == "female"`, `!(sex in ["male"])`, `language == "pl"`, `language != "en"`,
		`language in ["pl", ""]`, `location == "Riverside"`, `location != "Hill"`, `location == ""`, `status == "active"`, `!(status in ["deceased", "inactive"])`,
		`kind == "patient"`, `conditions.has("E11*")`, `prefers == "letter"`, `country == "PL"`, `postal_code.startsWith("02")`, `visits.seen(200)`,
		`!visits.booked(30, "Check-up")`, `visits.days_since_last() > 90`, `visits.no_shows(365) > 0`, `consent.given("recall")`, `lists.has("Gym")`, `!lists.has("Gym")`,
		`texts.received(90) == 0`, `texts.answered(90) > 0`, `("en" == language || lists.has("Gym"))`}), 1, 4).Draw(t, "conditions")
	return strings.Join(parts, rapid.SampledFrom([]string{" && ", " || "}).Draw(t, "join"))
}

// known reads every fact about everybody, in the plainest way: one person after another.
func (c *clinic) known(t *testing.T, list id.ID, on map[id.ID]bool) (all []core.Person) {
	t.Helper()
	storetest.Read(t, c.store, c.scope, func(ctx context.Context, tx store.Tx) error {
		for i := range c.people {
			p := &c.people[i]
			x := core.Person{Status: p.Status, Kind: p.Kind, Language: p.Language, Location: p.Location, Facts: &p.Facts, Rows: core.Rows{Person: p.ID},
				Loaded: core.NeedVisits | core.NeedConsents | core.NeedTexts | core.NeedAnswers | core.NeedLists}
			visits, err := tx.Visits().OfPerson(ctx, p.ID, 100)
			if err != nil {
				return err
			}
			for _, v := range visits {
				x.Rows.Visits = append(x.Rows.Visits, core.Visit{Type: v.Type, Status: v.Status, Start: v.Start})
			}
			contacts, err := tx.People().ContactsOf(ctx, []id.ID{p.ID})
			if err != nil {
				return err
			}
			var points []id.ID
			for _, k := range contacts[p.ID] {
				points = append(points, k.Point.ID)
				x.Rows.Points = append(x.Rows.Points, core.Point{ID: k.Point.ID, Channel: k.Point.Channel})
			}
			if x.Rows.Entries, err = tx.Consents().For(ctx, []id.ID{p.ID}, points); err != nil {
				return err
			}
			if on[p.ID] {
				x.Rows.Lists = []id.ID{list}
			}
			all = append(all, x)
		}
		return nil
	})
	return all
}

// naive evaluates the whole rule over everybody, with nothing left to the database.
func (c *clinic) naive(t *rapid.T, l *core.Language, rule string, list id.ID, people []core.Person) (matched map[id.ID]bool, unknown map[core.Fact]int) {
	w := &core.World{Now: now, Sites: map[id.ID]core.Site{}, Names: core.Names{Locations: map[string][]id.ID{}, Types: map[string][]id.ID{"Check-up": {c.checkup}},
		Lists: map[string]core.List{"Gym": {Roll: list, Version: 1}}}}
	for _, s := range c.sites {
		w.Sites[s.ID], w.Names.Locations[s.Name] = core.Site{Name: s.Name, Country: "PL"}, []id.ID{s.ID}
	}
	r, err := l.Compile(rule, w.Names)
	if err != nil {
		t.Fatal(err)
	}
	matched, unknown = map[id.ID]bool{}, map[core.Fact]int{}
	for i := range people {
		match, missing, _ := r.Eval(core.NewEvaluator(w), &people[i])
		if match {
			matched[people[i].Rows.Person] = true
		}
		if missing != "" {
			unknown[missing]++
		}
	}
	return matched, unknown
}

func TestTheAnswerIsThatOfTheNaiveEvaluator(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		c := setup(t, open)
		c.populate(t, 120)
		list, on := c.upload(t)
		people := c.known(t, list, on)
		l, err := core.NewLanguage()
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(rt *rapid.T) {
			rule := ruleOf(rt)
			want, unknown := c.naive(rt, l, rule, list, people)
			for _, whole := range []bool{true, false} {
				got := map[id.ID]bool{}
				q := audience.Question{Rule: rule, Purpose: purpose.Recall, PageRows: rapid.IntRange(20, 150).Draw(rt, "page"), Whole: whole}
				count, err := c.service.Evaluate(context.Background(), c.scope, q, audience.Sinks{Page: func(all []audience.Member) error {
					for _, m := range all {
						got[m.Person.ID] = true
					}
					return nil
				}})
				if err != nil {
					rt.Fatal(err)
				}
				if !maps.Equal(got, want) || count.Matched != len(want) || !maps.Equal(count.Unknown, unknown) && len(unknown)+len(count.Unknown) > 0 {
					rt.Fatalf("%s (whole %v): %d match, not %d; unknown %v, not %v", rule, whole, len(got), len(want), count.Unknown, unknown)
				}
				if count.Looked != len(c.people) || count.Reachable+count.Calls+count.Letters+count.Left() != count.Matched {
					rt.Fatalf("somebody is left out silently: %+v", count)
				}
			}
		})
	})
}

// upload makes a list of some by record number and number, with lines that match nobody.
func (c *clinic) upload(t testing.TB) (id.ID, map[id.ID]bool) {
	t.Helper()
	refs := []audience.Ref{{Line: 2, MRN: phi.T("R1")}, {Line: 3, MRN: phi.T("nobody")}, {Line: 4, Number: phi.T("12")}, {Line: 5}, {Line: 6, MRN: phi.T("R1")},
		{Line: 7, Number: c.numbers[c.people[2].ID].Text()}}
	on := map[id.ID]bool{c.people[1].ID: true, c.people[2].ID: true}
	for i := 10; i < len(c.people); i += 4 {
		refs = append(refs, audience.Ref{Line: i + 2, MRN: phi.T(fmt.Sprint("R", i))})
		on[c.people[i].ID] = true
	}
	up, err := c.service.Upload(context.Background(), c.scope, audience.Upload{Audience: core.Audience{Name: "Gym", Purpose: purpose.Event}, Refs: refs})
	if err != nil {
		t.Fatal(err)
	}
	want := []audience.Unmatched{{Line: 3, Why: "nobody"}, {Line: 4, Why: "bad_number"}, {Line: 5, Why: "empty"}}
	if fmt.Sprint(up.Unmatched) != fmt.Sprint(want) || up.People != len(on) || up.Audience.Size != len(on) {
		t.Fatalf("matched %d of %d, not %v", up.People, len(on), up.Unmatched)
	}
	return up.Audience.ID, on
}

func TestEverybodyWhoIsNotTextedHasAReason(t *testing.T) {
	t.Parallel()
	c := setup(t, storetest.SQLite)
	c.populate(t, 240)
	ctx := context.Background()
	saved, err := c.service.Save(ctx, c.scope, core.Audience{Name: "All", Rule: `kind == "patient"`, Purpose: purpose.Recall})
	if err != nil {
		t.Fatal(err)
	}
	run, err := c.service.Start(ctx, c.scope, saved.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a job may come twice
		if err := c.service.Work(ctx, audience.CountJob{Org: c.scope.Org(), Run: run.ID}); err != nil {
			t.Fatal(err)
		}
	}
	run, err = c.service.Run(ctx, c.scope, run.ID)
	if err != nil || run.State != core.Counted || run.Result.Looked != 240 || run.EndedAt == nil {
		t.Fatalf("the count is %+v, %v", run, err)
	}
	for _, why := range []message.Reason{message.ReasonDeceased, message.ReasonInactive, message.ReasonNoNumber, message.ReasonNotMobile, message.ReasonOptedOut,
		message.ReasonNoConsent, message.ReasonConsentRevoked, message.ReasonOtherChannel} {
		if run.Result.Why[why] == 0 {
			t.Errorf("nobody is left out because of %s: %v", why, run.Result.Why)
		}
	}
	sample, err := c.service.Sample(ctx, c.scope, run.ID)
	if err != nil || len(sample) != core.SampleSize || sample[0].Person.Facts.GivenName.IsEmpty() {
		t.Fatalf("a sample of %d, %v", len(sample), err)
	}

	var file bytes.Buffer
	n, err := c.service.Letters(ctx, c.scope, saved.ID, &file)
	if err != nil || n != run.Result.Letters || n == 0 {
		t.Fatalf("%d letters of %d, %v", n, run.Result.Letters, err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != n+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows[1:] {
		if r[2] != "'=1 Street, flat 2" {
			t.Fatal("a cell begins like a formula")
		}
	}

	for range 2 { // nobody is called twice
		if n, err := c.service.Calls(ctx, c.scope, saved.ID); err != nil || n != run.Result.Calls || n == 0 {
			t.Fatalf("%d calls of %d, %v", n, run.Result.Calls, err)
		}
	}
	storetest.Read(t, c.store, c.scope, func(ctx context.Context, tx store.Tx) error {
		open, err := tx.Tasks().OpenCounts(ctx)
		if open["call"] != run.Result.Calls {
			t.Errorf("%d open calls", open["call"])
		}
		return err
	})
}

func TestARenamedLocationIsNoticed(t *testing.T) {
	t.Parallel()
	c := setup(t, storetest.SQLite)
	ctx := context.Background()
	saved, err := c.service.Save(ctx, c.scope, core.Audience{Name: "Hill", Rule: `location == "Hill"`, Purpose: purpose.Event})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Write(t, c.store, c.scope, func(ctx context.Context, tx store.Tx) error {
		l := c.sites[1]
		l.Name = "Hilltop"
		_, err := tx.Orgs().SaveLocation(ctx, l)
		return err
	})
	if _, err := c.service.Start(ctx, c.scope, saved.ID, 0); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), `no location called "Hill"`) {
		t.Errorf("counted with a name that is gone: %v", err)
	}
}
