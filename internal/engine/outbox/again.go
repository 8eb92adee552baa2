package outbox

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
)

// Again is the second gate: facts, consent and rendering are read anew for messages that are due, or whose hold
// may be over. It implements send.Gate.
func (o *Outbox) Again(ctx context.Context, scope access.Scope, drafts []store.Draft) ([]send.Ruling, error) {
	out := make([]send.Ruling, len(drafts))
	err := parallel(len(drafts), workers(len(drafts)), func(from, to int) error {
		return o.store.Read(ctx, scope, func(tx store.Tx) error {
			return o.again(ctx, tx, drafts[from:to], out[from:to])
		})
	})
	return out, err
}

func (o *Outbox) again(ctx context.Context, tx store.Tx, drafts []store.Draft, out []send.Ruling) error {
	fresh := make([]store.Draft, 0, len(drafts))
	items := make([]item, 0, len(drafts))
	at := make([]int, 0, len(drafts))
	for i := range drafts {
		if drafts[i].Unreadable {
			out[i] = unreadable(&drafts[i])
			continue
		}
		fresh = append(fresh, drafts[i])
		items, at = append(items, item{draft: &fresh[len(fresh)-1]}), append(at, i)
	}
	if len(items) == 0 {
		return nil
	}
	if err := o.load(ctx, tx, items); err != nil {
		return err
	}
	for i := range items {
		f := o.facts(&items[i])
		o.write(&items[i], &f)
		d := gate.Decide(&f, items[i].at)
		out[at[i]] = ruling(&items[i], &drafts[at[i]], &f, &d, tx.Now())
		out[at[i]].Seen = tx.Snapshot()
	}
	return nil
}

// unreadable holds a message whose stored text does not open until a person looks: guessing at a text is worse than
// silence that somebody sees.
func unreadable(was *store.Draft) send.Ruling {
	return send.Ruling{Move: store.Move{Message: was.ID, From: was.State, To: message.Held, Reason: message.ReasonUnreadable, Event: true}}
}

// ruling turns a decision about a stored message into what the leasing transaction needs.
func ruling(it *item, was *store.Draft, f *gate.Facts, d *gate.Decision, now time.Time) send.Ruling {
	if d.Verdict == gate.Send && it.draft.Route == was.Route && it.draft.Sender == was.Sender {
		return sendRuling(it, was, f, d)
	}
	rec := record(it, f, d, now)
	v := store.Move{Message: was.ID, From: was.State, Reason: d.Reason(), Decision: &rec, Event: true}
	switch d.Verdict {
	case gate.Send: // by another way than planned
		v.To, v.Route, v.Sender, v.Reason = message.Queued, it.draft.Route, it.draft.Sender, message.ReasonRouteDown
	case gate.Hold:
		v.To, v.Until = message.Held, d.Until
	default:
		v.To = message.Refused
		if v.Reason == message.ReasonStale && was.State == message.Queued {
			v.To = message.Expired
		}
	}
	return send.Ruling{Move: v}
}

func sendRuling(it *item, was *store.Draft, f *gate.Facts, d *gate.Decision) send.Ruling {
	s := it.choice.Sender
	r := send.Ruling{Send: true, Encoded: it.encoded, From: carrier.Address{Addr: s.Address, TON: s.TON, NPI: s.NPI},
		Immune: immune(was),
		Bound:  store.Bound{Person: was.Person, Point: was.Point, Visit: was.Appointment, Location: was.Location},
		Revs:   store.Revs{Person: f.Person.Version, Point: f.Number.Revision}, OrgRev: f.Org.Revision, ValidUntil: d.ValidUntil}
	if it.visit != nil {
		r.Revs.Visit = it.visit.Version
	}
	if it.place != nil && it.place.ID == was.Location {
		r.Revs.Location = it.place.Revision
	}
	r.Cap, _ = capRule(was, it.org.Budget, it.at)
	r.Question, r.Call = questionOf(it), callOf(it)
	if it.draft.Body != was.Body || it.draft.Flags != was.Flags {
		rewritten := *it.draft
		rewritten.Decision.WayOut, rewritten.Decision.WayOutRule = it.wayOut, it.wayOutRule
		r.Rewrite = &rewritten
	}
	return r
}

// Explain decides about one stored message as if it were due now, and changes nothing.
func (o *Outbox) Explain(ctx context.Context, scope access.Scope, m id.ID) (gate.Decision, gate.Facts, error) {
	var d gate.Decision
	var f gate.Facts
	err := o.store.Read(ctx, scope, func(tx store.Tx) error {
		draft, err := tx.Messages().Get(ctx, m)
		if err != nil {
			return err
		}
		draft.DueAt = tx.Now()
		items := []item{{draft: &draft}}
		if err := o.load(ctx, tx, items); err != nil {
			return err
		}
		f = o.facts(&items[0])
		o.write(&items[0], &f)
		d = gate.Decide(&f, items[0].at)
		return nil
	})
	return d, f, err
}

// immune: emergencies and the one confirmation of an opt-out pass the suppression set. The question what an unclear
// opt-out meant does not: after a STOP there is nothing to ask.
func immune(d *store.Draft) bool {
	return d.Purpose == purpose.Emergency || !d.Exempt.IsZero() && d.Template != string(content.OptOutQuestion)
}
