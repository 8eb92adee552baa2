package send

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
)

// The carrier's time is the machine's; whether a text would come too late is the domain's to say.
func TestTheWindowOfAnUnknownRunsByTheMachineAndItsUseByTheDomain(t *testing.T) {
	t.Parallel()
	leased, said := time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC), time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	window := purpose.Appointment.Traits().ReceiptWindow
	for name, c := range map[string]struct {
		machine, domain time.Duration
		due             bool
		to              message.State
	}{
		"a domain clock that runs fast ends no window": {machine: time.Minute, domain: 2 * window},
		"the machine's clock ends it":                  {machine: window, domain: time.Minute, due: true, to: message.Queued},
		"too late by the domain's clock":               {machine: window, domain: 49 * time.Hour, due: true, to: message.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := store.Draft{Message: message.Message{ID: id.New(), Purpose: purpose.Appointment, LeasedAt: leased, SentAt: said, ExpiresAt: said.Add(48 * time.Hour)}}
			v, due := policy(&d, route.NewBook(nil, nil), leased.Add(c.machine), said.Add(c.domain))
			if due != c.due || due && v.To != c.to {
				t.Errorf("due %v, to %s", due, v.To)
			}
		})
	}
}

func TestQuestionsComeMoreAndMoreRarelyAndEnd(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)
	var got []time.Duration
	for now := at.Add(15*time.Minute + time.Second); now.Before(at.Add(noReceiptFor)); {
		now = nextAsk(at, now)
		got = append(got, now.Sub(at))
	}
	want := []time.Duration{time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 36 * time.Hour, 48 * time.Hour, 60 * time.Hour, 72 * time.Hour}
	if len(got) != len(want) {
		t.Fatalf("asked after %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("question %d after %v, want %v", i+2, got[i], want[i])
		}
	}
	if next := nextAsk(at, at.Add(55*time.Minute)); !next.Equal(at.Add(6 * time.Hour)) {
		t.Errorf("asked again %v later", next.Sub(at))
	}
}
