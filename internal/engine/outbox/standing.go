package outbox

import (
	"context"
	"maps"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
)

// Standing rules from recorded decisions. A decision depends on facts, each with a revision that the record holds, and
// on time, whose next turn the record holds too: while neither changed, deciding again would say the same and
// rendering again would give the stored text. What has no revision (an answer to the visit, an import that waits) is
// looked at here, and so are the digits of a text that asks: it leaves as it is while those that it shows are those it would
// get now. What is not recorded at all (trial mode, automatic answers, holds) is left to Again.
func (o *Outbox) Standing(ctx context.Context, scope access.Scope, drafts []store.Draft) ([]send.Ruling, []bool, error) {
	rulings, ok := make([]send.Ruling, len(drafts)), make([]bool, len(drafts))
	err := o.store.Read(ctx, scope, func(tx store.Tx) error {
		visits, err := o.visitsOf(ctx, tx, drafts)
		if err != nil {
			return err
		}
		if err := o.standing(ctx, tx, drafts, visits, rulings, ok); err != nil || o.holds == nil {
			return err
		}
		people := make([]id.ID, len(drafts))
		for i := range drafts {
			people[i] = drafts[i].Person
		}
		waiting, overdue, err := o.holds.Held(ctx, tx, visits, people)
		if err != nil {
			return err
		}
		for i := range ok {
			ok[i] = ok[i] && !waiting[i] && !overdue[i]
		}
		return nil
	})
	return rulings, ok, err
}

// visitsOf reads the visits that texts speak of, by place; zero for none. They are read where imports may hold messages
// back, and for texts that ask: their questions close as the visit begins.
func (o *Outbox) visitsOf(ctx context.Context, tx store.Tx, drafts []store.Draft) ([]schedule.Appointment, error) {
	visits := make([]schedule.Appointment, len(drafts))
	at := make(map[id.ID][]int, len(drafts))
	var ids []id.ID
	for i := range drafts {
		v := drafts[i].Appointment
		if v.IsZero() || (o.holds == nil && !drafts[i].Flags.Has(message.Asks)) {
			continue
		}
		if at[v] == nil {
			ids = append(ids, v)
		}
		at[v] = append(at[v], i)
	}
	if len(ids) == 0 {
		return visits, nil
	}
	read, err := tx.Visits().ByIDs(ctx, ids)
	for _, v := range read {
		for _, i := range at[v.ID] {
			visits[i] = v
		}
	}
	return visits, err
}

func (o *Outbox) standing(ctx context.Context, tx store.Tx, drafts []store.Draft, visits []schedule.Appointment, rulings []send.Ruling, ok []bool) error {
	book, err := route.Read(ctx, tx)
	if err != nil {
		return err
	}
	own, err := tx.Orgs().Get(ctx)
	if err != nil {
		return err
	}
	answered, err := confirmed(ctx, tx, drafts)
	if err != nil {
		return err
	}
	open, closed, err := o.onNumbers(ctx, tx, drafts)
	if err != nil {
		return err
	}
	untold, err := untoldOf(ctx, tx, drafts)
	if err != nil {
		return err
	}
	for i := range drafts {
		d := &drafts[i]
		s := book.Sender(d.Sender)
		r := book.Route(d.Route)
		if !recorded(d, tx.Now()) || s == nil || !stillSends(s, d) || r == nil || r.State != store.RouteOpen || answered[d.Appointment] || untold[d.Point] || !tellsFor(s, d) {
			continue
		}
		var asks *conversation.Question
		if d.Flags.Has(message.Asks) {
			if asks = asStands(d, &visits[i], open[d.Point], closed[d.Point], tx.Now()); asks == nil {
				continue
			}
		}
		enc, err := sms.Plan(d.Body.Reveal(), sms.Options{})
		if err != nil {
			continue
		}
		rulings[i], ok[i] = byRecord(d, s, enc, own.Budget, tx.Now()), true
		rulings[i].Question = asks
	}
	return nil
}

// untoldOf lists the numbers of texts without the way out that nothing which left has told of it: the text that was to tell
// was lost meanwhile, and this one has to.
func untoldOf(ctx context.Context, tx store.Tx, drafts []store.Draft) (map[id.ID]bool, error) {
	untold := map[id.ID]bool{}
	for i := range drafts {
		if d := &drafts[i]; !d.Flags.Has(message.TellsWayOut) && !d.Point.IsZero() && mayTell(d) {
			untold[d.Point] = true
		}
	}
	if len(untold) == 0 {
		return untold, nil
	}
	told, err := tx.Messages().Told(ctx, slices.Collect(maps.Keys(untold)))
	for p := range told {
		delete(untold, p)
	}
	return untold, err
}

// onNumbers reads what is open, or was a while ago, on the numbers of texts that ask.
func (o *Outbox) onNumbers(ctx context.Context, tx store.Tx, drafts []store.Draft) (open, closed map[id.ID][]reply.OpenQuestion, err error) {
	var points []id.ID
	for i := range drafts {
		if drafts[i].Flags.Has(message.Asks) {
			points = append(points, drafts[i].Point)
		}
	}
	if o.questions == nil || len(points) == 0 {
		return nil, nil, nil
	}
	return o.questions.Open(ctx, tx, points)
}

// stillSends reports whether a sender may still carry a text that was planned for it. A text of a number that somebody
// wrote to goes from there, whatever the sender serves otherwise.
func stillSends(s *store.Sender, d *store.Draft) bool {
	if s.Disabled || s.Route != d.Route || (d.Flags.Has(message.Invites) && !s.TwoWay) {
		return false
	}
	return d.Flags&(message.Answers|message.AutoReply|message.StaffText|message.SelfTest) != 0 || s.Serves(d.Location, d.Purpose)
}

// tellsFor reports whether what a text says of the way out is true of the sender that it leaves by now.
func tellsFor(s *store.Sender, d *store.Draft) bool {
	return !d.Flags.Has(message.TellsWayOut) || d.Flags.Has(message.WayOutByCall) != s.TwoWay
}

// recorded reports whether the decision's record is enough to hand the message over now.
func recorded(d *store.Draft, now time.Time) bool {
	rec := &d.Decision
	if d.Unreadable || d.State != message.Queued || rec.Verdict != string(gate.Send) || d.Point.IsZero() || d.Flags.Has(message.AutoReply) {
		return false
	}
	if !d.ExpiresAt.IsZero() && !now.Before(d.ExpiresAt) {
		return false
	}
	return rec.ValidUntil.IsZero() || now.Before(rec.ValidUntil)
}

func byRecord(d *store.Draft, s *store.Sender, enc sms.Encoded, b org.Budget, now time.Time) send.Ruling {
	rec := &d.Decision
	r := send.Ruling{Send: true, Encoded: enc, From: carrier.Address{Addr: s.Address, TON: s.TON, NPI: s.NPI}, Immune: immune(d),
		Bound: store.Bound{Person: d.Person, Point: d.Point, Visit: d.Appointment, Location: d.Location},
		Revs:  store.Revs{Person: rec.Person, Point: rec.Point, Visit: rec.Visit, Location: rec.Place}, OrgRev: rec.OrgRev,
		ValidUntil: rec.ValidUntil, Seen: d.Seen}
	r.Cap, _ = capRule(d, b, now)
	return r
}

// confirmed lists the visits whose patients have confirmed, for texts that nobody who confirmed gets. The version need
// not be looked at: an answer to any sends the message to Again.
func confirmed(ctx context.Context, tx store.Tx, drafts []store.Draft) (map[id.ID]bool, error) {
	var visits []id.ID
	for i := range drafts {
		if drafts[i].Flags.Has(message.NotAfterAnswer) && !drafts[i].Appointment.IsZero() {
			visits = append(visits, drafts[i].Appointment)
		}
	}
	if len(visits) == 0 {
		return nil, nil
	}
	answers, err := tx.Visits().Answers(ctx, visits)
	out := make(map[id.ID]bool, len(answers))
	for v := range answers {
		out[v] = true
	}
	return out, err
}
