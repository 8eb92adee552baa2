// Package feed holds what is kept about a file that came in: the import, how far it got, what it would change,
// and what must be known to undo it. It also has the rule that tells an import storm from an ordinary day.
// It refuses to hold the file or a row of it.
package feed

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
)

// Kind of file.
type Kind string

const (
	Patients     Kind = "patients"
	Appointments Kind = "appointments"
)

// Valid reports whether k is a kind of file.
func (k Kind) Valid() bool { return k == Patients || k == Appointments }

// State of an import. uploaded -> checked -> applying -> applied -> undoing -> undone; uploaded -> rejected, and back
// when a person says how else the file must be read; applying -> undoing when a person gives it up half-way.
type State string

const (
	Uploaded State = "uploaded" // the sealed file is here, nothing was read
	Checked  State = "checked"  // every line was read; nothing is written
	Rejected State = "rejected" // the file as a whole cannot be read; Fault says why
	Applying State = "applying"
	Applied  State = "applied"
	Undoing  State = "undoing"
	Undone   State = "undone"
)

// MayBecome reports whether an import in state s may move to next.
func (s State) MayBecome(next State) bool {
	switch s {
	case Uploaded, Rejected:
		return next == Checked || next == Rejected || next == Uploaded
	case Checked:
		return next == Applying || next == Checked || next == Rejected || next == Uploaded
	case Applying:
		return next == Applied || next == Undoing
	case Applied:
		return next == Undoing
	case Undoing:
		return next == Undone
	}
	return false
}

// Import is one file.
type Import struct {
	ID      id.ID
	Org     id.ID
	Source  id.ID
	Kind    Kind
	State   State
	Fault   string // why a file was rejected, safe text
	Options Options
	ByKind  access.ActorKind
	By      id.ID
	Created time.Time
	Ended   time.Time

	Bytes  int64
	Cursor int // last line of the file that is durable, while applying or undoing
	Counts Counts

	// Held: its messages wait until a person releases them, for the reason Why.
	Held     bool
	Why      HoldReason
	Released time.Time
	Version  int64
}

// Options are how the file is read; they are remembered for the source when the import is applied.
type Options struct {
	Encoding string `json:"encoding,omitempty"`
	// Found: nobody chose Encoding. It is what earlier files had or what this one showed, and yields to its bytes.
	Found     bool              `json:"found,omitempty"`
	Delimiter string            `json:"delimiter,omitempty"`
	Map       map[string]string `json:"map,omitempty"` // header to field
	// Recalled: Map is what was confirmed for an earlier file, so a column that is gone is no error.
	Recalled bool  `json:"recalled,omitempty"`
	Location id.ID `json:"location,omitzero"` // for rows that name none
	// SkipBad imports the good lines of a file that has bad ones.
	SkipBad bool `json:"skipBad,omitempty"`
	// Snapshot declares the file whole for the locations and days it names: a visit that is not in it is gone.
	Snapshot bool `json:"snapshot,omitempty"`
	// AgreedAbsent is how many absent visits of a snapshot a person saw listed and agreed to cancel.
	AgreedAbsent int `json:"agreedAbsent,omitempty"`
}

// Counts of lines and what they change. While checking they are what would happen; after that, what did.
type Counts struct {
	Lines     int `json:"lines"`
	Bad       int `json:"bad"`
	Created   int `json:"created"`
	Changed   int `json:"changed"`
	Same      int `json:"same"`
	Moved     int `json:"moved"`     // visits with another time, place or practitioner
	Cancelled int `json:"cancelled"` // visits that the file cancels
	Absent    int `json:"absent"`    // visits of a snapshot's days that the file does not have
	Texts     int `json:"texts"`     // visits that a journey would newly write about
	Consents  int `json:"consents"`
	Unused    int `json:"unused"` // columns that mean nothing here
	Undone    int `json:"undone"`
	Kept      int `json:"kept"` // rows that an undo left alone because somebody changed them since
}

// HoldReason says why an import's messages wait.
type HoldReason string

const (
	FirstImport HoldReason = "first_import"
	Storm       HoldReason = "storm"
)

// Storm limits: more than the larger of both newly texted, moved or cancelled visits is a storm.
const (
	StormVisits  = 20
	StormPercent = 10
)

// HoldFor says whether the messages of an import must wait: the first of a source always, and any that would
// newly text, move or cancel more than max(20, 10 %) of the source's coming visits.
func HoldFor(earlier int, coming int, c Counts) (HoldReason, bool) {
	touched := c.Texts + c.Moved + c.Cancelled
	if touched == 0 {
		return "", false
	}
	if earlier == 0 {
		return FirstImport, true
	}
	return Storm, touched > max(StormVisits, coming*StormPercent/100)
}

// Write is one row that an import wrote, as undo needs it.
type Write struct {
	Import  id.ID
	Line    int
	Row     RowKind
	ID      id.ID
	Person  id.ID // whose key seals Before
	Created bool
	Version int64    // after the write
	Before  phi.Text // the row as it was, in intake's own encoding; empty when created
	Outcome Outcome
}

// Outcome says what an undo did with a row.
type Outcome string

const (
	Stands  Outcome = ""       // no undo came to it
	Reverts Outcome = "undone" // it is again what it was
	Kept    Outcome = "kept"   // somebody changed it since the import: it was left alone
)

// RowKind is what was written.
type RowKind string

const (
	PersonRow  RowKind = "person"
	VisitRow   RowKind = "visit"
	ConsentRow RowKind = "consent"
)

// Problem is one thing wrong with one line, as the report shows it.
type Problem struct {
	Line   int
	Column string
	Code   string
	Say    string
	Value  phi.Text
}
