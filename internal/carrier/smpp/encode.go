package smpp

import (
	"fmt"
	"strings"
	"time"

	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
	"carillon.dev/carillon/internal/core/sms"
)

const (
	maxAddr     = 20 // octets of an address without its terminator (section 5.2.8)
	maxPayload  = 64 << 10
	maxValidity = 30 * 24 * time.Hour
)

// Data codings (section 5.2.19).
const (
	dcDefault = 0x00
	dcLatin1  = 0x03
	dcBinary  = 0x04
	dcUCS2    = 0x08
)

// encoder turns submits into PDUs. It reuses its buffers, so one submit at a time: a session uses its own under
// its lock.
type encoder struct {
	cfg      *Config
	extra    []byte // the route's own parameters, encoded once
	m        pdu.Message
	data     []byte
	params   []byte
	validity map[time.Duration][]byte
}

func newEncoder(cfg *Config) *encoder {
	e := &encoder{cfg: cfg, validity: map[time.Duration][]byte{}}
	for _, t := range cfg.ExtraTLVs {
		e.extra = pdu.AppendParam(e.extra, t.Tag, t.Value)
	}
	return e
}

// append appends s as a submit_sm. It reports false, and returns b unchanged, when s cannot be encoded.
func (e *encoder) append(b []byte, seq uint32, s *carrier.Submit) ([]byte, bool) {
	m := &e.m
	*m = pdu.Message{Source: m.Source, Dest: m.Dest} // the address buffers stay
	if !e.addresses(s) {
		return b, false
	}
	m.ServiceType = append(m.ServiceType[:0], e.cfg.ServiceType...)
	m.Priority = min(s.Priority, 3)
	if !s.NoReceipt {
		m.RegisteredDelivery = uint8(e.cfg.RegisteredDelivery)
	}
	v := s.Validity
	if v == 0 {
		v = e.cfg.Validity
	}
	m.Validity = e.relative(v)

	e.params = e.params[:0]
	if !e.userData(s) {
		return b, false
	}
	if e.cfg.EchoesRef && s.UserRef != 0 {
		e.params = pdu.AppendParam16(e.params, pdu.TagUserMessageReference, s.UserRef)
	}
	for _, t := range s.TLVs {
		e.params = pdu.AppendParam(e.params, t.Tag, t.Value)
	}
	e.params = append(e.params, e.extra...)
	m.Params = e.params
	return pdu.AppendMessage(b, pdu.Header{ID: pdu.SubmitSM, Seq: seq}, m), true
}

// addresses fills source and destination.
func (e *encoder) addresses(s *carrier.Submit) bool {
	m, to := &e.m, s.To.Reveal()
	from, ton, npi := e.cfg.source(s.From)
	if !e.cfg.DestPlus {
		to = strings.TrimPrefix(to, "+")
	}
	if to == "" || !okCstr(to, maxAddr) || !okCstr(from, maxAddr) {
		return false
	}
	m.Source.TON, m.Source.NPI = ton, npi
	m.Source.Addr = append(m.Source.Addr[:0], from...)
	m.Dest.TON, m.Dest.NPI = uint8(e.cfg.DestTON), uint8(e.cfg.DestNPI)
	m.Dest.Addr = append(m.Dest.Addr[:0], to...)
	return true
}

// source is a sender as this route writes it.
func (c *Config) source(a carrier.Address) (from string, ton, npi uint8) {
	from, ton, npi = a.Addr, a.TON, a.NPI
	switch {
	case ton != 0 || npi != 0:
	case c.SourceTON >= 0 && c.SourceNPI >= 0:
		ton, npi = uint8(c.SourceTON), uint8(c.SourceNPI)
	default:
		ton, npi = senderForm(from)
	}
	if ton == 1 {
		from = strings.TrimPrefix(from, "+")
	}
	return from, ton, npi
}

// senderForm chooses type of number and numbering plan by what the sender looks like: see carrier.Address.
func senderForm(from string) (ton, npi uint8) {
	digits := strings.TrimPrefix(from, "+")
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 5, 0 // alphanumeric
		}
	}
	switch {
	case from == "":
		return 0, 0 // the account's own sender
	case len(digits) < len(from) || len(digits) > 8:
		return 1, 1 // international, E.164
	default:
		return 3, 0 // network specific: a short code
	}
}

// userData places header and payload and sets coding, esm_class and the sar_ parameters.
func (e *encoder) userData(s *carrier.Submit) bool {
	m := &e.m
	udh := []byte(s.UDH)
	if e.cfg.Concat == carrier.ConcatSAR && len(udh) > 0 {
		part, rest := takeConcat(udh)
		if !part.IsZero() {
			e.params = pdu.AppendParam16(e.params, pdu.TagSarMsgRefNum, part.Ref)
			e.params = pdu.AppendParam8(e.params, pdu.TagSarTotalSegments, part.Total)
			e.params = pdu.AppendParam8(e.params, pdu.TagSarSegmentSeqnum, part.Number)
			udh = rest
		}
	}
	e.data = append(e.data[:0], udh...)
	if len(udh) > 0 {
		m.ESMClass |= pdu.ESMUDHI
	}
	most := 140 - len(udh) // octets of one segment
	switch s.Coding {
	case carrier.GSM7:
		m.DataCoding = dcDefault
		most = most * 8 / 7
		if e.cfg.Alphabet == sms.AlphabetLatin1 {
			var ok bool
			if e.data, ok = appendLatin1(e.data, s.Payload); !ok {
				return false
			}
			break
		}
		e.data = append(e.data, s.Payload...)
	default:
		m.DataCoding = map[carrier.Coding]uint8{carrier.UCS2: dcUCS2, carrier.Latin1: dcLatin1, carrier.Binary: dcBinary}[s.Coding]
		e.data = append(e.data, s.Payload...)
	}
	switch n := len(e.data); {
	case n > maxPayload:
		return false
	case n > pdu.MaxShort || e.cfg.Concat == carrier.ConcatWhole && n-len(udh) > most:
		e.params = pdu.AppendParam(e.params, pdu.TagMessagePayload, e.data)
	default:
		m.Short = e.data
	}
	return true
}

// takeConcat reads the concatenation element of a user data header (3GPP TS 23.040, 9.2.3.24.1 and .8) and
// returns the header without it: nil when nothing else was in it. A malformed header is returned as it is.
func takeConcat(udh []byte) (carrier.Part, []byte) {
	var part carrier.Part
	if len(udh) == 0 || len(udh) != 1+int(udh[0]) {
		return part, udh
	}
	rest := []byte{0}
	for el := udh[1:]; len(el) > 0; {
		if len(el) < 2 || len(el) < 2+int(el[1]) {
			return carrier.Part{}, udh
		}
		v := el[2 : 2+int(el[1])]
		switch {
		case el[0] == 0x00 && len(v) == 3 && v[2] > 0 && v[2] <= v[1]:
			part = carrier.Part{Ref: uint16(v[0]), Total: v[1], Number: v[2]}
		case el[0] == 0x08 && len(v) == 4 && v[3] > 0 && v[3] <= v[2]:
			part = carrier.Part{Ref: uint16(v[0])<<8 | uint16(v[1]), Total: v[2], Number: v[3]}
		default:
			rest = append(rest, el[:2+len(v)]...)
		}
		el = el[2+len(v):]
	}
	if len(rest) == 1 {
		return part, nil
	}
	rest[0] = byte(len(rest) - 1)
	return part, rest
}

// relative is a validity_period in the relative format of section 7.1.1.2, empty for none.
func (e *encoder) relative(d time.Duration) []byte {
	if d <= 0 {
		return nil
	}
	d = min(max(d, time.Minute), maxValidity).Truncate(time.Second)
	if v, ok := e.validity[d]; ok {
		return v
	}
	s := int(d / time.Second)
	v := fmt.Appendf(nil, "0000%02d%02d%02d%02d000R", s/86400, s/3600%24, s/60%60, s%60)
	if len(e.validity) < 1000 { // a bound, not an expectation: expiries are rounded to minutes upstream
		e.validity[d] = v
	}
	return v
}
