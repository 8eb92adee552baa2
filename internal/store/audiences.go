package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/audience"
)

// Audiences keeps saved audiences, uploaded lists, counts, and reads what rules ask for, in sets.
type Audiences interface {
	AudienceRows
	AudienceRuns
	AudienceFacts
}

// AudienceRows is what is saved.
type AudienceRows interface {
	// Save writes a new version: of a new audience when Version is 0, else of the one whose newest Version it names
	// (errs.Conflict when somebody saved meanwhile). A missing ID is filled in. A name that another audience has is errs.Conflict. The answer has
	// ID, Version and CreatedAt filled in.
	Save(ctx context.Context, a audience.Audience) (audience.Audience, error)
	// Get reads a version; 0 is the newest.
	Get(ctx context.Context, a id.ID, version int64) (audience.Audience, error)
	// List reads the newest version of every audience that is not archived, by name.
	List(ctx context.Context) ([]audience.Audience, error)
	// Versions reads every version of one, newest first.
	Versions(ctx context.Context, a id.ID) ([]audience.Audience, error)
	// ByRequest reads the version that a request saved last, as it was then; errs.NotFound when it saved none.
	ByRequest(ctx context.Context, request id.ID) (audience.Audience, error)
	// Archive takes an audience off the list, or puts it back.
	Archive(ctx context.Context, a id.ID, on bool) error
	// PutMembers adds persons to a roll for the version of a list that is saved next; who is on it already stays once.
	// They are seen when Save has written that version with the roll, and then the roll is closed: errs.Conflict.
	// DropMembers empties one that is not saved.
	PutMembers(ctx context.Context, roll id.ID, version int64, people []id.ID) error
	DropMembers(ctx context.Context, roll id.ID, version int64) error
	// SetPlaces replaces where the organization's locations and postal areas are.
	SetPlaces(ctx context.Context, places []Place) error
	Places(ctx context.Context) ([]Place, error)
}

// Place is a point on the map: of a location by its id, or of a postal area.
type Place struct {
	Location id.ID         // zero for a postal area
	Area     audience.Area // its At is the point in either case
}

// AudienceRuns is the state of counts.
type AudienceRuns interface {
	// AddRun inserts the first try of a count, which waits; a missing ID is filled in.
	AddRun(ctx context.Context, r audience.Run) (audience.Run, error)
	// SetRun writes state, fault, total, result, end and SeenAt of a count that is not over yet and still at its try. It
	// reports whether it did: false when somebody cancelled the count or it was begun anew.
	SetRun(ctx context.Context, r audience.Run) (bool, error)
	// AgainRun begins the next try of a count that is not over and still at its try and in its state: it waits, from
	// SeenAt on, with nothing found. One that waits already keeps its try. It reports whether it did.
	AgainRun(ctx context.Context, r audience.Run) (bool, error)
	// SilentRuns reads counts of all organizations that are not over and were last heard of before then, at most n,
	// the most silent first; system scope.
	SilentRuns(ctx context.Context, before time.Time, n int) ([]audience.Run, error)
	Run(ctx context.Context, r id.ID) (audience.Run, error)
	// Runs reads counts, newest first, of one audience when it is given.
	Runs(ctx context.Context, a id.ID, p Page) ([]audience.Run, error)
}

// AudienceFacts reads facts in sets.
type AudienceFacts interface {
	// NextRange finds where the next page of persons ends: at most size persons after the cursor, erased ones left out.
	// found is how many; 0 at the end.
	NextRange(ctx context.Context, after id.ID, size int) (upto id.ID, found int, err error)
	// Scan reads the persons of a range for whom the plain part of a rule holds, in order of ids. seen is used again
	// for the next person: what is kept must be copied. Sealed facts are opened only as far as they are needed.
	Scan(ctx context.Context, r PersonRange, seen func(person id.ID, p *audience.Person) error) error
	// Rows reads facts outside of the sealed ones, as far as they are needed, by person.
	Rows(ctx context.Context, people []id.ID, need audience.Need, since time.Time) (map[id.ID]*audience.Rows, error)
}

// PersonRange is one page of persons for a rule.
type PersonRange struct {
	After, Upto id.ID // After is not in it, Upto is
	Plain       audience.Plain
	Need        audience.Need
}
