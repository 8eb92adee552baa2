package smpp

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

const (
	maxOut   = 256 << 10 // octets appended but not yet written, beyond which Submit waits
	maxBatch = 512       // answers and receipts handed over together
	maxLate  = 10_000    // timed-out submits whose late answers are still recognised
)

// entry is a submit that was appended and has no answer.
type entry struct {
	ref  uint64
	sent time.Time
	late bool // already reported as unknown
}

// open delivery: what an acknowledgement must answer.
type delivery struct {
	id  pdu.ID
	seq uint32
}

// session is one bound connection. Four parties meet at mu: Submit appends, the reader resolves answers, the
// timer sweeps, and Ack appends. Nothing under mu touches the network or calls the handler, except Guard.
type session struct {
	cfg  *Config
	conn net.Conn
	in   *pdu.Reader
	h    carrier.Handler
	odd  *oddCounts
	zone *time.Location

	mu       sync.Mutex
	space    *sync.Cond // a slot or room came free, or the session ends
	enc      *encoder
	out      []byte
	spare    []byte
	seq      uint32
	open     map[uint32]entry
	lateSeqs []uint32
	unacked  map[uint64]delivery
	token    uint64
	queries  map[uint32]chan queryAnswer
	silent   int  // submits timed out since the last answer
	stopping bool // nothing new is handed over
	ended    bool // the connection is gone
	writing  bool // the writer is in a call

	wake    chan struct{} // the writer has something to write
	dead    chan struct{} // closed by fail
	quiet   chan struct{} // closed when stopping and nothing is open
	cause   error         // why it ended; set before dead is closed
	onceEnd sync.Once
	onceLow sync.Once

	heard      atomic.Int64 // machine time of the last PDU, Unix nanoseconds
	handling   atomic.Bool  // the reader is inside the handler or waits for acknowledgements
	graceUntil atomic.Int64 // timers rest until then: the reader was busy and must catch up first

	// The reader's own, not shared.
	now      time.Time // when the PDUs in the buffer came
	answers  []answer
	receipts []carrier.Receipt
	origins  []delivery
}

func newSession(cfg *Config, zone *time.Location, conn net.Conn, in *pdu.Reader, h carrier.Handler, odd *oddCounts) *session {
	s := &session{
		cfg: cfg, zone: zone, conn: conn, in: in, h: h, odd: odd,
		enc: newEncoder(cfg), seq: 1,
		open: make(map[uint32]entry, cfg.Window), unacked: map[uint64]delivery{}, queries: map[uint32]chan queryAnswer{},
		wake: make(chan struct{}, 1), dead: make(chan struct{}), quiet: make(chan struct{}),
	}
	s.space = sync.NewCond(&s.mu)
	s.heard.Store(time.Now().UnixNano())
	return s
}

// run serves the connection until it breaks or ctx ends, then settles every open submit. It returns why the
// connection ended, nil for a stop that was asked for.
func (s *session) run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(s.write)
	wg.Go(s.tick)
	wg.Go(s.read)
	select {
	case <-s.dead:
	case <-ctx.Done():
		s.drain()
	}
	s.fail(nil)
	wg.Wait()
	s.settle()
	return s.cause
}

// fail ends the session once; the first cause stays.
func (s *session) fail(cause error) {
	s.onceEnd.Do(func() {
		s.mu.Lock()
		s.ended = true
		s.cause = cause
		for seq, ch := range s.queries {
			delete(s.queries, seq)
			close(ch)
		}
		s.mu.Unlock()
		close(s.dead)
		_ = s.conn.Close()
		s.space.Broadcast()
	})
}

// drain stops handing over, waits for answers and acknowledgements, and unbinds.
func (s *session) drain() {
	s.mu.Lock()
	s.stopping = true
	s.checkQuiet()
	s.mu.Unlock()
	s.space.Broadcast()
	grace := time.NewTimer(s.cfg.Grace)
	defer grace.Stop()
	select {
	case <-s.quiet:
	case <-grace.C:
	case <-s.dead:
		return
	}
	s.mu.Lock()
	s.out = pdu.AppendEmpty(s.out, pdu.Header{ID: pdu.Unbind, Seq: s.nextSeq()})
	s.mu.Unlock()
	s.kick()
	polite := time.NewTimer(min(2*time.Second, s.cfg.EnquireWait))
	defer polite.Stop()
	select {
	case <-s.dead: // unbind_resp ends the session
	case <-polite.C:
	}
}

// checkQuiet is called under mu whenever something was closed.
func (s *session) checkQuiet() {
	if s.stopping && len(s.unacked) == 0 && s.openCount() == 0 {
		s.onceLow.Do(func() { close(s.quiet) })
	}
}

// openCount is called under mu.
func (s *session) openCount() int { return len(s.open) - len(s.lateSeqs) }

// nextSeq is called under mu. Numbers still in use after a wrap are skipped.
func (s *session) nextSeq() uint32 {
	for {
		s.seq++
		if s.seq > pdu.MaxSeq {
			s.seq = 1
		}
		if _, used := s.open[s.seq]; !used {
			return s.seq
		}
	}
}

// kick wakes the writer; it never blocks.
func (s *session) kick() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// submit hands over from batch in order. It returns how many entries are settled or handed over, the outcomes
// of those that the guard or the encoder refused, and why it stopped short, if it did.
func (s *session) submit(ctx context.Context, batch []carrier.Submit) (n int, refused []carrier.Outcome, why carrier.Reason) {
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock() // so that the wake-up cannot fall between a waiter's check and its wait
		defer s.mu.Unlock()
		s.space.Broadcast()
	})
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.kick()
	now := time.Now()
	for n = range batch {
		for !s.ended && !s.stopping && ctx.Err() == nil && (s.openCount() >= s.cfg.Window || len(s.out) >= maxOut) {
			s.kick()
			s.space.Wait()
			now = time.Now()
		}
		switch {
		case s.ended:
			return n, refused, carrier.ReasonLineDown
		case s.stopping || ctx.Err() != nil:
			return n, refused, carrier.ReasonStopping
		}
		if o, ok := s.handOver(&batch[n], now); !ok {
			refused = append(refused, o)
		}
	}
	return len(batch), refused, ""
}

// handOver asks the guard and appends, under mu. The entry exists before its octets can be written.
func (s *session) handOver(sub *carrier.Submit, now time.Time) (carrier.Outcome, bool) {
	o := carrier.Outcome{Ref: sub.Ref, At: now}
	switch s.h.Guard(sub) {
	case carrier.PermitSend:
	case carrier.PermitSuppressed:
		o.Class, o.Reason = carrier.Suppressed, carrier.ReasonSuppressed
		return o, false
	default:
		o.Class, o.Reason = carrier.NotHandedOver, carrier.ReasonHeld
		return o, false
	}
	seq := s.nextSeq()
	out, ok := s.enc.append(s.out, seq, sub)
	if !ok {
		o.Class, o.Reason = carrier.Permanent, carrier.ReasonBadSubmit
		return o, false
	}
	s.open[seq] = entry{ref: sub.Ref, sent: o.At}
	s.out = out
	return o, true
}

// Ack answers a delivery after the engine has made it durable.
func (s *session) Ack(token uint64, err error) {
	status := uint32(statusOK)
	switch {
	case errs.Is(err, errs.Invalid):
		status = statusPermApp
	case err != nil:
		status = statusTempApp
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.unacked[token]
	if !ok {
		return
	}
	delete(s.unacked, token)
	s.out = pdu.AppendMessageResp(s.out, pdu.Header{ID: d.id.Resp(), Status: status, Seq: d.seq}, nil)
	if len(s.unacked) == s.cfg.MaxUnacked-1 {
		s.space.Broadcast()
	}
	s.checkQuiet()
	s.kick()
}

// settle reports every submit that is still open as unknown, in the order of hand-over.
func (s *session) settle() {
	s.mu.Lock()
	out := make([]carrier.Outcome, 0, len(s.open))
	now := time.Now()
	for _, seq := range s.openSeqs() {
		out = append(out, carrier.Outcome{Ref: s.open[seq].ref, Class: carrier.Unknown, Reason: carrier.ReasonLineCut, At: now})
	}
	clear(s.open)
	clear(s.unacked)
	s.lateSeqs = nil
	s.mu.Unlock()
	if len(out) > 0 {
		s.h.HandleOutcomes(out)
	}
}
