package pdu

import (
	"encoding/binary"
	"iter"
)

// Tags of optional parameters (section 5.3.2).
const (
	TagSCInterfaceVersion   = 0x0210
	TagReceiptedMessageID   = 0x001E
	TagUserMessageReference = 0x0204
	TagSarMsgRefNum         = 0x020C
	TagSarTotalSegments     = 0x020E
	TagSarSegmentSeqnum     = 0x020F
	TagNetworkErrorCode     = 0x0423
	TagMessagePayload       = 0x0424
	TagMessageState         = 0x0427
)

// Params are optional parameters as they stand in a PDU. Parsed ones are well formed.
type Params []byte

// AppendParam appends one parameter. A value over 65,535 octets does not fit and is cut there.
func AppendParam(b []byte, tag uint16, value []byte) []byte {
	value = value[:min(len(value), 0xffff)]
	b = binary.BigEndian.AppendUint16(b, tag)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// AppendParam8 appends a parameter of one octet.
func AppendParam8(b []byte, tag uint16, v uint8) []byte {
	return append(b, byte(tag>>8), byte(tag), 0, 1, v)
}

// AppendParam16 appends a parameter of two octets.
func AppendParam16(b []byte, tag, v uint16) []byte {
	return append(b, byte(tag>>8), byte(tag), 0, 2, byte(v>>8), byte(v))
}

// parseParams checks that b is a run of whole parameters.
func parseParams(b []byte) (Params, error) {
	for rest := b; len(rest) > 0; {
		if len(rest) < 4 {
			return nil, ErrBody
		}
		n := 4 + int(binary.BigEndian.Uint16(rest[2:]))
		if len(rest) < n {
			return nil, ErrBody
		}
		rest = rest[n:]
	}
	return b, nil
}

// Each yields tag and value in the order of the PDU.
func (p Params) Each() iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for rest := p; len(rest) >= 4; {
			n := 4 + int(binary.BigEndian.Uint16(rest[2:]))
			if len(rest) < n || !yield(binary.BigEndian.Uint16(rest), rest[4:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// Get returns the first value of a tag.
func (p Params) Get(tag uint16) ([]byte, bool) {
	for t, v := range p.Each() {
		if t == tag {
			return v, true
		}
	}
	return nil, false
}

// Uint8 returns a parameter of one octet.
func (p Params) Uint8(tag uint16) (uint8, bool) {
	v, ok := p.Get(tag)
	if !ok || len(v) != 1 {
		return 0, false
	}
	return v[0], true
}

// Uint16 returns a parameter of two octets.
func (p Params) Uint16(tag uint16) (uint16, bool) {
	v, ok := p.Get(tag)
	if !ok || len(v) != 2 {
		return 0, false
	}
	return binary.BigEndian.Uint16(v), true
}
