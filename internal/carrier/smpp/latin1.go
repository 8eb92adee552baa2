package smpp

// gsmDefault is the GSM 03.38 default alphabet (3GPP TS 23.038, 6.2.1) in the order of its septets; the escape
// at 0x1B stands as a zero rune. It is here only for carriers that take data_coding 0 to mean ISO-8859-1.
var gsmDefault = []rune("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x00ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")

// gsmExtension is the part of the extension table that ISO-8859-1 can write.
var gsmExtension = map[byte]byte{0x14: '^', 0x28: '{', 0x29: '}', 0x2F: '\\', 0x3C: '[', 0x3D: '~', 0x3E: ']', 0x40: '|', 0x0A: '\f'}

// appendLatin1 transcodes unpacked septets to ISO-8859-1. It reports false for a character that ISO-8859-1 does
// not have (the euro, Greek capitals): such a text must go as UCS-2 on such a route.
func appendLatin1(b []byte, septets []byte) ([]byte, bool) {
	for i := 0; i < len(septets); i++ {
		c := septets[i]
		if c == 0x1B && i+1 < len(septets) {
			i++
			x, ok := gsmExtension[septets[i]]
			if !ok {
				return b, false
			}
			b = append(b, x)
			continue
		}
		if c > 0x7F || gsmDefault[c] == 0 || gsmDefault[c] > 0xFF {
			return b, false
		}
		b = append(b, byte(gsmDefault[c]))
	}
	return b, true
}
