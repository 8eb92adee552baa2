package explain_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/explain"
)

type decider struct{ asked int }

func (d *decider) Explain(context.Context, access.Scope, id.ID) (gate.Decision, gate.Facts, error) {
	d.asked++
	until := time.Date(2026, 3, 4, 8, 0, 0, 0, time.UTC)
	return gate.Decision{Verdict: gate.Hold, Until: until, Findings: []gate.Finding{
		{Verdict: gate.Hold, Reason: message.ReasonQuietHours}, {Verdict: gate.Hold, Reason: message.ReasonStopped}}}, gate.Facts{Rules: "7"}, nil
}

func TestNowSaysWhatTheDecidingCodeSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	d := &decider{}
	now, err := explain.New(d).Now(t.Context(), access.ForUser(id.New(), id.New(), access.Viewer), id.New())
	if err != nil {
		t.Fatal(err)
	}
	if now.Verdict != gate.Hold || !slices.Equal(now.Reasons, []message.Reason{message.ReasonQuietHours, message.ReasonStopped}) ||
		now.Until.Hour() != 8 || now.Facts.Rules != "7" {
		t.Fatalf("%+v", now)
	}
}

func TestNowIsRefusedToAStranger(t *testing.T) {
	t.Parallel()
	d := &decider{}
	if _, err := explain.New(d).Now(t.Context(), access.Scope{}, id.New()); !errs.Is(err, errs.Forbidden) || d.asked != 0 {
		t.Fatalf("%v after %d questions", err, d.asked)
	}
}

func TestWhyIsTheRowsReasonElseTheRecordsFirst(t *testing.T) {
	t.Parallel()
	record := message.Decision{Reasons: []message.Reason{message.ReasonDeceased, message.ReasonNoConsent}}
	for name, c := range map[string]struct {
		m    message.Message
		want message.Reason
	}{
		"refused by the gate":              {message.Message{State: message.Refused, Reason: message.ReasonDeceased, Decision: record}, message.ReasonDeceased},
		"refused, the row keeps no reason": {message.Message{State: message.Refused, Decision: record}, message.ReasonDeceased},
		"delivered after a hold":           {message.Message{State: message.Delivered, Reason: message.ReasonQuietHours}, message.ReasonNone},
		"undelivered by receipt":           {message.Message{State: message.Undelivered, Reason: message.ReasonReceipt}, message.ReasonNone},
		"queued":                           {message.Message{State: message.Queued}, message.ReasonNone},
		"expired in a stop":                {message.Message{State: message.Expired, Reason: message.ReasonStale}, message.ReasonStale},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := explain.Why(&c.m); got != c.want {
				t.Fatalf("%q, want %q", got, c.want)
			}
		})
	}
}
