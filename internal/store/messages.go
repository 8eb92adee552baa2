package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
)

// Messages keeps messages with their attempts and receipts. It writes only moves that message.State allows; a
// row that is no longer where the caller believes is left alone and not reported as moved.
type Messages interface {
	MessagePlans
	MessageQueue
	MessageProgress
	FollowUps
	MessageReads
	Coming
}

// Draft is a message with what rendering it again needs.
type Draft struct {
	message.Message
	Flags message.Flags
	// Vars are values that facts cannot give back later: an old visit time, reply codes. Sealed with the text.
	Vars map[string]phi.Text
	// HeldUntil is when a held message may be looked at again; zero when somebody must act first.
	HeldUntil time.Time
	// Revised is how often what a sender goes by (time, route, sender, decision) was written anew while the message waited.
	Revised int64
	// Resent: the text went out a second time because its first outcome stayed unknown.
	Resent bool
	// Unreadable: what is sealed does not open (it was changed, or the key is another), so number and text are empty.
	// Only reading sets it; such a message is never handed over.
	Unreadable bool
	// Seen is the state of the facts that a fresh decision read; it is not stored.
	Seen Snapshot
	// Packed is what Pack made of the draft for its row; nothing that is stored may change after it.
	Packed *Packed
}

// Packed is a draft as its row keeps it.
type Packed struct {
	Sealed   []byte
	Decision string
}

// Key is the natural key of a message of a journey; the zero Key is none.
type Key struct {
	Enrollment id.ID
	Step       string
	Occurrence int
}

// IsZero reports whether there is no natural key.
func (k Key) IsZero() bool { return k.Enrollment.IsZero() }

// Key is the draft's natural key: set for every origin with an enrollment.
func (d *Draft) Key() Key {
	return Key{Enrollment: d.Origin.Enrollment, Step: d.Origin.Step, Occurrence: d.Origin.Occurrence}
}

// Selection picks waiting messages; fields that are set must all match, and one of the first four must be set.
type Selection struct {
	Message     id.ID
	Enrollment  id.ID
	Person      id.ID
	Appointment id.ID
	// Below picks texts that state an older version of the visit than this; 0 picks every version.
	Below int64
}

// MessagePlans is how messages come and how they are taken back before they leave.
type MessagePlans interface {
	// Pack makes of drafts what their rows keep of them, on a reader, so that Insert need not. Nothing that is stored may
	// change between the two.
	Pack(ctx context.Context, drafts []*Draft) error
	// Insert writes drafts as they are (held, refused, queued) with their events. A draft whose natural key was
	// used before is not written; its place in the answer is false.
	Insert(ctx context.Context, drafts []Draft, events []message.Event) ([]bool, error)
	// KeysTaken says which natural keys were used before.
	KeysTaken(ctx context.Context, keys []Key) ([]bool, error)
	// Cancel ends waiting messages (held or queued) at once and says which.
	Cancel(ctx context.Context, which Selection, why message.Reason) ([]id.ID, error)
	// Settle moves waiting messages (held or queued) by a new decision: queued with a new due time, held,
	// refused, expired or cancelled. It says which moved.
	Settle(ctx context.Context, moves []Move) ([]bool, error)
}

// Move is one waiting message and what a new decision made of it.
type Move struct {
	Message  id.ID
	From, To message.State
	Reason   message.Reason
	DueAt    time.Time // queued: the new due time; zero keeps it
	Until    time.Time // held: when to look again
	Route    id.ID     // queued: another route and sender; zero keeps them
	Sender   id.ID
	Decision *message.Decision // nil keeps the record
	Event    bool              // also write an event row
}

// MessageQueue is what a sender loop lives from.
type MessageQueue interface {
	// Due reads the most urgent queued messages of a route whose time has come: by priority, then by due time. Of a
	// draft it fills what handing over by the recorded decision needs: ids, purpose, priority, facts it is bound to,
	// number and text, flags, segments, sender, attempts, times and the decision. ByIDs reads the rest.
	Due(ctx context.Context, route id.ID, now time.Time, limit int) ([]Draft, error)
	// DueBehind is Due from behind a message in that order (its Priority, DueAt and ID count); nil is the front.
	DueBehind(ctx context.Context, route id.ID, now time.Time, behind *Draft, limit int) ([]Draft, error)
	// Backlog counts queued messages of a route whose time has come, up to limit: how far planning is ahead of sending.
	Backlog(ctx context.Context, route id.ID, now time.Time, limit int) (int, error)
	// Held reads messages whose hold ends by now, or with person set those that wait for somebody.
	Held(ctx context.Context, now time.Time, person bool, p Page) ([]Draft, error)
	// Lease moves queued messages to sending, counting the attempt, and says which moved: those that still wait on this
	// route as they were read, and whose bound rows have the revisions that their decision read. The caller holds the
	// route's lease with this fence.
	// What is sent afresh forgets the parts of an earlier attempt.
	Lease(ctx context.Context, l Lease, rows []Leased) ([]bool, error)
	// Recover turns what a dead lease left sending into unknown, each with an event, and says which.
	Recover(ctx context.Context, route id.ID, before Fence, limit int) ([]id.ID, error)
}

// Bound names the rows that a message is bound to.
type Bound struct {
	Person, Point, Visit, Location id.ID
}

// Revs are the revisions of Bound rows; zero for one that is not there, or not named.
type Revs struct {
	Person, Point, Visit, Location int64
}

// Fence is the generation of a route's lease; a higher one has taken over.
type Fence int64

// Lease is who moves messages to sending, and when.
type Lease struct {
	Route   id.ID
	Fence   Fence
	Machine time.Time // machine time
	Domain  time.Time // domain time, kept as the time of sending
}

// Leased is one message to move.
type Leased struct {
	Message id.ID
	Revised int64    // as it was read
	Bound   Bound    // what the message is bound to
	Revs    Revs     // the revisions of those rows that its decision read
	Seen    Snapshot // the state that they were read from: where it still stands, nothing is compared
	Rewrite *Draft   // replaces text, segments, coding, flags and record when rendering again gave others; nil keeps them
	Afresh  bool     // all parts go: those that were accepted before are forgotten
}

// MessageProgress is what carriers say about messages.
type MessageProgress interface {
	// Answered records what became of hand-overs: accepted, failed, unknown, or queued again. It says which moved.
	Answered(ctx context.Context, answers []Answered) ([]bool, error)
	// Receipted records final states by message and part, and says which messages moved and where to.
	Receipted(ctx context.Context, receipts []Receipted) ([]message.State, error)
	// ByProvider finds messages by the carrier's ids: those in parts, those that were filed, and those that ended otherwise
	// than delivered. Ids that nobody knows, and those of whole texts that were delivered, are left out: nothing moves them
	// any more. An accepted text of one part is not found before FileIDs: whoever took its id remembers it.
	ByProvider(ctx context.Context, route id.ID, ids []string) (map[string]Part, error)
	// FileIDs files the carrier's ids of texts of a route that were handed over in [from, before), by the machine's clock,
	// oldest first, at most limit (which must be more than any one lease), so that ByProvider finds them.
	FileIDs(ctx context.Context, route id.ID, from, before time.Time, limit int) (Filed, error)
	// Park keeps receipts that fit nothing yet; TakeParked gives back and removes those of these ids.
	Park(ctx context.Context, receipts []Parked) error
	TakeParked(ctx context.Context, route id.ID, ids []string) ([]Parked, error)
	// ParkedKnown gives ids of parked receipts whose texts ByProvider finds by now.
	ParkedKnown(ctx context.Context, route id.ID, limit int) ([]string, error)
	// ParkedCount is how many receipts wait on a route. DropParked removes what is older and says how many.
	ParkedCount(ctx context.Context, route id.ID) (int, error)
	DropParked(ctx context.Context, before time.Time, limit int) (int, error)
	// OpenUnknown lists messages of unknown outcome to these numbers that no policy has closed, whose lease began in
	// [from, until).
	OpenUnknown(ctx context.Context, route id.ID, to []phone.Number, from, until time.Time) ([]Draft, error)
	// UnknownBefore lists open unknowns whose lease began before then (machine time), with their purposes.
	UnknownBefore(ctx context.Context, before time.Time, p Page) ([]Draft, error)
	// CloseUnknown applies the purpose's policy to an unknown: queued again (once), or left for good.
	CloseUnknown(ctx context.Context, moves []Move) ([]bool, error)
}

// Filed is how far FileIDs came.
type Filed struct {
	Until time.Time // the next call begins here
	More  bool      // it has something to do
	Open  time.Time // hand-over of the oldest text that had no answer yet; zero when all had
}

// Part is one part of a message as a carrier's id names it. Number is 0 for a text of one submit.
type Part struct {
	Message id.ID
	Number  int
	Parts   int
}

// Answered is what became of one hand-over of a message.
type Answered struct {
	Message id.ID
	Org     id.ID
	Attempt int
	To      message.State // accepted, failed, unknown, queued
	Reason  message.Reason
	Code    string // the carrier's own code
	// ProviderID is the id of a text in one submit; Parts has one per submit otherwise.
	ProviderID string
	// Parts are the answers of this hand-over's submits. Of a text that waits again because some of its parts were
	// certainly not accepted, only those that were: they are kept, with the reference that joins all Total parts.
	Parts []PartAnswer
	Total int    // parts of the whole text; 0 is as many as Parts
	Ref   uint16 // the reference that joins them
	Route id.ID
	DueAt time.Time // queued: not before
	// Refund gives the attempt back: nothing was ever written to the line.
	Refund bool
}

// PartAnswer is the answer for one part; an empty ProviderID is a part that was not accepted.
type PartAnswer struct {
	Number     int
	ProviderID string
	State      message.State // accepted, failed or unknown
}

// Sent are the parts of a waiting text that a carrier has accepted already.
type Sent struct {
	Route   id.ID // the route that they left by
	Ref     uint16
	Total   int
	Numbers []int
}

// Receipted is a final (or late) state for one part of a message.
type Receipted struct {
	Part
	Org        id.ID
	Route      id.ID
	State      message.State // delivered, undelivered or expired
	Code       string
	ProviderID string // for an unknown that this receipt resolves; empty otherwise
	At         time.Time
}

// Parked is a receipt that fits nothing yet.
type Parked struct {
	Org         id.ID
	Route       id.ID
	ProviderID  string
	State       message.State
	Code        string
	UserRef     int
	SubmittedAt time.Time
	ReceivedAt  time.Time // machine time
}

// MessageReads is what people and other use-cases look at.
type MessageReads interface {
	Get(ctx context.Context, m id.ID) (Draft, error)
	ByIDs(ctx context.Context, ids []id.ID) ([]Draft, error)
	// List pages through messages, newest first: After is the last id of the page before.
	List(ctx context.Context, f MessageFilter, p Page) ([]Draft, error)
	// OfVisits lists messages that state these visits, oldest first, waiting ones included.
	OfVisits(ctx context.Context, visits []id.ID) (map[id.ID][]Draft, error)
	Events(ctx context.Context, m id.ID) ([]message.Event, error)
	// SentParts gives, of these waiting texts, those of which some parts were accepted: only the others are missing.
	SentParts(ctx context.Context, ids []id.ID) (map[id.ID]Sent, error)
	// Parts lists the parts of a text that went in several submits.
	Parts(ctx context.Context, m id.ID) ([]PartAnswer, error)
	// Spoken gives the texts to persons that caps count, in the order asked and in no order of time: those handed over (or
	// leased) since then, and where it is asked for those of care that wait or that a journey will plan. Answers and texts
	// that somebody wrote do not count.
	Spoken(ctx context.Context, asks []SpokenAsk) ([][]gate.Spoken, error)
	// Told says which contact points a text has left for that said how to get no more texts (message.TellsWayOut): one that
	// a carrier took and did not report as undelivered, to somebody who has the number now or as an answer to the number.
	Told(ctx context.Context, points []id.ID) (map[id.ID]bool, error)
	// AutoReplies counts automatic answers to contact points since then.
	AutoReplies(ctx context.Context, points []id.ID, since time.Time) (map[id.ID]int, error)
	// TakeTurn makes transactions that write to one contact point follow one another: of two that overlap the second is
	// run again, and sees what the first wrote.
	TakeTurn(ctx context.Context, point id.ID) error
	// AnswersTo lists answers to a contact point, automatic and by staff, newest first: whoever has the number.
	AnswersTo(ctx context.Context, point id.ID, limit int) ([]Draft, error)
	// StateCounts counts an organization's messages planned since then by state, for dashboards and benchmarks.
	StateCounts(ctx context.Context, since time.Time) (map[message.State]int, error)
}

// MessageFilter narrows a list; empty fields do not.
type MessageFilter struct {
	States   []message.State
	Person   id.ID
	Location id.ID
	Route    id.ID
	Purpose  purpose.Purpose
	Reason   message.Reason
	From, To time.Time // by due time
}

// SpokenAsk asks when a person was, or will be, written to.
type SpokenAsk struct {
	Person id.ID
	Since  time.Time
	// Until is how far to look ahead; zero leaves out what is to come.
	Until time.Time
}
