package rules

import (
	"regexp"
	"time"

	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

// Rule is one dated rule. Exactly one of the pointers is set.
type Rule struct {
	ID      string
	Country string // ISO 3166-1 alpha-2, empty for the default file
	From    quiet.Day
	To      *quiet.Day // last day it holds, nil while in force
	Source  string
	Checked string // date of the last comparison with the source, or "no"
	Note    string

	Keywords     *Keywords
	Hours        *Hours
	Sender       *Sender
	Confirmation *Confirmation
	Scope        *Scope
	Cap          *Cap
	Duty         *Duty
}

// in reports whether the rule holds on the day.
func (r Rule) in(day quiet.Day) bool {
	return r.From <= day && (r.To == nil || day <= *r.To)
}

// Role is what a reserved word does.
type Role string

const (
	OptOut Role = "opt_out"
	Help   Role = "help"
	Start  Role = "start"
	// Provider words are acted upon by carriers and providers whatever we do; a text must not invite them.
	Provider Role = "provider"
)

// Keywords are reserved words: the whole message, folded, must be one of them.
type Keywords struct {
	Role Role
	// Languages the words belong to; empty is every language of that country of sender.
	Languages []string
	Words     []string
	// StaffTask: the word may also have meant the visit, so a person looks as well.
	StaffTask bool
	// YieldsToQuestion: while a question is open the word answers it.
	YieldsToQuestion bool
	Examples         Examples
}

// Examples are the row's own test: texts that must hit it and texts that must not.
type Examples struct {
	Hit  []Example
	Miss []Example
}

// Example is a text from a patient of a language.
type Example struct{ Language, Text string }

// Hours are the default hours of a purpose class.
type Hours struct {
	Class purpose.Class
	Open  quiet.Hours
}

// Support says what a country's networks do with a kind of sender.
type Support string

const (
	Yes      Support = "yes"
	No       Support = "no"
	Register Support = "register" // only after registration
	Limited  Support = "limited"  // allowed but replaced, or national forms only
	Unknown  Support = "unknown"
)

// Sender is what the networks of a country of destination do with sender ids and receipts. Alphanumeric
// senders are one-way everywhere: they never receive a reply.
type Sender struct {
	Alpha     Support
	Numeric   Support
	ShortCode Support
	// Receipt is what a receipt proves: handset, carrier or none.
	Receipt string
	// AlphaMax is the longest alphanumeric sender, 0 for the standard 11.
	AlphaMax int
}

// Confirmation is how an opt-out is confirmed.
type Confirmation struct {
	Allowed bool
	Every   time.Duration // at most one in this time
	Within  time.Duration // dropped when it could not leave by then
}

// Reach is how far a STOP goes when it does not say.
type Reach string

// AllButEmergency stops everything from this organization to this number except emergencies.
const AllButEmergency Reach = "all_non_emergency"

// Scope is the reach of an opt-out and whether an organization may configure a narrower one.
type Scope struct {
	Default Reach
	// MayNarrow: the law still lets an opt-out stop only the kind of message answered.
	MayNarrow bool
}

// Cap is a limit on messages to one person.
type Cap struct {
	Class purpose.Class
	Max   int
	Per   time.Duration
	// OnlyExempt: hard only where messages rely on the United States health care exemption; else a default.
	OnlyExempt bool
	// Chars, when set, limits a text's characters instead of a count.
	Chars int
}

// Demand is something that a text must or must not have.
type Demand string

const (
	OptOutLine  Demand = "opt_out_line" // how to stop
	HelpLine    Demand = "help"         // the answer to HELP names the sender and a contact
	OtherWay    Demand = "other_way"    // a phone number or address to answer by
	SenderName  Demand = "sender_name"  // who writes
	NoStopCode  Demand = "no_stop_code" // no opt-out short code
	NeedsStop   Demand = "stop_code"    // an opt-out short code
	NoPromotion Demand = "no_promotion" // nothing that sells
)

// Duty is what texts of a class owe.
type Duty struct {
	ID      string // of the rule, once it is in a Set
	Class   purpose.Class
	OneWay  bool // only where the sender cannot receive replies
	Exempt  bool // only under the United States health care exemption
	Demands []Demand
	// Pattern recognizes what NoStopCode and NeedsStop speak of.
	Pattern *regexp.Regexp
}
