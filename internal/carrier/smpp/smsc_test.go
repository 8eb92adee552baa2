package smpp_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// smsc is a scripted far side over net.Pipe, so that synctest can own the time.
type smsc struct {
	bindStatus uint32
	mute       bool                                          // answers nothing after the bind
	onSubmit   func(c *smscConn, seq uint32, m *pdu.Message) // nil: accept with the sequence number as id

	onQuery func(c *smscConn, seq uint32, q *pdu.Query) // nil: the test answers itself

	mu    sync.Mutex
	conns []*smscConn
	dials int
	fail  int // this many dials fail first
}

type smscConn struct {
	far  *smsc
	conn net.Conn
	out  chan []byte
	done chan struct{} // serve has ended
	role pdu.ID
	got  []pdu.Header // what the connector sent, in order
	mu   sync.Mutex
}

// dial is the connector's Dialer.
func (f *smsc) dial(context.Context) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials++
	if f.dials <= f.fail {
		return nil, io.ErrClosedPipe
	}
	near, far := net.Pipe()
	c := &smscConn{far: f, conn: far, out: make(chan []byte, 4096), done: make(chan struct{})}
	f.conns = append(f.conns, c)
	go c.serve()
	go c.write()
	return near, nil
}

func (f *smsc) last() *smscConn {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.conns[len(f.conns)-1]
}

func (f *smsc) dialled() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dials
}

func (c *smscConn) serve() {
	defer close(c.done)
	defer c.conn.Close()
	in := pdu.NewReader(c.conn)
	for {
		h, body, err := in.Next()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.got = append(c.got, h)
		c.mu.Unlock()
		switch {
		case h.ID == pdu.BindTransceiver || h.ID == pdu.BindTransmitter || h.ID == pdu.BindReceiver:
			c.role = h.ID
			c.send(pdu.AppendBindResp(nil, pdu.Header{ID: h.ID.Resp(), Status: c.far.bindStatus, Seq: h.Seq}, "far", pdu.Version))
		case c.far.mute:
		case h.ID == pdu.QuerySM && c.far.onQuery != nil:
			q, err := pdu.ParseQuery(body)
			if err != nil {
				panic(err)
			}
			c.far.onQuery(c, h.Seq, &q)
		case h.ID == pdu.SubmitSM:
			var m pdu.Message
			if err := pdu.ParseMessage(h.ID, body, &m); err != nil {
				panic(err)
			}
			if c.far.onSubmit != nil {
				c.far.onSubmit(c, h.Seq, &m)
			} else {
				c.accept(h.Seq, fmt.Sprintf("ID-%d", h.Seq))
			}
		case h.ID == pdu.EnquireLink, h.ID == pdu.Unbind:
			c.send(pdu.AppendEmpty(nil, pdu.Header{ID: h.ID.Resp(), Seq: h.Seq}))
		}
	}
}

// send queues, because a pipe has no buffer.
func (c *smscConn) send(b []byte) { c.out <- b }

func (c *smscConn) write() {
	for {
		select {
		case b := <-c.out:
			_, _ = c.conn.Write(b)
		case <-c.done:
			return
		}
	}
}

func (c *smscConn) accept(seq uint32, id string) {
	c.send(pdu.AppendMessageResp(nil, pdu.Header{ID: pdu.SubmitSM.Resp(), Seq: seq}, []byte(id)))
}

func (c *smscConn) receipt(seq uint32, text string) {
	c.send(pdu.AppendMessage(nil, pdu.Header{ID: pdu.DeliverSM, Seq: seq}, &pdu.Message{
		Source: pdu.Addr{TON: 1, NPI: 1, Addr: []byte("48600100200")}, Dest: pdu.Addr{TON: 5, Addr: []byte("CLINIC")},
		ESMClass: pdu.ESMReceipt, Short: []byte(text)}))
}

// sent lists what the connector sent of one kind.
func (c *smscConn) sent(id pdu.ID) []pdu.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.got), func(h pdu.Header) bool { return h.ID != id })
}

// desk is a handler that writes everything down.
type desk struct {
	guard func(*carrier.Submit) carrier.Permit
	block chan struct{} // receipts wait for it when set
	keep  bool          // do not acknowledge

	mu       sync.Mutex
	outcomes []carrier.Outcome
	receipts []carrier.Receipt
	inbound  []carrier.Inbound
	states   []carrier.State
}

func (d *desk) Guard(s *carrier.Submit) carrier.Permit {
	if d.guard == nil {
		return carrier.PermitSend
	}
	return d.guard(s)
}

func (d *desk) HandleOutcomes(b []carrier.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outcomes = append(d.outcomes, b...)
}

func (d *desk) HandleReceipts(b []carrier.Receipt) {
	if d.block != nil {
		<-d.block
	}
	d.mu.Lock()
	d.receipts = append(d.receipts, b...)
	d.mu.Unlock()
	for _, r := range b {
		if !d.keep {
			r.Ack(nil)
		}
	}
}

func (d *desk) HandleInbound(in carrier.Inbound) {
	d.mu.Lock()
	d.inbound = append(d.inbound, in)
	d.mu.Unlock()
	if !d.keep {
		in.Ack(nil)
	}
}

func (d *desk) HandleState(h carrier.Health) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.states = append(d.states, h.State)
}

func (d *desk) seen() []carrier.Outcome {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.outcomes)
}

func (d *desk) gotReceipts() []carrier.Receipt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.receipts)
}

// start runs a connector against far and returns it with a stop that waits for Run. Fields of tweak's config win.
func start(t *testing.T, far *smsc, h carrier.Handler, tweak func(*smpp.Config)) (*smpp.Connector, func()) {
	t.Helper()
	cfg := smpp.Config{Host: "far.invalid", SystemID: "carillon", Password: phi.T("s3cret"), Window: 10}
	if tweak != nil {
		tweak(&cfg)
	}
	c, err := smpp.New(cfg, slog.New(slog.DiscardHandler), far.dial)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, h) }()
	stop := func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	return c, stop
}

// texts makes n submits with references from 1 to n.
func texts(n int) []carrier.Submit {
	b := make([]carrier.Submit, n)
	for i := range b {
		b[i] = carrier.Submit{Ref: uint64(i + 1), From: carrier.Address{Addr: "CLINIC"}, To: phi.T("+48600100200"), Payload: carrier.Octets("hello")}
	}
	return b
}

func count(outs []carrier.Outcome, c carrier.Class) (n int) {
	for _, o := range outs {
		if o.Class == c {
			n++
		}
	}
	return n
}

const settle = 50 * time.Millisecond
