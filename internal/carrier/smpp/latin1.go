package smpp

import (
	"bytes"

	"carillon.dev/carillon/internal/core/sms"
)

// appendLatin1 transcodes unpacked septets to ISO-8859-1, for carriers that take data_coding 0 to mean that. It
// reports false for a character that ISO-8859-1 does not have (the euro, Greek capitals): such a text must go as
// UCS-2 on such a route.
func appendLatin1(b, septets []byte) ([]byte, bool) {
	const escape = 0x1B
	if bytes.HasSuffix(septets, []byte{escape}) || bytes.ContainsFunc(septets, func(r rune) bool { return r > 0x7F }) {
		return b, false
	}
	text, err := sms.Decode(dcDefault, false, septets, sms.AlphabetGSM7)
	if err != nil {
		return b, false
	}
	for _, r := range text.Reveal() {
		if r > 0xFF {
			return b, false
		}
		b = append(b, byte(r))
	}
	return b, true
}
