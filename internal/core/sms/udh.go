package sms

import "carillon.dev/carillon/internal/base/errs"

// Information element identifiers that are read or written (TS 23.040, 9.2.3.24).
const (
	ieConcat8  = 0x00
	iePorts8   = 0x04
	iePorts16  = 0x05
	ieConcat16 = 0x08
	ieSingle   = 0x24
	ieLocking  = 0x25
)

// Element is a piece of a user data header that is not interpreted here.
type Element struct {
	ID   byte
	Data []byte
}

// UDH is a user data header. The zero value is no header.
type UDH struct {
	Ref     uint16 // reference of a message in parts
	Total   uint8  // number of parts; 0 when the message is whole
	Part    uint8  // 1 to Total
	WideRef bool   // the reference has 16 bits
	Single  Lang   // national single shift table
	Locking Lang   // national locking shift table
	Ports   bool   // SrcPort and DstPort are set: data for an application, not for a person
	SrcPort uint16
	DstPort uint16
	Other   []Element
}

// IsPart reports whether the message is one of several.
func (u UDH) IsPart() bool { return u.Total > 1 }

// ParseUDH splits user data that begins with a header into header and body. Unknown elements are kept;
// elements with values that cannot be (part 3 of 2, a language nobody assigned) are ignored, as TS 23.040
// asks. A length that points outside is an error, never a panic.
func ParseUDH(data []byte) (UDH, []byte, error) {
	if len(data) == 0 {
		return UDH{}, nil, badUDH("the user data is empty")
	}
	size := int(data[0])
	if 1+size > len(data) {
		return UDH{}, nil, badUDH("the header is longer than the user data")
	}
	var u UDH
	elements := data[1 : 1+size]
	for len(elements) > 0 {
		if len(elements) < 2 || 2+int(elements[1]) > len(elements) {
			return UDH{}, nil, badUDH("an element is longer than the header")
		}
		n := 2 + int(elements[1])
		u.take(elements[0], elements[2:n])
		elements = elements[n:]
	}
	return u, data[1+size:], nil
}

func badUDH(what string) error { return errs.New(errs.Invalid, what).At("udh") }

func (u *UDH) take(id byte, v []byte) {
	switch {
	case id == ieConcat8 && len(v) == 3:
		u.concat(uint16(v[0]), false, v[1], v[2])
	case id == ieConcat16 && len(v) == 4:
		u.concat(uint16(v[0])<<8|uint16(v[1]), true, v[2], v[3])
	case id == ieSingle && len(v) == 1 && Lang(v[0]) < langs:
		u.Single = Lang(v[0])
	case id == ieLocking && len(v) == 1 && Lang(v[0]) < langs:
		u.Locking = Lang(v[0])
	case id == iePorts8 && len(v) == 2:
		u.Ports, u.DstPort, u.SrcPort = true, uint16(v[0]), uint16(v[1])
	case id == iePorts16 && len(v) == 4:
		u.Ports, u.DstPort, u.SrcPort = true, uint16(v[0])<<8|uint16(v[1]), uint16(v[2])<<8|uint16(v[3])
	default:
		u.Other = append(u.Other, Element{id, append([]byte(nil), v...)})
	}
}

func (u *UDH) concat(ref uint16, wide bool, total, part byte) {
	if part == 0 || part > total {
		return
	}
	u.Ref, u.WideRef, u.Total, u.Part = ref, wide, total, part
}

// size is the number of octets the header takes with its length octet, 0 for no header. Only what Plan
// writes is counted.
func (u UDH) size() int {
	n := 0
	if u.IsPart() && u.WideRef {
		n += 6
	} else if u.IsPart() {
		n += 5
	}
	if u.Single != Default {
		n += 3
	}
	if u.Locking != Default {
		n += 3
	}
	if n == 0 {
		return 0
	}
	return n + 1
}

// append writes the header; nothing for no header.
func (u UDH) append(b []byte) []byte {
	size := u.size()
	if size == 0 {
		return b
	}
	b = append(b, byte(size-1))
	if u.IsPart() && u.WideRef {
		b = append(b, ieConcat16, 4, byte(u.Ref>>8), byte(u.Ref), u.Total, u.Part)
	} else if u.IsPart() {
		b = append(b, ieConcat8, 3, byte(u.Ref), u.Total, u.Part)
	}
	if u.Single != Default {
		b = append(b, ieSingle, 1, byte(u.Single))
	}
	if u.Locking != Default {
		b = append(b, ieLocking, 1, byte(u.Locking))
	}
	return b
}

// room is how many units fit into one segment behind the header.
func (u UDH) room(c Coding) int {
	octets := maxOctets - u.size()
	if c == UCS2 {
		return octets / 2
	}
	return octets * 8 / 7
}
