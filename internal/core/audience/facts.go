package audience

import (
	"strconv"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
)

// Need is a set of facts that a rule reads, so that nothing else is loaded or opened.
type Need uint16

const (
	NeedBirth       Need = 1 << iota // the sealed facts, each by itself
	NeedSex                          // …
	NeedPrefers                      // …
	NeedAddress                      // postal code and country
	NeedTags                         // …
	NeedConditions                   // …
	NeedMedications                  // the last of the sealed facts
	NeedVisits                       // the others are rows of their own
	NeedConsents
	NeedTexts
	NeedAnswers
	NeedLists
)

// Sealed is the part that lies in a person's sealed facts; the rest are rows of their own.
const Sealed = NeedBirth | NeedSex | NeedPrefers | NeedAddress | NeedTags | NeedConditions | NeedMedications

// Has reports whether all of o is needed.
func (n Need) Has(o Need) bool { return n&o == o }

// Fact names something that may be missing about a person.
type Fact string

const (
	FactBirthDate  Fact = "birth_date"
	FactSex        Fact = "sex"
	FactCountry    Fact = "country"
	FactRegion     Fact = "region"
	FactPostalCode Fact = "postal_code"
	FactPlace      Fact = "place" // neither the postal area nor the location has coordinates
	FactLastVisit  Fact = "last_visit"
	FactNextVisit  Fact = "next_visit"
	FactOther      Fact = "other"
	FactUnreadable Fact = "unreadable" // the person's key or sealed facts are damaged
)

// Person is what a rule sees of somebody. Facts may be filled in only as far as the rule needs; Loaded says which
// rows of their own were read.
type Person struct {
	Status   patient.Status
	Kind     patient.Kind
	Language string
	Location id.ID
	Facts    *patient.Facts
	Loaded   Need
	Rows     Rows
	// Unreadable: the person's key or facts are damaged, and no rule can be answered.
	Unreadable bool
}

// Rows are facts about a person that lie outside of the sealed ones.
type Rows struct {
	Person  id.ID
	Visits  []Visit
	Points  []Point
	Entries []consent.Entry
	Texts   []Text
	Answers []time.Time // when the person answered a question of ours
	Lists   []id.ID     // lists that the person is on
}

// Visit is as much of a visit as rules ask for.
type Visit struct {
	Type   id.ID
	Status schedule.Status
	Start  time.Time
}

// Point is a number or address that the person is reached at.
type Point struct {
	ID      id.ID
	Channel patient.Channel
}

// Text is a message that reached the person, as far as the carrier said.
type Text struct {
	Purpose purpose.Purpose
	At      time.Time
}

// Coord is a point on the map in degrees.
type Coord struct{ Lat, Lon float64 }

// Site is a location as rules see it.
type Site struct {
	Name    string
	Country string // ISO 3166-1 alpha-2
	Region  string // ISO 3166-2 part, may be empty
	At      *Coord // nil when nobody entered coordinates
	Zone    *time.Location
}

// World is what is the same for every person of one evaluation.
type World struct {
	Now   time.Time
	Names Names
	Sites map[id.ID]Site
	Areas Areas
}

// came reports whether the visit took place: it was kept, or its time is over and nobody said otherwise.
func (v *Visit) came(now time.Time) bool {
	switch v.Status {
	case schedule.Fulfilled, schedule.Arrived, schedule.CheckedIn:
		return !v.Start.After(now)
	case schedule.Booked, schedule.Pending:
		return v.Start.Before(now)
	}
	return false
}

// ahead reports whether the patient is expected.
func (v *Visit) ahead(now time.Time) bool { return v.Status.Expected() && v.Start.After(now) }

// Age is how many years somebody is old at a day. A birth date without day or month is taken as its last day: the
// person is at least that old. False when there is no birth date.
func Age(birth string, today time.Time) (int, bool) {
	var parts [3]int
	n := 0
	for part := range splitDate(birth) {
		if n == len(parts) {
			return 0, false
		}
		v, err := strconv.Atoi(part)
		if err != nil || v <= 0 {
			return 0, false
		}
		parts[n] = v
		n++
	}
	if n == 0 {
		return 0, false
	}
	year, month, day := parts[0], parts[1], parts[2]
	if month == 0 {
		month = 12
	}
	if day == 0 {
		day = 31
	}
	y, m, d := today.Date()
	age := y - year
	if int(m) < month || (int(m) == month && d < day) {
		age--
	}
	return age, age >= 0
}

// splitDate gives the parts of an ISO date.
func splitDate(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		from := 0
		for i := 0; i <= len(s); i++ {
			if i < len(s) && s[i] != '-' {
				continue
			}
			if i > from && !yield(s[from:i]) {
				return
			}
			from = i + 1
		}
	}
}
