package intake

import (
	"context"
	"fmt"
	"slices"
	"time"

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
		if p.Version != r.Version {
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
		if v.Version != r.Version || v.Import != t.w.imp.ID {
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
	Drugs      [][2]string       `json:"medications,omitempty"`
	Address    [4]string         `json:"address"` // line, city, postal code, country
	Numbers    []packedContact   `json:"numbers,omitempty"`
	Added      []string          `json:"added,omitempty"` // numbers that the import linked
}

// packedContact is a number that a person had.
type packedContact struct {
	Number   string               `json:"n"`
	Use      patient.Use          `json:"u"`
	Rank     int                  `json:"r"`
	Relation patient.Relationship `json:"w"`
}

func packPerson(p patient.Person, contacts []patient.Contact, added []phone.Number) phi.Text {
	f := p.Facts
	out := packedPerson{V: 1, Status: p.Status, Language: p.Language, Location: p.Location, Given: f.GivenName.Reveal(),
		Family: f.FamilyName.Reveal(), Birth: f.BirthDate.Reveal(), Sex: f.Sex, Channel: f.PreferredChannel, Names: map[string]string{}}
	for _, i := range f.Identifiers {
		out.Names[i.System] = i.Value.Reveal()
	}
	for _, t := range f.Tags {
		out.Tags = append(out.Tags, t.Reveal())
	}
	out.Conditions, out.Drugs = packCodes(f.Conditions), packCodes(f.Medications)
	out.Address = [4]string{f.Address.Line.Reveal(), f.Address.City.Reveal(), f.Address.PostalCode.Reveal(), f.Address.Country}
	for _, c := range contacts {
		if !c.Point.Number.IsZero() {
			out.Numbers = append(out.Numbers, packedContact{c.Point.Number.Reveal(), c.Use, c.Rank, c.Relationship})
		}
	}
	for _, n := range added {
		out.Added = append(out.Added, n.Reveal())
	}
	return pack(out)
}

func unpackPerson(before phi.Text, now patient.Person) (p patient.Person, contacts []contact, added []phone.Number, err error) {
	var b packedPerson
	if err := unpack(before, &b); err != nil {
		return now, nil, nil, err
	}
	for _, c := range b.Numbers {
		n, err := phone.FromStored(c.Number)
		if err != nil {
			return now, nil, nil, err
		}
		contacts = append(contacts, contact{n, c.Use, c.Rank, c.Relation})
	}
	for _, c := range b.Added {
		n, err := phone.FromStored(c)
		if err != nil {
			return now, nil, nil, err
		}
		added = append(added, n)
	}
	now.Status, now.Language, now.Location = b.Status, b.Language, b.Location
	f := &now.Facts
	f.GivenName, f.FamilyName, f.BirthDate, f.Sex, f.PreferredChannel = phi.T(b.Given), phi.T(b.Family), phi.T(b.Birth), b.Sex, b.Channel
	f.Identifiers, f.Tags = nil, nil
	f.Conditions, f.Medications = unpackCodes(b.Conditions), unpackCodes(b.Drugs)
	f.Address = patient.Address{Line: phi.T(b.Address[0]), City: phi.T(b.Address[1]), PostalCode: phi.T(b.Address[2]), Country: b.Address[3]}
	for system, v := range b.Names {
		now.SetIdentifier(system, phi.T(v))
	}
	for _, t := range b.Tags {
		f.Tags = append(f.Tags, phi.T(t))
	}
	return now, contacts, added, nil
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
