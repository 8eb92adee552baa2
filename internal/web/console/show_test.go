package console

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/web/words"
)

func TestATextThatTheCarrierGaveUpIsNotOneThatWasDroppedHere(t *testing.T) {
	t.Parallel()
	c, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := c.Words("en", "")
	for name, x := range map[string]struct {
		m          message.Message
		word, next string
	}{
		"dropped before it left":      {message.Message{State: message.Expired, Reason: message.ReasonStale}, "Too late", "It would arrive too late to be of use."},
		"given up by the carrier":     {message.Message{State: message.Expired, Reason: message.ReasonReceipt, SentAt: time.Unix(1, 0)}, "Not reached in time", "The carrier had it but could not reach the phone in time, and gave up. Call the patient if it matters."},
		"delivered":                   {message.Message{State: message.Delivered, Reason: message.ReasonReceipt, SentAt: time.Unix(1, 0)}, "Delivered", "The phone has received it."},
		"refused for want of a yes":   {message.Message{State: message.Refused, Reason: message.ReasonNoConsent}, "Not sent", "There is no recorded consent for this kind of text. Record it on the patient page when the patient agrees."},
		"nobody knows if it had left": {message.Message{State: message.Unknown, Reason: message.ReasonNoAnswer}, "Not sure", "The carrier had the text but gave no answer."},
	} {
		l := desk.Line{Message: x.m}
		if got := messageChip(w, l).Text; got != x.word {
			t.Errorf("%s is called %q, want %q", name, got, x.word)
		}
		if got := w.Why(l); got != x.next {
			t.Errorf("%s is explained by %q, want %q", name, got, x.next)
		}
	}
}
