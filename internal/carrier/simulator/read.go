package simulator

import (
	"strings"
	"time"

	"carillon.dev/carillon/internal/carrier/smpp/pdu"
	"carillon.dev/carillon/internal/core/sms"
)

const maxAssemblies = 10_000 // texts whose parts are not all here

// place is which part of a text a message is; total 0 for a whole one.
type place struct {
	ref           uint16
	number, total uint8
}

type partKey struct {
	number uint64
	ref    uint16
	total  uint8
}

// assembly is a text whose parts come one by one.
type assembly struct {
	parts []sms.Part
	have  int
}

// splitPart finds out which part a message is, and its user data without the header.
func splitPart(m *pdu.Message) (place, []byte) {
	data := m.UserData()
	if m.ESMClass&pdu.ESMUDHI != 0 {
		if u, body, err := sms.ParseUDH(data); err == nil {
			return place{ref: u.Ref, number: u.Part, total: u.Total}, body
		}
		return place{}, data
	}
	ref, ok := m.Params.Uint16(pdu.TagSarMsgRefNum)
	total, ok2 := m.Params.Uint8(pdu.TagSarTotalSegments)
	number, ok3 := m.Params.Uint8(pdu.TagSarSegmentSeqnum)
	if ok && ok2 && ok3 && number > 0 && number <= total {
		return place{ref: ref, number: number, total: total}, data
	}
	return place{}, data
}

// read lets the person behind the number read the text, once it is whole, and perhaps answer.
func (c *conn) read(msg *message, after time.Duration) {
	s := c.server
	text, ok := s.whole(msg)
	if !ok || s.hasStopped(msg.number) {
		return
	}
	reply, ok := s.react(msg.dice, text)
	if !ok {
		return
	}
	if reply.intent == stop {
		s.mu.Lock()
		s.stopped.add(msg.number)
		s.mu.Unlock()
	}
	enc, err := sms.Plan(reply.text, sms.Options{Ref: uint16(msg.dice.u64(saltRef))})
	if err != nil {
		return // the phrases are our own: there is no such one
	}
	wait := after + s.phones(s.cfg.ReplyMin+msg.dice.upTo(saltReplyDelay, s.cfg.ReplyMax-s.cfg.ReplyMin))
	for _, b := range textPDUs(enc, string(msg.m.Dest.Addr), string(msg.m.Source.Addr)) {
		c.later(wait, event{account: c.account, pdu: b}, msg.taken)
	}
}

// echoAfter is how long a test phone takes, in domain time.
const echoAfter = 3 * time.Second

// echo lets a test phone send back the last word of a text that mixes letters with digits.
func (c *conn) echo(msg *message, after time.Duration) {
	text, ok := c.server.whole(msg)
	word := codeIn(text)
	if !ok || word == "" {
		return
	}
	enc, err := sms.Plan(word, sms.Options{})
	if err != nil {
		return // such a word is in every alphabet
	}
	for _, b := range textPDUs(enc, string(msg.m.Dest.Addr), string(msg.m.Source.Addr)) {
		c.later(after+c.server.phones(echoAfter), event{account: c.account, pdu: b}, msg.taken)
	}
}

// codeIn is the last word of a text that mixes capital letters with digits and nothing else; empty when there is none.
func codeIn(text string) (code string) {
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') }) {
		if strings.ContainsAny(w, "0123456789") && strings.Trim(w, "0123456789") != "" {
			code = w
		}
	}
	return code
}

// hasStopped reports whether the person has told us to stop: then nothing is answered any more.
func (s *Server) hasStopped(number uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped.has(number)
}

// textPDUs are the deliver_sm of what a phone writes, one a part.
func textPDUs(enc sms.Encoded, from, to string) [][]byte {
	out := make([][]byte, 0, len(enc.Segments))
	for _, seg := range enc.Segments {
		m := pdu.Message{
			Source: pdu.Addr{TON: 1, NPI: 1, Addr: []byte(from)}, Dest: pdu.Addr{Addr: []byte(to)},
			DataCoding: enc.Coding.DataCoding(), Short: seg.ShortMessage(),
		}
		if len(seg.UDH()) > 0 {
			m.ESMClass = pdu.ESMUDHI
		}
		out = append(out, pdu.AppendMessage(nil, pdu.Header{ID: pdu.DeliverSM}, &m))
	}
	return out
}

// whole returns the text when all its parts have come.
func (s *Server) whole(msg *message) (string, bool) {
	at, _ := splitPart(&msg.m)
	udhi := msg.m.ESMClass&pdu.ESMUDHI != 0
	part, err := sms.ParsePart(msg.m.DataCoding, udhi, msg.m.UserData())
	if err != nil {
		return "", false
	}
	parts := []sms.Part{part}
	if at.total > 1 {
		part.UDH.Ref, part.UDH.Part, part.UDH.Total = at.ref, at.number, at.total
		if parts = s.assemble(msg.number, at, part); parts == nil {
			return "", false
		}
	}
	text, err := sms.Join(parts, sms.AlphabetGSM7)
	return text.Reveal(), err == nil
}

// assemble adds a part and returns all of them once they are there. When too many texts are incomplete, some are
// forgotten: a phone would do the same.
func (s *Server) assemble(number uint64, at place, part sms.Part) []sms.Part {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := partKey{number: number, ref: at.ref, total: at.total}
	a := s.parts[key]
	if a == nil {
		for old := range s.parts {
			if len(s.parts) < maxAssemblies {
				break
			}
			delete(s.parts, old)
		}
		a = &assembly{parts: make([]sms.Part, at.total)}
		s.parts[key] = a
	}
	if a.parts[at.number-1].Body == nil {
		a.have++
	}
	a.parts[at.number-1] = part
	if a.have < int(at.total) {
		return nil
	}
	delete(s.parts, key)
	return a.parts
}
