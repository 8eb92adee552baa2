// Package incident holds what is wrong with the machinery: which check saw it, about what, since when and why. It refuses
// to hold anything about a patient: a subject is an id, a cause is one of a closed list, and details are ids and codes.
package incident

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
)

// Kind is which check raised the incident. Other checks (clocks, disk) add kinds here and causes of their own.
type Kind string

// SelfTest is about a route whose test text does not travel as it should; its causes are core/selftest's.
const SelfTest Kind = "selftest"

// Cause is why; each kind has a closed list of its own, and every value has words in the catalogues.
type Cause string

// Incident is one thing that is wrong, or was. Of one kind about one subject only one is open.
type Incident struct {
	ID      id.ID
	Org     id.ID
	Kind    Kind
	Subject id.ID // the route
	Cause   Cause
	Details Details
	Since   time.Time // machine time
	Until   time.Time // zero while it lasts
}

// Details are what somebody looks at next; ids only.
type Details struct {
	Run     id.ID `json:"run,omitzero"`     // the test that showed it
	Message id.ID `json:"message,omitzero"` // its text
}

// Open reports whether it lasts.
func (i *Incident) Open() bool { return i.Until.IsZero() }
