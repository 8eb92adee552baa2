package sqlstore

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

const pointColumns = `p.id, p.org_id, p.channel, p.revision, p.opted_out_at, p.suspended, p.quarantined, p.sticky_sender, p.sealed`

func pointPlace(org, point id.ID) seal.Place {
	return seal.Place{Table: "contact_points", Column: "sealed", Org: org, Row: point}
}

// pointDests are the destinations of pointColumns.
func pointDests(p *patient.ContactPoint, sealed *[]byte) []any {
	return []any{&p.ID, &p.Org, &p.Channel, &p.Revision, &p.OptedOutAt, &p.Suspended, &p.Quarantined, &p.StickySender, sealed}
}

// openPoint fills in the number or address; an erased one stays without.
func (t *Tx) openPoint(ctx context.Context, p *patient.ContactPoint, sealed []byte) error {
	if sealed == nil {
		return nil
	}
	ok, err := t.orgKeys(ctx, p.Org)
	if err != nil {
		return err
	}
	text, err := openText(ok.Key(), sealed, pointPlace(p.Org, p.ID))
	if err != nil {
		return err
	}
	if p.Channel == patient.Email {
		p.Email = phi.T(text)
		return nil
	}
	p.Number, err = phone.FromStored(text)
	return err
}

var insertPoints = NewInsert("contact_points", "ON CONFLICT (number_idx, channel, org_id) DO NOTHING",
	Column{"id", ID}, Column{"org_id", ID}, Column{"channel", Text}, Column{"number_idx", Bytes}, Column{"sealed", Bytes},
	Column{"revision", Int}, Column{"suspended", Bool}, Column{"quarantined", Bool}, Column{"created_at", Int})

// SavePoints finds or makes contact points.
func (s people) SavePoints(ctx context.Context, channel patient.Channel, numbers []phone.Number) ([]patient.ContactPoint, error) {
	org, err := s.org()
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	ok, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	idx := make([][]byte, 0, len(numbers))
	seen := make(map[phone.Number]bool, len(numbers))
	var distinct []phone.Number
	for _, n := range numbers {
		if n.IsZero() {
			return nil, errs.New(errs.Invalid, "a contact point needs a number").At("number")
		}
		if !seen[n] {
			seen[n] = true
			distinct, idx = append(distinct, n), append(idx, ok.Index().Number(n.Reveal()))
		}
	}
	known, err := s.pointsBy(ctx, ` AND p.channel = $2 AND `+s.In("p.number_idx", "$3", Bytes), channel, idx)
	if err != nil {
		return nil, err
	}
	have := make(map[phone.Number]patient.ContactPoint, len(known))
	for _, p := range known {
		have[p.Number] = p
	}
	var rows [][]any
	fresh := make(map[phone.Number]patient.ContactPoint, len(distinct))
	for i, n := range distinct {
		if _, there := have[n]; there {
			continue
		}
		p := id.New()
		rows = append(rows, args(p, org, channel, idx[i], sealText(ok.Key(), n.Reveal(), pointPlace(org, p)), 1, false, false, s.now))
		fresh[n] = patient.ContactPoint{ID: p, Org: org, Channel: channel, Number: n, Revision: 1}
	}
	if len(rows) > 0 {
		if err := s.insertPoints(ctx, channel, idx, rows, fresh, have); err != nil {
			return nil, err
		}
	}
	out := make([]patient.ContactPoint, len(numbers))
	for i, n := range numbers {
		out[i] = have[n]
	}
	return out, nil
}

// insertPoints makes contact points. When some were there already (another writer was first, or an erasure left
// them empty) it reads back what is there now; a number that was erased is sealed again.
func (s people) insertPoints(ctx context.Context, channel patient.Channel, idx [][]byte, rows [][]any, fresh, have map[phone.Number]patient.ContactPoint) error {
	n, err := s.Bulk(ctx, insertPoints, rows)
	if err != nil {
		return err
	}
	if n == int64(len(rows)) {
		for number, p := range fresh {
			have[number] = p
			s.raise(p.ID)
			s.raised[p.ID] = true
		}
		return nil
	}
	if err := s.sealAgain(ctx, channel, idx, rows); err != nil {
		return err
	}
	now, err := s.pointsBy(ctx, ` AND p.channel = $2 AND `+s.In("p.number_idx", "$3", Bytes), channel, idx)
	for _, p := range now {
		have[p.Number] = p
	}
	return err
}

// sealAgain gives numbers back to contact points that an erasure emptied and a new person brought again.
func (s people) sealAgain(ctx context.Context, channel patient.Channel, idx [][]byte, rows [][]any) error {
	org := s.scope.Org()
	ok, err := s.orgKeys(ctx, org)
	if err != nil {
		return err
	}
	empty := map[string]id.ID{}
	err = each(ctx, s, `SELECT id, number_idx FROM contact_points WHERE org_id = $1 AND channel = $2 AND sealed IS NULL AND `+
		s.In("number_idx", "$3", Bytes), args(org, channel, idx), func(r Rows) error {
		var p id.ID
		var b []byte
		err := r.Scan(&p, &b)
		empty[string(b)] = p
		return err
	})
	if err != nil || len(empty) == 0 {
		return err
	}
	for _, row := range rows {
		p, there := empty[string(row[3].([]byte))]
		if !there {
			continue
		}
		number, err := openText(ok.Key(), row[4].([]byte), pointPlace(org, row[0].(id.ID)))
		if err != nil {
			return err
		}
		if _, err := s.Exec(ctx, `UPDATE contact_points SET sealed = $1 WHERE id = $2`, sealText(ok.Key(), number, pointPlace(org, p)), p); err != nil {
			return err
		}
	}
	return nil
}

// pointsBy reads contact points of the organization.
func (s people) pointsBy(ctx context.Context, and string, more ...any) ([]patient.ContactPoint, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	var sealed [][]byte
	out, err := list(ctx, s, `SELECT `+pointColumns+` FROM contact_points p WHERE p.org_id = $1`+and, append(args(org), more...),
		func(r Rows) (p patient.ContactPoint, err error) {
			var b []byte
			err = r.Scan(pointDests(&p, &b)...)
			sealed = append(sealed, b)
			return p, err
		})
	if err != nil {
		return nil, err
	}
	for i := range out {
		if err := s.openPoint(ctx, &out[i], sealed[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PointByNumber finds a contact point.
func (s people) PointByNumber(ctx context.Context, channel patient.Channel, n phone.Number) (patient.ContactPoint, error) {
	org, err := s.org()
	if err != nil {
		return patient.ContactPoint{}, err
	}
	ok, err := s.orgKeys(ctx, org)
	if err != nil {
		return patient.ContactPoint{}, err
	}
	all, err := s.pointsBy(ctx, ` AND p.channel = $2 AND p.number_idx = $3`, channel, ok.Index().Number(n.Reveal()))
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "contact point")
	}
	if err != nil {
		return patient.ContactPoint{}, err
	}
	if all[0].Number.IsZero() {
		all[0].Number = n // erased, but asked by somebody who has the number
	}
	return all[0], nil
}

// Points reads many contact points.
func (s people) Points(ctx context.Context, ids []id.ID) ([]patient.ContactPoint, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.pointsBy(ctx, ` AND `+s.In("p.id", "$2", ID)+` ORDER BY p.id`, ids)
}

const contactColumns = `c.person_id, c.contact_use, c.rank, c.relationship, c.since, ` + pointColumns

// contacts reads links with their contact points.
func (s people) contacts(ctx context.Context, and string, more ...any) ([]patient.Contact, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	var sealed [][]byte
	out, err := list(ctx, s, `SELECT `+contactColumns+` FROM person_contacts c JOIN contact_points p ON p.id = c.point_id
		WHERE c.org_id = $1`+and, append(args(org), more...),
		func(r Rows) (c patient.Contact, err error) {
			var b []byte
			err = r.Scan(append([]any{&c.Person, &c.Use, &c.Rank, &c.Relationship, &c.Since}, pointDests(&c.Point, &b)...)...)
			sealed = append(sealed, b)
			return c, err
		})
	if err != nil {
		return nil, err
	}
	for i := range out {
		if err := s.openPoint(ctx, &out[i].Point, sealed[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ContactsOf lists how persons are reached.
func (s people) ContactsOf(ctx context.Context, people []id.ID) (map[id.ID][]patient.Contact, error) {
	out := make(map[id.ID][]patient.Contact, len(people))
	if len(people) == 0 {
		return out, nil
	}
	all, err := s.contacts(ctx, ` AND `+s.In("c.person_id", "$2", ID)+` ORDER BY c.person_id, c.rank, c.point_id`, people)
	for _, c := range all {
		out[c.Person] = append(out[c.Person], c)
	}
	return out, err
}

// PeopleAt lists who is reached at a contact point.
func (s people) PeopleAt(ctx context.Context, point id.ID) ([]patient.Contact, error) {
	return s.contacts(ctx, ` AND c.point_id = $2 ORDER BY c.rank, c.person_id`, point)
}

var (
	upsertLinks = NewInsert("person_contacts", `ON CONFLICT (person_id, point_id) DO UPDATE SET
			contact_use = excluded.contact_use, rank = excluded.rank, relationship = excluded.relationship`,
		Column{"org_id", ID}, Column{"person_id", ID}, Column{"point_id", ID}, Column{"contact_use", Text},
		Column{"rank", Int}, Column{"relationship", Text}, Column{"since", Int})
	bumpPoints = NewBulk(`UPDATE contact_points SET revision = contact_points.revision + 1 FROM {rows}
		WHERE contact_points.id = r.id AND contact_points.org_id = r.org_id`, Column{"org_id", ID}, Column{"id", ID})
)

// Link joins persons to contact points.
func (s people) Link(ctx context.Context, links []store.ContactLink) error {
	org, err := s.org()
	if err != nil || len(links) == 0 {
		return err
	}
	type pair struct{ person, point id.ID }
	want := make(map[pair]store.ContactLink, len(links))
	var persons []id.ID
	for _, l := range links {
		want[pair{l.Person, l.Point}] = l
		if s.freshKeys.persons[l.Person] == nil { // who is new in this transaction has no links but its own
			persons = append(persons, l.Person)
		}
	}
	if err := s.ownsPoints(ctx, links); err != nil {
		return err
	}
	same := func(r Rows) error {
		var l store.ContactLink
		if err := r.Scan(&l.Person, &l.Point, &l.Use, &l.Rank, &l.Relationship); err != nil {
			return err
		}
		if want[pair{l.Person, l.Point}] == l {
			delete(want, pair{l.Person, l.Point})
		}
		return nil
	}
	if len(persons) > 0 {
		err = each(ctx, s, `SELECT person_id, point_id, contact_use, rank, relationship FROM person_contacts WHERE org_id = $1 AND `+
			s.In("person_id", "$2", ID), args(org, persons), same)
	}
	if err != nil || len(want) == 0 {
		return err
	}
	rows, points := make([][]any, 0, len(want)), map[id.ID]bool{}
	for _, l := range want {
		rows = append(rows, args(org, l.Person, l.Point, l.Use, l.Rank, l.Relationship, s.now))
		points[l.Point] = true
	}
	if _, err := s.Bulk(ctx, upsertLinks, rows); err != nil {
		return err
	}
	return s.bump(ctx, org, points)
}

// ownsPoints refuses contact points of another organization.
func (s people) ownsPoints(ctx context.Context, links []store.ContactLink) error {
	points := map[id.ID]bool{}
	var ids []id.ID
	for _, l := range links {
		if !points[l.Point] && !s.raised[l.Point] {
			points[l.Point] = true
			ids = append(ids, l.Point)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var n int
	err := one(ctx, s, `SELECT count(*) FROM contact_points WHERE org_id = $1 AND `+s.In("id", "$2", ID), args(s.scope.Org(), ids), &n)
	if err == nil && n != len(ids) {
		return found(ErrNone, "contact point")
	}
	return err
}

// raise notes that nobody can have read the contact point's present revision; it reports whether that is news.
func (t *Tx) raise(point id.ID) bool {
	if _, done := t.raised[point]; done {
		return false
	}
	if t.raised == nil {
		t.raised = map[id.ID]bool{}
	}
	t.raised[point] = false
	return true
}

// bump raises the revisions of contact points, once in a transaction.
func (t *Tx) bump(ctx context.Context, org id.ID, points map[id.ID]bool) error {
	rows := make([][]any, 0, len(points))
	for p := range points {
		if t.raise(p) {
			rows = append(rows, args(org, p))
		}
	}
	_, err := t.Bulk(ctx, bumpPoints, rows)
	t.Publish(store.TopicPeople)
	return err
}

// Unlink ends that a person is reached at a contact point.
func (s people) Unlink(ctx context.Context, person, point id.ID) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	n, err := s.Exec(ctx, `DELETE FROM person_contacts WHERE org_id = $1 AND person_id = $2 AND point_id = $3`, org, person, point)
	if err != nil || n == 0 {
		return err
	}
	return s.bump(ctx, org, map[id.ID]bool{point: true})
}

// SetQuarantine marks or clears "wrong number".
func (s people) SetQuarantine(ctx context.Context, point id.ID, on bool) error {
	return s.setPoint(ctx, `quarantined = $3, revision = revision + 1`, point, on)
}

// SetSticky keeps the sender that a number knows us by; it is no reason to decide again.
func (s people) SetSticky(ctx context.Context, point, sender id.ID) error {
	return s.setPoint(ctx, `sticky_sender = $3`, point, sender)
}

func (s people) setPoint(ctx context.Context, set string, point id.ID, v any) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	n, err := s.Exec(ctx, `UPDATE contact_points SET `+set+` WHERE org_id = $1 AND id = $2`, org, point, v)
	if err == nil && n == 0 {
		err = found(ErrNone, "contact point")
	}
	s.Publish(store.TopicPeople)
	return err
}
