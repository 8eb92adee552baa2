package sms

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
)

// DefaultAlphabet is what data_coding 0 means on a route: SMPP leaves it to the SMSC.
type DefaultAlphabet string

const (
	// AlphabetGSM7 is one septet per octet; also what the empty value means.
	AlphabetGSM7 DefaultAlphabet = "gsm7"
	// AlphabetPacked is septets packed as on the air.
	AlphabetPacked DefaultAlphabet = "gsm7_packed"
	// AlphabetLatin1 is ISO 8859-1.
	AlphabetLatin1 DefaultAlphabet = "latin1"
	// AlphabetASCII is IA5.
	AlphabetASCII DefaultAlphabet = "ascii"
	// AlphabetUTF8 is what some HTTP-minded gateways send.
	AlphabetUTF8 DefaultAlphabet = "utf8"
)

// Part is one received short message, whole or one of several. It redacts itself in printers.
type Part struct {
	DataCoding byte
	UDH        UDH
	Body       []byte
	udhLen     int
}

// Format keeps the body from being printed.
func (p Part) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "part %d of %d, data_coding %d, %d octets", p.UDH.Part, p.UDH.Total, p.DataCoding, len(p.Body))
}

// LogValue keeps the body out of logs.
func (p Part) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// ParsePart reads what a deliver_sm carries. udhi is the UDHI bit (0x40) of esm_class. The octets are copied.
func ParsePart(dataCoding byte, udhi bool, octets []byte) (Part, error) {
	octets = slices.Clone(octets)
	if !udhi {
		return Part{DataCoding: dataCoding, Body: octets}, nil
	}
	u, body, err := ParseUDH(octets)
	if err != nil {
		return Part{}, err
	}
	return Part{DataCoding: dataCoding, UDH: u, Body: body, udhLen: len(octets) - len(body)}, nil
}

// Text decodes the part. Binary messages and codings that no phone here sends are errs.Invalid. Units that
// mean nothing become a space in GSM7 and U+FFFD elsewhere: what a patient wrote is shown as far as it goes.
func (p Part) Text(a DefaultAlphabet) (phi.Text, error) {
	raw, err := p.units(a)
	if err != nil {
		return phi.Text{}, err
	}
	return phi.T(raw.text(p.UDH)), nil
}

// Decode is ParsePart and Text in one, for a message that is whole.
func Decode(dataCoding byte, udhi bool, octets []byte, a DefaultAlphabet) (phi.Text, error) {
	p, err := ParsePart(dataCoding, udhi, octets)
	if err != nil {
		return phi.Text{}, err
	}
	return p.Text(a)
}

// Join puts the parts of one message together by part number, whatever order they came in; a part that came
// twice counts once. Errors (errs.Invalid) name what is missing or does not fit: nothing is guessed.
func Join(parts []Part, a DefaultAlphabet) (phi.Text, error) {
	if len(parts) == 0 {
		return phi.Text{}, errs.New(errs.Invalid, "there is no part").At("parts")
	}
	if total := parts[0].UDH.Total; total <= 1 && len(parts) == 1 {
		return parts[0].Text(a)
	}
	ordered, err := inOrder(parts)
	if err != nil {
		return phi.Text{}, err
	}
	var b strings.Builder
	for i := 0; i < len(ordered); {
		run, next, err := joinRun(ordered, i, a)
		if err != nil {
			return phi.Text{}, err
		}
		b.WriteString(run.text(ordered[i].UDH))
		i = next
	}
	return phi.T(b.String()), nil
}

// joinRun collects the units of neighbours in the same alphabet, so that a character which a phone cut
// between two parts is whole again.
func joinRun(ordered []Part, from int, a DefaultAlphabet) (units, int, error) {
	run, err := ordered[from].units(a)
	if err != nil {
		return units{}, 0, err
	}
	next := from + 1
	for ; next < len(ordered); next++ {
		p := ordered[next]
		if p.UDH.Locking != ordered[from].UDH.Locking || p.UDH.Single != ordered[from].UDH.Single {
			break
		}
		more, err := p.units(a)
		if err != nil {
			return units{}, 0, err
		}
		if more.alphabet != run.alphabet {
			break
		}
		run.octets = append(slices.Clip(run.octets), more.octets...)
	}
	return run, next, nil
}

func inOrder(parts []Part) ([]Part, error) {
	first := parts[0].UDH
	ordered := make([]Part, first.Total)
	seen := make([]bool, first.Total)
	for _, p := range parts {
		u := p.UDH
		if u.Total != first.Total || u.Ref != first.Ref || u.WideRef != first.WideRef || u.Part == 0 {
			return nil, errs.New(errs.Invalid, "the parts belong to different messages").At("parts")
		}
		if seen[u.Part-1] && !bytes.Equal(ordered[u.Part-1].Body, p.Body) {
			return nil, errs.Newf(errs.Invalid, "part %d came twice with different content", u.Part).At("parts")
		}
		ordered[u.Part-1], seen[u.Part-1] = p, true
	}
	for i, there := range seen {
		if !there {
			return nil, errs.Newf(errs.Invalid, "part %d of %d is missing", i+1, first.Total).At("parts")
		}
	}
	return ordered, nil
}

// units are the undecoded octets of one alphabet.
type units struct {
	alphabet alphabet
	octets   []byte
}

type alphabet string

const (
	septets  alphabet = "septets"
	utf16BE  alphabet = "utf16be"
	latin1   alphabet = "latin1"
	ascii    alphabet = "ascii"
	utf8Text alphabet = "utf8"
	cyrillic alphabet = "iso8859-5"
	hebrew   alphabet = "iso8859-8"
)

func (p Part) units(a DefaultAlphabet) (units, error) {
	kind, err := alphabetOf(p.DataCoding, a)
	if err != nil {
		return units{}, err
	}
	if kind != septets || a != AlphabetPacked {
		return units{kind, p.Body}, nil
	}
	unpacked, err := Unpack(p.Body, p.udhLen, -1)
	return units{septets, unpacked}, err
}

// alphabetOf reads SMPP 3.4 data_coding (5.2.19); values from 0x10 follow TP-DCS (TS 23.038, 4).
func alphabetOf(dcs byte, a DefaultAlphabet) (alphabet, error) {
	switch {
	case dcs == 0:
		return defaultAlphabet(a), nil
	case dcs == 1:
		return ascii, nil
	case dcs == 3:
		return latin1, nil
	case dcs == 6:
		return cyrillic, nil
	case dcs == 7:
		return hebrew, nil
	case dcs == 8:
		return utf16BE, nil
	case dcs < 0x10:
		return "", errs.Newf(errs.Invalid, "data_coding %d carries no text that can be shown", dcs).At("data_coding")
	}
	return alphabetOfClass(dcs, a)
}

func alphabetOfClass(dcs byte, a DefaultAlphabet) (alphabet, error) {
	bits := dcs >> 2 & 3 // general groups 00xx and 01xx
	switch {
	case dcs >= 0xf0:
		bits = dcs >> 2 & 1 // message class: 7 or 8 bits
	case dcs >= 0xe0:
		bits = 2 // message waiting, UCS-2
	case dcs >= 0xc0:
		bits = 0 // message waiting, default alphabet
	case dcs >= 0x80:
		bits = 3
	}
	switch bits {
	case 0:
		return defaultAlphabet(a), nil
	case 2:
		return utf16BE, nil
	}
	return "", errs.Newf(errs.Invalid, "data_coding %d carries no text that can be shown", dcs).At("data_coding")
}

func defaultAlphabet(a DefaultAlphabet) alphabet {
	switch a {
	case AlphabetLatin1:
		return latin1
	case AlphabetASCII:
		return ascii
	case AlphabetUTF8:
		return utf8Text
	default:
		return septets
	}
}

func (u units) text(h UDH) string {
	switch u.alphabet {
	case septets:
		return decodeSeptets(u.octets, h.Locking, h.Single)
	case utf16BE:
		return decodeUTF16(u.octets)
	case latin1:
		return byCharmap(charmap.ISO8859_1, u.octets)
	case cyrillic:
		return byCharmap(charmap.ISO8859_5, u.octets)
	case hebrew:
		return byCharmap(charmap.ISO8859_8, u.octets)
	case ascii:
		return decodeASCII(u.octets)
	default:
		return strings.ToValidUTF8(string(u.octets), "\ufffd")
	}
}

// decodeSeptets follows TS 23.038: a position that a single shift table lacks shows the locking table's
// character, a void one shows a space.
func decodeSeptets(octets []byte, locking, single Lang) string {
	main, shifted := &lockingTables[locking], &singleTables[single]
	var b strings.Builder
	b.Grow(len(octets))
	for i := 0; i < len(octets); i++ {
		s := octets[i] & 0x7f
		r := main.runes[s]
		if s == esc {
			i++
			r = ' '
			if i < len(octets) && octets[i]&0x7f != esc {
				s = octets[i] & 0x7f
				if r = shifted.runes[s]; r == 0 {
					r = main.runes[s]
				}
			}
		}
		if r == 0 {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// decodeUTF16 takes big-endian units; a byte-order mark is obeyed and dropped, an odd last octet is U+FFFD.
func decodeUTF16(octets []byte) string {
	hi, lo := 0, 1
	if len(octets) >= 2 && octets[0] == 0xff && octets[1] == 0xfe {
		hi, lo = 1, 0
	}
	wide := make([]uint16, 0, len(octets)/2+1)
	for i := 0; i+1 < len(octets); i += 2 {
		wide = append(wide, uint16(octets[i+hi])<<8|uint16(octets[i+lo]))
	}
	if len(octets)%2 == 1 {
		wide = append(wide, 0xfffd)
	}
	if len(wide) > 0 && wide[0] == 0xfeff {
		wide = wide[1:]
	}
	return string(utf16.Decode(wide))
}

func decodeASCII(octets []byte) string {
	var b strings.Builder
	for _, o := range octets {
		if o < 0x80 {
			b.WriteByte(o)
		} else {
			b.WriteRune(0xfffd)
		}
	}
	return b.String()
}

func byCharmap(m *charmap.Charmap, octets []byte) string {
	var b strings.Builder
	for _, o := range octets {
		b.WriteRune(m.DecodeByte(o))
	}
	return b.String()
}
