package phone

import "github.com/nyaruka/phonenumbers"

// Kind is what sort of line a number is, as far as its digits tell; a ported number may differ.
type Kind string

const (
	// Mobile is a mobile line.
	Mobile Kind = "mobile"
	// Fixed is a landline.
	Fixed Kind = "fixed"
	// FixedOrMobile is either: the country does not tell them apart (all of North America).
	FixedOrMobile Kind = "fixed_or_mobile"
	// VoIP is an internet telephone line; whether it takes texts is not known.
	VoIP Kind = "voip"
	// Premium costs the caller extra.
	Premium Kind = "premium"
	// SharedCost splits the price between both ends.
	SharedCost Kind = "shared_cost"
	// Other is free-phone, pager, personal, company-wide, voice mail or not known.
	Other Kind = "other"
)

// Kind says what sort of line the number is; Other for no number.
func (n Number) Kind() Kind {
	if n.e164 == "" {
		return Other
	}
	return kindOf(n.parsed())
}

// CanText reports whether a text can be expected to arrive: mobile lines, and lines of countries that do
// not tell mobile from fixed. Kind is the reason when it is false.
func (n Number) CanText() bool {
	k := n.Kind()
	return k == Mobile || k == FixedOrMobile
}

func kindOf(p *phonenumbers.PhoneNumber) Kind {
	switch phonenumbers.GetNumberType(p) {
	case phonenumbers.MOBILE:
		return Mobile
	case phonenumbers.FIXED_LINE:
		return Fixed
	case phonenumbers.FIXED_LINE_OR_MOBILE:
		return FixedOrMobile
	case phonenumbers.VOIP:
		return VoIP
	case phonenumbers.PREMIUM_RATE:
		return Premium
	case phonenumbers.SHARED_COST:
		return SharedCost
	default:
		return Other
	}
}
