package send

import (
	"context"
	"maps"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/store"
)

// Dispatcher runs one loop a route and the sweeps, and follows changes of routes. Make it with Node.Dispatcher.
type Dispatcher struct {
	node *Node

	mu    sync.Mutex
	loops map[id.ID]*running

	states map[id.ID]store.RouteState // as routes were read last; only the following goroutine uses it
}

type running struct {
	*Loop
	stop   context.CancelFunc
	done   chan struct{}
	behind *store.Draft // how far rerouting looked through what is due; only the sweep uses it
}

// Dispatcher makes the node's dispatcher.
func (n *Node) Dispatcher() *Dispatcher { return &Dispatcher{node: n, loops: map[id.ID]*running{}} }

// Run serves every route until ctx ends, then waits for the loops.
func (d *Dispatcher) Run(ctx context.Context) error {
	sub := d.node.Store.Subscribe(store.TopicDue, store.TopicRoutes, store.TopicOrgs, store.TopicImports)
	defer sub.Close()
	defer d.stopAll()
	if _, err := d.follow(ctx); err != nil {
		return err
	}
	look := make(chan bool, 1)
	swept := make(chan struct{})
	go func() { defer close(swept); d.sweep(ctx, look) }()
	defer func() { <-swept }()
	again := time.NewTicker(followEvery)
	defer again.Stop()
	for {
		within, stop := context.WithTimeout(ctx, followEvery)
		changes, err := sub.Next(within)
		late := within.Err() != nil
		stop()
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			d.heard(ctx, changes, look)
		case !late:
			return err
		}
		select {
		case <-again.C:
			d.followed(ctx, look)
		default:
		}
	}
}

// followEvery is how often routes are read whatever was heard: on SQLite nothing tells of what a command in another
// process wrote.
const followEvery = 2 * time.Second

func (d *Dispatcher) followed(ctx context.Context, look chan<- bool) {
	turned, err := d.follow(ctx)
	if err != nil && ctx.Err() == nil {
		d.node.Log.Error("routes could not be read", "error", errs.Safe(err))
	}
	if turned {
		ask(look)
	}
}

func ask(look chan<- bool) {
	select {
	case look <- true:
	default:
	}
}

// heard acts on changes: routes are followed, held messages looked at again, loops woken.
func (d *Dispatcher) heard(ctx context.Context, changes []store.Change, look chan<- bool) {
	wake, routes, held := false, false, false
	for _, c := range changes {
		wake = true
		routes = routes || c.Topic == store.TopicRoutes || c.Topic == ""
		held = held || c.Topic != store.TopicDue
	}
	if routes {
		d.followed(ctx, look)
	}
	if held {
		ask(look)
	}
	if wake {
		d.Wake()
	}
}

// Wake tells every loop that something may be due.
func (d *Dispatcher) Wake() {
	for _, l := range d.all() {
		l.Wake()
	}
}

func (d *Dispatcher) all() []*running {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*running, 0, len(d.loops))
	for _, l := range d.loops {
		out = append(out, l)
	}
	return out
}

// Lines says how every route's line is on this node.
func (d *Dispatcher) Lines() map[id.ID]carrier.Health {
	out := map[id.ID]carrier.Health{}
	for _, l := range d.all() {
		out[l.route.ID], _ = l.Health()
	}
	return out
}

// follow starts loops of new routes, restarts those whose configuration changed and ends those that went. A
// stopped route keeps its line, for receipts and answers. turned reports whether a route was opened, stopped or drained since
// the last time, by whomever.
func (d *Dispatcher) follow(ctx context.Context) (turned bool, err error) {
	var routes []store.Route
	err = d.node.Store.Read(ctx, access.System("send"), func(tx store.Tx) (err error) {
		routes, err = tx.Routes().List(ctx)
		return err
	})
	if err != nil {
		return false, err
	}
	want, states := map[id.ID]store.Route{}, map[id.ID]store.RouteState{}
	for _, r := range routes {
		want[r.ID], states[r.ID] = r, r.State
	}
	turned = !maps.Equal(states, d.states)
	d.states = states
	for _, l := range d.all() {
		if r, ok := want[l.route.ID]; ok && sameLine(r, l.route) {
			delete(want, r.ID)
			continue
		}
		d.end(l)
	}
	for _, r := range want {
		d.begin(ctx, r)
	}
	return turned, nil
}

// sameLine reports whether a changed route can keep its connection.
func sameLine(a, b store.Route) bool {
	return a.Config == b.Config && a.Kind == b.Kind && a.Rate == b.Rate && a.Simulator == b.Simulator
}

func (d *Dispatcher) begin(ctx context.Context, r store.Route) {
	ctx, cancel := context.WithCancel(ctx)
	l := &running{Loop: d.node.NewLoop(r), stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		_ = l.Run(ctx) // ends with ctx only
	}()
	d.mu.Lock()
	d.loops[r.ID] = l
	d.mu.Unlock()
}

func (d *Dispatcher) end(l *running) {
	l.stop()
	<-l.done
	d.mu.Lock()
	delete(d.loops, l.route.ID)
	d.mu.Unlock()
}

func (d *Dispatcher) stopAll() {
	loops := d.all()
	for _, l := range loops {
		l.stop()
	}
	for _, l := range loops {
		d.end(l)
	}
}

// downFor is how long a line is down before its due messages look for another way.
const downFor = 30 * time.Second

// down lists the routes of an organization whose line is down on this node.
func (d *Dispatcher) down() map[id.ID]bool {
	out := map[id.ID]bool{}
	for _, l := range d.all() {
		if since := l.DownSince(); !since.IsZero() && d.node.Machine.Now().Sub(since) >= downFor {
			out[l.route.ID] = true
		}
	}
	return out
}
