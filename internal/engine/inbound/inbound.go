// Package inbound takes texts from phones: it stores what the carrier delivered before acknowledging it, joins
// parts, finds out whose text it is and what it answers, and does what follows in the same transaction: an
// opt-out, an answer about a visit, a task, a place in the inbox. Automatic answers are planned as jobs of
// that transaction. It refuses to guess: what does not answer exactly one open question goes to a person.
package inbound

import (
	"context"
	"log/slog"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/store"
)

// Sames is how long an equal event counts as the same one, and how long a text waits for its parts: SMPP gives
// events no id, and carriers deliver again what was not acknowledged.
const Sames = 10 * time.Minute

// Suppressor keeps opt-outs in memory for what is on its way to the wire; engine/send has it.
type Suppressor interface {
	// Add suppresses a contact point before the commit and returns how to take that back.
	Add(point id.ID) (undo func())
	Lift(point id.ID)
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
}

// New makes the service.
func New(s store.Store, book *rules.Book, words *reply.Words, suppress Suppressor, desk Desk, machine clock.Clock, log *slog.Logger) *Service {
	return &Service{store: s, book: book, words: words, suppress: suppress, desk: desk, machine: machine, log: log}
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

// Take stores a delivery and, when its text is whole, does what follows, all in one transaction.
func (s *Service) Take(ctx context.Context, org, route id.ID, in carrier.Inbound) error {
	scope := access.ForCarrier(org, "smpp")
	part, err := s.part(route, in)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		t := &taking{Service: s, tx: tx, scope: scope}
		return t.take(ctx, part)
	}, store.Urgent)
}

// part reads one delivery. A text in a coding that cannot be read is kept as it came, for a person to see.
func (s *Service) part(route id.ID, in carrier.Inbound) (store.InboundPart, error) {
	p := store.InboundPart{Route: route, To: in.To.Reveal(), ReceivedAt: in.ReceivedAt, Raw: phi.T(string(in.UDH) + "\x00" + string(in.Payload))}
	if p.ReceivedAt.IsZero() {
		p.ReceivedAt = s.machine.Now()
	}
	if n, err := phone.Parse(phi.T(plus(in.From.Reveal())), ""); err == nil {
		p.From = n
	}
	octets := append(append([]byte{}, in.UDH...), in.Payload...)
	body, err := sms.Decode(in.DataCoding, len(in.UDH) > 0, octets, in.Alphabet)
	if err != nil {
		body = phi.T(unreadable)
	}
	p.Body = body
	if !in.Concat.IsZero() && in.Concat.Total > 1 {
		p.Ref, p.Number, p.Total = int(in.Concat.Ref), int(in.Concat.Number), int(in.Concat.Total)
	}
	return p, nil
}

// unreadable stands for a text in a coding that no phone writes; staff see that something came.
const unreadable = "…"

// plus brings the international form that carriers write (TON 1) to E.164.
func plus(from string) string {
	if from == "" || from[0] == '+' {
		return from
	}
	return "+" + from
}

// Sweep joins what will not get whole any more: parts that waited for ten minutes are shown with what is
// missing. It says how many texts that made.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	var loose []store.InboundPart
	err := s.store.Read(ctx, access.System("inbound"), func(tx store.Tx) (err error) {
		loose, err = tx.Conversations().LooseParts(ctx, s.machine.Now().Add(-Sames), 200)
		return err
	})
	if err != nil {
		return 0, err
	}
	made := 0
	for _, p := range loose {
		scope := access.System("inbound").Within(p.Org)
		err := s.store.InTx(ctx, scope, func(tx store.Tx) error {
			t := &taking{Service: s, tx: tx, scope: scope}
			done, err := t.give(ctx, p)
			if done {
				made++
			}
			return err
		})
		if err != nil {
			return made, err
		}
	}
	return made, s.expire(ctx)
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
