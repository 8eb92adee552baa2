// Package patient holds persons and how they are reached. A person is not a number: a contact point may
// belong to several people, and a person has several. It refuses to say whether a person may be written
// to: consent and gate do.
package patient

import (
	"strings"
	"time"
	"unicode"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/phone"
)

// Kind says what a person is to the organization.
type Kind string

const (
	Patient  Kind = "patient"
	Member   Kind = "member"   // of a gym, a plan, a class
	Resident Kind = "resident" // of an authority's area
)

// Status says whether a person may be written to at all.
type Status string

const (
	Active   Status = "active"
	Inactive Status = "inactive"
	Deceased Status = "deceased"
)

// Person is somebody the organization knows. Facts are sealed at rest; the other fields are plain columns
// that filters need and that identify nobody.
type Person struct {
	ID        id.ID
	Org       id.ID
	Kind      Kind
	Status    Status
	Location  id.ID // home site; zero when unknown
	Language  string
	Source    id.ID // the feed that owns this person's fields; zero when staff keep them
	Version   int64 // rises with every change
	CreatedAt time.Time
	UpdatedAt time.Time
	Facts     Facts
	// Unreadable: what is sealed does not open (the person's key is damaged, or the row was changed), so Facts are
	// empty. Nothing is sent to such a person and nothing of them is changed until the key is put back.
	Unreadable bool
}

// Facts are a person's sealed demographics: one decryption gives all of them.
type Facts struct {
	GivenName        phi.Text
	FamilyName       phi.Text
	BirthDate        phi.Text // YYYY-MM-DD, YYYY-MM or YYYY
	Sex              string   // FHIR administrative-gender; empty when unknown
	Zone             string   // IANA, only when the person's own zone is known
	PreferredChannel Channel
	Identifiers      []Identifier
	Tags             []phi.Text
	Conditions       []Code
	Medications      []Code // what the person takes: ATC, RxNorm or another coded list
	Address          Address
	Note             phi.Text
}

// Address is a postal address, as FHIR's Address without what a letter does not need.
type Address struct {
	Line       phi.Text // street, number, flat; lines are parted by a line break
	City       phi.Text
	PostalCode phi.Text
	Country    string // ISO 3166-1 alpha-2; empty when the source does not say
}

// IsEmpty reports whether a letter could not be sent: a street and a town or postal code are the least.
func (a Address) IsEmpty() bool {
	return a.Line.IsEmpty() || (a.City.IsEmpty() && a.PostalCode.IsEmpty())
}

// Identifier is how a source names the person: an MRN, a national number, a file's own key.
type Identifier struct {
	System string // "mrn", "external:<source>", a FHIR system URI
	Value  phi.Text
}

// Code is a coded condition or medication (SNOMED CT, ICD-10, ATC): a FHIR Coding without its display.
type Code struct {
	System string
	Code   phi.Text
}

// Channel is how a message travels.
type Channel string

const (
	SMS    Channel = "sms"
	Email  Channel = "email"
	Voice  Channel = "voice"
	Letter Channel = "letter"
)

// ContactPoint is one number or address of an organization, however many people it belongs to.
type ContactPoint struct {
	ID           id.ID
	Org          id.ID
	Channel      Channel
	Number       phone.Number // sms, voice
	Email        phi.Text     // email
	Revision     int64        // rises with every consent, opt-out, quarantine or link change
	OptedOutAt   *time.Time   // STOP by this number: everything but emergencies, for everyone on it
	Suspended    bool         // a likely opt-out waits for clarity: nothing but urgent texts
	Quarantined  bool         // somebody here said "wrong number": nothing until staff look
	StickySender id.ID        // the sender this number knows us by; zero before the first text
}

// Use is the FHIR contact-point use.
type Use string

const (
	Mobile Use = "mobile"
	Home   Use = "home"
	Work   Use = "work"
)

// Relationship says whose the number is.
type Relationship string

const (
	Self     Relationship = "self"
	Guardian Relationship = "guardian"
	Carer    Relationship = "carer"
	Shared   Relationship = "shared" // a family phone
)

// Contact links a person to a contact point.
type Contact struct {
	Person       id.ID
	Point        ContactPoint
	Use          Use
	Rank         int // 1 is tried first
	Relationship Relationship
	Since        time.Time
}

// FirstName is the given name as a text may greet by.
func (f Facts) FirstName() phi.Text { return f.GivenName }

// FullName is the whole name in the order of its script: Han names are written family name first and without a space.
func (f Facts) FullName() phi.Text {
	given, family := strings.TrimSpace(f.GivenName.Reveal()), strings.TrimSpace(f.FamilyName.Reveal())
	if given != "" && family != "" && isHan(given) && isHan(family) {
		return phi.T(family + given)
	}
	return phi.T(strings.TrimSpace(given + " " + family))
}

func isHan(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return !unicode.Is(unicode.Han, c) })
}
