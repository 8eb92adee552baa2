package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Undo takes back what an import wrote, newest line first: only rows still at the version that the import
// wrote; the rest are counted as Kept. Imported grants get revocations; an opt-out is never removed. New
// persons become inactive and new visits entered-in-error, because texts and consents may already name them.
// It goes on after a crash like Apply.
func (s *Service) Undo(ctx context.Context, sc access.Scope, imported id.ID, told Progress) (feed.Import, error) {
	if !sc.Allows(access.ReleaseHeld) {
		return feed.Import{}, errs.New(errs.Forbidden, "you may not undo an import: ask a manager")
	}
	imp, err := s.Get(ctx, sc, imported)
	if err != nil {
		return imp, err
	}
	if imp.State != feed.Undoing {
		if imp.State != feed.Applied {
			return imp, errs.Newf(errs.Precondition, "this import is %s; only an applied one can be undone", imp.State)
		}
		imp.State, imp.Cursor, imp.Held = feed.Undoing, 0, false
		if imp, err = s.update(ctx, sc, imp, "import.undo"); err != nil {
			return imp, err
		}
	}
	w := &writer{s: s, sc: sc, imp: &imp, told: told}
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

// undoStep takes back the next lines below the cursor; false when none are left.
func (w *writer) undoStep(ctx context.Context) (bool, error) {
	var writes []feed.Write
	err := w.s.store.Read(ctx, w.sc, func(tx store.Tx) (err error) {
		writes, err = tx.Imports().Writes(ctx, w.imp.ID, w.imp.Cursor, step)
		return err
	})
	if err != nil || len(writes) == 0 {
		return false, err
	}
	if len(writes) == step { // the last line may have more rows than fitted: leave it to the next step
		last := writes[len(writes)-1].Line
		for n := len(writes); n > 0 && writes[n-1].Line == last && writes[0].Line != last; n-- {
			writes = writes[:n-1]
		}
	}
	return true, w.commit(ctx, writes[len(writes)-1].Line, func(tx store.Tx, c *feed.Counts) error {
		for _, r := range writes {
			undone, err := w.undoRow(ctx, tx, r)
			if err != nil {
				return err
			}
			if undone {
				c.Undone++
			} else {
				c.Kept++
			}
		}
		return nil
	})
}

func (w *writer) undoRow(ctx context.Context, tx store.Tx, r feed.Write) (bool, error) {
	if r.Row == feed.PersonRow {
		return w.undoPerson(ctx, tx, r)
	}
	return w.undoVisit(ctx, tx, r)
}

func (w *writer) undoPerson(ctx context.Context, tx store.Tx, r feed.Write) (bool, error) {
	now, err := tx.People().Get(ctx, r.ID)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	if err != nil || now.Version != r.Version {
		return false, err
	}
	back := now
	if r.Created {
		back.Status = patient.Inactive
	} else if back, err = unpackPerson(r.Before, now); err != nil {
		return false, err
	}
	out, err := tx.People().Update(ctx, []patient.Person{back})
	if err != nil {
		return false, err
	}
	return true, w.touchPeople(ctx, tx, out)
}

func (w *writer) undoVisit(ctx context.Context, tx store.Tx, r feed.Write) (bool, error) {
	now, err := tx.Visits().Get(ctx, r.ID)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	if err != nil || now.Version != r.Version || now.Import != w.imp.ID {
		return false, err
	}
	back := now
	if r.Created {
		back.Status = schedule.EnteredInError
	} else if back, err = unpackVisit(r.Before, now); err != nil {
		return false, err
	}
	out, err := tx.Visits().Update(ctx, []schedule.Appointment{back})
	if err != nil {
		return false, err
	}
	return true, w.touchVisits(ctx, tx, out)
}

// revoke appends a revocation for each grant that the import brought and that still decides.
func (w *writer) revoke(ctx context.Context) error {
	var after id.ID
	for {
		var brought []consent.Entry
		err := w.s.store.Read(ctx, w.sc, func(tx store.Tx) (err error) {
			brought, err = tx.Consents().ByImport(ctx, w.imp.ID, store.Page{After: after, Limit: page})
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
	return w.s.store.InTx(ctx, w.sc, func(tx store.Tx) error {
		var back []consent.Entry
		for _, e := range brought {
			if e.Status != consent.Granted {
				continue
			}
			r := e
			r.ID, r.Status, r.Import, r.At, r.Recorded = undoID(e.ID), consent.Revoked, id.ID{}, tx.Now(), time.Time{}
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

// packedPerson is how a person was before an import, in a form that outlives the types.
type packedPerson struct {
	V          int               `json:"v"`
	Status     patient.Status    `json:"status"`
	Language   string            `json:"language"`
	Location   id.ID             `json:"location"`
	Given      string            `json:"given"`
	Family     string            `json:"family"`
	Birth      string            `json:"birth"`
	Sex        string            `json:"sex"`
	Channel    patient.Channel   `json:"channel"`
	Names      map[string]string `json:"names"` // identifiers by system
	Tags       []string          `json:"tags"`
	Conditions [][2]string       `json:"conditions"`
}

func packPerson(p patient.Person) phi.Text {
	f := p.Facts
	out := packedPerson{V: 1, Status: p.Status, Language: p.Language, Location: p.Location, Given: f.GivenName.Reveal(),
		Family: f.FamilyName.Reveal(), Birth: f.BirthDate.Reveal(), Sex: f.Sex, Channel: f.PreferredChannel, Names: map[string]string{}}
	for _, i := range f.Identifiers {
		out.Names[i.System] = i.Value.Reveal()
	}
	for _, t := range f.Tags {
		out.Tags = append(out.Tags, t.Reveal())
	}
	for _, c := range f.Conditions {
		out.Conditions = append(out.Conditions, [2]string{c.System, c.Code.Reveal()})
	}
	return pack(out)
}

func unpackPerson(before phi.Text, now patient.Person) (patient.Person, error) {
	var b packedPerson
	if err := unpack(before, &b); err != nil {
		return now, err
	}
	now.Status, now.Language, now.Location = b.Status, b.Language, b.Location
	f := &now.Facts
	f.GivenName, f.FamilyName, f.BirthDate, f.Sex, f.PreferredChannel = phi.T(b.Given), phi.T(b.Family), phi.T(b.Birth), b.Sex, b.Channel
	f.Identifiers, f.Tags, f.Conditions = nil, nil, nil
	for system, v := range b.Names {
		now.SetIdentifier(system, phi.T(v))
	}
	for _, t := range b.Tags {
		f.Tags = append(f.Tags, phi.T(t))
	}
	for _, c := range b.Conditions {
		f.Conditions = append(f.Conditions, patient.Code{System: c[0], Code: phi.T(c[1])})
	}
	return now, nil
}

// packedVisit is how a visit was before an import.
type packedVisit struct {
	V            int             `json:"v"`
	Status       schedule.Status `json:"status"`
	Location     id.ID           `json:"location"`
	Practitioner id.ID           `json:"practitioner"`
	Type         id.ID           `json:"type"`
	Start        time.Time       `json:"start"`
	Length       time.Duration   `json:"length"`
	Zone         string          `json:"zone"`
	Wall         string          `json:"wall"`
	BookedAt     time.Time       `json:"booked"`
	Reason       string          `json:"reason"`
	Import       id.ID           `json:"import"`
}

func packVisit(v schedule.Appointment) phi.Text {
	if v.ID.IsZero() {
		return phi.Text{}
	}
	return pack(packedVisit{V: 1, Status: v.Status, Location: v.Location, Practitioner: v.Practitioner, Type: v.Type, Start: v.Start,
		Length: v.Length, Zone: v.Zone, Wall: v.Wall, BookedAt: v.BookedAt, Reason: v.Reason.Reveal(), Import: v.Import})
}

func unpackVisit(before phi.Text, now schedule.Appointment) (schedule.Appointment, error) {
	var b packedVisit
	if err := unpack(before, &b); err != nil {
		return now, err
	}
	now.Status, now.Location, now.Practitioner, now.Type, now.Start = b.Status, b.Location, b.Practitioner, b.Type, b.Start
	now.Length, now.Zone, now.Wall, now.BookedAt, now.Reason, now.Import = b.Length, b.Zone, b.Wall, b.BookedAt, phi.T(b.Reason), b.Import
	return now, nil
}

func pack(v any) phi.Text {
	b, err := json.Marshal(v)
	if err != nil {
		return phi.Text{} // only types that cannot be marshalled fail, and these are not
	}
	return phi.T(string(b))
}

func unpack(before phi.Text, to any) error {
	return errs.Wrap(errs.Internal, "what a row was before the import cannot be read", json.Unmarshal([]byte(before.Reveal()), to))
}
