// Package audience says who is meant: a small typed language of conditions over what is known of a person (CEL,
// without loops), the form that people fill in instead, and what became of counting. A condition about a fact that
// is missing is neither true nor false: such a person is told apart, never silently left out.
// It refuses to read anything, to say whether a person may be written to (gate does), and to know a database:
// Plain is the part of a rule that one may answer.
package audience

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
)

// Kind says how an audience is made.
type Kind string

const (
	ByRule Kind = "rule" // everybody of whom the expression is true, at the time of asking
	ByList Kind = "list" // the persons of an uploaded list
)

// Audience is one version of a saved audience. Earlier versions stay as they were.
type Audience struct {
	ID      id.ID
	Org     id.ID
	Version int64 // 1 for the first
	Name    string
	Kind    Kind
	// Rule is the expression; empty for a list.
	Rule string
	// Purpose is what the audience is meant for: the gate's answer depends on it.
	Purpose purpose.Purpose
	Size    int // persons of a list
	// Roll is the upload whose members a version of a list has; zero for a rule.
	Roll id.ID
	// Request is the program's request that saved this version; zero when it came without a key.
	Request   id.ID
	Archived  bool
	By        access.ActorKind
	ByID      id.ID
	CreatedAt time.Time // of this version
}

// RunState says how far a count is.
type RunState string

const (
	Waiting   RunState = "waiting"
	Counting  RunState = "counting"
	Counted   RunState = "counted"
	Failed    RunState = "failed"
	Cancelled RunState = "cancelled"
)

// Over reports whether nothing more will happen to the run.
func (s RunState) Over() bool { return s == Counted || s == Failed || s == Cancelled }

// Run is one count: asked for, worked in the background, kept with what it found. It holds numbers and ids, nothing
// about a person.
type Run struct {
	ID       id.ID
	Org      id.ID
	Audience id.ID // zero for a rule that nobody saved yet
	Version  int64
	Rule     string
	Purpose  purpose.Purpose
	State    RunState
	Fault    string // a safe text, when it failed
	Total    int    // persons to look at
	Result   Count
	By       access.ActorKind
	ByID     id.ID
	AskedAt  time.Time
	EndedAt  *time.Time
	SeenAt   time.Time // when it was last heard of; the machine's clock
	Tries    int       // how often it was begun, 1 for the first; a worker of an earlier try writes nothing
}

// MaxTries is how often a count is begun before it has failed.
const MaxTries = 3

// FaultCutShort is the fault of a count whose nodes stopped in the middle every time.
const FaultCutShort = "the count was cut short several times because a node stopped: count again"

// Count is what an evaluation found. Matched is Reachable, Called, Letters and LeftOut together.
type Count struct {
	Looked    int                    `json:"looked"`  // persons so far
	Matched   int                    `json:"matched"` // of whom the rule is true
	Reachable int                    `json:"reachable"`
	Calls     int                    `json:"calls"`   // no usable number, or prefers a call: a person phones them
	Letters   int                    `json:"letters"` // prefers a letter, or has only an address
	LeftOut   map[message.Reason]int `json:"left_out,omitempty"`
	// Why counts the gate's deciding reason of everybody who is not reachable, calls and letters included.
	Why map[message.Reason]int `json:"why,omitempty"`
	// Waits counts reachable people whose text would wait now, by reason.
	Waits map[message.Reason]int `json:"waits,omitempty"`
	// Unknown counts persons about whom the rule cannot be answered, by the fact that is missing.
	Unknown map[Fact]int `json:"unknown,omitempty"`
	// Sample are some who match, by id.
	Sample []id.ID `json:"sample,omitempty"`
}

// Left is how many matching people get nothing by any way.
func (c *Count) Left() int {
	n := 0
	for _, k := range c.LeftOut {
		n += k
	}
	return n
}

// Undecided is how many persons the rule cannot be answered about.
func (c *Count) Undecided() int {
	n := 0
	for _, k := range c.Unknown {
		n += k
	}
	return n
}

// SampleSize is how many ids a count keeps.
const SampleSize = 12

// Add puts another part of the same count beside this one.
func (c *Count) Add(o *Count) {
	c.Looked += o.Looked
	c.Matched += o.Matched
	c.Reachable += o.Reachable
	c.Calls += o.Calls
	c.Letters += o.Letters
	c.LeftOut = addAll(c.LeftOut, o.LeftOut)
	c.Why = addAll(c.Why, o.Why)
	c.Waits = addAll(c.Waits, o.Waits)
	c.Unknown = addAll(c.Unknown, o.Unknown)
	for _, p := range o.Sample {
		if len(c.Sample) < SampleSize {
			c.Sample = append(c.Sample, p)
		}
	}
}

func addAll[K comparable](to, more map[K]int) map[K]int {
	if to == nil && len(more) > 0 {
		to = make(map[K]int, len(more))
	}
	for k, n := range more {
		to[k] += n
	}
	return to
}
