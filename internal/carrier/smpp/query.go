package smpp

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// Query asks what became of an accepted text (query_sm, section 4.8). Ids are kept in lower case: a carrier that writes
// hexadecimal in capitals may know the id in that form only, so it is asked once more.
func (c *Connector) Query(ctx context.Context, providerID string, from carrier.Address) (carrier.Receipt, error) {
	s := c.sender()
	if s == nil {
		return carrier.Receipt{}, errs.New(errs.Unavailable, "the route's line is down")
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.SubmitTimeout)
	defer cancel()
	a, err := s.query(ctx, providerID, from)
	if upper := strings.ToUpper(providerID); err == nil && a.status != statusOK && !a.nack && upper != providerID {
		a, err = s.query(ctx, upper, from)
	}
	if err != nil {
		return carrier.Receipt{}, err
	}
	if a.nack || a.status == statusInvCmdID {
		return carrier.Receipt{}, errs.New(errs.Precondition, "the carrier does not take query_sm: remove \"queries\" from the route's settings")
	}
	if a.status != statusOK {
		return carrier.Receipt{}, errs.Newf(errs.NotFound, "the carrier does not know this id (status 0x%02x)", a.status)
	}
	if a.state == "" {
		return carrier.Receipt{}, errs.New(errs.Unavailable, "the carrier answered with a state that SMPP does not have")
	}
	r := carrier.Receipt{ProviderID: providerID, State: a.state, ReceivedAt: time.Now()}
	if a.err != 0 {
		r.ErrCode = fmt.Sprint(a.err)
	}
	if len(a.done) >= 12 {
		r.DoneAt = parseReceiptDate([]byte(a.done[:12]), c.zone)
	}
	return r, nil
}

// query sends one query_sm and waits for its answer.
func (s *session) query(ctx context.Context, providerID string, from carrier.Address) (queryAnswer, error) {
	addr, ton, npi := s.cfg.source(from)
	if !okCstr(providerID, maxIDLen) || !okCstr(addr, maxAddr) {
		return queryAnswer{}, errs.New(errs.Invalid, "the id or the sender is too long for SMPP")
	}
	q := pdu.Query{MessageID: []byte(providerID), Source: pdu.Addr{TON: ton, NPI: npi, Addr: []byte(addr)}}
	ch := make(chan queryAnswer, 1)
	s.mu.Lock()
	if s.ended || s.stopping {
		s.mu.Unlock()
		return queryAnswer{}, errs.New(errs.Unavailable, "the route's line is down")
	}
	seq := s.nextSeq()
	s.queries[seq] = ch
	s.out = pdu.AppendQuery(s.out, pdu.Header{ID: pdu.QuerySM, Seq: seq}, &q)
	s.mu.Unlock()
	s.kick()
	select {
	case a, ok := <-ch:
		if !ok {
			return queryAnswer{}, errs.New(errs.Unavailable, "the line broke before the carrier answered")
		}
		return a, nil
	case <-ctx.Done():
		s.mu.Lock()
		delete(s.queries, seq)
		s.mu.Unlock()
		return queryAnswer{}, errs.Wrap(errs.Unavailable, "the carrier did not answer the query", ctx.Err())
	}
}

// takeQuery hands a query_sm_resp to whoever waits for it.
func (s *session) takeQuery(h pdu.Header, body []byte) {
	a := queryAnswer{status: h.Status}
	if h.Status == statusOK {
		r, err := pdu.ParseQueryResp(body)
		if err != nil {
			s.odd.badPDU.Add(1)
		}
		a.state, a.err, a.done = messageState(r.State), r.Error, string(r.FinalDate)
	}
	if !s.answerQuery(h.Seq, a) {
		s.odd.stray.Add(1)
	}
}

// answerQuery hands an answer to whoever asked under seq; false when nobody did.
func (s *session) answerQuery(seq uint32, a queryAnswer) bool {
	s.mu.Lock()
	ch, ok := s.queries[seq]
	delete(s.queries, seq)
	s.mu.Unlock()
	if ok {
		ch <- a
	}
	return ok
}
