// Package org holds the organization, its locations, practitioners and staff users: the frame that facts
// about patients hang in. It refuses to hold anything about a patient.
package org

import (
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/quiet"
)

// CalendarOwner says whose calendar is the truth: a patient's "cancel" moves ours, or raises a task.
type CalendarOwner string

const (
	OwnCalendar     CalendarOwner = "own"     // Carillon keeps the calendar
	OutsideCalendar CalendarOwner = "outside" // a practice system does; answers become staff tasks there
)

// Organization is a tenant: a practice, a hospital group, a health authority.
type Organization struct {
	ID            id.ID
	Name          string
	Region        string // ISO 3166-1 alpha-2, for numbers without a country and for rule files
	Locale        string // BCP 47 default of texts, last of the fallback chain
	CalendarOwner CalendarOwner
	Demo          bool       // synthetic data: refuses every route but a loopback simulator
	StoppedAt     *time.Time // stop-all: no hand-off while set
	Hold          HoldReason // why nothing leaves until a person releases it; empty is no hold
	Budget        Budget     // texts to one person, over all purposes
	PlainLetters  PlainLetters
	Revision      int64 // rises with every change that a decision may have read
	CreatedAt     time.Time
}

// Budget is how many texts of all purposes together one person gets in any 24 hours and in any seven days.
// Emergencies, answers, what staff write and doses do not count. Zero is the default, Unlimited is no limit.
type Budget struct{ Day, Week int }

// Unlimited is a budget without a limit.
const Unlimited = -1

// DefaultBudget is what an organization that says nothing has.
func DefaultBudget() Budget { return Budget{Day: 2, Week: 5} }

// Most is the largest limit that can be set.
const Most = 100

// Limits are the numbers that hold: the default where nothing is set, 0 where there is no limit.
func (b Budget) Limits() (day, week int) {
	d := DefaultBudget()
	return limit(b.Day, d.Day), limit(b.Week, d.Week)
}

func limit(set, otherwise int) int {
	switch {
	case set < 0:
		return 0
	case set == 0:
		return otherwise
	}
	return set
}

// HoldReason says why an organization's messages wait.
type HoldReason string

// HoldRestored: this database is a restored copy; somebody must look before it writes to patients.
const HoldRestored HoldReason = "restored_copy"

// Location is one site: its clock, its hours, its voice.
type Location struct {
	ID         id.ID
	Org        id.ID
	Name       string
	Address    string
	Zone       string // IANA time zone
	Region     string // ISO 3166-1 alpha-2; numbers in its files are read with it
	Subregion  string // ISO 3166-2 part such as "NY", for holidays; may be empty
	Languages  []string
	Phone      phone.Number
	Hours      quiet.Policy // when this site may write; holidays included
	Travel     time.Duration
	ExternalID string // how the source's files name it
	Revision   int64
}

// DefaultTravel is added to a window's end when a change notice must choose between the night and the visit.
const DefaultTravel = 2 * time.Hour

// Practitioner is somebody patients have visits with.
type Practitioner struct {
	ID         id.ID
	Org        id.ID
	Name       string
	ExternalID string
}

// StaffUser is somebody who logs in. Name and login are staff data, not patient data.
type StaffUser struct {
	ID           id.ID
	Org          id.ID
	Login        string
	Name         string
	Role         access.Role
	Locale       string
	Theme        string
	PasswordHash string
	Disabled     bool
	CreatedAt    time.Time
}
