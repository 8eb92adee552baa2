package journey

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/message"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func reminder(t *testing.T) *Definition {
	t.Helper()
	ds, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return ds[0]
}

func visitIn(lead time.Duration) Visit {
	return Visit{Fact: Fact{Start: noon.Add(lead)}, Version: 1, BookedAt: noon, Zone: warsaw()}
}

func sends(acts []Action) []string {
	var out []string
	for _, a := range acts {
		if a.Kind == Send || a.Kind == Notify {
			out = append(out, a.Ref.Step)
		}
	}
	return out
}

// texts lets the journey run without any answer or change and lists what it sends, all handed over in time.
func texts(d *Definition, v Visit, now time.Time, answer func(step string) Intent) []string {
	e, _ := Enroll(d, Enrollment{}, v, now)
	var out []string
	for range 50 {
		var news []Event
		for _, t := range e.Texts {
			if t.Phase == Pending && !t.Due.After(now) {
				out = append(out, t.Step)
				news = append(news, Event{Kind: MessageNews, Ref: t.Ref, Outcome: OutcomeDelivered, At: t.Due})
				if i := answer(t.Step); i != "" {
					news = append(news, Event{Kind: Answered, Intent: i})
				}
			}
		}
		e, _ = AdvanceAll(d, e, append(news, Event{Kind: TimeCame}), now)
		next := e.NextDue
		for _, t := range e.Texts {
			if t.Phase == Pending && (next.IsZero() || t.Due.Before(next)) {
				next = t.Due
			}
		}
		if next.IsZero() {
			return out
		}
		now = next
	}
	return append(out, "never rests")
}

func TestHowManyTexts(t *testing.T) {
	t.Parallel()
	never := func(string) Intent { return "" }
	at := func(step string, i Intent) func(string) Intent {
		return func(s string) Intent {
			if s == step {
				return i
			}
			return ""
		}
	}
	tests := map[string]struct {
		lead   time.Duration
		booked time.Duration // before the journey hears of it
		answer func(string) Intent
		want   []string
	}{
		"booked three weeks ahead":                     {21 * day, 0, never, []string{"booking", "week-before", "day-before"}},
		"booked nine days ahead":                       {9 * day, 0, never, []string{"booking", "day-before"}},
		"booked for the day after tomorrow":            {48 * time.Hour, 0, never, []string{"booking", "day-before"}},
		"booked twenty minutes before its day-before":  {24*time.Hour + 20*time.Minute, 0, never, []string{"booking"}},
		"booked for this evening":                      {7 * time.Hour, 0, never, []string{"booking"}},
		"booked for in half an hour":                   {30 * time.Minute, 0, never, nil},
		"an old booking, imported":                     {21 * day, 3 * day, never, []string{"week-before", "day-before"}},
		"imported late, a day-before that has passed":  {20 * time.Hour, 3 * day, never, []string{"day-before"}},
		"imported late, week and day have both passed": {23 * time.Hour, 30 * day, never, []string{"day-before"}},
		"confirmed after a week":                       {21 * day, 0, at("week-before", Confirm), []string{"booking", "week-before"}},
		"cancelled, the calendar is kept elsewhere":    {21 * day, 0, at("week-before", Cancel), []string{"booking", "week-before"}},
		"wants another time, nobody has moved it yet":  {21 * day, 0, at("week-before", Reschedule), []string{"booking", "week-before", "day-before"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := visitIn(tt.lead)
			v.BookedAt = noon.Add(-tt.booked)
			if got := texts(reminder(t), v, noon, tt.answer); !slices.Equal(got, tt.want) {
				t.Errorf("sends %v, want %v", got, tt.want)
			}
		})
	}
}

const day = 24 * time.Hour

func TestAChangeSettlesAndIsToldOnce(t *testing.T) {
	t.Parallel()
	d := reminder(t)
	e, _ := Enroll(d, Enrollment{}, visitIn(21*day), noon.Add(-day))
	second, third := visitIn(22*day), visitIn(23*day)
	second.Version, third.Version = 2, 3

	e, acts := Advance(d, e, Event{Kind: VisitChanged, Visit: second}, noon)
	if len(sends(acts)) != 0 {
		t.Fatalf("told at once: %v", acts)
	}
	e, _ = Advance(d, e, Event{Kind: VisitChanged, Visit: third}, noon.Add(time.Minute))
	e, acts = Advance(d, e, Event{Kind: TimeCame}, noon.Add(2*time.Minute))
	if len(sends(acts)) != 0 {
		t.Fatalf("told before the second change settled: %v", acts)
	}
	_, acts = Advance(d, e, Event{Kind: TimeCame}, noon.Add(3*time.Minute))
	i := slices.IndexFunc(acts, func(a Action) bool { return a.Kind == Notify })
	if i < 0 {
		t.Fatalf("not told: %v", acts)
	}
	if a := acts[i]; !a.Old.Start.Equal(noon.Add(21*day)) || !a.States.Start.Equal(noon.Add(23*day)) || a.Version != 3 || a.Template != "visit-moved" {
		t.Errorf("told %+v", a)
	}
}

func TestAVisitThatKeepsMovingIsToldAfterTenMinutes(t *testing.T) {
	t.Parallel()
	d := reminder(t)
	e, _ := Enroll(d, Enrollment{}, visitIn(21*day), noon.Add(-day))
	for i := range 20 {
		v := visitIn(22*day + time.Duration(i)*time.Hour)
		v.Version = int64(2 + i)
		var acts []Action
		e, acts = Advance(d, e, Event{Kind: VisitChanged, Visit: v}, noon.Add(time.Duration(i)*time.Minute))
		if len(sends(acts)) > 0 {
			if i != 10 {
				t.Errorf("told after %d minutes", i)
			}
			return
		}
	}
	t.Error("never told")
}

func TestAChangeThatIsTakenBackIsNotTold(t *testing.T) {
	t.Parallel()
	d := reminder(t)
	e, _ := Enroll(d, Enrollment{}, visitIn(3*day), noon.Add(-day))
	moved, back := visitIn(4*day), visitIn(3*day)
	moved.Version, back.Version = 2, 3
	e, _ = Advance(d, e, Event{Kind: VisitChanged, Visit: moved}, noon)
	e, _ = Advance(d, e, Event{Kind: VisitChanged, Visit: back}, noon.Add(time.Minute))
	_, acts := Advance(d, e, Event{Kind: TimeCame}, noon.Add(10*time.Minute))
	if got := sends(acts); slices.ContainsFunc(got, IsNotice) {
		t.Errorf("sends %v", got)
	}
}

// lostNotice is an enrollment whose visit moved and whose change notice met this outcome.
func lostNotice(t *testing.T, o Outcome) (Enrollment, []Action) {
	t.Helper()
	d := reminder(t)
	e, _ := Enroll(d, Enrollment{}, visitIn(21*day), noon.Add(-day))
	moved := visitIn(22 * day)
	moved.Version = 2
	e, _ = Advance(d, e, Event{Kind: VisitChanged, Visit: moved}, noon)
	e, _ = Advance(d, e, Event{Kind: TimeCame}, noon.Add(2*time.Minute))
	return Advance(d, e, Event{Kind: MessageNews, Ref: Ref{Step: "moved", Occurrence: 1}, Outcome: o,
		Reason: message.ReasonOptedOut}, noon.Add(3*time.Minute))
}

func TestNewsThatDidNotArriveGoesOnTheCallList(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[Outcome]bool{OutcomeRefused: true, OutcomeUndelivered: true, OutcomeUnknown: true,
		OutcomeHandedOver: false, OutcomeDelivered: false, OutcomeWaiting: false} {
		_, acts := lostNotice(t, outcome)
		if got := slices.ContainsFunc(acts, func(a Action) bool { return a.Kind == CallList }); got != want {
			t.Errorf("%s: on the call list %v, want %v", outcome, got, want)
		}
	}
}

func TestTheDeadGetNothingMore(t *testing.T) {
	t.Parallel()
	d := reminder(t)
	e, _ := Enroll(d, Enrollment{}, visitIn(2*day), noon)
	waiting := len(e.Texts)
	e, acts := Advance(d, e, Event{Kind: PersonGone}, noon.Add(time.Second))
	withdrawn := 0
	for _, a := range acts {
		if a.Kind == Withdraw {
			withdrawn++
		}
	}
	if e.State != Ended || withdrawn != waiting || !e.NextDue.IsZero() {
		t.Errorf("state %s, %d of %d withdrawn, looks again %v", e.State, withdrawn, waiting, e.NextDue)
	}
	moved := visitIn(5 * day)
	moved.Version = 2
	if e, acts = Advance(d, e, Event{Kind: VisitChanged, Visit: moved}, noon.Add(time.Hour)); e.State != Ended || len(acts) > 0 {
		t.Errorf("woken by a moved visit: %v", acts)
	}
	if e, acts = Advance(d, e, Event{Kind: PersonBack}, noon.Add(2*time.Hour)); e.State != Active || e.NextDue.IsZero() {
		t.Errorf("recorded by mistake, and nothing follows: %s %v", e.State, acts)
	}
}

func TestAHeldImportPlansNothingUntilItsRelease(t *testing.T) {
	t.Parallel()
	d := reminder(t)
	imported := [16]byte{7}
	e := Enrollment{HeldBy: imported}
	e, acts := Enroll(d, e, visitIn(2*day), noon)
	if len(acts) > 0 {
		t.Fatalf("planned %v", acts)
	}
	e, acts = Advance(d, e, Event{Kind: Released, Import: [16]byte{9}}, noon)
	if len(acts) > 0 || e.HeldBy.IsZero() {
		t.Fatalf("another import's release let %v go", acts)
	}
	_, acts = Advance(d, e, Event{Kind: Released, Import: imported}, noon.Add(time.Hour))
	if got := sends(acts); !slices.Equal(got, []string{"booking", "day-before"}) {
		t.Errorf("after the release %v", got)
	}
}

func TestAnEnrollmentSurvivesItsJSON(t *testing.T) {
	t.Parallel()
	e, _ := lostNotice(t, OutcomeUndelivered)
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	back := Enrollment{State: e.State, NextDue: e.NextDue, Journey: e.Journey, Definition: e.Definition}
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	back.Visit.Zone = e.Visit.Zone
	b2, _ := json.Marshal(back)
	if string(b) != string(b2) {
		t.Errorf("became\n%s\nfrom\n%s", b2, b)
	}
	if f1, r1 := e.Told(); true {
		if f2, r2 := back.Told(); !f1.same(f2) || r1 != r2 {
			t.Errorf("believes %v %v, before %v %v", f2, r2, f1, r1)
		}
	}
}

func TestWhatPeopleSeeIsWhatWillBePlanned(t *testing.T) {
	t.Parallel()
	d := reminder(t)
	e, _ := Enroll(d, Enrollment{}, visitIn(9*day), noon)
	got := map[string]Skip{}
	for _, f := range e.Forecast(d, noon) {
		got[f.Step.ID] = f.Skip
	}
	want := map[string]Skip{"booking": "", "week-before": SkipBookedLate, "day-before": "", "hours-before": SkipOff}
	for step, skip := range want {
		if got[step] != skip {
			t.Errorf("%s: %q, want %q", step, got[step], skip)
		}
	}
}

func TestAVisitThatMovesAwayAndBackIsRemindedOf(t *testing.T) {
	t.Parallel()
	d := reminder(t)
	e, _ := Enroll(d, Enrollment{}, visitIn(2*day), noon.Add(-day))
	moved, back := visitIn(30*day), visitIn(2*day)
	moved.Version, back.Version = 2, 3
	e, acts := Advance(d, e, Event{Kind: VisitChanged, Visit: moved}, noon)
	if !slices.ContainsFunc(acts, func(a Action) bool { return a.Kind == Withdraw && a.Ref.Step == "day-before" }) {
		t.Fatalf("the reminder for the old time stays: %v", acts)
	}
	_, acts = Advance(d, e, Event{Kind: VisitChanged, Visit: back}, noon.Add(time.Minute))
	if got := sends(acts); !slices.Contains(got, "day-before") || slices.ContainsFunc(got, IsNotice) {
		t.Errorf("sends %v, want the reminder again and no notice", got)
	}
}

func TestADeferredStepIsPlannedAgainAtItsTime(t *testing.T) {
	t.Parallel()
	d := reminder(t)
	v := visitIn(3 * day)
	v.BookedAt = noon.Add(-30 * day)
	e, acts := Enroll(d, Enrollment{}, v, noon)
	if got := sends(acts); !slices.Equal(got, []string{"day-before"}) {
		t.Fatalf("planned %v", got)
	}
	until := acts[0].Due.Add(-time.Hour)
	if !e.Defer(d, acts[0].Ref, until, noon) || !e.NextDue.Equal(until) {
		t.Fatalf("looks again at %v, want %v", e.NextDue, until)
	}
	if e, acts = Advance(d, e, Event{Kind: TimeCame}, noon.Add(time.Hour)); len(acts) > 0 {
		t.Errorf("planned before its time: %v", acts)
	}
	_, acts = Advance(d, e, Event{Kind: TimeCame}, until)
	if got := sends(acts); !slices.Equal(got, []string{"day-before"}) || acts[0].Ref.Occurrence != 1 {
		t.Errorf("planned %v", acts)
	}
}

func TestACancellationThatDidNotArriveIsACallEvenAfterTheEnd(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[Outcome]State{OutcomeUndelivered: Active, OutcomeUnknown: Ended} {
		d := reminder(t)
		e, _ := Enroll(d, Enrollment{}, visitIn(21*day), noon.Add(-day))
		gone := visitIn(21 * day)
		gone.Version, gone.Cancelled = 2, true
		e, _ = Advance(d, e, Event{Kind: VisitChanged, Visit: gone}, noon)
		e, _ = Advance(d, e, Event{Kind: TimeCame}, noon.Add(2*time.Minute))
		notice := Ref{Step: "cancelled", Occurrence: 1}
		e, _ = Advance(d, e, Event{Kind: MessageNews, Ref: notice, Outcome: OutcomeHandedOver}, noon.Add(3*time.Minute))
		if e.State != Ended {
			t.Fatalf("told, and still %s", e.State)
		}
		e, acts := Advance(d, e, Event{Kind: MessageNews, Ref: notice, Outcome: outcome, Reason: message.ReasonReceipt}, noon.Add(day))
		if e.State != want || !slices.ContainsFunc(acts, func(a Action) bool { return a.Kind == CallList }) {
			t.Errorf("%s: %s, %v", outcome, e.State, acts)
		}
	}
}
