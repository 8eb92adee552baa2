// Package simulator is a carrier with a town behind it: an SMPP 3.4 server whose phones deliver, fail, throttle, lose
// and repeat as configured, and whose people read the texts and answer in their language. It is a stranger to the
// rest of the house on purpose: it knows the codec and the alphabets, its phrases are its own, and it refuses to keep
// anything that a real carrier would not tell.
//
// Every decision is a function of the seed, the number and how many messages the number has been sent, so a run
// repeats over real TCP. Only Config.Rate and Config.CutEvery look at the clock and at the order of arrival.
package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"carillon.dev/carillon/internal/core/sms"
)

// Server is one simulated carrier.
type Server struct {
	cfg   Config
	later *schedule
	count counters

	mu       sync.Mutex
	accounts map[string]*account
	conns    map[*conn]struct{}
	numbers  *tally // submits by number
	messages *tally // accepted messages by content
	stopped  *tally // numbers that have sent STOP
	parts    map[partKey]*assembly
	states   map[uint64]finalState // recent, for query_sm
	recent   []uint64              // ring of the ids in states
	next     int
	echo     map[uint64]bool // test phones by the hash of their number
}

// New makes a carrier that serves nothing yet.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	s := &Server{
		cfg: cfg, accounts: map[string]*account{}, conns: map[*conn]struct{}{},
		numbers: newTally(cfg.MaxTracked), messages: newTally(cfg.MaxTracked), stopped: newTally(cfg.MaxTracked),
		parts: map[partKey]*assembly{}, states: map[uint64]finalState{}, recent: make([]uint64, maxStates),
	}
	s.later = newSchedule(s.fire)
	s.echo = map[uint64]bool{}
	for _, number := range cfg.Echo {
		s.echo[hash([]byte(number))] = true
	}
	return s, nil
}

// Run is New and Serve.
func Run(ctx context.Context, cfg Config, ln net.Listener) error {
	s, err := New(cfg)
	if err != nil {
		return err
	}
	return s.Serve(ctx, ln)
}

// Serve takes connections until ctx ends, then closes them all and returns nil. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { s.later.run(ctx) })
	stop := context.AfterFunc(ctx, func() {
		_ = ln.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.conns {
			_ = c.net.Close()
		}
	})
	defer stop()
	for {
		nc, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if nc != nil {
				_ = nc.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // out of descriptors, say: the others go on
			time.Sleep(10 * time.Millisecond)
			continue
		}
		c := s.newConn(nc)
		if ctx.Err() != nil { // the sweep above may have missed it
			_ = nc.Close()
		}
		wg.Go(c.serve)
	}
}

// ServeConn serves one connection that is already open, without a listener, until it ends; for tests and fuzzing.
// Delayed events need Serve or RunClock.
func (s *Server) ServeConn(nc net.Conn) { s.newConn(nc).serve() }

// RunClock fires delayed events until ctx ends, for a server that is used by ServeConn only.
func (s *Server) RunClock(ctx context.Context) { s.later.run(ctx) }

// Text makes a phone write to a sender, whole or in parts as its length asks: for demonstrations and tests.
func (s *Server) Text(systemID, from, to, text string) error {
	enc, err := sms.Plan(text, sms.Options{Ref: uint16(hash([]byte(from), []byte(text)))})
	if err != nil {
		return err
	}
	s.mu.Lock()
	a := s.account(systemID)
	s.mu.Unlock()
	for _, b := range textPDUs(enc, from, to) {
		s.count.pending.Add(1)
		s.fire(event{account: a, pdu: b})
	}
	return nil
}

// account is called under mu.
func (s *Server) account(systemID string) *account {
	a, ok := s.accounts[systemID]
	if !ok {
		a = &account{server: s}
		s.accounts[systemID] = a
	}
	return a
}

// fire lets an event happen.
func (s *Server) fire(e event) {
	if e.conn != nil {
		e.conn.append(e.pdu)
		return
	}
	e.account.deliver(e)
}

// account is what binds with one system_id share: receipts and texts go to any of its receivers.
type account struct {
	server *Server

	mu        sync.Mutex
	receivers []*conn
	turn      int
	ready     []event // due, waiting for a receiver with room; from head on
	head      int
	second    int64 // of the rate's bucket
	taken     int
}

// allowed takes one from the second's allowance.
func (a *account) allowed(rate int, now time.Time) bool {
	if rate == 0 {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Unix() != a.second {
		a.second, a.taken = now.Unix(), 0
	}
	a.taken++
	return a.taken <= rate
}

// deliver queues an event and hands out what there is room for.
func (a *account) deliver(e event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ready = append(a.ready, e)
	a.pump()
}

// pump hands queued events to receivers in turn; called under mu.
func (a *account) pump() {
	for a.head < len(a.ready) {
		c := a.receiver()
		if c == nil {
			break
		}
		e := a.ready[a.head]
		a.ready[a.head] = event{}
		a.head++
		c.deliver(e)
	}
	if a.head == len(a.ready) {
		a.ready, a.head = a.ready[:0], 0
	} else if a.head > 1024 && a.head > len(a.ready)/2 {
		n := copy(a.ready, a.ready[a.head:])
		clear(a.ready[n:])
		a.ready, a.head = a.ready[:n], 0
	}
}

// receiver is the next one in turn with room in its window, nil for none; called under mu.
func (a *account) receiver() *conn {
	for range a.receivers {
		a.turn++
		c := a.receivers[a.turn%len(a.receivers)]
		if len(c.inflight) < a.server.cfg.DeliverWin {
			return c
		}
	}
	return nil
}

// join and leave keep the receivers; what a lost one had not acknowledged goes out again.
func (a *account) join(c *conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.receivers = append(a.receivers, c)
	a.pump()
}

func (a *account) leave(c *conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, r := range a.receivers {
		if r == c {
			a.receivers = append(a.receivers[:i], a.receivers[i+1:]...)
			break
		}
	}
	for _, e := range c.inflight {
		a.server.count.redelivered.Add(1)
		a.ready = append(a.ready, e)
	}
	clear(c.inflight)
	a.pump()
}

// acked settles one deliver_sm: taken, refused for good, or to come again.
func (a *account) acked(c *conn, seq, status uint32) {
	a.mu.Lock()
	e, ok := c.inflight[seq]
	delete(c.inflight, seq)
	a.pump()
	a.mu.Unlock()
	count := &a.server.count
	switch {
	case !ok:
		count.badPDU.Add(1)
	case status == statusOK || status == statusPermApp:
		count.pending.Add(-1)
		if e.receipt {
			count.receiptsAcked.Add(1)
			count.lastReceiptAck.Store(time.Now().UnixNano())
		} else {
			count.textsAcked.Add(1)
		}
	default:
		count.redelivered.Add(1)
		e.at = time.Now().Add(time.Second)
		a.server.later.put(e)
	}
}

// setSeq writes a sequence number into an encoded PDU.
func setSeq(b []byte, seq uint32) {
	b[12], b[13], b[14], b[15] = byte(seq>>24), byte(seq>>16), byte(seq>>8), byte(seq)
}
