package inbound

import (
	"encoding/json"
	"slices"
	"strings"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/store"
)

// delivery is one delivered part and the sender as the carrier wrote it: which number that is depends on its type and
// on the country of the number that was written to.
type delivery struct {
	store.InboundPart
	from phi.Text
	ton  uint8
}

// octets are a part as it came: they tell events apart, and joining decodes them again, because a phone may cut
// a character in two.
type octets struct {
	From       string              `json:"from"`
	DataCoding uint8               `json:"dcs"`
	Alphabet   sms.DefaultAlphabet `json:"alphabet"`
	UDH        []byte              `json:"udh,omitempty"`
	Payload    []byte              `json:"payload"`
}

func (o octets) part() (sms.Part, error) {
	return sms.ParsePart(o.DataCoding, len(o.UDH) > 0, slices.Concat(o.UDH, o.Payload))
}

// delivery reads one delivery. A text in a coding that cannot be read is kept as it came, for a person to see.
func (s *Service) delivery(route id.ID, in carrier.Inbound) delivery {
	o := octets{From: in.From.Reveal(), DataCoding: in.DataCoding, Alphabet: in.Alphabet, UDH: in.UDH, Payload: in.Payload}
	raw, err := json.Marshal(o)
	if err != nil {
		raw = in.Payload // not possible for these types; the octets alone still tell events apart
	}
	d := delivery{from: in.From, ton: in.FromTON, InboundPart: store.InboundPart{Route: route, To: in.To.Reveal(), Body: phi.T(unreadable),
		Raw: phi.T(string(raw)), ReceivedAt: in.ReceivedAt}}
	if d.ReceivedAt.IsZero() {
		d.ReceivedAt = s.machine.Now()
	}
	if p, err := o.part(); err == nil {
		if text, err := p.Text(in.Alphabet); err == nil {
			d.Body = text
		}
	}
	if c := in.Concat; c.Total > 1 && c.Number >= 1 && c.Number <= c.Total {
		d.Ref, d.Number, d.Total = int(c.Ref), int(c.Number), int(c.Total)
	}
	return d
}

// unreadable stands for a text in a coding that no phone writes; staff see that something came.
const unreadable = "…"

// number says whose number wrote, by the type of number that the carrier gives. International digits have their
// calling code; national ones are as dialled in the region, the country of the number that was written to; where
// the carrier does not say, see unsaid. A plan that does not know a number yet does not keep its STOP from
// counting, unless its digits are national: another country's number would be stopped. Zero for a name
// ("InfoSMS") or a short code.
func number(from phi.Text, ton uint8, region string) phone.Number {
	digits := strings.TrimSpace(from.Reveal())
	if strings.HasPrefix(digits, "+") {
		ton = carrier.TONInternational
	}
	plus := "+" + strings.TrimPrefix(digits, "+")
	abroad, _ := phone.Parse(phi.T(plus), "")
	home, _ := phone.Parse(phi.T(digits), region)
	first, second := abroad, home
	switch ton {
	case carrier.TONInternational:
	case carrier.TONNational:
		first, second = home, abroad
	default:
		first, second = unsaid(home, abroad)
	}
	if !first.IsZero() {
		return first
	}
	if !second.IsZero() || ton == carrier.TONNational {
		return second
	}
	n, _ := phone.FromStored(plus) // zero when it is none
	return n
}

// unsaid orders what digits without a type may mean: the country that was written to comes first. Digits that also
// are a number of this same country with its calling code are read so: 49176… is a German phone, not a landline
// in Leer.
func unsaid(home, abroad phone.Number) (first, second phone.Number) {
	if !home.IsZero() && !abroad.IsZero() && home.CallingCode() == abroad.CallingCode() {
		return abroad, home
	}
	return home, abroad
}

// resolve completes a part with its number. A sender that is none is named in the text, for nobody can be
// found by it, and its parts stay apart: nothing says that two of a name are one sender.
func (d delivery) resolve(region string) store.InboundPart {
	p := d.InboundPart
	if p.From = number(d.from, d.ton, region); !p.From.IsZero() {
		return p
	}
	p.Ref, p.Number, p.Total = 0, 0, 0
	if name := strings.TrimSpace(d.from.Reveal()); name != "" {
		p.Body = phi.T(name + ": " + p.Body.Reveal())
	}
	return p
}

// joined makes one text of its parts, in their own order; what is missing is marked.
func joined(parts []store.InboundPart) (phi.Text, []id.ID) {
	slices.SortStableFunc(parts, func(a, b store.InboundPart) int { return a.Number - b.Number })
	ids := make([]id.ID, len(parts))
	for i, p := range parts {
		ids[i] = p.ID
	}
	once := slices.CompactFunc(slices.Clone(parts), func(a, b store.InboundPart) bool { return a.Number == b.Number })
	if text, ok := whole(once); ok {
		return text, ids
	}
	var b strings.Builder
	next := 1
	for _, p := range once {
		if p.Number > next {
			b.WriteString(gap)
		}
		b.WriteString(p.Body.Reveal())
		next = p.Number + 1
	}
	if len(once) > 0 && next <= once[0].Total {
		b.WriteString(gap)
	}
	return phi.T(b.String()), ids
}

// gap stands where parts are missing.
const gap = " […] "

// whole decodes parts as one run of octets; false when something is missing or cannot be read as a text.
func whole(parts []store.InboundPart) (phi.Text, bool) {
	if len(parts) < 2 {
		return phi.Text{}, false
	}
	all := make([]sms.Part, len(parts))
	var alphabet sms.DefaultAlphabet
	for i, p := range parts {
		var o octets
		if json.Unmarshal([]byte(p.Raw.Reveal()), &o) != nil {
			return phi.Text{}, false
		}
		part, err := o.part()
		if err != nil {
			return phi.Text{}, false
		}
		// The sar_ TLVs say the same as a header; what the connector read is what counts.
		part.UDH.Ref, part.UDH.WideRef = 0, false
		part.UDH.Part, part.UDH.Total = byte(p.Number), byte(p.Total) //nolint:gosec // a connector's octets
		all[i], alphabet = part, o.Alphabet
	}
	text, err := sms.Join(all, alphabet)
	return text, err == nil
}
