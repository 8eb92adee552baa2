package intake

import (
	"context"
	"fmt"
	"slices"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Undo takes back what an import wrote, newest line first: only rows still at the version that the import
// wrote; the rest are left alone and listed by Kept. Imported grants get revocations; an opt-out is never removed.
// New persons become inactive and new visits entered-in-error, because texts and consents may already name them.
// It goes on after a crash like Apply. One that was cut off while it was written is given up so.
func (s *Service) Undo(ctx context.Context, sc access.Scope, imported id.ID, told Progress) (feed.Import, error) {
	if !sc.Allows(access.ReleaseHeld) {
		return feed.Import{}, errs.New(errs.Forbidden, "you may not undo an import: ask a manager")
	}
	imp, err := s.Get(ctx, sc, imported)
	if err != nil {
		return imp, err
	}
	if imp.State != feed.Undoing {
		if !imp.State.MayBecome(feed.Undoing) {
			return imp, errs.Newf(errs.Precondition, "this import is %s; only what was written can be undone", imp.State)
		}
		imp.State, imp.Cursor, imp.Held = feed.Undoing, 0, false
		if imp, err = s.update(ctx, sc, imp, "import.undo"); err != nil {
			return imp, err
		}
	}
	w := &writer{s: s, sc: sc, imp: &imp, told: told, pace: firstStep}
	for more := true; more; {
		if more, err = w.undoStep(ctx); err != nil {
			return imp, err
		}
		if told != nil {
			told(imp.Counts.Undone + imp.Counts.Kept)
		}
	}
	if err := w.revoke(ctx); err != nil {
		return imp, err
	}
	imp.State = feed.Undone
	return s.update(ctx, sc, imp, "import.undone")
}

// Kept pages by line through the rows that an undo left alone because somebody changed them since the import.
func (s *Service) Kept(ctx context.Context, sc access.Scope, imported id.ID, afterLine, limit int) (out []feed.Write, err error) {
	if err := mayLook(sc); err != nil {
		return nil, err
	}
	err = s.store.Read(ctx, sc, func(tx store.Tx) error {
		if _, err := tx.Imports().Get(ctx, imported); err != nil {
			return err
		}
		out, err = tx.Imports().KeptWrites(ctx, imported, afterLine, limit)
		return err
	})
	return out, err
}

// undoStep takes back the next lines below the cursor; false when none are left.
func (w *writer) undoStep(ctx context.Context) (bool, error) {
	var writes []feed.Write
	size := int(w.pace)
	err := w.s.store.Read(ctx, w.sc, func(tx store.Tx) (err error) {
		writes, err = tx.Imports().Writes(ctx, w.imp.ID, w.imp.Cursor, size)
		return err
	})
	if err != nil || len(writes) == 0 {
		return false, err
	}
	if len(writes) == size { // the last line may have more rows than fitted: leave it to the next step
		last := writes[len(writes)-1].Line
		for n := len(writes); n > 0 && writes[n-1].Line == last && writes[0].Line != last; n-- {
			writes = writes[:n-1]
		}
	}
	return true, w.commit(ctx, writes[len(writes)-1].Line, len(writes), func(tx store.Tx, c *feed.Counts) error {
		t := takeBack{w: w, tx: tx}
		if err := t.people(ctx, writes); err != nil {
			return err
		}
		if err := t.visits(ctx, writes); err != nil {
			return err
		}
		for i := range writes {
			writes[i].Outcome = feed.Kept
			if t.done[writes[i].ID] {
				writes[i].Outcome = feed.Reverts
				c.Undone++
			} else {
				c.Kept++
			}
		}
		return tx.Imports().SetOutcome(ctx, writes)
	})
}

// takeBack is one step of an undo.
type takeBack struct {
	w    *writer
	tx   store.Tx
	done map[id.ID]bool
}

func of(writes []feed.Write, kind feed.RowKind) (out map[id.ID]feed.Write, ids []id.ID) {
	out = map[id.ID]feed.Write{}
	for _, r := range writes {
		if r.Row == kind {
			out[r.ID], ids = r, append(ids, r.ID)
		}
	}
	return out, ids
}

// unknown: what the row was before cannot be read any more, so it stays as it is and is listed.
func unknown(r *feed.Write) bool { return !r.Created && r.Before.IsEmpty() }

func (t *takeBack) mark(row id.ID) {
	if t.done == nil {
		t.done = map[id.ID]bool{}
	}
	t.done[row] = true
}

func (t *takeBack) people(ctx context.Context, writes []feed.Write) error {
	wrote, ids := of(writes, feed.PersonRow)
	now, err := t.tx.People().ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	var back []patient.Person
	for _, p := range now {
		r := wrote[p.ID]
		if p.Version != r.Version || p.Unreadable || unknown(&r) {
			continue
		}
		p.Facts.Identifiers = slices.Clone(p.Facts.Identifiers)
		if r.Created {
			p.Status = patient.Inactive
			p.SetIdentifier(takenBackSystem, phi.T(p.ID.String()))
		} else if p, err = t.person(ctx, r.Before, p); err != nil {
			return err
		}
		t.mark(p.ID)
		back = append(back, p)
	}
	out, err := t.tx.People().Update(ctx, back)
	if err != nil {
		return err
	}
	return t.w.touchPeople(ctx, t.tx, out)
}

// person is a person as they were, their numbers included.
func (t *takeBack) person(ctx context.Context, before phi.Text, now patient.Person) (patient.Person, error) {
	back, contacts, added, err := unpackPerson(before, now)
	if err != nil {
		return now, err
	}
	var numbers []phone.Number
	for _, c := range contacts {
		numbers = append(numbers, c.number)
	}
	points, err := t.tx.People().SavePoints(ctx, patient.SMS, numbers)
	if err != nil {
		return now, err
	}
	links := make([]store.ContactLink, len(points))
	for i, c := range contacts {
		links[i] = store.ContactLink{Person: now.ID, Point: points[i].ID, Use: c.use, Rank: c.rank, Relationship: c.relation}
	}
	if err := t.tx.People().Link(ctx, links); err != nil {
		return now, err
	}
	gone, err := t.tx.People().SavePoints(ctx, patient.SMS, added)
	for _, p := range gone {
		if err := t.tx.People().Unlink(ctx, now.ID, p.ID); err != nil {
			return now, err
		}
	}
	return back, err
}

func (t *takeBack) visits(ctx context.Context, writes []feed.Write) error {
	wrote, ids := of(writes, feed.VisitRow)
	now, err := t.tx.Visits().ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	var back []schedule.Appointment
	for _, v := range now {
		r := wrote[v.ID]
		if v.Version != r.Version || v.Import != t.w.imp.ID || unknown(&r) {
			continue
		}
		if r.Created {
			v.Status = schedule.EnteredInError
		} else if v, err = unpackVisit(r.Before, v); err != nil {
			return err
		}
		t.mark(v.ID)
		back = append(back, v)
	}
	out, err := t.tx.Visits().Update(ctx, back)
	if err != nil {
		return err
	}
	return t.w.touchVisits(ctx, t.tx, out)
}

// revoke appends a revocation for each grant that the import brought, at the grant's own instant: what was said
// later, at the desk or by another file, stands.
func (w *writer) revoke(ctx context.Context) error {
	var after id.ID
	for {
		var brought []consent.Entry
		err := w.s.store.Read(ctx, w.sc, func(tx store.Tx) (err error) {
			brought, err = tx.Consents().ByImport(ctx, w.imp.ID, store.Page{After: after, Limit: int(w.pace)})
			return err
		})
		if err != nil || len(brought) == 0 {
			return err
		}
		after = brought[len(brought)-1].ID
		if err := w.revokeAll(ctx, brought); err != nil {
			return err
		}
	}
}

func (w *writer) revokeAll(ctx context.Context, brought []consent.Entry) error {
	return w.s.write(ctx, w.sc, func(tx store.Tx) error {
		var back []consent.Entry
		for _, e := range brought {
			if e.Status != consent.Granted {
				continue
			}
			r := e
			r.ID, r.Status, r.Import, r.At, r.Recorded = undoID(e.ID), consent.Revoked, id.ID{}, e.At, tx.Now()
			r.Method, r.By, r.ByID = consent.Import, w.sc.Actor().Kind(), w.sc.Actor().ID()
			back = append(back, r)
		}
		if _, err := tx.Consents().Append(ctx, back); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(w.sc, tx.Now(), "consent.revoke", "import", w.imp.ID, fmt.Sprintf("rows=%d", len(back))))
	})
}

// undoID is the id of the revocation that undoes an entry: the same whenever the undo is tried again, so that
// the ledger has it once.
func undoID(entry id.ID) id.ID {
	entry[8] ^= 0x2a // within the random part of a version 7 id, below the variant bits
	entry[15] ^= 0x55
	return entry
}
