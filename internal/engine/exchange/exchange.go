// Package exchange is what a program's requests need beside a use-case: one effect for one idempotency key however
// often and however many at once the request comes, and pages that go on where the last one ended. It refuses to
// know what a request does, and to let a place in a list or a kept answer be read by another organization.
package exchange

import (
	"context"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
)

// Life is how long an answer is kept under its key.
const Life = 24 * time.Hour

// MaxKey is the longest idempotency key in bytes.
const MaxKey = 255

// hold is how long a request that works in steps keeps its key before it counts as cut short.
const hold = 2 * time.Minute

// longest is how long work that is one transaction may hold the database.
const longest = 30 * time.Second

// How long somebody waits for an equal request that another node works on, and how often they look.
const (
	patience = 10 * time.Second
	lookEach = 100 * time.Millisecond
)

// Service keeps answers and places. It is safe for concurrent use.
type Service struct {
	store   store.Store
	machine clock.Clock
	// renewEach is how often a request that works in steps says that it is still worked on.
	renewEach time.Duration

	mu    sync.Mutex
	going map[place]chan struct{} // requests that this process works on
}

// place is whose key: keys of different callers never meet.
type place struct {
	org, caller id.ID
	key         phi.Text
}

// New makes the service. machine is the machine's clock: answers are gone a real day later.
func New(s store.Store, machine clock.Clock) *Service {
	return &Service{store: s, machine: machine, renewEach: hold / 4, going: map[place]chan struct{}{}}
}

// Ask is one request under a key.
type Ask struct {
	Key phi.Text
	// Request is a digest of all that matters in it.
	Request []byte
	// Repeats: the work commits in steps, outside of any enclosing transaction, and doing it again after a crash ends
	// in the same state. Zero is the usual: the work and its answer are one transaction.
	Repeats bool
	// Urgent goes before what waits to write, as the use-case by itself would.
	Urgent bool
}

// Answer is what a request was answered. One that is not Final is not kept, and nothing of its request is unless the
// request Repeats: the same may be tried again.
type Answer struct {
	Status   int
	Response []byte
	Final    bool
}

// Work is what a request does. attempt names the request in rows that it writes: the same for every attempt of it, so
// that one that commits in steps finds what an earlier attempt did. It is zero where work and answer are one
// transaction.
type Work func(ctx context.Context, attempt id.ID) Answer

// Once does work unless the caller's key was used before; then the earlier answer comes back with again true. What
// work writes and its answer commit together, so that a node that dies leaves either both or neither. Equal requests
// at the same time wait for the one that works. The same key for another request is errs.Invalid. A request that
// Repeats and was left unfinished is done again when its reservation is over; until then it is errs.Conflict.
//
// work may run several times when the database asks for it, and must not wait for writes of other goroutines.
func (s *Service) Once(ctx context.Context, scope access.Scope, a Ask, work Work) (out Answer, again bool, err error) {
	if n := len(a.Key.Reveal()); n == 0 || n > MaxKey {
		return out, false, errs.Newf(errs.Invalid, "an idempotency key has 1 to %d characters", MaxKey).At("header.Idempotency-Key")
	}
	p := place{scope.Org(), scope.Actor().ID(), a.Key}
	for {
		other := s.enter(p)
		if other == nil {
			break
		}
		select {
		case <-other:
		case <-ctx.Done():
			return out, false, errs.Wrap(errs.Unavailable, "the caller left before the answer", ctx.Err())
		}
	}
	defer s.leave(p)
	if a.Repeats {
		return s.inSteps(ctx, scope, a, work)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), longest)
	defer stop()
	return s.whole(ctx, scope, a, work)
}

// enter takes a place, or says whose end to wait for.
func (s *Service) enter(p place) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, busy := s.going[p]; busy {
		return other
	}
	s.going[p] = make(chan struct{})
	return nil
}

func (s *Service) leave(p place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.going[p])
	delete(s.going, p)
}

func (s *Service) replay(scope access.Scope, a Ask, life time.Duration) store.Replay {
	now := s.machine.Now()
	return store.Replay{Caller: scope.Actor().ID(), Key: a.Key, Request: a.Request, At: now, Until: now.Add(life)}
}

// told is the answer to a request whose key is taken.
func told(have store.Reserved) (Answer, bool, error) {
	switch {
	case !have.Same:
		return Answer{}, false, errs.New(errs.Invalid, "this key was used for another request: use a new one").At("header.Idempotency-Key")
	case have.Status == 0:
		return Answer{}, false, errs.New(errs.Conflict, "an equal request is under way or was cut short: send it again under the same key in two minutes")
	}
	return Answer{Status: have.Status, Response: have.Response, Final: true}, true, nil
}

// errNotKept rolls back work without a final answer.
var errNotKept = errors.New("the answer is not final")

// whole does the work in the transaction that keeps its answer.
func (s *Service) whole(ctx context.Context, scope access.Scope, a Ask, work Work) (out Answer, again bool, err error) {
	r := s.replay(scope, a, Life)
	opts := []store.TxOption{store.Encloses}
	if a.Urgent {
		opts = append(opts, store.Urgent)
	}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		have, err := tx.Web().Reserve(ctx, r)
		if err != nil {
			return err
		}
		if !have.Fresh {
			out, again, err = told(have)
			return err
		}
		out, again = work(ctx, id.ID{}), false
		if !out.Final {
			return errNotKept
		}
		return tx.Web().AnswerReplay(ctx, r, out.Status, out.Response)
	}, opts...)
	if errors.Is(err, errNotKept) {
		err = nil
	}
	return out, again, err
}

// inSteps reserves the key, does the work and keeps its answer.
func (s *Service) inSteps(ctx context.Context, scope access.Scope, a Ask, work Work) (out Answer, again bool, err error) {
	r := s.replay(scope, a, hold)
	have, err := s.reserve(ctx, scope, r)
	switch {
	case err != nil:
		return out, false, err
	case have.Fresh:
		out, err = s.work(ctx, scope, r, func(ctx context.Context) Answer { return work(ctx, have.Mark) })
		return out, false, err
	}
	return told(have)
}

// reserve waits while another node works on the same.
func (s *Service) reserve(ctx context.Context, scope access.Scope, r store.Replay) (have store.Reserved, err error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	look := time.NewTicker(lookEach)
	defer look.Stop()
	for {
		err = s.store.InTx(context.WithoutCancel(ctx), scope, func(tx store.Tx) (err error) {
			have, err = tx.Web().Reserve(ctx, r)
			return err
		})
		if err != nil || have.Fresh || !have.Same || have.Status != 0 || s.machine.Now().Sub(have.At) > patience {
			return have, err
		}
		select {
		case <-ctx.Done():
			return have, nil
		case <-look.C:
		}
	}
}

// work does the request and keeps its answer, also when the caller has left meanwhile.
func (s *Service) work(ctx context.Context, scope access.Scope, r store.Replay, work func(context.Context) Answer) (out Answer, err error) {
	ctx = context.WithoutCancel(ctx)
	defer func() {
		if out.Final {
			return
		}
		forgot := s.store.InTx(ctx, scope, func(tx store.Tx) error { return tx.Web().ForgetReplay(ctx, r) })
		if err == nil {
			err = forgot
		}
	}()
	defer s.renew(ctx, scope, r)()
	out = work(ctx)
	if !out.Final {
		return out, nil
	}
	r.Until = r.At.Add(Life)
	return out, s.store.InTx(ctx, scope, func(tx store.Tx) error {
		return tx.Web().AnswerReplay(ctx, r, out.Status, out.Response)
	})
}

// renew puts off the end of a reservation while its request is worked on; the answer ends that.
func (s *Service) renew(ctx context.Context, scope access.Scope, r store.Replay) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		each := time.NewTicker(s.renewEach)
		defer each.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-each.C:
			}
			r.Until = s.machine.Now().Add(hold)
			// A renewal that fails is tried again; the reservation lasts for several.
			_ = s.store.InTx(ctx, scope, func(tx store.Tx) error { return tx.Web().RenewReplay(ctx, r) })
		}
	}()
	return func() { cancel(); <-ended }
}

// Cursor seals a place in a list; the zero id is the end and gives no cursor. list names the list with all that
// narrows it, so that a cursor fits no other question.
func (s *Service) Cursor(ctx context.Context, scope access.Scope, list string, after id.ID) (cursor string, err error) {
	if after.IsZero() {
		return "", nil
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		sealed, err := tx.Web().SealCursor(ctx, list, after[:])
		cursor = base64.RawURLEncoding.EncodeToString(sealed)
		return err
	})
	return cursor, err
}

// After opens a cursor; no cursor is the beginning.
func (s *Service) After(ctx context.Context, scope access.Scope, list, cursor string) (after id.ID, err error) {
	if cursor == "" {
		return after, nil
	}
	wrong := errs.New(errs.Invalid, "this cursor does not belong to this list: begin again without one").At("query.cursor")
	sealed, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(sealed) > 200 {
		return after, wrong
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		place, err := tx.Web().OpenCursor(ctx, list, sealed)
		if errs.Is(err, errs.Invalid) {
			return wrong
		}
		if err != nil {
			return err
		}
		after, err = id.FromBytes(place)
		return err
	})
	return after, err
}
