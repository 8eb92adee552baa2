package smpp

import (
	"context"
	"fmt"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// Query asks what became of an accepted text (query_sm, section 4.8).
func (c *Connector) Query(ctx context.Context, providerID string, from carrier.Address) (carrier.Receipt, error) {
	s := c.sender()
	if s == nil {
		return carrier.Receipt{}, errs.New(errs.Unavailable, "the route's line is down")
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.SubmitTimeout)
	defer cancel()
	a, err := s.query(ctx, providerID, from)
	if err != nil {
		return carrier.Receipt{}, err
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
	if !okCstr(providerID, maxIDLen) || !okCstr(from.Addr, maxAddr) {
		return queryAnswer{}, errs.New(errs.Invalid, "the id or the sender is too long for SMPP")
	}
	ton, npi := from.TON, from.NPI
	if ton == 0 && npi == 0 {
		ton, npi = senderForm(from.Addr)
	}
	q := pdu.Query{MessageID: []byte(providerID), Source: pdu.Addr{TON: ton, NPI: npi, Addr: []byte(from.Addr)}}
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
	s.mu.Lock()
	ch, ok := s.queries[h.Seq]
	delete(s.queries, h.Seq)
	s.mu.Unlock()
	if !ok {
		s.odd.stray.Add(1)
		return
	}
	ch <- a
}
