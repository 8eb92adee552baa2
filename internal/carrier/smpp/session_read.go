package smpp

import (
	"errors"
	"io"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// answer is a submit_sm_resp before it is matched.
type answer struct {
	seq, status uint32
	id          string
	nack        bool
}

// queryAnswer is a query_sm_resp.
type queryAnswer struct {
	status uint32
	state  carrier.ReceiptState
	err    uint8
	done   string
	nack   bool // refused by generic_nack: the command itself is not taken
}

// Why a session ends.
var (
	errLineCut = broken(carrier.FaultCut, "the carrier closed the connection", nil)
	errUnbound = broken(carrier.FaultCut, "the carrier ended the bind (unbind)", nil)
	errGarbage = broken(carrier.FaultGarbage, "the carrier sent something that is not SMPP", nil)
	errSilence = broken(carrier.FaultSilent, "the line is dead: no answer to enquire_link", nil)
	errStuck   = broken(carrier.FaultSilent, "the carrier answers nothing: a whole window of submits timed out", nil)
)

// read takes PDUs until the connection ends. It gathers answers and receipts while whole PDUs are buffered and
// hands them over together before it waits for the network.
func (s *session) read() {
	for {
		ready := s.in.Ready()
		if !ready || len(s.answers) >= maxBatch || len(s.receipts) >= maxBatch {
			s.flush()
		}
		h, body, err := s.in.Next()
		if err != nil {
			s.flush()
			s.fail(readCause(err))
			return
		}
		if !ready { // what is buffered came together
			s.now = time.Now()
			s.heard.Store(s.now.UnixNano())
		}
		if !s.take(h, body) {
			s.flush()
			return
		}
	}
}

func readCause(err error) error {
	switch {
	case errors.Is(err, pdu.ErrLength):
		return errGarbage
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errLineCut
	default:
		return broken(carrier.FaultCut, errs.Safe(errLineCut), err)
	}
}

// take handles one PDU; false when the session is over.
func (s *session) take(h pdu.Header, body []byte) bool {
	switch h.ID {
	case pdu.SubmitSM.Resp(), pdu.DataSM.Resp():
		a := answer{seq: h.Seq, status: h.Status}
		if h.Status == statusOK {
			a.id = s.cfg.canonicalID(pdu.ParseMessageResp(body))
		}
		s.answers = append(s.answers, a)
	case pdu.GenericNack:
		if s.answerQuery(h.Seq, queryAnswer{status: h.Status, nack: true}) {
			break
		}
		s.answers = append(s.answers, answer{seq: h.Seq, status: h.Status, nack: true})
	case pdu.DeliverSM, pdu.DataSM:
		s.deliver(h, body)
	case pdu.EnquireLink:
		s.reply(pdu.Header{ID: pdu.EnquireLink.Resp(), Seq: h.Seq})
	case pdu.QuerySM.Resp():
		s.takeQuery(h, body)
	case pdu.EnquireLink.Resp():
	case pdu.AlertNotification: // a phone is reachable again; nobody asked, and it has no answer (section 4.12)
	case pdu.Unbind:
		s.reply(pdu.Header{ID: pdu.Unbind.Resp(), Seq: h.Seq})
		s.letWrite()
		s.fail(errUnbound)
		return false
	case pdu.Unbind.Resp():
		return !s.unbound()
	default:
		s.odd.badPDU.Add(1)
		if !h.ID.IsResp() {
			s.reply(pdu.Header{ID: pdu.GenericNack, Status: statusInvCmdID, Seq: h.Seq})
		}
	}
	return true
}

// unbound takes the answer to our unbind, which ends the session; one that nobody asked for is dropped.
func (s *session) unbound() bool {
	s.mu.Lock()
	asked := s.stopping
	s.mu.Unlock()
	if asked {
		s.fail(nil)
	} else {
		s.odd.stray.Add(1)
	}
	return asked
}

// reply appends a PDU without a body.
func (s *session) reply(h pdu.Header) {
	s.mu.Lock()
	s.out = pdu.AppendEmpty(s.out, h)
	s.mu.Unlock()
	s.kick()
}

// letWrite gives the writer a moment to send what is appended before the connection is closed.
func (s *session) letWrite() {
	s.mu.Lock()
	defer s.mu.Unlock()
	stop := time.AfterFunc(time.Second, func() { s.fail(errUnbound) })
	defer stop.Stop()
	for (len(s.out) > 0 || s.writing) && !s.ended {
		s.space.Wait()
	}
}

// deliver sorts a deliver_sm or data_sm into receipts and texts.
func (s *session) deliver(h pdu.Header, body []byte) {
	var m pdu.Message
	from := delivery{id: h.ID, seq: h.Seq}
	if err := pdu.ParseMessage(h.ID, body, &m); err != nil {
		s.odd.badPDU.Add(1)
		s.reply(pdu.Header{ID: h.ID.Resp(), Status: statusBadTLVs, Seq: h.Seq})
		return
	}
	if isReceipt(&m) {
		r := carrier.Receipt{ReceivedAt: s.now}
		if !s.cfg.readReceipt(&m, s.zone, &r) {
			s.odd.badReceipt.Add(1) // acknowledged all the same: it would come again and again
			s.answerNow(from, statusOK)
			return
		}
		r.From, r.To = phi.T(string(m.Source.Addr)), phi.T(string(m.Dest.Addr))
		s.receipts = append(s.receipts, r)
		s.origins = append(s.origins, from)
		return
	}
	in, ok := s.cfg.readInbound(&m, s.now)
	if !ok {
		s.odd.badPDU.Add(1)
		s.answerNow(from, statusPermApp)
		return
	}
	s.flush() // texts keep their place behind the receipts before them
	s.mu.Lock()
	in.Delivery = s.track(from)
	s.mu.Unlock()
	began := time.Now()
	s.handling.Store(true)
	s.h.HandleInbound(in)
	s.afterHandler(began)
}

func (s *session) answerNow(d delivery, status uint32) {
	s.mu.Lock()
	s.out = pdu.AppendMessageResp(s.out, pdu.Header{ID: d.id.Resp(), Status: status, Seq: d.seq}, nil)
	s.mu.Unlock()
	s.kick()
}

// track makes a delivery acknowledgeable; called under mu.
func (s *session) track(d delivery) carrier.Delivery {
	s.token++
	s.unacked[s.token] = d
	return carrier.NewDelivery(s, s.token)
}

// flush matches the gathered answers, then hands over outcomes before receipts, then waits while too much is
// unacknowledged.
func (s *session) flush() {
	if len(s.answers) == 0 && len(s.receipts) == 0 {
		return
	}
	began := time.Now()
	s.handling.Store(true)
	outcomes := s.match(began)
	receipts := slices.Clone(s.receipts)
	clear(s.receipts)
	s.answers, s.receipts, s.origins = s.answers[:0], s.receipts[:0], s.origins[:0]
	if len(outcomes) > 0 {
		s.h.HandleOutcomes(outcomes)
	}
	if len(receipts) > 0 {
		s.h.HandleReceipts(receipts)
	}
	s.afterHandler(began)
}

// match turns answers into outcomes, frees their slots and opens the receipts for acknowledgement.
func (s *session) match(now time.Time) []carrier.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	var outcomes []carrier.Outcome
	if len(s.answers) > 0 {
		outcomes = make([]carrier.Outcome, 0, len(s.answers))
	}
	for _, a := range s.answers {
		e, ok := s.open[a.seq]
		if !ok {
			s.odd.stray.Add(1)
			continue
		}
		delete(s.open, a.seq)
		if e.late {
			s.lateSeqs = slices.DeleteFunc(s.lateSeqs, func(q uint32) bool { return q == a.seq })
		}
		s.silent = 0
		outcomes = append(outcomes, s.outcome(e, a, now))
	}
	for i := range s.receipts {
		s.receipts[i].Delivery = s.track(s.origins[i])
	}
	s.space.Broadcast()
	s.checkQuiet()
	return outcomes
}

func (s *session) outcome(e entry, a answer, now time.Time) carrier.Outcome {
	m := meaningOf(a.status)
	switch {
	case a.nack && a.status == statusOK: // a refusal that does not say of what
		m = meaning{carrier.Permanent, carrier.ReasonRejected}
	case m.Reason == carrier.ReasonUnlisted:
		s.odd.unknownStatus.Add(1)
	}
	o := carrier.Outcome{Ref: e.ref, Class: m.Class, Reason: m.Reason, Status: a.status, Late: e.late, At: now}
	switch m.Class {
	case carrier.Accepted:
		o.ProviderID = a.id
	case carrier.Throttle:
		o.RetryAfter = s.cfg.ThrottleWait
	}
	return o
}

// afterHandler holds the reader while too much is unacknowledged, and lets the timers rest after a long stay:
// what lies in the socket must be read before silence means anything.
func (s *session) afterHandler(began time.Time) {
	s.mu.Lock()
	for len(s.unacked) >= s.cfg.MaxUnacked && !s.ended {
		s.space.Wait()
	}
	s.mu.Unlock()
	if now := time.Now(); now.Sub(began) > 50*time.Millisecond {
		s.graceUntil.Store(now.Add(time.Second).UnixNano())
		s.heard.Store(now.UnixNano())
	}
	s.handling.Store(false)
}
