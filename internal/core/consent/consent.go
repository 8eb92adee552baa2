// Package consent is the ledger of who allowed what: append-only entries and the fold that turns them into
// the present state. It refuses to keep a flag that somebody edits, and to infer consent from a number.
package consent

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
)

// Status is what an entry does.
type Status string

const (
	Granted   Status = "granted"
	Revoked   Status = "revoked"
	Suspended Status = "suspended"
)

// Method is how it was given or taken back.
type Method string

const (
	Form    Method = "form"
	Keyword Method = "keyword"
	Staff   Method = "staff"
	EHR     Method = "ehr"
	Verbal  Method = "verbal"
	Import  Method = "import"
	Web     Method = "web"
)

// AllPurposes is the scope of an opt-out: everything that is no emergency.
const AllPurposes purpose.Purpose = "*"

// AllCare is the scope of a general yes at the desk: every care purpose, and no promotion.
const AllCare purpose.Purpose = "care"

// Entry is one line of the ledger. It is never changed or deleted; a later entry supersedes it.
type Entry struct {
	ID     id.ID
	Org    id.ID
	Person id.ID // zero for an entry about a number as such (STOP)
	Point  id.ID // contact point; zero for every number of the person on this channel
	// Channel and Purpose are what it is about; AllPurposes for an opt-out, AllCare for a general yes.
	Channel  patient.Channel
	Purpose  purpose.Purpose
	Status   Status
	Method   Method
	Wording  string   // id and version of the text that was shown, such as "sms-care/3"
	Shown    phi.Text // the text itself, or the words of the reply; sealed
	Language string
	By       access.ActorKind
	ByID     id.ID
	Import   id.ID     // the import that brought it, for undo
	At       time.Time // when it was given, as evidence says
	Recorded time.Time // when this ledger learned of it
	// Lifts marks a START: it ends the number's opt-out and grants nothing.
	Lifts bool
	// Unreadable: what was shown is stored and does not open. What it says of consent stands.
	Unreadable bool
}

// State is what the ledger says of one person, one number, one channel and one purpose now.
type State struct {
	Granted   bool
	By        Entry // the entry that decided; zero when nothing was ever recorded
	OptedOut  bool  // the number's opt-out
	OptOut    Entry
	Suspended bool
}

// Query says whose consent is asked for.
type Query struct {
	Person  id.ID
	Point   id.ID
	Channel patient.Channel
	Purpose purpose.Purpose
	At      time.Time // entries given later are not known yet
}

// Fold reads the entries of a person and of a number in the order they were recorded and says what holds.
// The order of entries does not matter to the caller: Fold sorts by time given, then by id.
// A revocation at the same instant as a grant wins. An opt-out of the number stands until a START of that
// number; a grant by form or staff never lifts it.
func Fold(entries []Entry, q Query) State {
	var s State
	for _, e := range sorted(entries) {
		if e.At.After(q.At) || e.Channel != q.Channel {
			continue
		}
		if e.Purpose == AllPurposes && e.Person.IsZero() {
			s.foldOptOut(e, q)
			continue
		}
		if !e.concerns(q) {
			continue
		}
		s.foldGrant(e)
	}
	return s
}

func (s *State) foldOptOut(e Entry, q Query) {
	if e.Point != q.Point {
		return
	}
	switch {
	case e.Lifts:
		s.OptedOut, s.Suspended, s.OptOut = false, false, Entry{}
	case e.Status == Revoked:
		s.OptedOut, s.OptOut = true, e
	case e.Status == Suspended:
		s.Suspended, s.OptOut = true, e
	case e.Status == Granted: // a suspension that was cleared up
		s.Suspended = false
	}
}

func (s *State) foldGrant(e Entry) {
	switch e.Status {
	case Granted:
		s.Granted, s.By = true, e
	case Revoked, Suspended:
		s.Granted, s.By = false, e
	}
}

// concerns: an entry of this person, for this purpose or all, for this number or every number.
func (e Entry) concerns(q Query) bool {
	if e.Person != q.Person || e.Person.IsZero() {
		return false
	}
	if !covers(e.Purpose, q.Purpose) {
		return false
	}
	return e.Point.IsZero() || e.Point == q.Point
}

func covers(said, asked purpose.Purpose) bool {
	switch said {
	case asked, AllPurposes:
		return true
	case AllCare:
		return asked.Valid() && asked.Traits().Class == purpose.ClassCare
	}
	return false
}
