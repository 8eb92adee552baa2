package sms

import "carillon.dev/carillon/internal/base/errs"

// Pack puts septets (one per octet) behind a user data header, which may be empty, as TP-UD carries them:
// least significant bit first, with fill bits so that the first septet starts on a septet boundary counted
// from the header's first bit (TS 23.040, 9.2.3.24).
func Pack(udh, septets []byte) []byte {
	fill := fillBits(len(udh))
	if len(septets) == 0 {
		fill = 0
	}
	out := make([]byte, len(udh)+(fill+len(septets)*7+7)/8)
	copy(out, udh)
	body := out[len(udh):]
	for i, s := range septets {
		bit := fill + 7*i
		v := uint16(s&0x7f) << (bit % 8)
		body[bit/8] |= byte(v)
		if v > 0xff {
			body[bit/8+1] |= byte(v >> 8)
		}
	}
	return out
}

// Unpack takes count septets out of packed octets that follow a header of udhLen octets (0 for none). A
// count below zero means as many as fit; then a last septet of zero bits only, which is padding and not "@",
// is left out when it ends exactly on an octet.
func Unpack(packed []byte, udhLen, count int) ([]byte, error) {
	fill := fillBits(udhLen)
	fit := max((len(packed)*8-fill)/7, 0)
	guess := count < 0
	if guess {
		count = fit
	}
	if count > fit {
		return nil, errs.Newf(errs.Invalid, "%d septets announced, %d present", count, fit).At("user data")
	}
	out := make([]byte, count)
	for i := range out {
		bit := fill + 7*i
		v := uint16(packed[bit/8])
		if bit/8+1 < len(packed) {
			v |= uint16(packed[bit/8+1]) << 8
		}
		out[i] = byte(v>>(bit%8)) & 0x7f
	}
	if guess && count > 0 && out[count-1] == 0 && (fill+7*count)%8 == 0 {
		out = out[:count-1]
	}
	return out, nil
}

// fillBits are the bits between a header of so many octets and the next septet boundary.
func fillBits(udhLen int) int { return (7 - udhLen*8%7) % 7 }
