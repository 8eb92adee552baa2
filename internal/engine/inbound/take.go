package inbound

import (
	"context"
	"slices"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/store"
)

// taking is one delivery on its way through one transaction.
type taking struct {
	*Service
	tx    store.Tx
	scope access.Scope
	plain bool // only keep it, for a person: acting on it failed before
}

// writer is who wrote: the contact point, the people on it and what they were asked.
type writer struct {
	point  patient.ContactPoint
	people []patient.Person
	open   []conversation.Question
	closed []conversation.Question
	sender *store.Sender // the inbound number that was written to; nil when it is none of ours
	place  *org.Location
	own    org.Organization
}

// recent is how long a closed question still gets a truthful answer.
const recent = 7 * 24 * time.Hour

func (t *taking) take(ctx context.Context, d delivery) error {
	w, p, err := t.arrive(ctx, d)
	if err != nil {
		return err
	}
	p.At = t.tx.Now()
	if q := w.newest(); q != nil {
		p.Question = q.ID
	}
	stored, fresh, err := t.tx.Conversations().PutPart(ctx, p, t.sames(w, p))
	if err != nil || !fresh {
		return err // the same event once more: it is durable already
	}
	if stored.Total <= 1 {
		return t.whole(ctx, w, []store.InboundPart{stored}, 0)
	}
	parts, err := t.tx.Conversations().PartsLike(ctx, stored)
	if err != nil || distinct(parts) < stored.Total {
		return err
	}
	return t.whole(ctx, w, parts, 0)
}

// sames is how long the part counts as one that came before. STOP, START and STOP again within minutes are three
// texts: a STOP that is not in force is never taken for an old one.
func (t *taking) sames(w *writer, p store.InboundPart) time.Duration {
	if p.Total > 1 || p.From.IsZero() || w.point.OptedOutAt != nil {
		return Sames
	}
	if res, _ := t.read(w, p.Body); res.OptOut == reply.Sure {
		return 0
	}
	return Sames
}

// arrive finds out which number wrote to which.
func (t *taking) arrive(ctx context.Context, d delivery) (*writer, store.InboundPart, error) {
	w, err := t.reached(ctx, d.InboundPart)
	if err != nil {
		return nil, d.InboundPart, err
	}
	p := d.resolve(w.region())
	return w, p, t.writer(ctx, w, p)
}

// give takes parts whose text will not get whole; false when another sweep was first.
func (t *taking) give(ctx context.Context, p store.InboundPart) (bool, error) {
	parts, err := t.tx.Conversations().PartsLike(ctx, p)
	if err != nil || !slices.ContainsFunc(parts, func(o store.InboundPart) bool { return o.ID == p.ID }) {
		return false, err
	}
	w, err := t.reached(ctx, p)
	if err != nil {
		return false, err
	}
	if err := t.writer(ctx, w, p); err != nil {
		return false, err
	}
	return true, t.whole(ctx, w, parts, max(p.Total-distinct(parts), 0))
}

func distinct(parts []store.InboundPart) int {
	seen := map[int]bool{}
	for _, p := range parts {
		seen[p.Number] = true
	}
	return len(seen)
}

// whole makes one text of its parts, in their own order, and understands it.
func (t *taking) whole(ctx context.Context, w *writer, parts []store.InboundPart, missing int) error {
	text, ids := joined(parts)
	first := parts[0]
	in := conversation.Inbound{ID: id.New(), Org: t.scope.Org(), Route: first.Route, Point: w.point.ID, From: first.From, Text: text,
		Parts: len(ids), Missing: missing, ReceivedAt: t.tx.Now(), Outcome: conversation.ToPerson}
	if w.sender != nil {
		in.Sender = w.sender.ID
	}
	if err := t.tx.Conversations().JoinParts(ctx, ids, in.ID); err != nil {
		return err
	}
	return t.understand(ctx, w, in)
}

// reached finds the inbound number that was written to, and its place.
func (t *taking) reached(ctx context.Context, p store.InboundPart) (*writer, error) {
	w := &writer{}
	var err error
	if w.own, err = t.tx.Orgs().Get(ctx); err != nil {
		return nil, err
	}
	if err := t.sender(ctx, w, p); err != nil {
		return nil, err
	}
	if w.sender == nil {
		return w, nil
	}
	return w, t.place(ctx, w, w.sender.Location)
}

func (t *taking) place(ctx context.Context, w *writer, at id.ID) error {
	if at.IsZero() {
		return nil
	}
	l, err := t.tx.Orgs().Location(ctx, at)
	w.place = &l
	return err
}

// writer finds who wrote. A number that nobody has gets a contact point of its own, so that its STOP counts.
func (t *taking) writer(ctx context.Context, w *writer, p store.InboundPart) error {
	if p.From.IsZero() {
		return nil // a name or a short code: nobody can be answered
	}
	points, err := t.tx.People().SavePoints(ctx, patient.SMS, []phone.Number{p.From})
	if err != nil {
		return err
	}
	w.point = points[0]
	if err := t.people(ctx, w); err != nil {
		return err
	}
	for i := range w.people { // a number for all places: somebody on the phone says which it is
		if w.place == nil {
			if err := t.place(ctx, w, w.people[i].Location); err != nil {
				return err
			}
		}
	}
	return t.asked(ctx, w)
}

// asked reads what the number was asked: open now, or closed not long ago.
func (t *taking) asked(ctx context.Context, w *writer) error {
	all, err := t.tx.Conversations().QuestionsOf(ctx, []id.ID{w.point.ID}, t.tx.Now().Add(-recent))
	for _, q := range all {
		if !q.Asked {
			continue // planned for later: nobody can answer what they have not read
		}
		if q.ClosedAt == nil && !q.ClosesAt.IsZero() && !q.ClosesAt.After(t.tx.Now()) {
			q.ClosedAt = &q.ClosesAt // over, though no sweep has come by yet
		}
		if q.ClosedAt == nil {
			w.open = append(w.open, q)
		} else {
			w.closed = append(w.closed, q)
		}
	}
	return err
}

// newest is the question that was asked last, open or closed: an event that comes again after its own answer
// closed the question is still the same event.
func (w *writer) newest() *conversation.Question {
	var last *conversation.Question
	for _, list := range [][]conversation.Question{w.closed, w.open} {
		for i := range list {
			if last == nil || !list[i].AskedAt.Before(last.AskedAt) {
				last = &list[i]
			}
		}
	}
	return last
}

// only is the newest open question when all that is open is about one visit, else nil.
func (w *writer) only() *conversation.Question {
	if len(w.open) == 0 {
		return nil
	}
	last := &w.open[len(w.open)-1]
	for i := range w.open {
		if w.open[i].Appointment != last.Appointment {
			return nil
		}
	}
	return last
}

// region is the country whose rules hold: that of the number that was written to.
func (w *writer) region() string {
	if w.place != nil && w.place.Region != "" {
		return w.place.Region
	}
	return w.own.Region
}

func (t *taking) sender(ctx context.Context, w *writer, p store.InboundPart) error {
	senders, err := t.tx.Routes().Senders(ctx)
	if err != nil {
		return err
	}
	bare := func(s string) string { return strings.TrimLeft(s, "+0") }
	for i := range senders {
		if senders[i].Route == p.Route && bare(senders[i].Address) == bare(p.To) {
			w.sender = &senders[i]
		}
	}
	return nil
}

func (t *taking) people(ctx context.Context, w *writer) error {
	contacts, err := t.tx.People().PeopleAt(ctx, w.point.ID)
	if err != nil || len(contacts) == 0 {
		return err
	}
	ids := make([]id.ID, len(contacts))
	for i, c := range contacts {
		ids[i] = c.Person
	}
	w.people, err = t.tx.People().ByIDs(ctx, ids)
	return err
}

// read interprets the text by the rules of the country whose number was written to.
func (t *taking) read(w *writer, text phi.Text) (reply.Result, reply.Decision) {
	open, closed := asked(w.open), asked(w.closed)
	res := t.words.Interpret(reply.Input{Text: text, SenderCountry: w.region(), Languages: w.languages(), Open: open,
		Day: w.day(t.tx.Now())}, t.book)
	return res, reply.Match(res, open, closed)
}

func (w *writer) languages() []string {
	var out []string
	for _, p := range w.people {
		if p.Language != "" && !slices.Contains(out, p.Language) {
			out = append(out, p.Language)
		}
	}
	if w.place != nil {
		out = append(out, w.place.Languages...)
	}
	return out
}

func (w *writer) zone() *time.Location {
	if w.place == nil {
		return time.UTC
	}
	z, err := time.LoadLocation(w.place.Zone)
	if err != nil {
		return time.UTC
	}
	return z
}

// Questions gives the outbox what is open on numbers.
type Questions struct{}

// Open lists open and recently closed questions of contact points.
func (Questions) Open(ctx context.Context, tx store.Tx, points []id.ID) (open, closed map[id.ID][]reply.OpenQuestion, err error) {
	all, err := tx.Conversations().QuestionsOf(ctx, points, tx.Now().Add(-recent))
	open, closed = map[id.ID][]reply.OpenQuestion{}, map[id.ID][]reply.OpenQuestion{}
	for _, q := range all {
		to := open
		if q.ClosedAt != nil {
			to = closed
		}
		to[q.Point] = append(to[q.Point], asked([]conversation.Question{q})...)
	}
	return open, closed, err
}

// asked brings stored questions to the form that core/reply matches with.
func asked(all []conversation.Question) []reply.OpenQuestion {
	out := make([]reply.OpenQuestion, len(all))
	for i, q := range all {
		o := reply.OpenQuestion{ID: q.ID.String(), Subject: q.Appointment.String(), AskedAt: q.AskedAt}
		for code, intent := range q.Codes {
			o.Choices = append(o.Choices, reply.Choice{Code: code, Intent: reply.Intent(intent)})
		}
		slices.SortFunc(o.Choices, func(a, b reply.Choice) int { return strings.Compare(a.Code, b.Code) })
		if q.ClosedAt != nil {
			o.ClosedAt = *q.ClosedAt
		}
		out[i] = o
	}
	return out
}

// day is the local date at the place that was written to: rules are dated.
func (w *writer) day(now time.Time) quiet.Day {
	y, m, d := now.In(w.zone()).Date()
	return quiet.DayOf(y, m, d)
}
