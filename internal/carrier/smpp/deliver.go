package smpp

import (
	"bytes"
	"time"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
	"carillon.dev/carillon/internal/core/sms"
)

// isReceipt tells receipts from texts: by the message type bits of esm_class, or, for carriers that forget
// them, by receipted_message_id together with message_state. A text that merely looks like a receipt is a
// text: any phone could write it.
func isReceipt(m *pdu.Message) bool {
	switch m.ESMClass & pdu.ESMTypeMask {
	case pdu.ESMReceipt, pdu.ESMIntermediate:
		return true
	}
	_, id := m.Params.Get(pdu.TagReceiptedMessageID)
	_, state := m.Params.Get(pdu.TagMessageState)
	return id && state
}

// readInbound turns a deliver_sm or data_sm from a phone into an Inbound that owns its octets. It reports false
// for a header that is longer than the user data.
func (c *Config) readInbound(m *pdu.Message, now time.Time) (carrier.Inbound, bool) {
	in := carrier.Inbound{
		From: phi.T(string(m.Source.Addr)), To: phi.T(string(m.Dest.Addr)),
		FromTON: m.Source.TON, FromNPI: m.Source.NPI,
		Coding: c.inboundCoding(m.DataCoding), DataCoding: m.DataCoding, Alphabet: c.Alphabet, ReceivedAt: now,
	}
	data := bytes.Clone(m.UserData())
	if m.ESMClass&pdu.ESMUDHI != 0 && len(data) > 0 {
		n := 1 + int(data[0])
		if n > len(data) {
			return carrier.Inbound{}, false
		}
		in.UDH, data = carrier.Octets(data[:n:n]), data[n:]
		in.Concat, _ = takeConcat(in.UDH)
	}
	in.Payload = data
	if in.Concat.IsZero() {
		in.Concat = sarPart(m.Params)
	}
	return in, true
}

func sarPart(p pdu.Params) carrier.Part {
	ref, ok1 := p.Uint16(pdu.TagSarMsgRefNum)
	total, ok2 := p.Uint8(pdu.TagSarTotalSegments)
	n, ok3 := p.Uint8(pdu.TagSarSegmentSeqnum)
	if !ok1 || !ok2 || !ok3 || n == 0 || n > total || total < 2 {
		return carrier.Part{}
	}
	return carrier.Part{Ref: ref, Number: n, Total: total}
}

// inboundCoding reads data_coding (section 5.2.19, and the groups of 3GPP TS 23.038 from 0x10 up). Alphabets that
// nobody here can read (JIS, Cyrillic, Hebrew code pages) come as Binary with the raw value beside.
func (c *Config) inboundCoding(dc uint8) carrier.Coding {
	switch {
	case dc == dcDefault && c.Alphabet == sms.AlphabetLatin1, dc == dcLatin1, dc == 0x01: // 1: IA5, a part of Latin-1
		return carrier.Latin1
	case dc == dcDefault:
		return carrier.GSM7
	case dc == dcUCS2:
		return carrier.UCS2
	case dc < 0x10:
		return carrier.Binary
	case dc >= 0xF0:
		return [2]carrier.Coding{carrier.GSM7, carrier.Binary}[dc>>2&1]
	case dc >= 0xE0:
		return carrier.UCS2
	case dc >= 0xC0:
		return carrier.GSM7
	default:
		return [4]carrier.Coding{carrier.GSM7, carrier.Binary, carrier.UCS2, carrier.Binary}[dc>>2&3]
	}
}
