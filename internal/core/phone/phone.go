// Package phone turns what people write in a phone number column into an E.164 number, says what kind of
// line it is, and shows it masked. The rules per country are those of libphonenumber. It refuses to guess:
// a number that is not valid is an error with a reason, never repaired by dropping digits, and no error or
// printed value ever contains the number.
package phone

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
)

// Number is a phone number in E.164. It compares with ==, is a map key, and redacts itself in every
// printer; the zero value is no number.
type Number struct{ e164 string }

// Reveal returns "+48601234567", or "" for no number. Never pass it to a log, an error, a metric or a URL.
func (n Number) Reveal() string { return n.e164 }

// Digits is Reveal without the plus, as SMPP wants it with TON international.
func (n Number) Digits() string { return strings.TrimPrefix(n.e164, "+") }

// IsZero reports whether there is no number.
func (n Number) IsZero() bool { return n.e164 == "" }

// Text is the number as a self-redacting text.
func (n Number) Text() phi.Text { return phi.T(n.e164) }

// String is [redacted], or nothing for no number.
func (n Number) String() string { return n.Text().String() }

// Format redacts under every verb.
func (n Number) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(n.String())) }

// LogValue redacts in structured logs.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText redacts in JSON and the like.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// FromStored takes back a number that Reveal gave and a store kept. It checks the shape only (a plus and 7
// to 15 digits, the first not zero) because numbering plans change after a number was accepted.
func FromStored(e164 string) (Number, error) {
	if !e164Shape(e164) {
		return Number{}, errs.New(errs.Internal, "a stored phone number is not in E.164; restore it from its source").At("number")
	}
	return Number{e164}, nil
}

func e164Shape(s string) bool {
	if len(s) < 8 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Masked shows enough to recognise a number in a list of staff's own patients and too little to dial it:
// "+48 ••• ••• 567".
func (n Number) Masked() string {
	if n.e164 == "" {
		return ""
	}
	cc := strconv.Itoa(n.CallingCode())
	national := strings.TrimPrefix(n.Digits(), cc)
	const shown = 3
	hidden := max(len(national)-shown, 0)
	var b strings.Builder
	b.WriteString("+" + cc + " ")
	for i := range hidden {
		b.WriteString("•")
		if left := hidden - i - 1; left%3 == 0 {
			b.WriteString(" ")
		}
	}
	b.WriteString(national[hidden:])
	return b.String()
}

// CallingCode is the country calling code: 48 for +48…, 1 for all of North America; 0 for no number.
func (n Number) CallingCode() int { return int(n.parsed().GetCountryCode()) }

// Region is the ISO 3166 country that the number belongs to ("PL"), or "" when it belongs to none, such as
// a satellite phone.
func (n Number) Region() string {
	r := phonenumbers.GetRegionCodeForNumber(n.parsed())
	if len(r) != 2 || r == "ZZ" {
		return ""
	}
	return r
}

// TimeZones are the IANA zones in which the number's prefix is used, nil when unknown. A mobile number
// often gives every zone of its country: use it as a hint, a patient's or location's own zone wins.
func (n Number) TimeZones() []string {
	zones, err := phonenumbers.GetTimezonesForPrefix(n.Digits())
	if err != nil || len(zones) == 0 || zones[0] == phonenumbers.UNKNOWN_TIMEZONE {
		return nil
	}
	return zones
}

// parsed is the library's form. A Number is E.164, so that only the calling code must be found: no code is
// the beginning of another.
func (n Number) parsed() *phonenumbers.PhoneNumber {
	digits := n.Digits()
	for size := 1; size <= 3 && size < len(digits); size++ {
		code, err := strconv.Atoi(digits[:size])
		if err == nil && phonenumbers.GetRegionCodeForCountryCode(code) != phonenumbers.UNKNOWN_REGION {
			return nationalNumber(int32(code), digits[size:])
		}
	}
	return &phonenumbers.PhoneNumber{}
}

// nationalNumber keeps leading zeros, which belong to the number in Italy and some other countries.
func nationalNumber(code int32, digits string) *phonenumbers.PhoneNumber {
	p := &phonenumbers.PhoneNumber{CountryCode: &code}
	if value, err := strconv.ParseUint(digits, 10, 64); err == nil {
		p.NationalNumber = &value
	}
	if rest := strings.TrimLeft(digits[:len(digits)-1], "0"); len(rest) < len(digits)-1 {
		zero, count := true, int32(len(digits)-1-len(rest))
		p.ItalianLeadingZero, p.NumberOfLeadingZeros = &zero, &count
	}
	return p
}

// DisplayIn is the number as it is printed for people of a country: nationally at home ("22 123 45 67"), else
// with its code ("+48 22 123 45 67"). It is for the clinic's own numbers in texts; a patient's is Masked.
func (n Number) DisplayIn(region string) string {
	if n.e164 == "" {
		return ""
	}
	format := phonenumbers.INTERNATIONAL
	if strings.EqualFold(n.Region(), strings.TrimSpace(region)) && n.CallingCode() != 1 {
		format = phonenumbers.NATIONAL
	}
	return phonenumbers.Format(n.parsed(), format)
}
