// Package inbound takes texts from phones: it stores what the carrier delivered before acknowledging it, joins
// parts, finds out whose text it is and what it answers, and does what follows in the same transaction: an
// opt-out, an answer about a visit, a task, a place in the inbox. Automatic answers are planned as jobs of
// that transaction. It refuses to guess: what does not answer exactly one open question goes to a person.
package inbound

import (
	"cmp"
	"context"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/store"
)

// Sames is how long an equal event counts as the same one, and how long a text waits for its parts: SMPP gives
// events no id, and carriers deliver again what was not acknowledged.
const Sames = 10 * time.Minute

// Suppressor keeps opt-outs in memory for what is on its way to the wire; engine/send has it.
type Suppressor interface {
	// Add suppresses a contact point before the commit and returns how to take that back.
	Add(point id.ID) (undo func())
	// Lifting returns what takes the contact point out once a START is committed. An opt-out that came after this
	// call stays.
	Lifting(point id.ID) (lift func())
}

// Desk is what a patient's answer moves; engine/record is one.
type Desk interface {
	// PatientAnswered keeps an answer about a visit in the caller's transaction, with what follows from it for the
	// calendar and its journey, and says what the patient is told.
	PatientAnswered(ctx context.Context, tx store.Tx, a PatientAnswer) (Told, error)
}

// PatientAnswer is an answer that a text gave to a question about a visit.
type PatientAnswer struct {
	Visit   id.ID
	Version int64 // the version that the question stated
	Person  id.ID
	Intent  reply.Intent // confirm, cancel, reschedule or question
	Inbound id.ID
	Thread  id.ID // the conversation, which a task that follows is linked to
}

// Told is what a patient hears back.
type Told string

const (
	Confirmed       Told = "confirmed"
	CancelledNow    Told = "cancelled"        // our own calendar: the visit is cancelled
	CancelRequested Told = "cancel_requested" // another system's: staff will do it there
	WillCall        Told = "will_call"        // wants another time, staff get in touch
	QuestionKept    Told = "question"         // a person will answer
	TooLate         Told = "too_late"         // the visit changed or is over: the answer does nothing
)

// Service takes texts in. It is safe for concurrent use.
type Service struct {
	store    store.Store
	book     *rules.Book
	words    *reply.Words
	suppress Suppressor
	desk     Desk
	machine  clock.Clock
	log      *slog.Logger

	// lanes make deliveries of one sender take turns: the node that owns a route's bind gets all of them, and a
	// snapshot does not show a part whose transaction has not ended.
	lanes [64]sync.Mutex
	seed  maphash.Seed
}

// New makes the service.
func New(s store.Store, book *rules.Book, words *reply.Words, suppress Suppressor, desk Desk, machine clock.Clock, log *slog.Logger) *Service {
	return &Service{store: s, book: book, words: words, suppress: suppress, desk: desk, machine: machine, log: log, seed: maphash.MakeSeed()}
}

// Inbound takes one delivery of a route's connector and acknowledges it when it is durable. A text that cannot
// be stored is left with the carrier, which delivers it again.
func (s *Service) Inbound(org, route id.ID, in carrier.Inbound) {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	err := s.Take(ctx, org, route, in)
	if err != nil {
		s.log.Error("a text from a phone was not stored; the carrier keeps it", "route", route, "error", errs.Safe(err))
	}
	in.Ack(err)
}

// Take stores a delivery and, when its text is whole, does what follows, all in one transaction. What cannot be
// done for a reason that will not pass (a visit that is gone, a broken rule) must not keep the text out: it is
// stored for a person to read, and an opt-out in it counts all the same.
func (s *Service) Take(ctx context.Context, org, route id.ID, in carrier.Inbound) error {
	scope := access.ForCarrier(org, "smpp")
	d := s.delivery(route, in)
	lane := &s.lanes[maphash.String(s.seed, in.From.Reveal())%uint64(len(s.lanes))]
	lane.Lock()
	defer lane.Unlock()
	take := func(plain bool) error {
		return s.store.InTx(ctx, scope, func(tx store.Tx) error {
			t := &taking{Service: s, tx: tx, scope: scope, plain: plain}
			return t.take(ctx, d)
		}, store.Urgent)
	}
	err := take(false)
	if err == nil || passes(err) {
		return err
	}
	s.log.Error("what a text asks for could not be done; a person gets it", "route", route, "error", errs.Safe(err))
	return take(true)
}

// passes reports whether trying again may help: then the carrier keeps the text meanwhile.
func passes(err error) bool { return errs.Is(err, errs.Unavailable) || errs.Is(err, errs.Conflict) }

// Sweep joins what will not get whole any more: parts that waited for ten minutes are shown with what is
// missing, and closes questions whose time is over. It says how many texts that made. What fails does not keep the
// rest waiting; the first error is returned at the end.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	var loose []store.InboundPart
	err := s.store.Read(ctx, access.System("inbound"), func(tx store.Tx) (err error) {
		loose, err = tx.Conversations().LooseParts(ctx, s.machine.Now().Add(-Sames), 200)
		return err
	})
	made := 0
	for _, p := range loose {
		done, failed := s.giveUp(ctx, p, false)
		if failed != nil && !passes(failed) {
			done, failed = s.giveUp(ctx, p, true)
		}
		if done {
			made++
		}
		err = cmp.Or(err, failed)
	}
	return made, cmp.Or(err, s.expire(ctx))
}

// giveUp shows what there is of a text; false when another sweep was first.
func (s *Service) giveUp(ctx context.Context, p store.InboundPart, plain bool) (done bool, err error) {
	scope := access.System("inbound").Within(p.Org)
	err = s.store.InTx(ctx, scope, func(tx store.Tx) (err error) {
		t := &taking{Service: s, tx: tx, scope: scope, plain: plain}
		done, err = t.give(ctx, p)
		return err
	})
	return done && err == nil, err
}

// expire closes questions whose time is over.
func (s *Service) expire(ctx context.Context) error {
	for {
		n := 0
		err := s.store.InTx(ctx, access.System("inbound"), func(tx store.Tx) (err error) {
			n, err = tx.Conversations().ExpireQuestions(ctx, tx.Now(), 200)
			return err
		})
		if err != nil || n < 200 {
			return err
		}
	}
}
