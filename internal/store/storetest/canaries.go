package storetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Canaries fills a store with one known token in every place that holds something about a person, and returns
// the tokens. None of them may be found in what a thief could carry away.
func Canaries(t testing.TB, s store.Store) []string {
	t.Helper()
	c := &canaries{}
	d := NewDesk(t, s)
	n := Number(t, "+48609876543")
	c.all = append(c.all, n.Digits())
	p := AddPeople(t, s, d.Scope, patient.Person{Kind: patient.Patient, Status: patient.Active, Language: "pl", Facts: patient.Facts{
		GivenName: c.text("given"), FamilyName: c.text("family"), BirthDate: c.text("birth"), Note: c.text("note"),
		Identifiers: []patient.Identifier{{System: "mrn", Value: c.text("mrn")}}, Tags: []phi.Text{c.text("tag")},
		Conditions:  []patient.Code{{System: "sct", Code: c.text("condition")}},
		Medications: []patient.Code{{System: "atc", Code: c.text("medication")}},
		Address:     patient.Address{Line: c.text("street"), City: c.text("city"), PostalCode: c.text("postal code"), Country: "PL"},
	}})[0]
	point := AddPoint(t, s, d.Scope, p.ID, n)
	Append(t, s, d.Scope,
		consent.Entry{Person: p.ID, Channel: patient.SMS, Purpose: purpose.Appointment, Status: consent.Granted, Method: consent.Staff,
			Shown: c.text("wording"), By: access.Command, At: Start},
		consent.Entry{Point: point.ID, Channel: patient.SMS, Purpose: consent.AllPurposes, Status: consent.Revoked, Method: consent.Keyword,
			Shown: c.text("stop"), By: access.Carrier, At: Start})
	draft := d.Draft(Start)
	draft.Person, draft.Point, draft.To, draft.Body, draft.Vars = p.ID, point.ID, n, c.text("body"), map[string]phi.Text{"old": c.text("variable")}
	d.Insert(t, s, draft)
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Visits().Create(ctx, []schedule.Appointment{{Person: p.ID, Status: schedule.Booked, Start: Start, Zone: "UTC",
			Wall: "2026-03-02T09:00", Reason: c.text("reason"), ExternalID: c.text("visit")}})
		if err != nil {
			return err
		}
		_, _, err = tx.Conversations().PutPart(ctx, store.InboundPart{ID: id.New(), Route: d.Route.ID, From: n, To: "4860000",
			Body: c.text("part"), Raw: c.text("raw"), ReceivedAt: Start, At: Start}, time.Minute)
		if err != nil {
			return err
		}
		_, err = tx.Conversations().PutInbound(ctx, conversation.Inbound{Route: d.Route.ID, Sender: d.Sender.ID, Point: point.ID, From: n,
			Text: c.text("inbound"), Parts: 1, ReceivedAt: Start, Outcome: conversation.ToPerson})
		if err != nil {
			return err
		}
		return tx.Tasks().Add(ctx, []conversation.Task{{Kind: conversation.CallPatient, Person: p.ID, Point: point.ID, CreatedAt: Start,
			DueAt: Start, Note: c.text("task")}})
	})
	return c.all
}

type canaries struct{ all []string }

func (c *canaries) text(what string) phi.Text {
	token := fmt.Sprintf("Canary%sXq%d", what, 7001+len(c.all))
	c.all = append(c.all, token)
	return phi.T(token)
}

// Find reports the tokens that appear in stolen bytes, as they are or in a usual disguise.
func Find(t testing.TB, what string, stolen []byte, tokens []string) {
	t.Helper()
	if len(stolen) == 0 {
		t.Errorf("%s: nothing to look at", what)
	}
	lower := bytes.ToLower(stolen)
	for _, token := range tokens {
		for form, b := range map[string][]byte{
			"plain":   bytes.ToLower([]byte(token)),
			"hex":     []byte(hex.EncodeToString([]byte(token))),
			"base64":  bytes.ToLower([]byte(base64.StdEncoding.EncodeToString([]byte(token))[:len(token)])),
			"utf-16":  utf16([]byte(token)),
			"swapped": semiOctets(token),
		} {
			if bytes.Contains(lower, bytes.ToLower(b)) {
				t.Errorf("%s shows %s (%s)", what, token, form)
			}
		}
	}
}

func utf16(b []byte) []byte {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, c, 0)
	}
	return out[:len(out)-1]
}

// semiOctets is how SMS headers write numbers; for other tokens it is only the token backwards in pairs.
func semiOctets(s string) []byte {
	b := []byte(s)
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return b
}
