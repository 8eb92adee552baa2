package phone

import (
	"errors"
	"regexp"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
)

// Reason says why a text is not a usable phone number.
type Reason string

const (
	// Empty: nothing but spaces.
	Empty Reason = "empty"
	// NotANumber: letters or signs that no phone number has.
	NotANumber Reason = "not_a_number"
	// Rounded: a spreadsheet made a decimal of it (4.86E+10, 48601234567.0); digits may be lost.
	Rounded Reason = "rounded_by_spreadsheet"
	// TooShort: fewer digits than any number there.
	TooShort Reason = "too_short"
	// TooLong: more digits than any number there, often two numbers in one cell.
	TooLong Reason = "too_long"
	// WrongRegion: no country code in the number and no usable region to read it by, or a code that is none.
	WrongRegion Reason = "wrong_region"
	// NotPossible: right length, but no such number is given out in that country.
	NotPossible Reason = "not_possible"
	// HasExtension: an extension cannot be texted.
	HasExtension Reason = "has_extension"
	// PremiumOrShared: the number costs extra; it is nobody's own phone.
	PremiumOrShared Reason = "premium_or_shared_cost"
)

var sentences = map[Reason]string{
	Empty:           "there is no phone number",
	NotANumber:      "this is not a phone number; write digits only, with + and the country code in front",
	Rounded:         "a spreadsheet has turned this number into a decimal; format the column as text and export it again",
	TooShort:        "the phone number has too few digits",
	TooLong:         "the phone number has too many digits; write one number only",
	WrongRegion:     "the country of this phone number is not known; write it with + and the country code",
	NotPossible:     "no such phone number exists in that country; check the digits, and write + and the country code if it is foreign",
	HasExtension:    "a number with an extension cannot be texted; write a direct number",
	PremiumOrShared: "this is a premium-rate or shared-cost number, not a person's phone",
}

// Error is why Parse refused; it never holds the number.
type Error struct{ Reason Reason }

// Error is the sentence for the reason.
func (e *Error) Error() string { return sentences[e.Reason] }

// ReasonOf is the reason in err's chain, "" when there is none.
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func refuse(r Reason) (Number, error) {
	return Number{}, errs.Wrap(errs.Invalid, sentences[r], &Error{r})
}

// Parse reads a number as people write it. region is the ISO 3166 country ("PL") by which a number without
// a country code is read; "" accepts only numbers that carry one. Spaces, dashes, brackets, invisible marks
// and digits of any script are understood, as are "00" for "+" and a trunk zero in brackets. The number
// must be valid in its country's numbering plan. Errors are errs.Invalid; ReasonOf tells the reason.
func Parse(raw phi.Text, region string) (Number, error) {
	s, reason := clean(raw.Reveal())
	if reason != "" {
		return refuse(reason)
	}
	region = strings.ToUpper(strings.TrimSpace(region))
	first := Reason("")
	for _, form := range [...]func(string) (string, bool){asWritten, withoutTrunkZero, doubleZeroAsPlus} {
		text, applies := form(s)
		if !applies {
			continue
		}
		n, reason := parseOne(text, region)
		if reason == "" {
			return n, nil
		}
		if first == "" {
			first = reason
		}
	}
	return refuse(first)
}

func asWritten(s string) (string, bool) { return s, true }

// withoutTrunkZero reads "+48 (0)601…": the zero is for callers inside the country only.
func withoutTrunkZero(s string) (string, bool) {
	if !strings.HasPrefix(s, "+") && !strings.HasPrefix(s, "00") {
		return "", false
	}
	out := strings.Replace(s, "(0)", "", 1)
	if strings.HasPrefix(out, "00") {
		out = "+" + out[2:]
	}
	return out, out != s
}

// doubleZeroAsPlus reads "0048…" where the region itself dials another prefix (011 in North America).
func doubleZeroAsPlus(s string) (string, bool) {
	rest, ok := strings.CutPrefix(s, "00")
	return "+" + rest, ok
}

// separators mean nothing to a numbering plan, and the library is slow with them.
var separators = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "", ",", "", "/", "", "\\", "", "'", "", "~", "")

func parseOne(s, region string) (Number, Reason) {
	p, err := phonenumbers.Parse(separators.Replace(s), region)
	if err != nil {
		return Number{}, reasonFor(err)
	}
	switch phonenumbers.IsPossibleNumberWithReason(p) {
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return Number{}, TooShort
	case phonenumbers.TOO_LONG:
		return Number{}, TooLong
	case phonenumbers.INVALID_COUNTRY_CODE:
		return Number{}, WrongRegion
	case phonenumbers.INVALID_LENGTH:
		return Number{}, NotPossible
	}
	switch phonenumbers.GetNumberType(p) { // a number without a type is not valid
	case phonenumbers.UNKNOWN:
		return Number{}, NotPossible
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST:
		return Number{}, PremiumOrShared
	}
	e164 := phonenumbers.Format(p, phonenumbers.E164)
	if !e164Shape(e164) {
		return Number{}, NotPossible
	}
	return Number{e164}, ""
}

func reasonFor(err error) Reason {
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return WrongRegion
	case errors.Is(err, phonenumbers.ErrTooShortNSN), errors.Is(err, phonenumbers.ErrTooShortAfterIDD):
		return TooShort
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return TooLong
	default:
		return NotANumber
	}
}

// maxRaw bounds what is looked at: the longest honest spelling of a number is far below it.
const maxRaw = 120

// clean keeps ASCII digits, a leading plus, brackets and separators; anything else is a reason.
func clean(raw string) (string, Reason) {
	if len(raw) > maxRaw {
		return "", NotANumber
	}
	var b strings.Builder
	b.Grow(len(raw))
	for _, r := range raw {
		if c, keep := plainRune(r); keep {
			b.WriteRune(c)
		}
	}
	s := strings.TrimSpace(b.String())
	if len(s) > 4 && strings.EqualFold(s[:4], "tel:") {
		s = strings.TrimSpace(s[4:])
	}
	switch {
	case s == "":
		return "", Empty
	case isRounded(s):
		return "", Rounded
	case extension.MatchString(s):
		return "", HasExtension
	case !looksDialled(s):
		return "", NotANumber
	}
	return s, ""
}

// plainRune is the ASCII twin of a rune that phone numbers are written with, and whether to keep it at all:
// bidirectional marks, zero-width signs and other invisible formatting go.
func plainRune(r rune) (rune, bool) {
	switch {
	case r < 0x80 && r >= 0x20:
		return r, true
	case r == '＋' || r == '﹢' || r == '⁺':
		return '+', true
	case r == '（':
		return '(', true
	case r == '）':
		return ')', true
	case unicode.IsSpace(r):
		return ' ', true
	case unicode.Is(unicode.Cf, r) || unicode.IsControl(r) || unicode.Is(unicode.Mn, r):
		return 0, false
	case unicode.Is(unicode.Pd, r) || r == '−':
		return '-', true
	case unicode.Is(unicode.Nd, r):
		return digit(r), true
	default:
		return r, true
	}
}

// digit gives the ASCII digit of a decimal digit of any script: the ten of a script are consecutive and
// start at a code point whose predecessor is no digit of the same run.
func digit(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	return r
}

// isRounded recognises what spreadsheets make of a number: 4.86E+10, 4,86e10 and 48601234567.0.
func isRounded(s string) bool {
	if whole, ok := strings.CutSuffix(s, ".0"); ok && onlyOf(whole, "0123456789") {
		return true
	}
	mantissa, exponent, found := strings.Cut(strings.ToLower(s), "e")
	return found && mantissa != "" && exponent != "" &&
		onlyOf(mantissa, "0123456789.,") && onlyOf(exponent, "0123456789+")
}

// extension is a trailing extension as English, Polish and Russian speakers and RFC 3966 write it.
var extension = regexp.MustCompile(`(?i)\d[\s,]*(?:;?ext\.?=?|wewn?\.?|доб\.?|x|#)\s*:?\s*\d{1,7}$`)

// looksDialled accepts digits with the usual separators and a plus in front only.
func looksDialled(s string) bool {
	if i := strings.LastIndexByte(s, '+'); i > 0 && strings.Trim(s[:i], " (") != "" {
		return false
	}
	return onlyOf(s, "0123456789+ -().,/\\'~") && strings.ContainsAny(s, "0123456789")
}

func onlyOf(s, allowed string) bool {
	for _, r := range s {
		if !strings.ContainsRune(allowed, r) {
			return false
		}
	}
	return true
}
