package route_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/store"
)

func TestChoosingAWayOut(t *testing.T) {
	t.Parallel()
	north, south := id.New(), id.New()
	main := store.Route{ID: id.New(), Channel: patient.SMS, State: store.RouteOpen, Rank: 1}
	spare := store.Route{ID: id.New(), Channel: patient.SMS, State: store.RouteOpen, Rank: 2}
	stopped := store.Route{ID: id.New(), Channel: patient.SMS, State: store.RouteStopped, Rank: 0}
	sender := func(r store.Route, address string, twoWay bool, location id.ID, p ...purpose.Purpose) store.Sender {
		return store.Sender{ID: id.New(), Route: r.ID, Address: address, TwoWay: twoWay, Location: location, Purposes: p}
	}
	number, name := sender(main, "4870", true, id.ID{}), sender(main, "CLINIC", false, id.ID{})
	northNumber := sender(main, "4871", true, north)
	recalls := sender(spare, "4872", true, id.ID{}, purpose.Recall)
	gone := sender(stopped, "4873", true, id.ID{})
	book := route.NewBook([]store.Route{spare, main, stopped}, []store.Sender{gone, name, number, northNumber, recalls})

	want := func(w route.Want) route.Want {
		w.Channel = patient.SMS
		if w.Purpose == "" {
			w.Purpose = purpose.Appointment
		}
		return w
	}
	cases := map[string]struct {
		want     route.Want
		address  string
		noRoute  bool
		noSender bool
	}{
		"a text that invites an answer goes by a number":       {want: want(route.Want{Invites: true}), address: "4870"},
		"a text that asks nothing may go by a name":            {want: want(route.Want{}), address: "CLINIC"},
		"a site's own number comes first":                      {want: want(route.Want{Location: north, Invites: true}), address: "4871"},
		"another site's number serves nobody else":             {want: want(route.Want{Location: south, Invites: true}), address: "4870"},
		"a person keeps the sender that they know":             {want: want(route.Want{Location: north, Sticky: number.ID, Invites: true}), address: "4870"},
		"a known name cannot take an answer":                   {want: want(route.Want{Sticky: name.ID, Invites: true}), address: "4870"},
		"a known sender on a stopped route is left":            {want: want(route.Want{Sticky: gone.ID, Invites: true}), address: "4870"},
		"a route whose line is down is avoided":                {want: want(route.Want{Purpose: purpose.Recall, Invites: true, Avoid: func(r id.ID) bool { return r == main.ID }}), address: "4872"},
		"a sender for recalls serves no appointment":           {want: want(route.Want{Invites: true, Avoid: func(r id.ID) bool { return r == main.ID }}), noSender: true},
		"no route of the channel":                              {want: route.Want{Channel: patient.Voice, Purpose: purpose.Recall}, noRoute: true},
		"a sender for one purpose comes before one for all":    {want: want(route.Want{Purpose: purpose.Recall, Invites: true}), address: "4872"},
		"a test of a route takes whatever sender it has":       {want: want(route.Want{Only: spare.ID}), address: "4872"},
		"a test of a stopped route goes by no other":           {want: want(route.Want{Only: stopped.ID}), noRoute: true},
		"everything is down: there is no route, not no sender": {want: want(route.Want{Avoid: func(id.ID) bool { return true }}), noRoute: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := book.Choose(c.want)
			if got.NoRoute != c.noRoute || got.NoSender != c.noSender {
				t.Fatalf("no route %v, no sender %v", got.NoRoute, got.NoSender)
			}
			if c.address != "" && (got.Sender == nil || got.Sender.Address != c.address || got.Route.ID != got.Sender.Route) {
				t.Errorf("chose %+v", got.Sender)
			}
		})
	}
	if book.SenderAt(main.ID, "CLINIC").ID != name.ID || book.SenderAt(spare.ID, "CLINIC") != nil {
		t.Error("an address belongs to its route")
	}
}

func TestABucketCountsSegments(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	b := route.NewBucket(30, now)
	if got := b.Allow(now, 100); got != 30 {
		t.Fatalf("a full second allows %d", got)
	}
	b.Take(now, 30)
	if got := b.Allow(now, 1); got != 0 {
		t.Errorf("an empty bucket allows %d", got)
	}
	if got := b.Wait(now); got < 30*time.Millisecond || got > 40*time.Millisecond {
		t.Errorf("the next segment in %v", got)
	}
	if got := b.Allow(now.Add(100*time.Millisecond), 100); got != 3 {
		t.Errorf("a tenth of a second allows %d", got)
	}
	if got := b.Allow(now.Add(time.Hour), 100); got != 30 {
		t.Errorf("an hour saves up %d", got)
	}
}

func TestAThrottledRouteSlowsDownAndComesBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	b := route.NewBucket(100, now)
	b.Throttled(now, 2*time.Second)
	if got := b.Allow(now.Add(time.Second), 10); got != 0 {
		t.Errorf("%d were allowed while the carrier wants peace", got)
	}
	if got := b.SecondsWorth(); got != 50 {
		t.Errorf("the rate is %d after one refusal, want half", got)
	}
	if got := b.Wait(now); got != 2*time.Second {
		t.Errorf("waits %v", got)
	}
	later := now.Add(10 * time.Second)
	if got := b.Allow(later, 1000); got < 90 || b.SecondsWorth() != 100 {
		t.Errorf("ten seconds later %d are allowed, %d a second", got, b.SecondsWorth())
	}
}

func TestNoRateIsNoLimitButPeaceIsKept(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	b := route.NewBucket(0, now)
	b.Take(now, 5000)
	if got := b.Allow(now, 5000); got != 5000 || b.SecondsWorth() != 0 {
		t.Errorf("allows %d", got)
	}
	b.Throttled(now, time.Second)
	if b.Allow(now, 1) != 0 || b.Allow(now.Add(time.Second), 1) != 1 {
		t.Error("a throttled route without a rate must pause as long as it is told")
	}
}
