package sqlstore

import (
	"context"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store"
)

// Erase makes a person's data unreadable for good. Ids, visits' times and the ledger's opt-outs by number stay.
func (s people) Erase(ctx context.Context, person id.ID) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	p, err := s.Get(ctx, person)
	if err != nil {
		return err
	}
	ok, err := s.orgKeys(ctx, org)
	if err != nil {
		return err
	}
	gone := newLookups(ok.Index(), org)
	gone.add(person, p.Facts)
	if err := gone.remove(ctx, s.Tx); err != nil {
		return err
	}
	if _, err := s.Exec(ctx, `UPDATE persons SET sealed = NULL, birth_idx = NULL, status = $3, version = version + 1, erased_at = $4, updated_at = $4
		WHERE org_id = $1 AND id = $2`, org, person, patient.Inactive, s.now); err != nil {
		return err
	}
	if err := s.eraseContacts(ctx, org, person); err != nil {
		return err
	}
	s.Publish(store.TopicPeople)
	return s.dropPersonKey(ctx, org, person)
}

// eraseContacts unlinks the person. A number that nobody else has is emptied; one that is opted out keeps its blind
// index, so that the opt-out holds when the number comes back.
func (s people) eraseContacts(ctx context.Context, org, person id.ID) error {
	contacts, err := s.ContactsOf(ctx, []id.ID{person})
	if err != nil {
		return err
	}
	for _, c := range contacts[person] {
		if err := s.Unlink(ctx, person, c.Point.ID); err != nil {
			return err
		}
		const nobody = ` WHERE org_id = $1 AND id = $2 AND NOT EXISTS (SELECT 1 FROM person_contacts WHERE point_id = $2)`
		if _, err := s.Exec(ctx, `UPDATE contact_points SET sealed = NULL`+nobody, org, c.Point.ID); err != nil {
			return err
		}
		if c.Point.OptedOutAt != nil || c.Point.Suspended {
			continue
		}
		if _, err := s.Exec(ctx, `UPDATE contact_points SET number_idx = $3`+nobody, org, c.Point.ID, c.Point.ID[:]); err != nil {
			return err
		}
	}
	return nil
}
