package sms

import (
	"fmt"
	"log/slog"
	"unicode/utf8"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
)

// Segment is one short message of a plan.
type Segment struct {
	Text phi.Text // what this segment says; the segments' texts joined are the whole text
	raw  []byte   // header, then unpacked septets or UTF-16
	udh  int      // octets of header
}

// UDH is the user data header with its length octet, empty for none. When it is not, SMPP wants esm_class
// with the UDHI bit (0x40).
func (s Segment) UDH() []byte { return s.raw[:s.udh] }

// Payload is what follows the header: one septet per octet for GSM7, UTF-16 big-endian for UCS2.
func (s Segment) Payload() []byte { return s.raw[s.udh:] }

// ShortMessage is header and payload, as short_message of SMPP carries them.
func (s Segment) ShortMessage() []byte { return s.raw }

// Packed is the segment as TP-UD of 7-bit text: the header, fill bits, and septets packed into octets.
func (s Segment) Packed() []byte { return Pack(s.UDH(), s.Payload()) }

// Format keeps a segment from being printed.
func (s Segment) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "segment of %d octets", len(s.raw)) }

// LogValue keeps a segment out of logs.
func (s Segment) LogValue() slog.Value { return slog.IntValue(len(s.raw)) }

// Encoded is a text made ready for the network.
type Encoded struct {
	Coding          Coding
	Locking, Single Lang // national tables in use, Default for none
	Segments        []Segment
	Units           int // what the text takes: septets for GSM7, 16-bit units for UCS2
	Left            int // units still free in the last segment
	Reason          Reason
}

// Format prints counts only.
func (e Encoded) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%s, %d units in %d segments", e.Coding, e.Units, len(e.Segments))
}

// LogValue logs counts only.
func (e Encoded) LogValue() slog.Value {
	return slog.GroupValue(slog.String("coding", string(e.Coding)), slog.Int("units", e.Units),
		slog.Int("segments", len(e.Segments)))
}

// Label names coding and table for people and for storing: "gsm7", "gsm7/tr" or "ucs2".
func (e Encoded) Label() string {
	if lang := max(e.Locking, e.Single); lang != Default {
		return string(e.Coding) + "/" + lang.Tag()
	}
	return string(e.Coding)
}

// SetRef puts another reference into the headers of a text of several segments: the sender draws it when
// the destination is known. It must not run beside a reader of the segments.
func (e Encoded) SetRef(ref uint16) {
	if len(e.Segments) < 2 {
		return
	}
	for _, s := range e.Segments {
		if s.raw[1] == ieConcat16 {
			s.raw[3], s.raw[4] = byte(ref>>8), byte(ref)
		} else {
			s.raw[3] = byte(ref)
		}
	}
}

// Whole is the text without concatenation headers, for message_payload: the header holds national tables
// only and is usually empty.
func (e Encoded) Whole() Segment {
	if len(e.Segments) == 1 {
		return e.Segments[0]
	}
	raw := UDH{Single: e.Single, Locking: e.Locking}.append(nil)
	whole := Segment{udh: len(raw)}
	text := ""
	for _, s := range e.Segments {
		raw = append(raw, s.Payload()...)
		text += s.Text.Reveal()
	}
	whole.raw, whole.Text = raw, phi.T(text)
	return whole
}

// Plan encodes text in the cheapest coding that carries every character as it is. Nothing is replaced.
// Errors (errs.Invalid): an empty text, bytes that are not UTF-8, characters that OnlyGSM7 cannot carry, or
// more than 255 segments.
func Plan(text string, o Options) (Encoded, error) {
	if text == "" {
		return Encoded{}, errs.New(errs.Invalid, "the text is empty").At("text")
	}
	s, units, reason, err := choose(text, o)
	if err != nil {
		return Encoded{}, err
	}
	e := Encoded{Coding: s.coding, Locking: s.locking, Single: s.single, Units: units, Reason: reason}
	if one := s.header(1, o); units <= one.room(s.coding) {
		e.Left = one.room(s.coding) - units
		e.Segments = []Segment{s.segment(text, units, one)}
		return e, nil
	}
	ends := s.ends(text, units, o)
	if len(ends) > maxSegments {
		return Encoded{}, errs.Newf(errs.Invalid, "the text needs %d segments; the most is %d", len(ends), maxSegments).At("text")
	}
	e.Segments = make([]Segment, len(ends))
	start := 0
	u := s.header(len(ends), o)
	for i, end := range ends {
		u.Part = uint8(i + 1)
		part := text[start:end]
		used, _ := s.units(part)
		e.Segments[i] = s.segment(part, used, u)
		e.Left, start = u.room(s.coding)-used, end
	}
	return e, nil
}

func (s scheme) segment(text string, units int, u UDH) Segment {
	octets := units
	if s.coding == UCS2 {
		octets = 2 * units
	}
	raw := u.append(make([]byte, 0, u.size()+octets))
	head := len(raw)
	return Segment{Text: phi.T(text), raw: s.append(raw, text), udh: head}
}

// choose picks the scheme for a text by policy and price.
func choose(text string, o Options) (s scheme, units int, why Reason, err error) {
	plain := scheme{coding: GSM7}
	if o.Policy != OnlyUCS2 {
		if n, ok := plain.units(text); ok {
			return plain, n, ReasonPlain, nil
		}
	}
	if !utf8.ValidString(text) {
		return scheme{}, 0, "", errs.New(errs.Invalid, "the text is not valid UTF-8; check the encoding it was read with").At("text")
	}
	wide := scheme{coding: UCS2}
	wideUnits, _ := wide.units(text)
	if o.Policy == OnlyUCS2 {
		return wide, wideUnits, ReasonForced, nil
	}
	national, nationalUnits, found := bestNational(text, o)
	switch {
	case found && o.Policy == OnlyGSM7:
		return national, nationalUnits, ReasonNational, nil
	case o.Policy == OnlyGSM7:
		return scheme{}, 0, "", errs.Newf(errs.Invalid, "%d characters of the text do not exist in the 7-bit alphabet; "+
			"replace them or allow UCS-2", len(outside(text))).At("text")
	case found && national.segments(text, nationalUnits, o) < wide.segments(text, wideUnits, o):
		return national, nationalUnits, ReasonNational, nil
	}
	return wide, wideUnits, ReasonCharacters, nil
}

// segments counts without building.
func (s scheme) segments(text string, units int, o Options) int {
	if units <= s.header(1, o).room(s.coding) {
		return 1
	}
	return len(s.ends(text, units, o))
}

// bestNational tries the allowed languages' single shift, locking shift, and both; fewest segments wins,
// then fewest units, then the order in which languages are preferred.
func bestNational(text string, o Options) (best scheme, units int, found bool) {
	fewest := 0
	for _, lang := range o.National {
		if lang == Default || lang >= langs {
			continue
		}
		for _, s := range [...]scheme{{GSM7, Default, lang}, {GSM7, lang, Default}, {GSM7, lang, lang}} {
			if s.locking == Spanish {
				continue // assigned, but there is no such table
			}
			n, ok := s.units(text)
			if !ok {
				continue
			}
			count := s.segments(text, n, o)
			if !found || count < fewest || count == fewest && n < units {
				best, units, fewest, found = s, n, count, true
			}
		}
	}
	return best, units, found
}

// outside are the characters that the default alphabet lacks.
func outside(text string) []rune {
	plain := scheme{coding: GSM7}
	var out []rune
	for _, r := range text {
		if plain.cost(r) == 0 {
			out = append(out, r)
		}
	}
	return out
}
