package explain_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/store"
)

var at = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

func refused(r message.Reason) store.Draft {
	return store.Draft{Message: message.Message{State: message.Refused, Reason: r, Decision: message.Decision{Verdict: "refuse", Reasons: []message.Reason{r}}}}
}

// I10: the first sentence is the decision record's verdict, the last one says what to do.
func TestAStoryBeginsWithTheVerdictAndEndsWithTheNextStep(t *testing.T) {
	t.Parallel()
	held := func(r message.Reason) store.Draft {
		return store.Draft{Message: message.Message{State: message.Held, Reason: r}, HeldUntil: at}
	}
	for name, tt := range map[string]struct {
		d     store.Draft
		first explain.Say
		why   message.Reason
		last  explain.Say
	}{
		"delivered":              {store.Draft{Message: message.Message{State: message.Delivered, Reason: message.ReasonReceipt}}, explain.SayDelivered, "", explain.NextNothing},
		"accepted":               {store.Draft{Message: message.Message{State: message.Accepted}}, explain.SaySent, "", explain.NextReceipt},
		"queued":                 {store.Draft{Message: message.Message{State: message.Queued, DueAt: at}}, explain.SayWaits, "", explain.NextWait},
		"no consent":             {refused(message.ReasonNoConsent), explain.SayRefused, message.ReasonNoConsent, explain.NextConsent},
		"opted out":              {refused(message.ReasonOptedOut), explain.SayRefused, message.ReasonOptedOut, explain.NextCall},
		"a landline":             {refused(message.ReasonNotMobile), explain.SayRefused, message.ReasonNotMobile, explain.NextNumber},
		"deceased":               {refused(message.ReasonDeceased), explain.SayRefused, message.ReasonDeceased, explain.NextNothing},
		"the visit moved":        {refused(message.ReasonFactChanged), explain.SayRefused, message.ReasonFactChanged, explain.NextNewer},
		"an import waits":        {held(message.ReasonImportHeld), explain.SayHeld, message.ReasonImportHeld, explain.NextRelease},
		"night":                  {held(message.ReasonQuietHours), explain.SayHeld, message.ReasonQuietHours, explain.NextAutomatic},
		"everything is stopped":  {held(message.ReasonStopped), explain.SayHeld, message.ReasonStopped, explain.NextOpen},
		"late":                   {store.Draft{Message: message.Message{State: message.Expired, Reason: message.ReasonStale}}, explain.SayTooLate, message.ReasonStale, explain.NextCall},
		"the carrier gave up":    {store.Draft{Message: message.Message{State: message.Expired, Reason: message.ReasonReceipt, SentAt: at}}, explain.SayNoReceipt, "", explain.NextCall},
		"the phone is off":       {store.Draft{Message: message.Message{State: message.Undelivered, Reason: message.ReasonReceipt, SentAt: at}}, explain.SayNotReached, "", explain.NextCall},
		"the line was cut":       {store.Draft{Message: message.Message{State: message.Unknown, Reason: message.ReasonNoAnswer, SentAt: at}}, explain.SayUnknown, message.ReasonNoAnswer, explain.NextReceipt},
		"withdrawn, visit moved": {store.Draft{Message: message.Message{State: message.Cancelled, Reason: message.ReasonFactChanged}}, explain.SayWithdrawn, message.ReasonFactChanged, explain.NextNewer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := explain.Story(&tt.d, nil)
			if s[0].Say != tt.first || s[0].Reason != tt.why || s[len(s)-1].Say != tt.last {
				t.Errorf("begins %q because of %q and ends %q; want %q, %q, %q", s[0].Say, s[0].Reason, s[len(s)-1].Say, tt.first, tt.why, tt.last)
			}
		})
	}
}

func TestAStoryTellsWhatColumnsAndEventsKnow(t *testing.T) {
	t.Parallel()
	consent, wrong := id.New(), id.New()
	d := store.Draft{Message: message.Message{State: message.Delivered, PlannedAt: at, SentAt: at.Add(3 * time.Hour), DoneAt: at.Add(4 * time.Hour),
		Corrects: wrong, Attempts: 2, Origin: message.Origin{Kind: message.FromChange, Step: "moved"},
		Decision: message.Decision{At: at, Consent: consent, Moved: true, Zone: "Europe/Warsaw", ZoneFrom: "location", DayCount: 1, WeekCount: 2}}}
	s := explain.Story(&d, []message.Event{
		{At: at.Add(time.Hour), From: message.Queued, To: message.Held, Reason: message.ReasonStopped},
		{At: at.Add(2 * time.Hour), From: message.Sending, To: message.Queued, Reason: message.ReasonThrottled, Attempt: 1},
	})
	find := func(say explain.Say) explain.Sentence {
		for _, x := range s {
			if x.Say == say {
				return x
			}
		}
		t.Errorf("does not say %q", say)
		return explain.Sentence{}
	}
	if find(explain.SayConsent).ID != consent || find(explain.SayCorrects).ID != wrong || find(explain.SayZone).Text != "Europe/Warsaw" ||
		find(explain.SayCounted).Week != 2 || find(explain.SayWasHeld).Reason != message.ReasonStopped ||
		find(explain.SayTriedAgain).Reason != message.ReasonThrottled || find(explain.SayAsked).Text != "moved" {
		t.Errorf("the story: %+v", s)
	}
	for i := 2; i < len(s)-1; i++ {
		if s[i].At.Before(s[i-1].At) {
			t.Errorf("sentence %d is out of order: %+v", i, s)
		}
	}
}

// Every state and every reason has a verdict and a next step.
func TestNoStateIsWithoutWords(t *testing.T) {
	t.Parallel()
	for _, state := range message.States() {
		d := store.Draft{Message: message.Message{State: state}}
		if explain.Verdict(&d).Say == "" || explain.Next(&d).Say == "" {
			t.Errorf("%s says nothing", state)
		}
	}
}
