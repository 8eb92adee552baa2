package carrier

import (
	"time"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/sms"
)

// Acker takes the acknowledgement of one delivery; a connector's session implements it.
type Acker interface {
	// Ack answers the delivery that token names. Nil means durable; an error asks the carrier to deliver
	// again, but one of kind errs.Invalid says that it will never be taken. It never blocks on the
	// network; a second call for a token does nothing.
	Ack(token uint64, err error)
}

// Delivery is the open end of something that a carrier has delivered and wants acknowledged. The zero value
// has nothing to acknowledge.
type Delivery struct {
	acker Acker
	token uint64
}

// NewDelivery is for connectors.
func NewDelivery(a Acker, token uint64) Delivery { return Delivery{acker: a, token: token} }

// Ack says that the delivery is durable (nil), that it is not and should come again (an error), or that it must
// not come again although nobody stored it (errs.Invalid). If the line is gone meanwhile, the carrier delivers
// again on its own.
func (d Delivery) Ack(err error) {
	if d.acker != nil {
		d.acker.Ack(d.token, err)
	}
}

// ReceiptState is what a carrier reports of a text (SMPP 3.4 section 5.2.28 and appendix B).
type ReceiptState string

const (
	ReceiptEnroute     ReceiptState = "enroute"     // on its way; an intermediate notice
	ReceiptAccepted    ReceiptState = "accepted"    // taken over by the carrier or read by its service desk; not final
	ReceiptDelivered   ReceiptState = "delivered"   // the phone, or the last carrier that tells, has it
	ReceiptUndelivered ReceiptState = "undelivered" // given up
	ReceiptExpired     ReceiptState = "expired"     // the validity period ended first
	ReceiptDeleted     ReceiptState = "deleted"     // removed at the carrier
	ReceiptRejected    ReceiptState = "rejected"    // refused after it was accepted
	ReceiptUnknown     ReceiptState = "unknown"     // the carrier itself does not know
)

// Final reports whether no other state is expected after s. Unknown is not final: a better one may follow.
func (s ReceiptState) Final() bool {
	switch s {
	case ReceiptDelivered, ReceiptUndelivered, ReceiptExpired, ReceiptDeleted, ReceiptRejected:
		return true
	default:
		return false
	}
}

// Receipt is what a carrier says about a text (or one part) that it accepted. It can come before the Outcome
// that carries the same ProviderID, late, more than once, and out of order.
type Receipt struct {
	Delivery
	ProviderID   string // in the route's canonical form, equal to Outcome.ProviderID
	State        ReceiptState
	Intermediate bool   // an intermediate notification: more follows even if the state looks final
	ErrCode      string // the carrier's error code as it wrote it (letters, digits, -), at most 8 octets; may be empty
	NetworkError string // network type and code in hexadecimal from the network_error_code TLV; may be empty

	UserRef     uint16    // echoed user_message_reference, 0 if none
	SubmittedAt time.Time // the carrier's submit time, to the minute; zero if none
	DoneAt      time.Time // the carrier's time of the final state; zero if none
	ReceivedAt  time.Time // machine time

	From phi.Text // the phone that the text went to
	To   phi.Text // the sender that the text came from
}

// Inbound is one text (or part) from a phone.
type Inbound struct {
	Delivery
	From phi.Text // the phone, as the carrier writes it
	To   phi.Text // the number or short code written to

	// FromTON and FromNPI say how From is written (SMPP 3.4 sections 5.2.5 and 5.2.6): see the TON constants.
	FromTON, FromNPI uint8

	// DataCoding, Alphabet, UDH and Payload are what core/sms decodes: UDH and Payload joined are the user
	// data, and UDHI is set when UDH is there.
	DataCoding uint8
	Alphabet   sms.DefaultAlphabet // what data_coding 0 means on this route
	UDH        Octets              // with its length octet, or nil
	Payload    Octets              // in Coding
	Coding     Coding              // DataCoding, boiled down
	Concat     Part                // from UDH or from the sar_ TLVs; zero for a text of one part

	ReceivedAt time.Time // machine time
}

// Types of number (SMPP 3.4 section 5.2.5) that change how a sender's digits are read. With any other the
// carrier does not say.
const (
	TONUnknown       uint8 = 0
	TONInternational uint8 = 1 // with the country's calling code
	TONNational      uint8 = 2 // as dialled within the country
)

// Part places a part in its text: from the UDH's concatenation element or from the sar_ TLVs.
type Part struct {
	Ref    uint16
	Number uint8 // from 1
	Total  uint8
}

// IsZero reports whether the text came in one piece.
func (p Part) IsZero() bool { return p.Total == 0 }
