package store

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
)

// People keeps persons, how they are found and how they are reached. Facts are sealed with the person's own
// key; look-ups go by blind index.
type People interface {
	// Create inserts persons with fresh keys and their look-up rows; missing IDs are filled in, Version becomes 1.
	// An identifier that another person of the organization has is errs.Conflict.
	Create(ctx context.Context, people []patient.Person) ([]patient.Person, error)
	// Update replaces facts and plain columns of persons whose Version is the stored one, which then rises; any
	// other version is errs.Conflict and nothing of the call is kept.
	Update(ctx context.Context, people []patient.Person) ([]patient.Person, error)
	Get(ctx context.Context, person id.ID) (patient.Person, error)
	// ByIDs reads many at once; unknown ids are left out, the order is that of ids.
	ByIDs(ctx context.Context, ids []id.ID) ([]patient.Person, error)
	// ByIdentifiers finds persons by how one system names them; values that nobody has are left out.
	ByIdentifiers(ctx context.Context, system string, values []string) (map[string]id.ID, error)
	// Search finds persons by words of the name, an identifier, a birth date or a number. All that is given must match.
	Search(ctx context.Context, q PersonQuery) ([]patient.Person, error)
	// List pages through persons in rising order of ids.
	List(ctx context.Context, p Page) ([]patient.Person, error)
	Count(ctx context.Context) (int, error)
	// Languages counts active persons by their language, "" for those who gave none. It reads every person's row.
	Languages(ctx context.Context) (map[string]int, error)
	// Erase destroys the person's key, sealed facts and look-up rows; the row stays as an empty tombstone.
	// Opt-outs by number stay.
	Erase(ctx context.Context, person id.ID) error

	// SavePoints finds or makes the contact points of these numbers; the answer is in the order given.
	SavePoints(ctx context.Context, channel patient.Channel, numbers []phone.Number) ([]patient.ContactPoint, error)
	// PointByNumber finds a contact point; errs.NotFound when nobody has the number.
	PointByNumber(ctx context.Context, channel patient.Channel, n phone.Number) (patient.ContactPoint, error)
	Points(ctx context.Context, ids []id.ID) ([]patient.ContactPoint, error)
	// Link joins persons to contact points; an existing link gets the new use, rank and relationship. The
	// points' revisions rise when anything changed.
	Link(ctx context.Context, links []ContactLink) error
	Unlink(ctx context.Context, person, point id.ID) error
	// ContactsOf lists how persons are reached, best rank first.
	ContactsOf(ctx context.Context, people []id.ID) (map[id.ID][]patient.Contact, error)
	// PeopleAt lists who is reached at a contact point.
	PeopleAt(ctx context.Context, point id.ID) ([]patient.Contact, error)
	// SetQuarantine marks or clears "wrong number"; SetSticky keeps the sender that a number knows us by.
	SetQuarantine(ctx context.Context, point id.ID, on bool) error
	SetSticky(ctx context.Context, point, sender id.ID) error
}

// PersonQuery is what staff typed. Empty fields do not narrow.
type PersonQuery struct {
	Words      []string // of the name; from three letters on they match beginnings
	Identifier phi.Text // any system of the organization
	BirthDate  phi.Text // YYYY-MM-DD
	Number     phone.Number
	Limit      int
}

// ContactLink is how a person is reached at a contact point.
type ContactLink struct {
	Person       id.ID
	Point        id.ID
	Use          patient.Use
	Rank         int
	Relationship patient.Relationship
}
