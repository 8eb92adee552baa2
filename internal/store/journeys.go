package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
)

// Journeys keeps journey definitions, what changed and waits to be looked at, and enrollments.
type Journeys interface {
	Definitions
	Touches
	Enrollments
}

// Definitions are journey files as people wrote them, every version for ever.
type Definitions interface {
	// SaveDefinition adds a version; one that exists stays as it is.
	SaveDefinition(ctx context.Context, d JourneyFile) error
	// DefinitionFiles lists every version, newest first within a journey.
	DefinitionFiles(ctx context.Context) ([]JourneyFile, error)
}

// JourneyFile is one version of a journey. New enrollments take the newest version.
type JourneyFile struct {
	Key       string
	Version   int
	Source    string
	Shipped   bool // came with the product
	CreatedAt time.Time
}

// Touches tell the planning sweep what changed. Whoever writes a fact about a visit or a person adds a touch in
// the same transaction; the sweep reads the facts again and removes the touch when what follows is committed.
// A touch holds no fact but what the rows cannot tell.
type Touches interface {
	// Touch adds touches; missing IDs are filled in.
	Touch(ctx context.Context, touches []Touch) error
	// TouchedOrgs lists organizations with touches, oldest touch first; system scope.
	TouchedOrgs(ctx context.Context, limit int) ([]id.ID, error)
	// Touched reads the organization's oldest touches.
	Touched(ctx context.Context, limit int) ([]Touch, error)
	// DropTouches removes touches that were worked.
	DropTouches(ctx context.Context, ids []id.ID) error
}

// Touch says that something about a visit or a person changed.
type Touch struct {
	ID    id.ID
	Visit id.ID // one of both
	// Person touches every visit of theirs that is still expected.
	Person id.ID
	// PatientKnows: the patient asked for the visit's Version, or was told in person; no text tells it again.
	PatientKnows bool
	Version      int64
	Import       id.ID // the import that wrote it
	At           time.Time
}

// Enrollments are visits on their way through a journey.
type Enrollments interface {
	// SaveEnrollments inserts those whose Row is 0 and replaces those whose Row is the stored one, which rises.
	// It says which were kept: another writer was first for the others, and a visit has one enrollment a journey.
	SaveEnrollments(ctx context.Context, all []journey.Enrollment) ([]bool, error)
	// SetAhead replaces what enrollments will say: their steps that are no messages yet.
	SetAhead(ctx context.Context, all []TextsAhead) error
	// EnrollmentsOf lists the enrollments of visits.
	EnrollmentsOf(ctx context.Context, visits []id.ID) ([]journey.Enrollment, error)
	// DueOrgs lists organizations with enrollments whose NextDue has come; system scope.
	DueOrgs(ctx context.Context, now time.Time, limit int) ([]id.ID, error)
	// DueEnrollments reads the organization's enrollments whose NextDue has come, earliest first.
	DueEnrollments(ctx context.Context, now time.Time, limit int) ([]journey.Enrollment, error)
	// NextDue is the earliest NextDue of all organizations, zero when nothing waits; system scope.
	NextDue(ctx context.Context) (time.Time, error)
	// ActiveEnrollments pages through what runs, by id.
	ActiveEnrollments(ctx context.Context, p Page) ([]journey.Enrollment, error)
	// HeldEnrollments pages through what waits for an import's release, by id; CountHeld says how many there are.
	HeldEnrollments(ctx context.Context, imported id.ID, p Page) ([]journey.Enrollment, error)
	CountHeld(ctx context.Context, imported id.ID) (int, error)
	// HeldImports lists imports that enrollments wait for, released or not; system scope.
	HeldImports(ctx context.Context) ([]HeldImport, error)
	// TextStates reads where the messages of enrollments are, without their words.
	TextStates(ctx context.Context, enrollments []id.ID) (map[id.ID][]TextState, error)
	// VisitsOfTexts lists the visits that messages of journeys are about, each once; other messages are left out.
	VisitsOfTexts(ctx context.Context, messages []id.ID) ([]id.ID, error)
	// CountEnrollments counts an organization's enrollments by state.
	CountEnrollments(ctx context.Context, key string) (map[journey.State]int, error)
}

// TextsAhead is what one enrollment will say until its end.
type TextsAhead struct {
	Enrollment, Person, Visit, Location id.ID
	Purpose                             purpose.Purpose
	Held                                bool // waits for an import's release
	Texts                               []journey.Ahead
}

// HeldImport is an import that enrollments wait for.
type HeldImport struct{ Org, Import id.ID }

// TextState is where one message of an enrollment is.
type TextState struct {
	Step       string
	Occurrence int
	Message    id.ID
	State      message.State
	Reason     message.Reason
	DueAt      time.Time
	HeldUntil  time.Time
	SentAt     time.Time
}
