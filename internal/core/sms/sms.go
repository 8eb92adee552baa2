// Package sms knows how a text becomes the units that a phone network carries, and back: the GSM 7-bit
// default alphabet with its extension and national tables (3GPP TS 23.038), UCS-2, user data headers (3GPP
// TS 23.040) and segment counts that are exact. It refuses to change a text: characters that cost more, or
// that an alphabet lacks, are pointed out with a plain twin, and only Transliterate, which a person chooses,
// replaces anything. It knows no SMPP beyond data_coding.
package sms

import "strings"

// Coding is how the characters of a message travel.
type Coding string

const (
	// GSM7 is 7 bits a unit: 160 units alone, 153 in each of several segments. A unit is a septet; the
	// characters of an extension or single shift table take two.
	GSM7 Coding = "gsm7"
	// UCS2 is UTF-16 big-endian: 70 units alone, 67 in each of several segments. A unit is 16 bits; a
	// character outside the basic plane (most emoji) takes two.
	UCS2 Coding = "ucs2"
)

// DataCoding is the SMPP data_coding and the TP-DCS of the coding.
func (c Coding) DataCoding() byte {
	if c == UCS2 {
		return 8
	}
	return 0
}

// Policy says which codings a plan may use.
type Policy uint8

const (
	// Auto takes the cheapest coding that carries every character unchanged.
	Auto Policy = iota
	// OnlyGSM7 refuses a text that 7 bits cannot carry.
	OnlyGSM7
	// OnlyUCS2 sends even plain text as UCS-2, for routes that garble 7 bits.
	OnlyUCS2
)

// Lang is a 3GPP national language identifier (TS 23.038, 6.2.1.2.4); zero is the default alphabet.
type Lang uint8

// The identifiers that TS 23.038 assigns.
const (
	Default Lang = iota
	Turkish
	Spanish
	Portuguese
	Bengali
	Gujarati
	Hindi
	Kannada
	Malayalam
	Oriya
	Punjabi
	Tamil
	Telugu
	Urdu
	langs // how many there are
)

// tags are the BCP 47 languages of the tables.
var tags = [langs]string{"", "tr", "es", "pt", "bn", "gu", "hi", "kn", "ml", "or", "pa", "ta", "te", "ur"}

// Tag is the BCP 47 language of the table, "" for the default alphabet.
func (l Lang) Tag() string {
	if l >= langs {
		return ""
	}
	return tags[l]
}

// LangOf finds the table of a language, given as a BCP 47 tag ("pt-BR"); Default when it has none.
func LangOf(tag string) Lang {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	for l := Turkish; l < langs; l++ {
		if tags[l] == base {
			return l
		}
	}
	return Default
}

// Reason tells why a plan has the coding that it has.
type Reason string

const (
	// ReasonPlain: the default alphabet carries every character.
	ReasonPlain Reason = "plain"
	// ReasonNational: national tables carry every character in fewer segments than UCS-2.
	ReasonNational Reason = "national_table"
	// ReasonCharacters: at least one character needs UCS-2.
	ReasonCharacters Reason = "characters_need_ucs2"
	// ReasonForced: the policy asked for this coding.
	ReasonForced Reason = "policy"
)

// Options steer Plan. The zero value is right for most routes.
type Options struct {
	Policy   Policy
	National []Lang // languages whose shift tables the route and the patients' phones understand; preferred first
	Ref      uint16 // reference of a message of several parts; with 8 bits its low byte counts
	WideRef  bool   // 16-bit references: one unit less per segment
}

// The sizes of a short message: TP-UD holds 140 octets.
const (
	maxOctets   = 140
	maxSegments = 255
)
