package carrier

import (
	"fmt"
	"log/slog"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
)

// Coding is the alphabet of a payload's octets.
type Coding uint8

const (
	// GSM7 is the GSM 03.38 default alphabet with its extension table, one septet an octet (unpacked,
	// escape 0x1B). National tables are named by elements in UDH.
	GSM7 Coding = iota
	// UCS2 is UTF-16, big endian.
	UCS2
	// Latin1 is ISO-8859-1.
	Latin1
	// Binary is 8-bit data without an alphabet.
	Binary
)

// String names the coding as configuration does.
func (c Coding) String() string {
	switch c {
	case GSM7:
		return "gsm7"
	case UCS2:
		return "ucs2"
	case Latin1:
		return "latin1"
	default:
		return "binary"
	}
}

// Octets are user data on their way to or from a phone: PHI, so they print as [redacted].
type Octets []byte

// Format redacts under every verb.
func (o Octets) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(phi.Redacted)) }

// LogValue redacts in structured logs.
func (o Octets) LogValue() slog.Value { return slog.StringValue(phi.Redacted) }

// MarshalText redacts in JSON and the like.
func (o Octets) MarshalText() ([]byte, error) { return []byte(phi.Redacted), nil }

// Address is a sender as the carrier knows it: a long number, a short code or a name. TON and NPI are those
// of SMPP 3.4 section 5.2.5 and 5.2.6; both zero lets the connector choose by the address's form (digits
// beginning with + or over 8 long: international 1/1; short digits: network specific 3/0; else
// alphanumeric 5/0).
type Address struct {
	Addr     string
	TON, NPI uint8
}

// Submit is one hand-over: a whole text, or one part of it.
type Submit struct {
	Ref     uint64   // the caller's handle, echoed in the Outcome; the connector does not look into it
	Message id.ID    // for logs and traces only
	From    Address  // sender
	To      phi.Text // destination in E.164, with or without the leading +

	Coding  Coding
	UDH     Octets // whole user data header with its length octet, or nil
	Payload Octets // user data without the header, in Coding

	Validity  time.Duration // how long the carrier may try; 0 is the route's default
	Priority  uint8         // SMPP priority_flag, 0 to 3
	NoReceipt bool          // true: no delivery receipt is asked for
	UserRef   uint16        // user_message_reference, sent when the route echoes it; 0 is none
	TLVs      []TLV         // more than the route's own

	DueAt time.Time // when it was to leave, by the domain's clock; for measuring only
}

// TLV is an optional parameter (SMPP 3.4 section 5.3).
type TLV struct {
	Tag   uint16
	Value []byte
}

// Permit is the guard's answer for one submit.
type Permit uint8

const (
	// PermitSend: hand it over.
	PermitSend Permit = iota
	// PermitSuppressed: the number has opted out since the submit was prepared.
	PermitSuppressed
	// PermitHeld: nothing may leave now (stop-all, trial mode, a node that cannot hear of opt-outs).
	PermitHeld
)

// Class is what an outcome means for the attempt.
type Class uint8

const (
	// Accepted: the carrier has it; ProviderID is set.
	Accepted Class = iota + 1
	// Throttle: definitely not accepted, too fast or too full; the same again after RetryAfter, and slower.
	Throttle
	// Retry: definitely not accepted, the carrier's trouble; the same may work later.
	Retry
	// Permanent: definitely not accepted, and the same will not be.
	Permanent
	// Unknown: handed over, no answer: it may have left.
	Unknown
	// NotHandedOver: definitely never left this process (line down, stopping, held); may be queued again.
	NotHandedOver
	// Suppressed: the guard refused it; it never left and must not be queued again as it is.
	Suppressed
)

// String names the class as logs, metrics and rows do.
func (c Class) String() string {
	names := [...]string{"none", "accepted", "throttle", "retry", "permanent", "unknown", "not_handed_over", "suppressed"}
	if int(c) < len(names) {
		return names[c]
	}
	return "none"
}

// Outcome is what became of a Submit.
type Outcome struct {
	Ref        uint64
	Class      Class
	Reason     Reason
	ProviderID string        // the carrier's id in the route's canonical form; only when Accepted
	Status     uint32        // raw command_status, or 0 when the carrier said nothing
	RetryAfter time.Duration // least wait before the next hand-over on this route; only with Throttle
	Late       bool          // the answer to a submit that was reported as Unknown before
	At         time.Time     // machine time
}

// Reason says why an outcome is what it is, in words that a log, a metric or a page can key on.
type Reason string

// Reasons that a connector gives without the carrier's help. The carrier's own come from each connector's
// table of statuses.
const (
	ReasonOK           Reason = "ok"
	ReasonLineDown     Reason = "line_down"     // NotHandedOver: there was no connection
	ReasonStopping     Reason = "stopping"      // NotHandedOver: the route is going down, or the caller gave up
	ReasonHeld         Reason = "held"          // NotHandedOver: the guard holds everything
	ReasonBadSubmit    Reason = "bad_submit"    // Permanent: it cannot be encoded (empty or too long address, too long payload)
	ReasonSuppressed   Reason = "suppressed"    // Suppressed: the number opted out
	ReasonLineCut      Reason = "line_cut"      // Unknown: the line broke before the answer
	ReasonNoAnswer     Reason = "no_answer"     // Unknown: the submit deadline passed
	ReasonThrottled    Reason = "throttled"     // too many a second
	ReasonQueueFull    Reason = "queue_full"    // the carrier's queue for this account or number is full
	ReasonCarrierDown  Reason = "carrier_down"  // system error or failure at the carrier
	ReasonBadNumber    Reason = "bad_number"    // the destination is refused
	ReasonBadSender    Reason = "bad_sender"    // the sender is refused
	ReasonBadContent   Reason = "bad_content"   // length, coding, user data or class is refused
	ReasonBadParameter Reason = "bad_parameter" // another field or TLV is refused
	ReasonNotAllowed   Reason = "not_allowed"   // the account may not do this, or has no credit
	ReasonRejected     Reason = "rejected"      // refused without a clearer word
	ReasonUnlisted     Reason = "unlisted"      // the status is in no table: taken as permanent, shown
)
