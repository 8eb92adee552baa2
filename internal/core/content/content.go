// Package content makes the text of a message: Liquid templates in several languages, checked against the
// variables they may use, with dates as the reader's language writes them. It refuses to send half a text:
// a variable without a value is an error unless the template says what stands there instead. Values are
// data: they are never read as Liquid, and neither control characters nor braces of theirs get through.
package content

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Name is a variable as templates write it: group, dot, field.
type Name string

// The variables of appointment texts and of answers to patients.
const (
	ClinicName       Name = "clinic.name"
	ClinicPhone      Name = "clinic.phone"
	LocationName     Name = "location.name"
	LocationAddress  Name = "location.address"
	PatientFirstName Name = "patient.first_name" // leave unset on shared phones
	PractitionerName Name = "practitioner.name"

	VisitDate     Name = "visit.date"         // 3 May; with the year when it is far away
	VisitDay      Name = "visit.day"          // Tuesday 3 May
	VisitOnDay    Name = "visit.on_day"       // on Tuesday 3 May; in Polish "we wtorek, 3 maja"
	VisitWeekday  Name = "visit.weekday"      // Tuesday
	VisitTime     Name = "visit.time"         // 10:30, on the location's clock
	VisitRelative Name = "visit.relative_day" // today, tomorrow or "on Tuesday 3 May", as of the send time
	VisitZone     Name = "visit.zone"         // CEST
	OldDate       Name = "old.date"           // as visit.*, for the time before a move
	OldDay        Name = "old.day"
	OldWeekday    Name = "old.weekday"
	OldTime       Name = "old.time"

	ReplyConfirm    Name = "reply.confirm" // the digits that the reply map assigned
	ReplyCancel     Name = "reply.cancel"
	ReplyReschedule Name = "reply.reschedule"
	ReplyQuestion   Name = "reply.question"

	OptOutWord Name = "optout.word" // the country's words, from the rules
	OptInWord  Name = "optin.word"
)

// Vars is the list of variables that a template may use.
type Vars []Name

// AppointmentVars are all variables of appointment texts and answers.
func AppointmentVars() Vars {
	return Vars{
		ClinicName, ClinicPhone, LocationName, LocationAddress, PatientFirstName, PractitionerName,
		VisitDate, VisitDay, VisitOnDay, VisitWeekday, VisitTime, VisitRelative, VisitZone, OldDate, OldDay, OldWeekday, OldTime,
		ReplyConfirm, ReplyCancel, ReplyReschedule, ReplyQuestion, OptOutWord, OptInWord,
	}
}

// Has reports whether n may be used.
func (v Vars) Has(n Name) bool { return slices.Contains(v, n) }

// Nearest is the allowed variable that a mistyped one most likely meant.
func (v Vars) Nearest(n Name) Name {
	best, least := Name(""), len(n)/2+2
	for _, c := range v {
		if d := distance(string(n), string(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Moment is an instant with the zone whose clock the reader goes by: the location's.
type Moment struct {
	At   time.Time
	Zone *time.Location
}

// Values fill a template. They hold what patients are, and redact themselves in printers.
type Values struct {
	Locale Locale          // how dates are written: the wanted locale that found the variant
	Now    time.Time       // when the text leaves; decides today and tomorrow
	Text   map[Name]string // every variable but visit.* and old.*; empty counts as missing
	Visit  Moment          // zero when the text is about no visit
	Old    Moment          // the visit's time before it moved
}

// Format keeps values from being printed.
func (v Values) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%d values", len(v.Text)) }

// LogValue keeps values out of logs.
func (v Values) LogValue() slog.Value { return slog.IntValue(len(v.Text)) }

// get finds the text of a variable; ok is false when it is missing. An error means that the locale has no
// calendar here.
func (v *Values) get(n Name) (text string, ok bool, err error) {
	group, field, _ := strings.Cut(string(n), ".")
	switch group {
	case "visit":
		return v.moment(v.Visit, field)
	case "old":
		return v.moment(v.Old, field)
	}
	text = clean(v.Text[n])
	if text == "" || absent(text) {
		return "", false, nil
	}
	if text[0] == '+' && v.Locale.rightToLeft() {
		text = "\u200e" + text // else the plus and the groups of a phone number change places
	}
	return text, true, nil
}

func (v *Values) moment(m Moment, field string) (string, bool, error) {
	if m.At.IsZero() || m.Zone == nil {
		return "", false, nil
	}
	c, err := calendarFor(v.Locale)
	if err != nil {
		return "", false, err
	}
	text := c.write(field, m.At.In(m.Zone), v.Now.In(m.Zone))
	return text, text != "", nil
}

// absent recognises what other systems write for nothing.
func absent(text string) bool {
	switch text {
	case "null", "NULL", "nil", "undefined", "<nil>", "#N/A", "N/A", "n/a", "{}", "-":
		return true
	}
	return false
}
