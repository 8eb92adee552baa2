// Package carrier is the contract between the engine and whatever carries a text to a phone: an SMPP bind, an
// HTTP provider, a letter printer. A connector hands over what it is given, says what became of it, and brings
// back receipts and answers. It refuses to decide: who may be written to, when to try again and what a receipt
// means for a message are the engine's; a connector keeps no rows and knows no patient.
package carrier

import (
	"context"
	"time"
)

// Connector is one route to the outside.
//
// Every Submit of a batch gets exactly one Outcome through Handler.HandleOutcomes, whatever happens: the call
// returning is not the outcome. The only addition is an Outcome with Late set, when an answer comes after its
// submit was already reported as unknown.
type Connector interface {
	// Run connects, keeps the line up (reconnecting with backoff) and calls h until ctx ends; then it
	// drains for the route's grace period, reports what is still open as unknown, and returns nil. It
	// returns an error at once for a configuration that cannot work. It is called once.
	Run(ctx context.Context, h Handler) error

	// Submit hands over a batch in order. It blocks while the window is full and returns when every entry
	// has been handed over or has its definite outcome; when the line is down, or ctx ends first, the rest
	// is reported as NotHandedOver. The batch and what it points to may be reused after the return. It is
	// safe for concurrent use, but must not be called from a Handler method, nor before Run.
	Submit(ctx context.Context, batch []Submit)

	// Health is a snapshot for the sender loop, the console and the metrics.
	Health() Health

	// Traits are what the route can do; they do not change while it runs.
	Traits() Traits
}

// Querier is a connector that can ask what became of a text that the carrier has accepted. It follows up
// receipts that never came; it never resolves an unknown, because an unknown has no provider id.
type Querier interface {
	// Query returns the state as a Receipt without anything to acknowledge. errs.Unavailable: no
	// answer; errs.NotFound: the carrier does not know the id (any more); errs.Precondition: it does not take
	// questions at all.
	Query(ctx context.Context, providerID string, from Address) (Receipt, error)
}

// Handler is the engine's side of a route. It is safe for concurrent use: answers, receipts and texts come from
// the connector's reading goroutine, and while one of those calls blocks nothing more is read, which is the
// back-pressure; refusals come from the goroutine that called Submit, timeouts from a timer. Slices belong to the
// handler.
type Handler interface {
	// Guard is asked under the lock that appends the submit to the write buffer; the append is the
	// hand-off. It must not block, call back into the connector, or keep s.
	Guard(s *Submit) Permit

	// HandleOutcomes takes answers, in the order in which they came.
	HandleOutcomes(batch []Outcome)

	// HandleReceipts takes receipts. Each must be acknowledged once, from any goroutine, after it is durable.
	HandleReceipts(batch []Receipt)

	// HandleInbound takes texts from phones, one part each. Each must be acknowledged once, after it is durable.
	HandleInbound(in Inbound)

	// HandleState tells that the line went up or down, or that there is a new reason why it is down; it
	// must not block.
	HandleState(h Health)
}

// Traits tell the engine how to cut and how to match.
type Traits struct {
	Concat    Concat // how a text longer than one segment is handed over
	Window    int    // most submits without an answer
	EchoesRef bool   // receipts bring back Submit.UserRef: an unknown can be matched by it
	Queries   bool   // the connector is a Querier and the carrier answers it
	// QueryAfter is how long a receipt is waited for before the first question; only with Queries.
	QueryAfter time.Duration
	Simulator  bool // the far side is a loopback simulator: the only kind that demo data may use
}

// Concat says how the engine hands over a text longer than one segment.
type Concat string

const (
	// ConcatUDH: one Submit a part, with a concatenation element in UDH.
	ConcatUDH Concat = "udh"
	// ConcatSAR: one Submit a part, cut as for UDH; the connector moves reference, number and total to
	// the sar_ TLVs.
	ConcatSAR Concat = "sar"
	// ConcatWhole: one Submit for the whole text, uncut; the carrier segments (message_payload).
	ConcatWhole Concat = "whole"
)

// State of a route's line.
type State string

const (
	// StateDown: no connection; another attempt follows.
	StateDown State = "down"
	// StateUp: bound for sending and for receiving.
	StateUp State = "up"
	// StateStopping: draining; nothing new is handed over.
	StateStopping State = "stopping"
	// StateStopped: Run has returned or was never called.
	StateStopped State = "stopped"
)

// Health is a snapshot of a route's line. It holds no PHI.
type Health struct {
	State     State
	Since     time.Time // machine time of the last change of State
	Open      int       // submits handed over that have no answer
	Unacked   int       // receipts and texts that the engine has not acknowledged
	Binds     int       // successful binds since Run began
	LastError string    // safe text of the last connection error; empty if none
	LastFault Fault     // the same as a word that pages have a sentence for
	Odd       OddCounts
}

// Fault is why a line is down, as far as there is a word for it.
type Fault string

// Faults of a line.
const (
	FaultNone        Fault = ""
	FaultPassword    Fault = "password"      // the carrier refuses the password
	FaultAccount     Fault = "account"       // the carrier does not know the account
	FaultBound       Fault = "already_bound" // the account is bound elsewhere
	FaultBind        Fault = "bind_refused"  // the carrier refuses the bind for another reason
	FaultCertificate Fault = "certificate"   // its TLS certificate is not trusted
	FaultName        Fault = "host_name"     // its name does not resolve
	FaultPort        Fault = "port"          // nobody listens there
	FaultUnreachable Fault = "unreachable"   // no connection, or no answer to the bind
	FaultCut         Fault = "cut"           // the connection broke or was closed
	FaultGarbage     Fault = "garbage"       // what came is not the protocol
	FaultSilent      Fault = "silent"        // the far side answers nothing any more
)

// OddCounts are things that a healthy carrier does not do; each is dropped after it is counted.
type OddCounts struct {
	UnknownStatus uint64 // command_status values missing from the table: taken as permanent
	StrayAnswer   uint64 // an answer to nothing that is open
	BadReceipt    uint64 // a receipt without an id or a state that can be read
	BadPDU        uint64 // malformed, unexpected or refused by generic_nack
}
