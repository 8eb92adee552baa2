// Package outbox turns what should be said into messages: it loads facts in sets, asks the gate, picks the way
// out, writes the text in the reader's language and counts its segments. Prepare writes nothing; Insert
// commits messages together with what asked for them. The same code decides again just before hand-over, and
// answers "what would happen now". It refuses to send, and to plan anything that the gate did not see.
package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"strconv"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Ask is a text that somebody wants sent.
type Ask struct {
	ID      id.ID // zero gets a fresh one
	Origin  message.Origin
	Purpose purpose.Purpose
	Person  id.ID
	// Point is the number to write to; zero picks the person's best.
	Point id.ID
	// Sender is the number that a text of this person came to: the answer comes from it. Zero lets the routes choose.
	Sender id.ID
	// Route, with message.SelfTest, is the route that is tested: no other is taken.
	Route              id.ID
	Appointment        id.ID
	AppointmentVersion int64 // the version whose time the text states
	Location           id.ID // zero is the visit's, else the person's
	// Template names the text; empty sends Body as it is.
	Template  content.Key // always its newest version
	Body      phi.Text
	Locale    content.Locale // of Body, and preferred for Template; empty is the person's language
	Vars      map[content.Name]phi.Text
	Old       time.Time // the visit's time before it moved
	DueAt     time.Time // zero is now
	ExpiresAt time.Time // zero never
	// Direction is how DueAt bends at planning when it falls into quiet hours; empty leaves it and holds.
	Direction quiet.Direction
	// Codes are the answers that the text invites, with the digits that are wanted for them. Those that are free when the
	// text leaves are given.
	Codes    []reply.Choice
	Flags    message.Flags
	Corrects id.ID
	Exempt   id.ID
}

// Prepared is what became of an Ask. Draft.State is queued, held or refused.
type Prepared struct {
	Draft    store.Draft
	Decision gate.Decision

	sticky bool // the number does not know us yet
}

// Templates gives texts. Implementations are safe for concurrent use.
type Templates interface {
	// All gives the texts in force for the transaction's organization. It is asked once for each revision of the
	// organization; the answer is shared and must not change.
	All(ctx context.Context, tx store.Tx) (map[content.Key]*Text, error)
}

// Questions says what is open on numbers; helper of inbound.
type Questions interface {
	// Open lists open and recently closed questions of contact points.
	Open(ctx context.Context, tx store.Tx, points []id.ID) (open, closed map[id.ID][]reply.OpenQuestion, err error)
}

// Holds says what waits for a person before it may be texted about.
type Holds interface {
	// Held says of visits and persons, by place, whether they came by an import that waits for release, and whether
	// the feed behind them is silent for twice its period. A visit with a zero ID stands for the person alone.
	Held(ctx context.Context, tx store.Tx, visits []schedule.Appointment, people []id.ID) (waiting, overdue []bool, err error)
}

// Outbox prepares and inserts messages. It is safe for concurrent use.
type Outbox struct {
	store     store.Store
	book      *rules.Book
	holidays  quiet.Table
	templates Templates
	questions Questions
	holds     Holds

	orgs  orgCache
	lines lineCache
	zones zoneCache
}

// Options of an Outbox. Questions and Holds may be nil: then no codes are given and nothing is held by them.
type Options struct {
	Templates Templates
	Questions Questions
	Holds     Holds
}

// New makes an outbox.
func New(s store.Store, book *rules.Book, holidays quiet.Table, o Options) *Outbox {
	return &Outbox{store: s, book: book, holidays: holidays, templates: o.Templates, questions: o.Questions, holds: o.Holds}
}

// workerRows is the least that is worth another reader.
const workerRows = 64

// Prepare decides about asks, on readers in parallel. The answer is in their order; nothing is written.
func (o *Outbox) Prepare(ctx context.Context, scope access.Scope, asks []Ask) ([]Prepared, error) {
	out := make([]Prepared, len(asks))
	err := parallel(len(asks), workers(len(asks)), func(from, to int) error {
		return o.store.Read(ctx, scope, func(tx store.Tx) error {
			return o.prepare(ctx, tx, asks[from:to], out[from:to])
		})
	})
	return out, err
}

func workers(rows int) int { return min(max(rows/workerRows, 1), max(1, runtime.GOMAXPROCS(0)-1)) }

// parallel runs do over pieces of 0..n.
func parallel(n, pieces int, do func(from, to int) error) error {
	if pieces <= 1 {
		return do(0, n)
	}
	failed := make([]error, pieces)
	var wg sync.WaitGroup
	for p := range pieces {
		wg.Add(1)
		go func() {
			defer wg.Done()
			failed[p] = do(p*n/pieces, (p+1)*n/pieces)
		}()
	}
	wg.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// prepare is one piece of Prepare, on one snapshot.
func (o *Outbox) prepare(ctx context.Context, tx store.Tx, asks []Ask, out []Prepared) error {
	drafts := make([]store.Draft, len(asks))
	items := make([]item, len(asks))
	for i := range asks {
		drafts[i] = draftOf(tx, &asks[i])
		items[i] = item{draft: &drafts[i], ask: &asks[i]}
	}
	if err := o.load(ctx, tx, items); err != nil {
		return err
	}
	packed := make([]*store.Draft, len(items))
	for i := range items {
		it := &items[i]
		d := o.decideNew(it, tx.Now())
		out[i] = Prepared{Draft: *it.draft, Decision: d, sticky: it.newNumber}
		out[i].Draft.Seen, packed[i] = tx.Snapshot(), &out[i].Draft
	}
	return tx.Messages().Pack(ctx, packed)
}

// draftOf is the message before anything was looked up.
func draftOf(tx store.Tx, a *Ask) store.Draft {
	t := a.Purpose.Traits()
	d := store.Draft{Flags: a.Flags, Message: message.Message{ID: a.ID, Org: tx.Scope().Org(), Purpose: a.Purpose, Priority: t.Priority,
		Origin: a.Origin, Person: a.Person, Point: a.Point, Channel: "sms", Location: a.Location, Appointment: a.Appointment,
		AppointmentVersion: a.AppointmentVersion, Template: string(a.Template), Locale: string(a.Locale),
		Body: a.Body, DueAt: a.DueAt, ExpiresAt: a.ExpiresAt, Route: a.Route, PlannedAt: tx.Now(), Corrects: a.Corrects, Exempt: a.Exempt}}
	if d.ID.IsZero() {
		d.ID = id.New()
	}
	if d.DueAt.Before(tx.Now()) {
		d.DueAt = tx.Now()
	}
	for n, v := range a.Vars {
		setVar(&d, string(n), v)
	}
	if len(a.Codes) > 0 {
		d.Flags |= message.Asks | message.Invites
		setVar(&d, wantedCodes, phi.T(wantedText(a.Codes)))
	}
	if !a.Old.IsZero() {
		setVar(&d, oldStart, phi.T(a.Old.UTC().Format(time.RFC3339)))
	}
	return d
}

// oldStart is the variable that keeps a visit's time before it moved.
const oldStart = "old.start"

func setVar(d *store.Draft, name string, v phi.Text) {
	if d.Vars == nil {
		d.Vars = map[string]phi.Text{}
	}
	d.Vars[name] = v
}

// Insert writes prepared messages in the caller's transaction, with the event rows that columns cannot tell. False in the answer: the natural key was used before, and nothing was written.
func (o *Outbox) Insert(ctx context.Context, tx store.Tx, prepared []Prepared) ([]bool, error) {
	drafts := make([]store.Draft, len(prepared))
	var events []message.Event
	for i := range prepared {
		d := &prepared[i].Draft
		drafts[i] = *d
		if d.State == message.Held || d.State == message.Refused {
			events = append(events, message.Event{Org: d.Org, Message: d.ID, At: tx.Now(), From: message.Planned, To: d.State, Reason: d.Reason})
		}
	}
	kept, err := tx.Messages().Insert(ctx, drafts, events)
	if err != nil {
		return nil, err
	}
	if err := prove(ctx, tx, drafts, kept); err != nil {
		return nil, err
	}
	return kept, o.follow(ctx, tx, prepared, kept)
}

// prove writes one audit event for the batch, with a digest over its decisions: the records themselves are in the
// messages' rows.
func prove(ctx context.Context, tx store.Tx, drafts []store.Draft, kept []bool) error {
	h := sha256.New()
	var first id.ID
	n := 0
	var line []byte
	for i := range drafts {
		d := &drafts[i]
		if !kept[i] {
			continue
		}
		if n++; n == 1 {
			first = d.ID
		}
		line = append(line[:0], d.ID[:]...)
		line = append(line, d.Person[:]...)
		line = append(line, d.Point[:]...)
		line = append(line, d.Decision.Consent[:]...)
		line = append(line, d.State...)
		line = append(line, d.Reason...)
		_, _ = h.Write(line) // a hash takes everything
	}
	if n == 0 {
		return nil
	}
	detail := "rows=" + strconv.Itoa(n) + " digest=" + hex.EncodeToString(h.Sum(nil))
	return tx.Audit().Record(ctx, audit.Of(tx.Scope(), tx.Now(), "message.batch", "message", first, detail))
}

// follow keeps the sender that a new number will know us by.
func (o *Outbox) follow(ctx context.Context, tx store.Tx, prepared []Prepared, kept []bool) error {
	for i := range prepared {
		p := &prepared[i]
		if !kept[i] || p.Draft.State == message.Refused || !p.sticky {
			continue
		}
		if err := tx.People().SetSticky(ctx, p.Draft.Point, p.Draft.Sender); err != nil {
			return err
		}
	}
	return nil
}

// Cancel ends waiting messages at once and says which.
func (o *Outbox) Cancel(ctx context.Context, tx store.Tx, which store.Selection, why message.Reason) ([]id.ID, error) {
	return tx.Messages().Cancel(ctx, which, why)
}
