package simulator

import (
	"net"
	"sync"
	"time"

	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// Values of command_status that the simulator sends or reads.
const (
	statusOK         = 0x00
	statusInvCmdLen  = 0x02
	statusInvCmdID   = 0x03
	statusInvBind    = 0x04
	statusAlready    = 0x05
	statusSystem     = 0x08
	statusBadDest    = 0x0B
	statusInvMsgID   = 0x0C
	statusBadPass    = 0x0E
	statusBadSystem  = 0x0F
	statusQueueFull  = 0x14
	statusThrottled  = 0x58
	statusPermApp    = 0x65
	maxOut           = 1 << 20 // octets appended but not yet written, beyond which nothing more is read
	writeTimeout     = time.Minute
	systemIDOfServer = "simulator"
)

// conn is one connection of a client.
type conn struct {
	server *Server
	net    net.Conn
	in     *pdu.Reader

	role     pdu.ID // 0 until bound
	account  *account
	inflight map[uint32]event // deliver_sm without an answer; the account's lock guards it
	seq      uint32           // likewise

	mu    sync.Mutex
	room  *sync.Cond
	out   []byte
	spare []byte
	gone  bool
	wake  chan struct{}
	done  chan struct{}
}

func (s *Server) newConn(nc net.Conn) *conn {
	c := &conn{server: s, net: nc, in: pdu.NewReader(nc), inflight: map[uint32]event{}, wake: make(chan struct{}, 1), done: make(chan struct{})}
	c.room = sync.NewCond(&c.mu)
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	return c
}

// serve reads until the connection ends.
func (c *conn) serve() {
	var wg sync.WaitGroup
	wg.Go(c.write)
	for {
		h, body, err := c.in.Next()
		if err != nil || !c.take(h, body) {
			break
		}
		c.waitForRoom()
	}
	c.finish()
	wg.Wait()
}

// finish says good-bye to account and server, lets the writer send what is left, and closes.
func (c *conn) finish() {
	if c.account != nil {
		if c.role != pdu.BindTransmitter {
			c.account.leave(c)
		}
		c.server.count.sessions.Add(-1)
	}
	c.server.mu.Lock()
	delete(c.server.conns, c)
	c.server.mu.Unlock()
	c.mu.Lock()
	c.gone = true
	c.mu.Unlock()
	close(c.done)
}

// write sends what has been appended, as much as there is in one call, and closes the connection at the end.
func (c *conn) write() {
	defer c.net.Close()
	for {
		last := false
		select {
		case <-c.wake:
		case <-c.done:
			last = true
		}
		c.mu.Lock()
		buf := c.out
		c.out, c.spare = c.spare[:0], nil
		c.mu.Unlock()
		var err error
		if len(buf) > 0 {
			limit := writeTimeout
			if last {
				limit = time.Second
			}
			_ = c.net.SetWriteDeadline(time.Now().Add(limit))
			_, err = c.net.Write(buf)
		}
		c.mu.Lock()
		c.spare = buf[:0]
		c.mu.Unlock()
		c.room.Broadcast()
		if err != nil {
			_ = c.net.Close() // the reader ends, and with it the connection
		}
		if last {
			return
		}
	}
}

// append queues a whole PDU for the writer.
func (c *conn) append(b []byte) {
	c.mu.Lock()
	if !c.gone {
		c.out = append(c.out, b...)
	}
	c.mu.Unlock()
	c.kick()
}

func (c *conn) kick() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// waitForRoom holds the reader while the client does not read: that bounds the memory.
func (c *conn) waitForRoom() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) < maxOut {
		return
	}
	deadline := time.AfterFunc(writeTimeout, func() { _ = c.net.Close(); c.room.Broadcast() })
	defer deadline.Stop()
	for began := time.Now(); len(c.out) >= maxOut && time.Since(began) < writeTimeout; {
		c.room.Wait()
	}
}

// deliver sends one event; the account's lock is held.
func (c *conn) deliver(e event) {
	c.seq++
	if c.seq > pdu.MaxSeq {
		c.seq = 1
	}
	setSeq(e.pdu, c.seq)
	c.inflight[c.seq] = e
	if e.receipt {
		c.server.count.receiptsSent.Add(1)
	} else {
		c.server.count.textsSent.Add(1)
	}
	c.append(e.pdu)
}

// take handles one PDU; false ends the connection.
func (c *conn) take(h pdu.Header, body []byte) bool {
	switch h.ID {
	case pdu.BindReceiver, pdu.BindTransmitter, pdu.BindTransceiver:
		return c.bind(h, body)
	case pdu.SubmitSM, pdu.DataSM:
		return c.submit(h, body)
	case pdu.DeliverSM.Resp(), pdu.DataSM.Resp(), pdu.GenericNack:
		if c.account == nil {
			return c.refuse(h, statusInvBind)
		}
		status := h.Status
		if h.ID == pdu.GenericNack && status == statusOK {
			status = statusPermApp
		}
		c.account.acked(c, h.Seq, status)
	case pdu.EnquireLink:
		c.append(pdu.AppendEmpty(nil, pdu.Header{ID: h.ID.Resp(), Seq: h.Seq}))
	case pdu.EnquireLink.Resp():
	case pdu.QuerySM:
		c.query(h, body)
	case pdu.Unbind:
		c.append(pdu.AppendEmpty(nil, pdu.Header{ID: h.ID.Resp(), Seq: h.Seq}))
		return false
	case pdu.Unbind.Resp():
		return false
	default:
		return c.refuse(pdu.Header{ID: pdu.GenericNack, Seq: h.Seq}, statusInvCmdID)
	}
	return true
}

// refuse answers with a status and no body; the connection stays.
func (c *conn) refuse(h pdu.Header, status uint32) bool {
	c.server.count.badPDU.Add(1)
	if h.ID != pdu.GenericNack && h.ID.IsResp() {
		return true // responses are not answered
	}
	c.append(pdu.AppendEmpty(nil, pdu.Header{ID: h.ID.Resp(), Status: status, Seq: h.Seq}))
	return true
}

// bind checks the account. A refused bind ends the connection after its answer, as carriers do.
func (c *conn) bind(h pdu.Header, body []byte) bool {
	b, err := pdu.ParseBind(body)
	cfg := &c.server.cfg
	switch {
	case err != nil:
		return c.refuse(h, statusInvCmdLen)
	case c.account != nil:
		return c.refuse(h, statusAlready)
	case cfg.SystemID != "" && b.SystemID != cfg.SystemID:
		c.refuse(h, statusBadSystem)
		return false
	case cfg.Password != "" && b.Password != cfg.Password:
		c.refuse(h, statusBadPass)
		return false
	}
	c.role = h.ID
	c.server.mu.Lock()
	c.account = c.server.account(b.SystemID)
	c.server.mu.Unlock()
	c.server.count.sessions.Add(1)
	c.server.count.binds.Add(1)
	c.append(pdu.AppendBindResp(nil, pdu.Header{ID: h.ID.Resp(), Seq: h.Seq}, systemIDOfServer, pdu.Version))
	if h.ID != pdu.BindTransmitter {
		c.account.join(c)
	}
	return true
}
