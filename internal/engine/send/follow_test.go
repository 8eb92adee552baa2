package send

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
)

// shelf is a store with routes that another process wrote: nothing ever tells of them, and nobody gets a lease.
type shelf struct {
	store.Store
	mu     sync.Mutex
	routes []store.Route
}

func (s *shelf) put(r ...store.Route) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes = r
}

func (*shelf) Subscribe(...store.Topic) store.Subscription { return unheard{} }

func (*shelf) InTx(context.Context, access.Scope, func(store.Tx) error, ...store.TxOption) error {
	return errs.New(errs.Unavailable, "no leases here")
}

func (s *shelf) Read(_ context.Context, scope access.Scope, do func(store.Tx) error) error {
	if !scope.IsSystem() {
		return errs.New(errs.Unavailable, "only routes here")
	}
	return do(onlyRoutes{shelf: s})
}

type onlyRoutes struct {
	store.Tx
	shelf *shelf
}

func (t onlyRoutes) Routes() store.Routes { return listed{shelf: t.shelf} }

type listed struct {
	store.Routes
	shelf *shelf
}

func (l listed) List(context.Context) ([]store.Route, error) {
	l.shelf.mu.Lock()
	defer l.shelf.mu.Unlock()
	return append([]store.Route(nil), l.shelf.routes...), nil
}

// unheard is a subscription that no change ever comes by.
type unheard struct{}

func (unheard) Next(ctx context.Context) ([]store.Change, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
func (unheard) Live() bool { return true }
func (unheard) Close()     {}

// A SQLite node hears nothing of what a command in another process wrote: it must look.
func TestRoutesThatACommandWroteAreSeenWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		node := &Node{Store: s, Domain: clock.Real{}, Machine: clock.Real{}, Log: slog.New(slog.DiscardHandler)}
		d := node.Dispatcher()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		synctest.Wait()

		first := store.Route{ID: id.New(), Org: id.New(), Kind: store.RouteSMPP, Rate: 10}
		s.put(first)
		time.Sleep(followEvery) // the bubble's clock
		synctest.Wait()
		if _, ok := d.Lines()[first.ID]; !ok || len(d.Lines()) != 1 {
			t.Fatalf("serves %d routes two seconds after one was added", len(d.Lines()))
		}

		was := d.all()[0].Loop
		first.Rate = 20
		s.put(first)
		time.Sleep(followEvery)
		synctest.Wait()
		if now := d.all(); len(now) != 1 || now[0].Loop == was || now[0].route.Rate != 20 {
			t.Error("a changed route is served as it was")
		}

		s.put()
		time.Sleep(followEvery)
		synctest.Wait()
		if len(d.Lines()) != 0 {
			t.Error("a route that went is still served")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
