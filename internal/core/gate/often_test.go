package gate_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// planned is one text of a random plan.
type planned struct {
	at      time.Time
	purpose purpose.Purpose
	early   bool // a nearer reminder of the same visit follows
	sent    bool
}

// run lets a plan's texts come due in order, as the sender does, and asks the gate about each. A text that is put off
// comes due again a day later.
func run(plan []planned, b gate.Budget) []planned {
	done := []planned{}
	for queue := slices.Clone(plan); len(queue) > 0; {
		slices.SortStableFunc(queue, func(x, y planned) int { return x.at.Compare(y.at) })
		p := queue[0]
		queue = queue[1:]
		f := gate.Facts{Text: gate.Text{Purpose: p.purpose, Channel: patient.SMS, ExpiresAt: noon.Add(30 * day), KeepsRoom: p.early},
			Person: gate.Person{ID: id.New(), Status: patient.Active}, Number: gate.Number{CanText: true},
			Consent: consent.State{Granted: true}, Hours: quiet.Timetable{Hours: quiet.Always()}, Route: gate.Route{TwoWay: true}}
		f.Org.Budget = b
		f.Counts = counts(done, queue, &p)
		d := gate.Decide(&f, p.at)
		if d.Verdict == gate.Hold {
			queue = append(queue, planned{at: d.Until, purpose: p.purpose})
			continue
		}
		p.sent = d.Verdict == gate.Send
		done = append(done, p)
	}
	return done
}

// counts is what the gate counts of what was sent and what is to come.
func counts(done, queue []planned, p *planned) gate.Counts {
	var texts []gate.Spoken
	for _, x := range done {
		if x.sent {
			texts = append(texts, gate.Spoken{At: x.at, Purpose: x.purpose})
		}
	}
	for _, x := range queue {
		texts = append(texts, gate.Spoken{At: x.at, Purpose: x.purpose, Ahead: true, Yields: x.early})
	}
	return gate.Count(texts, p.purpose, p.at, p.purpose.Yields() || p.early)
}

// most is the largest number of texts that spend the budget in any window of this length.
func most(sent []planned, window time.Duration) (n int) {
	for i := range sent {
		here := 0
		for j := range sent {
			if sent[j].sent && sent[j].purpose.Traits().Spends && !sent[j].at.Before(sent[i].at.Add(-window)) && !sent[j].at.After(sent[i].at) {
				here++
			}
		}
		n = max(n, here)
	}
	return n
}

func careOf(all []planned) (out []planned) {
	for _, p := range all {
		if !p.purpose.Yields() {
			out = append(out, p)
		}
	}
	return out
}

// Whatever is planned, nobody gets more than the budget, and no care stays away that would have gone without the
// surveys, lessons, greetings and offers.
func TestNobodyIsOverBudgetAndPromotionStarvesNoCare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := gate.Budget{Day: rapid.IntRange(1, 3).Draw(t, "day"), Week: rapid.IntRange(3, 7).Draw(t, "week")}
		kinds := []purpose.Purpose{purpose.Appointment, purpose.ResultReady, purpose.Discharge, purpose.Medication,
			purpose.Survey, purpose.Education, purpose.Marketing, purpose.Birthday, purpose.Recall, purpose.Event}
		var plan []planned
		for range rapid.IntRange(1, 40).Draw(t, "texts") {
			plan = append(plan, planned{at: noon.Add(time.Duration(rapid.IntRange(0, 14*24).Draw(t, "hour")) * time.Hour),
				purpose: rapid.SampledFrom(kinds).Draw(t, "purpose")})
		}
		sent := run(plan, b)
		if n := most(sent, day); n > b.Day {
			t.Fatalf("%d texts in a day of %d", n, b.Day)
		}
		if n := most(sent, week); n > b.Week {
			t.Fatalf("%d texts in a week of %d", n, b.Week)
		}
		if with, without := careOf(sent), run(careOf(plan), b); !slices.Equal(with, without) {
			t.Fatalf("care differs:\nwith promotion    %v\nwithout promotion %v", with, without)
		}
	})
}

// A patient with a visit tomorrow gets the reminder, and the survey a day later.
func TestASurveyWaitsForTheReminder(t *testing.T) {
	t.Parallel()
	sent := run([]planned{{at: noon, purpose: purpose.Survey}, {at: noon.Add(time.Hour), purpose: purpose.Appointment}}, gate.Budget{Day: 1, Week: 5})
	if len(sent) != 2 || sent[0].purpose != purpose.Appointment || !sent[0].sent || !sent[1].sent || sent[1].at != noon.Add(2*day) {
		t.Fatalf("got %v", sent)
	}
}

// Early texts never cost a nearer one its place: the last reminders that go are those that would have gone without any
// early text, and nobody passes a cap.
func TestEarlyTextsLeaveRoomForNearerReminders(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var plan []planned
		for range rapid.IntRange(1, 12).Draw(t, "visits") {
			start := noon.Add(time.Duration(rapid.IntRange(24, 20*24).Draw(t, "hour")) * time.Hour)
			for _, before := range rapid.SampledFrom([][]time.Duration{{day}, {7 * day, day}, {7 * day, 3 * day, day}}).Draw(t, "steps") {
				if at := start.Add(-before); !at.Before(noon) {
					plan = append(plan, planned{at: at, purpose: purpose.Appointment, early: before > day})
				}
			}
			if rapid.Bool().Draw(t, "booking") {
				plan = append(plan, planned{at: noon, purpose: purpose.Appointment, early: true})
			}
		}
		last := func(all []planned) (out []planned) {
			for _, p := range all {
				if !p.early {
					out = append(out, p)
				}
			}
			return out
		}
		sent := run(plan, gate.Budget{Day: 3, Week: 6})
		traits := purpose.Appointment.Traits()
		if d, w := most(sent, day), most(sent, week); d > traits.DayCap || w > traits.WeekCap {
			t.Fatalf("%d texts in a day, %d in a week", d, w)
		}
		if with, without := last(sent), run(last(plan), gate.Budget{Day: 3, Week: 6}); !slices.Equal(with, without) {
			t.Fatalf("nearer reminders differ:\nwith early texts    %v\nwithout early texts %v", with, without)
		}
	})
}
