package consent_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
)

var (
	ana, leo = id.New(), id.New()
	phoneA   = id.New()
	phoneB   = id.New()
	day      = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
)

func entry(person, point id.ID, p purpose.Purpose, s consent.Status, hours int) consent.Entry {
	return consent.Entry{ID: id.New(), Person: person, Point: point, Channel: patient.SMS, Purpose: p,
		Status: s, At: day.Add(time.Duration(hours) * time.Hour)}
}

func ask(person, point id.ID) consent.Query {
	return consent.Query{Person: person, Point: point, Channel: patient.SMS, Purpose: purpose.Appointment,
		At: day.Add(1000 * time.Hour)}
}

func TestFold(t *testing.T) {
	t.Parallel()
	none := id.ID{}
	stop := entry(none, phoneA, consent.AllPurposes, consent.Revoked, 5)
	start := entry(none, phoneA, consent.AllPurposes, consent.Granted, 6)
	start.Lifts = true
	grant := entry(ana, none, purpose.Appointment, consent.Granted, 1)

	cases := map[string]struct {
		ledger            []consent.Entry
		q                 consent.Query
		granted, optedOut bool
	}{
		"nothing recorded is no consent": {nil, ask(ana, phoneA), false, false},
		"a grant for every number":       {[]consent.Entry{grant}, ask(ana, phoneA), true, false},
		"a grant for one number is not for another": {
			[]consent.Entry{entry(ana, phoneA, purpose.Appointment, consent.Granted, 1)}, ask(ana, phoneB), false, false},
		"a grant for another purpose": {
			[]consent.Entry{entry(ana, none, purpose.Marketing, consent.Granted, 1)}, ask(ana, phoneA), false, false},
		"a general yes covers care": {
			[]consent.Entry{entry(ana, none, consent.AllCare, consent.Granted, 1)}, ask(ana, phoneA), true, false},
		"a general yes, appointments taken back": {
			[]consent.Entry{entry(ana, none, consent.AllCare, consent.Granted, 1), entry(ana, none, purpose.Appointment, consent.Revoked, 2)},
			ask(ana, phoneA), false, false},
		"a grant of another person on the phone": {[]consent.Entry{grant}, ask(leo, phoneA), false, false},
		"taken back": {
			[]consent.Entry{grant, entry(ana, none, purpose.Appointment, consent.Revoked, 2)}, ask(ana, phoneA), false, false},
		"taken back for everything": {
			[]consent.Entry{grant, entry(ana, none, consent.AllPurposes, consent.Revoked, 2)}, ask(ana, phoneA), false, false},
		"at the same instant the revocation wins": {
			[]consent.Entry{entry(ana, none, purpose.Appointment, consent.Revoked, 1), grant}, ask(ana, phoneA), false, false},
		"STOP covers everyone on the number": {[]consent.Entry{grant, stop}, ask(ana, phoneA), true, true},
		"STOP leaves the other number":       {[]consent.Entry{grant, stop}, ask(ana, phoneB), true, false},
		"a later grant does not lift a STOP": {
			[]consent.Entry{stop, entry(ana, none, purpose.Appointment, consent.Granted, 9)}, ask(ana, phoneA), true, true},
		"START lifts the STOP":        {[]consent.Entry{grant, stop, start}, ask(ana, phoneA), true, false},
		"START never creates consent": {[]consent.Entry{stop, start}, ask(ana, phoneA), false, false},
		"an entry of the future is not known": {
			[]consent.Entry{entry(ana, none, purpose.Appointment, consent.Granted, 2000)}, ask(ana, phoneA), false, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := consent.Fold(c.ledger, c.q)
			if s.Granted != c.granted || s.OptedOut != c.optedOut {
				t.Fatalf("granted %v, opted out %v; want %v, %v", s.Granted, s.OptedOut, c.granted, c.optedOut)
			}
		})
	}
}

func TestAGeneralYesIsNoLeaveToAdvertise(t *testing.T) {
	t.Parallel()
	q := ask(ana, phoneA)
	q.Purpose = purpose.Marketing
	if consent.Fold([]consent.Entry{entry(ana, id.ID{}, consent.AllCare, consent.Granted, 1)}, q).Granted {
		t.Fatal("care consent allowed promotion")
	}
}

func TestFoldDoesNotDependOnTheOrderOfTheLedger(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var ledger []consent.Entry
		for range rapid.IntRange(1, 12).Draw(t, "entries") {
			e := entry(rapid.SampledFrom([]id.ID{ana, leo, {}}).Draw(t, "person"),
				rapid.SampledFrom([]id.ID{phoneA, phoneB, {}}).Draw(t, "point"),
				rapid.SampledFrom([]purpose.Purpose{purpose.Appointment, purpose.Marketing, consent.AllPurposes}).Draw(t, "purpose"),
				rapid.SampledFrom([]consent.Status{consent.Granted, consent.Revoked, consent.Suspended}).Draw(t, "status"),
				rapid.IntRange(0, 4).Draw(t, "hour"))
			e.Lifts = rapid.Bool().Draw(t, "lifts")
			ledger = append(ledger, e)
		}
		want := consent.Fold(ledger, ask(ana, phoneA))
		rand.Shuffle(len(ledger), func(i, j int) { ledger[i], ledger[j] = ledger[j], ledger[i] })
		if got := consent.Fold(ledger, ask(ana, phoneA)); got != want {
			t.Fatalf("shuffled: %+v, in order: %+v", got, want)
		}
	})
}
