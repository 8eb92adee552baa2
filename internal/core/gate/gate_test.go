package gate_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/schedule"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) // a Tuesday

// reminder is a text that everything allows: each case spoils one thing.
func reminder() gate.Facts {
	return gate.Facts{
		Text: gate.Text{Purpose: purpose.Appointment, Channel: patient.SMS, Invites: true,
			ExpiresAt: noon.Add(20 * time.Hour), NotAfterAnswer: true},
		Person:  gate.Person{ID: id.New(), Status: patient.Active, Preferred: patient.SMS},
		Number:  gate.Number{CanText: true},
		Consent: consent.State{Granted: true, By: consent.Entry{ID: id.New()}},
		Visit:   &gate.Visit{Status: schedule.Booked, Start: noon.Add(24 * time.Hour), Version: 3, Stated: 3},
		Hours:   quiet.Timetable{Hours: nineToEight()},
		Route:   gate.Route{TwoWay: true},
	}
}

// survey makes the text one that yields to care, with one place left today.
func survey(f *gate.Facts) {
	f.Text.Purpose, f.Text.NotAfterAnswer, f.Visit = purpose.Survey, false, nil
	f.Org.Budget, f.Counts.AllDay = gate.Budget{Day: 2, Week: 5}, 1
}

func nineToEight() quiet.Hours {
	var h quiet.Hours
	for d := range h.Week {
		h.Week[d] = []quiet.Window{{From: 9 * 60, To: 20 * 60}}
	}
	return h
}

func TestEachRuleStopsTheTextWithItsReason(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil   func(*gate.Facts)
		now     time.Time
		verdict gate.Verdict
		reason  message.Reason
	}{
		"everything allows it":              {func(*gate.Facts) {}, noon, gate.Send, message.ReasonNone},
		"nothing of them opens":             {func(f *gate.Facts) { f.Person.Unreadable = true }, noon, gate.Hold, message.ReasonUnreadable},
		"the person has died":               {func(f *gate.Facts) { f.Person.Status = patient.Deceased }, noon, gate.Refuse, message.ReasonDeceased},
		"the person has left":               {func(f *gate.Facts) { f.Person.Status = patient.Inactive }, noon, gate.Refuse, message.ReasonInactive},
		"its use is past":                   {func(*gate.Facts) {}, noon.Add(20 * time.Hour), gate.Refuse, message.ReasonStale},
		"the visit has begun":               {func(f *gate.Facts) { f.Visit.Start = noon }, noon, gate.Refuse, message.ReasonStale},
		"the visit moved":                   {func(f *gate.Facts) { f.Visit.Version = 4 }, noon, gate.Refuse, message.ReasonFactChanged},
		"the visit was cancelled":           {func(f *gate.Facts) { f.Visit.Status = schedule.Cancelled }, noon, gate.Refuse, message.ReasonFactChanged},
		"sent before":                       {func(f *gate.Facts) { f.Text.Duplicate = true }, noon, gate.Refuse, message.ReasonDuplicate},
		"no number":                         {func(f *gate.Facts) { f.Number.None = true }, noon, gate.Refuse, message.ReasonNoNumber},
		"a landline":                        {func(f *gate.Facts) { f.Number.CanText = false }, noon, gate.Refuse, message.ReasonNotMobile},
		"somebody else's number":            {func(f *gate.Facts) { f.Number.Quarantined = true }, noon, gate.Refuse, message.ReasonWrongNumber},
		"STOP on the contact point":         {func(f *gate.Facts) { f.Number.OptedOut = true }, noon, gate.Refuse, message.ReasonOptedOut},
		"STOP in the ledger":                {func(f *gate.Facts) { f.Consent.OptedOut = true }, noon, gate.Refuse, message.ReasonOptedOut},
		"perhaps a STOP":                    {func(f *gate.Facts) { f.Number.Suspended = true }, noon, gate.Refuse, message.ReasonSuspended},
		"never asked for consent":           {func(f *gate.Facts) { f.Consent = consent.State{} }, noon, gate.Refuse, message.ReasonNoConsent},
		"consent taken back":                {func(f *gate.Facts) { f.Consent.Granted = false }, noon, gate.Refuse, message.ReasonConsentRevoked},
		"prefers letters":                   {func(f *gate.Facts) { f.Person.Preferred = patient.Letter }, noon, gate.Divert, message.ReasonOtherChannel},
		"a variable has no value":           {func(f *gate.Facts) { f.Text.Incomplete = true }, noon, gate.Refuse, message.ReasonTemplate},
		"invites a reserved word":           {func(f *gate.Facts) { f.Text.Reserved = true }, noon, gate.Refuse, message.ReasonReservedWord},
		"names a forbidden short code":      {func(f *gate.Facts) { f.Text.StopCode = true }, noon, gate.Refuse, message.ReasonStopCode},
		"a way out that cannot be written":  {func(f *gate.Facts) { f.Text.NoWayOut = true }, noon, gate.Refuse, message.ReasonNoWayOut},
		"does not say who writes":           {func(f *gate.Facts) { f.Text.Nameless = true }, noon, gate.Refuse, message.ReasonNameless},
		"no route":                          {func(f *gate.Facts) { f.Route.None = true }, noon, gate.Hold, message.ReasonRouteDown},
		"no sender":                         {func(f *gate.Facts) { f.Route.NoSender = true }, noon, gate.Refuse, message.ReasonNoSender},
		"asks on a one-way sender":          {func(f *gate.Facts) { f.Route.TwoWay = false }, noon, gate.Refuse, message.ReasonOneWaySender},
		"confirmed already":                 {func(f *gate.Facts) { f.Visit.Confirmed = true }, noon, gate.Refuse, message.ReasonAnswered},
		"the day's texts are used up":       {func(f *gate.Facts) { f.Counts.Day = 2 }, noon, gate.Refuse, message.ReasonCap},
		"the week's are":                    {func(f *gate.Facts) { f.Counts.Week = 5 }, noon, gate.Refuse, message.ReasonCap},
		"too many texts of all kinds":       {func(f *gate.Facts) { f.Org.Budget.Day, f.Counts.AllDay = 2, 2 }, noon, gate.Refuse, message.ReasonBudget},
		"too many in the week":              {func(f *gate.Facts) { f.Org.Budget.Week, f.Counts.AllWeek = 5, 6 }, noon, gate.Refuse, message.ReasonBudget},
		"a survey, room kept for reminders": {func(f *gate.Facts) { survey(f); f.Counts.FullAllDay = 2 }, noon, gate.Refuse, message.ReasonKeepsRoom},
		"a survey that can wait a day": {func(f *gate.Facts) { survey(f); f.Counts.FullAllDay, f.Text.ExpiresAt = 2, noon.Add(48*time.Hour) },
			noon, gate.Hold, message.ReasonKeepsRoom},
		"a survey with room left":     {survey, noon, gate.Send, message.ReasonNone},
		"no budget, many texts":       {func(f *gate.Facts) { f.Counts.AllDay, f.Counts.AllWeek = 40, 90 }, noon, gate.Send, message.ReasonNone},
		"news of a change":            {func(f *gate.Facts) { f.Text.Change, f.Org.Budget.Day, f.Counts.AllDay = true, 2, 2 }, noon, gate.Send, message.ReasonNone},
		"a dose, the budget is spent": {func(f *gate.Facts) { f.Text.Purpose, f.Org.Budget.Day, f.Counts.AllDay = purpose.Medication, 2, 2 }, noon, gate.Send, message.ReasonNone},
		"demo data, real operator":    {func(f *gate.Facts) { f.Org.Demo = true }, noon, gate.Refuse, message.ReasonDemoRoute},
		"stop-all":                    {func(f *gate.Facts) { f.Org.Stopped = true }, noon, gate.Hold, message.ReasonStopped},
		"a restored copy":             {func(f *gate.Facts) { f.Org.Hold = org.HoldRestored }, noon, gate.Hold, message.ReasonRestoredCopy},
		"a stormy import":             {func(f *gate.Facts) { f.Org.ImportHeld = true }, noon, gate.Hold, message.ReasonImportHeld},
		"a silent source":             {func(f *gate.Facts) { f.Org.SourceOverdue = true }, noon, gate.Hold, message.ReasonSourceOverdue},
		"trial mode, no guest":        {func(f *gate.Facts) { f.Route.Trial = true }, noon, gate.Hold, message.ReasonTrialMode},
		"trial mode, a guest":         {func(f *gate.Facts) { f.Route.Trial, f.Route.Guest = true, true }, noon, gate.Send, message.ReasonNone},
		"in the night":                {func(*gate.Facts) {}, noon.Add(9 * time.Hour), gate.Refuse, message.ReasonNoWindow},
		"in the night, early enough": {func(f *gate.Facts) { f.Text.ExpiresAt, f.Visit.Start = noon.Add(30*time.Hour), noon.Add(30*time.Hour) },
			noon.Add(9 * time.Hour), gate.Hold, message.ReasonQuietHours},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := reminder()
			c.spoil(&f)
			d := gate.Decide(&f, c.now)
			if d.Verdict != c.verdict || d.Reason() != c.reason {
				t.Fatalf("got %s %q, want %s %q (all: %v)", d.Verdict, d.Reason(), c.verdict, c.reason, d.Reasons())
			}
		})
	}
}

func TestAQuietHoldEndsWhenTheWindowOpens(t *testing.T) {
	t.Parallel()
	f := reminder()
	f.Text.ExpiresAt, f.Visit.Start = noon.Add(48*time.Hour), noon.Add(48*time.Hour)
	night := noon.Add(10 * time.Hour)
	d := gate.Decide(&f, night)
	if want := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC); !d.Until.Equal(want) {
		t.Fatalf("held until %v, want %v", d.Until, want)
	}
	f.Org.Stopped = true
	if d = gate.Decide(&f, night); !d.Until.IsZero() {
		t.Fatalf("stop-all waits for a person, not for %v", d.Until)
	}
}

func TestASendHoldsOnlyToTheEndOfItsWindow(t *testing.T) {
	t.Parallel()
	f := reminder()
	d := gate.Decide(&f, noon)
	if want := time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC); !d.ValidUntil.Equal(want) {
		t.Fatalf("valid until %v, want %v", d.ValidUntil, want)
	}
}

func TestTheConfirmationOfAnOptOutIsTheOnlyException(t *testing.T) {
	t.Parallel()
	f := reminder()
	f.Visit = nil
	f.Number.OptedOut = true
	f.Consent = consent.State{OptedOut: true}
	f.Text = gate.Text{Purpose: purpose.Operational, Channel: patient.SMS, Exempt: id.New(),
		AutoReply: true, ExpiresAt: noon.Add(5 * time.Minute)}
	f.Counts.AutoReplies = 9
	if d := gate.Decide(&f, noon); d.Verdict != gate.Send {
		t.Fatalf("refused: %v", d.Reasons())
	}
	if d := gate.Decide(&f, noon.Add(5*time.Minute)); d.Reason() != message.ReasonConfirmationOld {
		t.Fatalf("five minutes later: %v", d.Reasons())
	}
	f.Text.Exempt = id.ID{}
	if d := gate.Decide(&f, noon); d.Reason() != message.ReasonOptedOut {
		t.Fatalf("an answer without a revocation: %v", d.Reasons())
	}
}

func TestAnEmergencyPassesConsentCapsAndNightButNotDeathOrStopAll(t *testing.T) {
	t.Parallel()
	f := reminder()
	f.Visit, f.Consent = nil, consent.State{OptedOut: true}
	f.Number.OptedOut = true
	f.Text = gate.Text{Purpose: purpose.Emergency, Channel: patient.SMS, ExpiresAt: noon.Add(24 * time.Hour)}
	if d := gate.Decide(&f, noon.Add(10*time.Hour)); d.Verdict != gate.Send {
		t.Fatalf("refused: %v", d.Reasons())
	}
	f.Org.Stopped = true
	if d := gate.Decide(&f, noon); d.Reason() != message.ReasonStopped {
		t.Fatalf("stop-all: %v", d.Reasons())
	}
	f.Org.Stopped, f.Person.Status = false, patient.Deceased
	if d := gate.Decide(&f, noon); d.Reason() != message.ReasonDeceased {
		t.Fatalf("deceased: %v", d.Reasons())
	}
}

// Whatever is wrong, no reason is lost, and one thing more being wrong never turns a no into a yes.
func TestMoreTroubleNeverAllowsMore(t *testing.T) {
	t.Parallel()
	trouble := []func(*gate.Facts){
		func(f *gate.Facts) { f.Person.Status = patient.Deceased },
		func(f *gate.Facts) { f.Number.OptedOut = true },
		func(f *gate.Facts) { f.Number.Quarantined = true },
		func(f *gate.Facts) { f.Consent.Granted = false },
		func(f *gate.Facts) { f.Visit.Version++ },
		func(f *gate.Facts) { f.Counts.Day = 9 },
		func(f *gate.Facts) { f.Org.Stopped = true },
		func(f *gate.Facts) { f.Org.ImportHeld = true },
		func(f *gate.Facts) { f.Person.Preferred = patient.Voice },
		func(f *gate.Facts) { f.Route.Trial = true },
	}
	rank := map[gate.Verdict]int{gate.Send: 0, gate.Hold: 1, gate.Divert: 2, gate.Refuse: 3}
	rapid.Check(t, func(t *rapid.T) {
		f := reminder()
		now := noon.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "hour")) * time.Hour)
		before := gate.Decide(&f, now)
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(trouble)-1), 1, 5).Draw(t, "trouble") {
			trouble[i](&f)
			after := gate.Decide(&f, now)
			if rank[after.Verdict] < rank[before.Verdict] {
				t.Fatalf("%s became %s", before.Verdict, after.Verdict)
			}
			for _, r := range before.Reasons() {
				if !slices.Contains(after.Reasons(), r) {
					t.Fatalf("reason %s was lost: %v", r, after.Reasons())
				}
			}
			before = after
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	f := reminder()
	for b.Loop() {
		if d := gate.Decide(&f, noon); d.Verdict != gate.Send {
			b.Fatal(d.Reasons())
		}
	}
}
