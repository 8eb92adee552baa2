package simulator

import (
	"strconv"
	"time"

	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

const maxStates = 20_000 // accepted messages that query_sm can still be asked about

// finalState is what query_sm answers.
type finalState struct {
	state uint8
	at    time.Time // domain time
}

// Values of message_state, with the words that receipts use.
const (
	stateEnroute = 1
	stateDeliv   = 2
	stateExpired = 3
	stateUndeliv = 5
)

var stateWords = map[uint8]string{stateEnroute: "ENROUTE", stateDeliv: "DELIVRD", stateExpired: "EXPIRED", stateUndeliv: "UNDELIV"}

// message is one submit on its way through the carrier.
type message struct {
	m      pdu.Message
	number uint64 // hash of the destination
	dice   dice
	id     uint64
	userID uint16 // user_message_reference
	taken  time.Time
}

// submit decides about one submit_sm or data_sm; false cuts the connection.
func (c *conn) submit(h pdu.Header, body []byte) bool {
	if c.account == nil || c.role == pdu.BindReceiver {
		return c.refuse(h, statusInvBind)
	}
	s := c.server
	var msg message
	if pdu.ParseMessage(h.ID, body, &msg.m) != nil || len(msg.m.Dest.Addr) == 0 {
		return c.refuse(h, statusInvCmdLen)
	}
	msg.taken = time.Now()
	msg.number = hash(msg.m.Dest.Addr)
	n := s.count.submitted.Add(1)
	s.count.firstSubmit.CompareAndSwap(0, msg.taken.UnixNano())
	s.count.lastSubmit.Store(msg.taken.UnixNano())

	status := uint32(statusThrottled)
	if c.account.allowed(s.cfg.Rate, msg.taken) {
		status = s.judge(&msg)
	}
	if status != statusOK {
		if status == statusThrottled || status == statusQueueFull {
			s.count.throttled.Add(1)
		} else {
			s.count.refused.Add(1)
		}
		c.answer(&msg, pdu.AppendEmpty(nil, pdu.Header{ID: h.ID.Resp(), Status: status, Seq: h.Seq}), 0)
		return true
	}
	s.accept(&msg)
	cut := s.cfg.CutEvery > 0 && n%int64(s.cfg.CutEvery) == 0
	c.carry(h, &msg, cut || msg.dice.happens(saltLostAnswer, s.cfg.LostAnswers))
	return !cut
}

// judge throws the dice for a submit and says whether it is accepted. A refused one counts as a message to the
// number, so that trying again throws anew.
func (s *Server) judge(msg *message) uint32 {
	s.mu.Lock()
	before, ok := s.numbers.add(msg.number)
	s.mu.Unlock()
	if !ok { // no room to remember the number: its count is taken from the carrier's
		before = int(s.count.submitted.Load())
	}
	msg.dice = throw(s.cfg.Seed, msg.number, uint64(before))
	msg.id = msg.dice.u64(saltID^s.cfg.Run) >> 1 // 63 bits: some clients keep ids as signed numbers
	switch {
	case s.count.pending.Load() >= int64(s.cfg.MaxPending):
		return statusQueueFull
	case !s.echo[msg.number] && throw(s.cfg.Seed, msg.number, 0).happens(saltBadNumber, s.cfg.BadNumbers):
		return statusBadDest
	case msg.dice.happens(saltThrottle, s.cfg.Throttled):
		if msg.dice.pick(saltQueueFull, 4) == 0 {
			return statusQueueFull
		}
		return statusThrottled
	case msg.dice.happens(saltSystemError, s.cfg.SystemErrors):
		return statusSystem
	}
	return statusOK
}

// accept counts a message that the carrier takes.
func (s *Server) accept(msg *message) {
	c := &s.count
	c.accepted.Add(1)
	c.segments.Add(segments(&msg.m))
	msg.userID, _ = msg.m.Params.Uint16(pdu.TagUserMessageReference)
	key := identity(msg)
	s.mu.Lock()
	before, ok := s.messages.add(key)
	if s.stopped.used > 0 && s.stopped.has(msg.number) {
		c.afterStop.Add(1)
	}
	s.mu.Unlock()
	switch {
	case !ok:
		c.untracked.Add(1)
	case before > 0:
		c.duplicates.Add(1)
	default:
		c.distinct.Add(1)
	}
}

// identity is what makes two submits the same message: destination, which part, user data without their header
// (a resend may carry another concatenation reference), and the client's own reference.
func identity(msg *message) uint64 {
	part, data := splitPart(&msg.m)
	return hash(msg.m.Dest.Addr, []byte{part.number, part.total, byte(msg.userID >> 8), byte(msg.userID)}, data)
}

// segments counts what the air interface would carry; a whole text in message_payload is cut as handsets expect.
func segments(m *pdu.Message) int64 {
	n, one, more := len(m.UserData()), 160, 153
	if m.DataCoding == 8 {
		one, more = 140, 134
	}
	if n <= one || m.ESMClass&pdu.ESMUDHI != 0 {
		return 1
	}
	return int64((n + more - 1) / more)
}

// answer sends a submit_sm_resp after the carrier's delay and extra.
func (c *conn) answer(msg *message, b []byte, extra time.Duration) {
	d := c.server.cfg.AnswerDelay + extra
	if j := c.server.cfg.AnswerJitter; j > 0 {
		d += msg.dice.upTo(saltAnswerDelay, j)
	}
	if d == 0 {
		c.append(b)
		return
	}
	c.server.later.put(event{at: msg.taken.Add(d), conn: c, pdu: b})
}

// carry takes an accepted message to the phone: answer, receipts, and what the person does.
func (c *conn) carry(h pdu.Header, msg *message, lost bool) {
	s, d := c.server, msg.dice
	test := s.echo[msg.number]
	reached := test || !d.happens(saltReach, s.cfg.Unreachable)
	state := uint8(stateDeliv)
	if reached {
		s.count.delivered.Add(1)
	} else {
		s.count.undelivered.Add(1)
		if state = stateUndeliv; d.pick(saltExpire, 3) == 0 {
			state = stateExpired
		}
	}
	after := s.phones(s.cfg.ReceiptDelay + d.upTo(saltReceiptDelay, s.cfg.ReceiptJitter))
	answered := s.cfg.AnswerDelay
	if s.cfg.AnswerJitter > 0 {
		answered += d.upTo(saltAnswerDelay, s.cfg.AnswerJitter)
	}
	early := d.happens(saltEarly, s.cfg.Early)
	if early {
		after = -answered
	}
	if early { // the receipt first, also when nothing is delayed
		c.receipts(msg, state, answered, after)
	}
	if !lost {
		id := strconv.AppendUint(make([]byte, 0, 20), msg.id, 16)
		c.answer(msg, pdu.AppendMessageResp(nil, pdu.Header{ID: h.ID.Resp(), Seq: h.Seq}, id), earlyGap(early))
	}
	if !early {
		c.receipts(msg, state, answered, after)
	}
	switch {
	case test:
		c.echo(msg, answered+after)
	case s.cfg.People && reached:
		c.read(msg, answered+after)
	}
}

// earlyGap holds an answer back so that an early receipt is really seen first.
func earlyGap(early bool) time.Duration {
	if early {
		return 5 * time.Millisecond
	}
	return 0
}

// phones turns domain time into machine time.
func (s *Server) phones(d time.Duration) time.Duration {
	if s.cfg.Speed == 1 {
		return d
	}
	return time.Duration(float64(d) / s.cfg.Speed)
}

// receipts schedules what the carrier tells about a message, true or not.
func (c *conn) receipts(msg *message, state uint8, answered, after time.Duration) {
	s, d := c.server, msg.dice
	now := s.cfg.Now()
	s.remember(msg.id, finalState{state: state, at: now})
	if msg.m.RegisteredDelivery&0x1f == 0 {
		return
	}
	if s.echo[msg.number] {
		b := s.receipt(msg, state, pdu.ESMReceipt, now.Add(time.Duration(float64(after)*s.cfg.Speed)))
		c.later(answered+after, event{account: c.account, receipt: true, pdu: b}, msg.taken)
		return
	}
	if d.happens(saltLostReceipt, s.cfg.LostReceipts) {
		return
	}
	if d.happens(saltWrong, s.cfg.WrongStates) {
		state = map[bool]uint8{true: stateUndeliv, false: stateDeliv}[state == stateDeliv]
	}
	if d.happens(saltReorder, s.cfg.Reordered) {
		after += d.upTo(saltReorder+1<<32, time.Second)
	}
	if d.happens(saltLate, s.cfg.Late) {
		after += s.phones(s.cfg.LateBy)
	}
	times := 1
	if d.happens(saltDuplicate, s.cfg.Duplicates) {
		times = 2 + d.pick(saltDuplicate+1<<32, 2)
	}
	if d.happens(saltIntermediate, s.cfg.Intermediate) {
		c.later(answered+after/2, event{account: c.account, receipt: true, pdu: s.receipt(msg, stateEnroute, pdu.ESMIntermediate, now)}, msg.taken)
	}
	for i := range times {
		b := s.receipt(msg, state, pdu.ESMReceipt, now.Add(time.Duration(float64(after)*s.cfg.Speed)))
		c.later(answered+after+time.Duration(i)*50*time.Millisecond, event{account: c.account, receipt: true, pdu: b}, msg.taken)
	}
}

// later counts an event as pending and fires it after d.
func (c *conn) later(d time.Duration, e event, from time.Time) {
	c.server.count.pending.Add(1)
	if d <= 0 {
		c.server.fire(e)
		return
	}
	e.at = from.Add(d)
	c.server.later.put(e)
}

// receipt builds a deliver_sm in the form of appendix B, with the parameters beside unless configured away.
func (s *Server) receipt(msg *message, state, esm uint8, done time.Time) []byte {
	id, base := make([]byte, 0, 20), 16
	if s.cfg.DecimalIDs {
		base = 10
	}
	id = strconv.AppendUint(id, msg.id, base)
	code, ok := "000", "001"
	if state != stateDeliv && state != stateEnroute {
		code, ok = "027", "000"
	}
	t := make([]byte, 0, 160)
	t = append(append(t, "id:"...), id...)
	t = append(append(t, " sub:001 dlvrd:"...), ok...)
	t = s.cfg.Now().UTC().AppendFormat(append(t, " submit date:"...), "0601021504")
	t = done.UTC().AppendFormat(append(t, " done date:"...), "0601021504")
	t = append(append(t, " stat:"...), stateWords[state]...)
	t = append(append(t, " err:"...), code...)
	t = append(t, " text:"...)

	r := pdu.Message{Source: msg.m.Dest, Dest: msg.m.Source, ESMClass: esm, Short: t}
	var p []byte
	if !s.cfg.NoTLVs {
		p = pdu.AppendParam(p, pdu.TagReceiptedMessageID, append(id, 0))
		p = pdu.AppendParam8(p, pdu.TagMessageState, state)
		if code != "000" {
			p = pdu.AppendParam(p, pdu.TagNetworkErrorCode, []byte{3, 0, 27})
		}
	}
	if s.cfg.EchoRef && msg.userID != 0 {
		p = pdu.AppendParam16(p, pdu.TagUserMessageReference, msg.userID)
	}
	r.Params = p
	return pdu.AppendMessage(make([]byte, 0, 192+len(p)), pdu.Header{ID: pdu.DeliverSM}, &r)
}

// remember keeps the state of the last messages for query_sm.
func (s *Server) remember(id uint64, f finalState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.states, s.recent[s.next])
	s.recent[s.next], s.states[id] = id, f
	s.next = (s.next + 1) % len(s.recent)
}

// query answers a query_sm about one of the last messages.
func (c *conn) query(h pdu.Header, body []byte) {
	q, err := pdu.ParseQuery(body)
	if err != nil || c.account == nil {
		c.refuse(h, statusInvCmdLen)
		return
	}
	id, err := strconv.ParseUint(string(q.MessageID), 16, 64)
	c.server.mu.Lock()
	f, ok := c.server.states[id]
	c.server.mu.Unlock()
	if err != nil || !ok {
		c.append(pdu.AppendEmpty(nil, pdu.Header{ID: h.ID.Resp(), Status: statusInvMsgID, Seq: h.Seq}))
		return
	}
	r := pdu.QueryResp{MessageID: q.MessageID, FinalDate: f.at.UTC().AppendFormat(nil, "060102150405")}
	r.FinalDate = append(r.FinalDate, "000+"...)
	r.State = f.state
	c.append(pdu.AppendQueryResp(nil, pdu.Header{ID: h.ID.Resp(), Seq: h.Seq}, &r))
}
