// Package route chooses the way out: which route and which sender a text uses, so that a person keeps knowing
// us by the same number and a text that invites an answer can be answered; and it paces each route by a token
// bucket counted in segments. It refuses to send, and to choose a route that a person has stopped.
package route

import (
	"bytes"
	"context"
	"slices"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// Book is the routes and senders of one organization, as read in one transaction. It is immutable.
type Book struct {
	routes  []store.Route
	senders []store.Sender
	byRoute map[id.ID]*store.Route
	bySend  map[id.ID]*store.Sender
}

// NewBook puts routes and senders in order of preference: rank, then age.
func NewBook(routes []store.Route, senders []store.Sender) *Book {
	b := &Book{routes: slices.Clone(routes), senders: slices.Clone(senders),
		byRoute: map[id.ID]*store.Route{}, bySend: map[id.ID]*store.Sender{}}
	slices.SortStableFunc(b.routes, func(x, y store.Route) int {
		if x.Rank != y.Rank {
			return x.Rank - y.Rank
		}
		return bytes.Compare(x.ID[:], y.ID[:])
	})
	slices.SortStableFunc(b.senders, func(x, y store.Sender) int { return bytes.Compare(x.ID[:], y.ID[:]) })
	for i := range b.routes {
		b.byRoute[b.routes[i].ID] = &b.routes[i]
	}
	for i := range b.senders {
		b.bySend[b.senders[i].ID] = &b.senders[i]
	}
	return b
}

// Read makes the book of the transaction's organization.
func Read(ctx context.Context, tx store.Tx) (*Book, error) {
	routes, err := tx.Routes().List(ctx)
	if err != nil {
		return nil, err
	}
	senders, err := tx.Routes().Senders(ctx)
	if err != nil {
		return nil, err
	}
	return NewBook(routes, senders), nil
}

// Load is Read in a transaction of its own.
func Load(ctx context.Context, s store.Store, scope access.Scope) (*Book, error) {
	var b *Book
	err := s.Read(ctx, scope, func(tx store.Tx) error {
		var err error
		b, err = Read(ctx, tx)
		return err
	})
	return b, err
}

// Route is a route by id, nil when there is none.
func (b *Book) Route(r id.ID) *store.Route { return b.byRoute[r] }

// Sender is a sender by id, nil when there is none.
func (b *Book) Sender(s id.ID) *store.Sender { return b.bySend[s] }

// Several reports whether there is more than one sender that a number could know us by.
func (b *Book) Several() bool {
	n := 0
	for i := range b.senders {
		if !b.senders[i].Disabled {
			n++
		}
	}
	return n > 1
}

// SenderAt finds the sender with an address on a route; nil when there is none.
func (b *Book) SenderAt(route id.ID, address string) *store.Sender {
	for i := range b.senders {
		if s := &b.senders[i]; s.Route == route && s.Address == address {
			return s
		}
	}
	return nil
}

// Want is what a text needs of its way out.
type Want struct {
	Channel  patient.Channel
	Purpose  purpose.Purpose
	Location id.ID
	Sticky   id.ID // the sender this number knows us by; zero before the first text
	Invites  bool  // asks for a reply: needs a two-way sender
	// Back is the number that somebody wrote to: the answer comes from it, whatever it serves otherwise.
	Back id.ID
	// Only is the one route that a test text may take, by whichever of its senders.
	Only id.ID
	// Avoid are routes whose line is down, or that this text should leave for another.
	Avoid func(route id.ID) bool
}

// Choice is a route with a sender on it. NoRoute and NoSender say what was missing.
type Choice struct {
	Route    *store.Route
	Sender   *store.Sender
	NoRoute  bool // no route of the channel may take anything
	NoSender bool // none of the senders may write for this location and purpose
}

// Choose picks the sender that the number knows while it may still serve, else the first that serves: two-way
// before one-way when the text invites an answer, the location's own before one for all locations. When only
// one-way senders serve, one of them is returned, and the gate refuses a text that invites.
func (b *Book) Choose(w Want) Choice {
	if s := b.bySend[w.Back]; s != nil && !s.Disabled && s.TwoWay {
		if r := b.open(s.Route, w); r != nil {
			return Choice{Route: r, Sender: s}
		}
	}
	if s := b.bySend[w.Sticky]; s != nil && s.Serves(w.Location, w.Purpose) && (s.TwoWay || !w.Invites) {
		if r := b.open(s.Route, w); r != nil {
			return Choice{Route: r, Sender: s}
		}
	}
	best := Choice{NoRoute: true}
	score := -1
	for i := range b.routes {
		r := b.open(b.routes[i].ID, w)
		if r == nil {
			continue
		}
		best.NoRoute = false
		for j := range b.senders {
			s := &b.senders[j]
			if s.Route != r.ID || !serves(s, w) {
				continue
			}
			if got := fitness(s, w); got > score {
				score, best.Route, best.Sender = got, r, s
			}
		}
	}
	best.NoSender = !best.NoRoute && best.Sender == nil
	return best
}

// open is a route that may take something new, nil when it may not. Routes on trial may: the gate holds whoever
// is not a guest.
func (b *Book) open(route id.ID, w Want) *store.Route {
	r := b.byRoute[route]
	if r == nil || r.Channel != w.Channel || r.State == store.RouteStopped || r.State == store.RouteDraining {
		return nil
	}
	if (w.Avoid != nil && w.Avoid(r.ID)) || (!w.Only.IsZero() && w.Only != r.ID) {
		return nil
	}
	return r
}

// serves reports whether a sender may write the text; a test of a route takes any that is not switched off.
func serves(s *store.Sender, w Want) bool {
	if !w.Only.IsZero() {
		return !s.Disabled
	}
	return s.Serves(w.Location, w.Purpose)
}

// fitness orders senders on routes of equal rank order: routes come in rank order and a later one must be
// strictly better to win.
func fitness(s *store.Sender, w Want) int {
	n := 0
	if s.TwoWay == w.Invites {
		n++
	}
	if s.TwoWay && w.Invites {
		n += 4
	}
	if !s.Location.IsZero() {
		n += 2
	}
	if len(s.Purposes) > 0 {
		n++
	}
	return n
}
