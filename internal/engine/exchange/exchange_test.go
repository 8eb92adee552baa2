package exchange

import (
	"context"
	"sync"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// bell is a clock that is set by hand and tells of every time it is asked.
type bell struct {
	mu    sync.Mutex
	now   time.Time
	asked chan struct{}
}

func (c *bell) Now() time.Time {
	select {
	case c.asked <- struct{}{}:
	default:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *bell) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A request that works in steps for longer than its reservation keeps the key while it works: nobody else begins the
// same, tidying leaves it alone, and its answer is kept.
func TestALongRequestKeepsItsKey(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		s := open(t, clock.Real{})
		scope := access.ForKey(storetest.NewOrg(t, s).Org(), id.New(), access.Admin)
		c := &bell{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), asked: make(chan struct{})}
		x := New(s, c)
		x.renewEach = time.Millisecond
		ask := Ask{Key: phi.T("long"), Request: []byte("digest"), Repeats: true}
		done, again, err := x.Once(t.Context(), scope, ask, func(ctx context.Context, _ id.ID) Answer {
			for range 3 { // three times the life of a reservation, never renewed late
				c.advance(hold - time.Second)
				<-c.asked // a renewal begins with the new time;
				<-c.asked // it is over when the next begins
				drop(t, s, c.now)
			}
			return Answer{Status: 201, Final: true}
		})
		if err != nil || again || done.Status != 201 {
			t.Fatalf("%+v, again %t, %v", done, again, err)
		}
		done, again, err = x.Once(t.Context(), scope, ask, func(context.Context, id.ID) Answer {
			t.Error("it was done again")
			return Answer{}
		})
		if err != nil || !again || done.Status != 201 {
			t.Errorf("%+v, again %t, %v", done, again, err)
		}
	})
}

func drop(t *testing.T, s store.Store, now time.Time) {
	t.Helper()
	err := s.InTx(t.Context(), access.System("test"), func(tx store.Tx) error {
		_, err := tx.Web().DropReplays(t.Context(), now)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
