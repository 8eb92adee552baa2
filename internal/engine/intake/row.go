package intake

import (
	"time"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
)

// Field is a column's meaning.
type Field string

const (
	FieldExternalID   Field = "external_id"
	FieldMRN          Field = "mrn"
	FieldGivenName    Field = "given_name"
	FieldFamilyName   Field = "family_name"
	FieldFullName     Field = "full_name"              // first name, then family name
	FieldFamilyFirst  Field = "full_name_family_first" // family name, then first name
	FieldAnyName      Field = "name"                   // a whole name whose order nobody told
	FieldBirthDate    Field = "birth_date"
	FieldSex          Field = "sex"
	FieldLanguage     Field = "language"
	FieldMobile       Field = "mobile"
	FieldPhone2       Field = "phone2"
	FieldLocation     Field = "location"
	FieldChannel      Field = "preferred_channel"
	FieldTags         Field = "tags"
	FieldConditions   Field = "conditions"
	FieldMedications  Field = "medications"
	FieldAddress      Field = "address"
	FieldCity         Field = "city"
	FieldPostalCode   Field = "postal_code"
	FieldCountry      Field = "country"
	FieldStatus       Field = "status"
	FieldDeceased     Field = "deceased"
	FieldRelation     Field = "phone_belongs_to"
	FieldConsent      Field = "consent" // every care purpose
	FieldConsentOn    Field = "consent_date"
	FieldConsentBy    Field = "consent_method"
	FieldConsentWord  Field = "consent_wording"
	FieldPatient      Field = "patient_external_id"
	FieldStart        Field = "start"
	FieldDate         Field = "date"
	FieldTime         Field = "time"
	FieldMinutes      Field = "minutes"
	FieldEnd          Field = "end"
	FieldPractitioner Field = "practitioner"
	FieldType         Field = "visit_type"
	FieldReason       Field = "reason"
	FieldBookedAt     Field = "booked_at"
)

// ConsentFieldOf is the column that holds consent for one purpose: "consent_survey".
func ConsentFieldOf(p purpose.Purpose) Field { return Field("consent_" + string(p)) }

// PatientRow is one line of a patients' file, read and checked. Has says which columns the file has: only those
// are written, an absent column changes nothing.
type PatientRow struct {
	Line       int
	ExternalID phi.Text
	MRN        phi.Text
	// RecordHeader is the header of the MRN's column, for problems.
	RecordHeader string
	Given        phi.Text
	Family       phi.Text
	BirthDate    phi.Text // YYYY-MM-DD
	Sex          string
	Language     string
	Mobile       phone.Number
	Phone2       phone.Number
	Relation     patient.Relationship
	Location     *org.Location
	Channel      patient.Channel
	Tags         []phi.Text
	Conditions   []patient.Code
	Medications  []patient.Code
	Address      patient.Address
	Status       patient.Status // empty when the line does not say
	Consents     []ConsentRow
	Has          map[Field]bool
}

// ConsentRow is one consent that a line states: for one purpose, with its evidence.
type ConsentRow struct {
	Purpose purpose.Purpose
	Status  consent.Status
	Method  consent.Method
	Wording string
	At      time.Time
	Undated bool // a "no" without its date: At is when the file was read
}

// VisitRow is one line of an appointments' file, read and checked.
type VisitRow struct {
	Line       int
	ExternalID phi.Text
	Patient    phi.Text // external id of the patient
	// PatientHeader is the header of the patient's column, for problems.
	PatientHeader string
	Location      *org.Location
	Practitioner  string
	Type          string
	Status        schedule.Status
	Start         time.Time
	Wall          string // as the file said, 2006-01-02T15:04
	Length        time.Duration
	BookedAt      time.Time
	Reason        phi.Text
	Has           map[Field]bool
}

// ProblemCode says what is wrong with a cell or line.
type ProblemCode string

const (
	Missing        ProblemCode = "missing"
	BadNumber      ProblemCode = "bad_number"
	BadDate        ProblemCode = "bad_date"
	AmbiguousDate  ProblemCode = "ambiguous_date"
	NoSuchTime     ProblemCode = "no_such_time" // skipped when the clocks change
	TwiceThatTime  ProblemCode = "time_happens_twice"
	BadTime        ProblemCode = "bad_time"
	BadLanguage    ProblemCode = "bad_language"
	BadCountry     ProblemCode = "bad_country"
	BadChoice      ProblemCode = "bad_choice"
	NoLocation     ProblemCode = "no_such_location"
	NoPatient      ProblemCode = "no_such_patient"
	TwiceInFile    ProblemCode = "twice_in_file"
	ConsentProof   ProblemCode = "consent_without_evidence"
	BadLine        ProblemCode = "bad_line" // quotes or number of columns
	BadCharacters  ProblemCode = "bad_characters"
	TooLong        ProblemCode = "too_long"
	FutureBirth    ProblemCode = "birth_in_future"
	PastTheCentury ProblemCode = "birth_too_long_ago"
	IDTaken        ProblemCode = "identifier_of_another_patient"
	UnclearName    ProblemCode = "unclear_name" // a whole name whose order nobody told
	Unreadable     ProblemCode = "patient_unreadable"
)

// Problem is one thing wrong with one line; a line with a problem is not imported.
type Problem struct {
	Line   int    // of the file, from 1, the header included
	Column string // the file's own header; empty when the whole line is meant
	Code   ProblemCode
	Say    string   // safe text: what is wrong and what to do
	Value  phi.Text // the offending cell, for the report that only the uploader gets
}
