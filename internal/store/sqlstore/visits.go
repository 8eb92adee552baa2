package sqlstore

import (
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Visits gives access to the rows of store.Visits. Kinds and sources are in sources.go.
func (t *Tx) Visits() store.Visits { return visits{t} }

type visits struct{ *Tx }

const visitColumns = `id, org_id, person_id, location_id, practitioner_id, type_id, source_id, status, start_at, length, zone, wall,
	booked_at, version, import_id, created_at, updated_at, sealed`

func reasonPlace(org, visit id.ID) seal.Place {
	return seal.Place{Table: "visits", Column: "sealed", Org: org, Row: visit}
}

// visitBulk are the columns of a visit's bulk statements, in the order of visitRow.
var visitBulk = []Column{
	{"id", ID}, {"org_id", ID}, {"version", Int}, {"person_id", ID}, {"location_id", ID}, {"practitioner_id", ID}, {"type_id", ID},
	{"source_id", ID}, {"status", Text}, {"start_at", Int}, {"length", Int}, {"zone", Text}, {"wall", Text}, {"booked_at", Int},
	{"import_id", ID}, {"created_at", Int}, {"updated_at", Int}, {"sealed", Bytes}, {"external_idx", Bytes},
}

// changedVisit: what a message may have stated.
const changedVisit = `(r.start_at <> visits.start_at OR r.status <> visits.status
	OR r.location_id IS DISTINCT FROM visits.location_id OR r.practitioner_id IS DISTINCT FROM visits.practitioner_id)`

var (
	insertVisits = NewInsert("visits", "", visitBulk...)
	updateVisits = NewBulk(`UPDATE visits SET version = visits.version + CASE WHEN `+changedVisit+` THEN 1 ELSE 0 END,
			person_id = r.person_id, location_id = r.location_id, practitioner_id = r.practitioner_id, type_id = r.type_id,
			status = r.status, start_at = r.start_at, length = r.length, zone = r.zone, wall = r.wall, booked_at = r.booked_at,
			import_id = r.import_id, updated_at = r.updated_at, sealed = r.sealed
		FROM {rows} WHERE visits.id = r.id AND visits.org_id = r.org_id AND visits.version = r.version`, visitBulk...)
)

// reasons seals why people come. What a damaged key sealed stays as it is: the key may be put back.
func (s visits) reasons(ctx context.Context, org id.ID, in []schedule.Appointment) ([][]byte, error) {
	persons := make([]id.ID, 0, len(in))
	for _, v := range in {
		if !v.Reason.IsEmpty() {
			persons = append(persons, v.Person)
		}
	}
	keys, err := s.keysOf(ctx, org, persons)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(in))
	kept := map[id.ID]int{}
	var ids []id.ID
	for i, v := range in {
		k := keys[v.Person]
		switch {
		case v.Unreadable && (k == nil || k.IsLost()):
			kept[v.ID], ids = i, append(ids, v.ID)
		case k != nil:
			out[i] = sealText(k, v.Reason.Reveal(), reasonPlace(org, v.ID))
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	return out, each(ctx, s, `SELECT id, sealed FROM visits WHERE `+mine+` AND `+s.In("id", "$2", ID), args(org, ids), func(r Rows) error {
		var v id.ID
		var b []byte
		err := r.Scan(&v, &b)
		out[kept[v]] = b
		return err
	})
}

// rows makes the bulk rows of visits, with reasons sealed and outside names indexed.
func (s visits) rows(ctx context.Context, org id.ID, in []schedule.Appointment) ([][]any, error) {
	ok, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	sealed, err := s.reasons(ctx, org, in)
	if err != nil {
		return nil, err
	}
	out := make([][]any, len(in))
	for i, v := range in {
		var external []byte
		if !v.ExternalID.IsEmpty() {
			external = ok.Index().Identifier(visitSystem(v.Source), v.ExternalID.Reveal())
		}
		out[i] = args(v.ID, org, v.Version, v.Person, v.Location, v.Practitioner, v.Type, v.Source, v.Status, v.Start, v.Length,
			v.Zone, v.Wall, v.BookedAt, v.Import, v.CreatedAt, v.UpdatedAt, sealed[i], external)
	}
	return out, nil
}

// visitSystem keeps the names that different sources give to visits apart.
func visitSystem(source id.ID) string { return "visit:" + source.String() }

// Create inserts visits.
func (s visits) Create(ctx context.Context, in []schedule.Appointment) ([]schedule.Appointment, error) {
	org, err := s.org()
	if err != nil || len(in) == 0 {
		return nil, err
	}
	out := slices.Clone(in)
	for i := range out {
		v := &out[i]
		if v.ID.IsZero() {
			v.ID = id.New()
		}
		v.Org, v.Version, v.CreatedAt, v.UpdatedAt = org, 1, s.now, s.now
	}
	rows, err := s.rows(ctx, org, out)
	if err != nil {
		return nil, err
	}
	_, err = s.Bulk(ctx, insertVisits, rows)
	s.Publish(store.TopicVisits)
	return out, err
}

// Update replaces visits at their version.
func (s visits) Update(ctx context.Context, in []schedule.Appointment) ([]schedule.Appointment, error) {
	org, err := s.org()
	if err != nil || len(in) == 0 {
		return nil, err
	}
	ids := make([]id.ID, len(in))
	for i := range in {
		ids[i] = in[i].ID
	}
	before, err := s.read(ctx, mine+` AND `+s.In("id", "$2", ID), ids)
	if err != nil {
		return nil, err
	}
	old := make(map[id.ID]schedule.Appointment, len(before))
	for _, v := range before {
		old[v.ID] = v
	}
	out := slices.Clone(in)
	for i := range out {
		out[i].Org, out[i].UpdatedAt, out[i].CreatedAt = org, s.now, old[out[i].ID].CreatedAt
		if out[i].CreatedAt.IsZero() {
			return nil, found(ErrNone, "visit")
		}
	}
	rows, err := s.rows(ctx, org, out)
	if err != nil {
		return nil, err
	}
	n, err := s.Bulk(ctx, updateVisits, rows)
	if err != nil {
		return nil, err
	}
	if n != int64(len(rows)) {
		return nil, errs.New(errs.Conflict, "a visit was changed meanwhile; read it again")
	}
	for i := range out {
		if stated(old[out[i].ID], out[i]) {
			out[i].Version++
		}
	}
	s.Publish(store.TopicVisits)
	return out, nil
}

// stated is changedVisit in Go.
func stated(a, b schedule.Appointment) bool {
	return !a.Start.Equal(b.Start) || a.Status != b.Status || a.Location != b.Location || a.Practitioner != b.Practitioner
}

// Get reads one visit.
func (s visits) Get(ctx context.Context, visit id.ID) (schedule.Appointment, error) {
	all, err := s.ByIDs(ctx, []id.ID{visit})
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "visit")
	}
	if err != nil {
		return schedule.Appointment{}, err
	}
	return all[0], nil
}

// ByIDs reads many visits.
func (s visits) ByIDs(ctx context.Context, ids []id.ID) ([]schedule.Appointment, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.read(ctx, mine+` AND `+s.In("id", "$2", ID)+` ORDER BY id`, ids)
}

// read selects visits of the organization, which is $1 in where, and opens their reasons.
func (s visits) read(ctx context.Context, where string, more ...any) ([]schedule.Appointment, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	sealed := map[int][]byte{}
	var persons []id.ID
	n := 0
	out, err := list(ctx, s, `SELECT `+visitColumns+` FROM visits WHERE `+where, append(args(org), more...),
		func(r Rows) (v schedule.Appointment, err error) {
			var b []byte
			err = r.Scan(&v.ID, &v.Org, &v.Person, &v.Location, &v.Practitioner, &v.Type, &v.Source, &v.Status, &v.Start, &v.Length,
				&v.Zone, &v.Wall, &v.BookedAt, &v.Version, &v.Import, &v.CreatedAt, &v.UpdatedAt, &b)
			if b != nil {
				sealed[n] = b
				persons = append(persons, v.Person)
			}
			n++
			return v, err
		})
	if err != nil || len(sealed) == 0 {
		return out, err
	}
	keys, err := s.keysOf(ctx, org, persons)
	if err != nil {
		return nil, err
	}
	for i, b := range sealed {
		text, err := openText(keys[out[i].Person], b, reasonPlace(org, out[i].ID))
		out[i].Reason = phi.T(text)
		out[i].Unreadable = err != nil // costs no other visit
	}
	return out, nil
}

// ByExternal finds a source's visits by its names for them.
func (s visits) ByExternal(ctx context.Context, source id.ID, externals []string) (map[string]schedule.Appointment, error) {
	org, err := s.org()
	if err != nil || len(externals) == 0 {
		return nil, err
	}
	ok, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	idx := make([][]byte, len(externals))
	names := make(map[string][]string, len(externals))
	for i, e := range externals {
		idx[i] = ok.Index().Identifier(visitSystem(source), e)
		names[string(idx[i])] = append(names[string(idx[i])], e)
	}
	where := mine + ` AND source_id = $2 AND ` + s.In("external_idx", "$3", Bytes)
	called := map[id.ID][]string{}
	err = each(ctx, s, `SELECT id, external_idx FROM visits WHERE `+where, args(org, source, idx), func(r Rows) error {
		var v id.ID
		var b []byte
		if err := r.Scan(&v, &b); err != nil {
			return err
		}
		called[v] = names[string(b)]
		return nil
	})
	if err != nil {
		return nil, err
	}
	all, err := s.read(ctx, where, source, idx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]schedule.Appointment, len(all))
	for _, v := range all {
		for _, name := range called[v.ID] {
			v.ExternalID = phi.T(name)
			out[name] = v
		}
	}
	return out, nil
}

// Between lists visits by start.
func (s visits) Between(ctx context.Context, location id.ID, from, to time.Time, limit int) ([]schedule.Appointment, error) {
	where, a := `org_id = $1 AND start_at >= $2 AND start_at < $3`, args(from, to)
	if !location.IsZero() {
		where, a = where+` AND location_id = $5`, args(from, to, limit, location)
	} else {
		a = append(a, limit)
	}
	return s.read(ctx, where+` ORDER BY start_at, id LIMIT $4`, a...)
}

// OfPerson lists a person's visits, latest first.
func (s visits) OfPerson(ctx context.Context, person id.ID, limit int) ([]schedule.Appointment, error) {
	return s.read(ctx, mine+` AND person_id = $2 ORDER BY start_at DESC, id DESC LIMIT $3`, person, limit)
}

// CountBySource counts a source's visits from a time on.
func (s visits) CountBySource(ctx context.Context, source id.ID, from time.Time) (n int, err error) {
	org, err := s.org()
	if err != nil {
		return 0, err
	}
	err = one(ctx, s, `SELECT count(*) FROM visits WHERE org_id = $1 AND start_at >= $2 AND source_id = $3`, args(org, from, source), &n)
	return n, err
}

// ByImport lists what an import last wrote.
func (s visits) ByImport(ctx context.Context, imported id.ID, p store.Page) ([]schedule.Appointment, error) {
	return s.read(ctx, mine+` AND import_id = $2 AND id > $3 ORDER BY id LIMIT $4`, imported, after(p.After), p.Size())
}

// Delete removes visits and their answers.
func (s visits) Delete(ctx context.Context, ids []id.ID) error {
	org, err := s.org()
	if err != nil || len(ids) == 0 {
		return err
	}
	if _, err := s.Exec(ctx, `DELETE FROM visit_responses WHERE org_id = $1 AND `+s.In("visit_id", "$2", ID), org, ids); err != nil {
		return err
	}
	_, err = s.Exec(ctx, `DELETE FROM visits WHERE `+mine+` AND `+s.In("id", "$2", ID), org, ids)
	s.Publish(store.TopicVisits)
	return err
}

// Answer records what a patient said about a visit.
func (s visits) Answer(ctx context.Context, a schedule.Response) (schedule.Response, error) {
	org, err := s.org()
	if err != nil {
		return a, err
	}
	if a.ID.IsZero() {
		a.ID = id.New()
	}
	a.Org = org
	n, err := s.Exec(ctx, `INSERT INTO visit_responses (id, org_id, visit_id, version, person_id, answer, inbound_id, at)
		SELECT $1, $2, v.id, $4, $5, $6, $7, $8 FROM visits v WHERE v.org_id = $2 AND v.id = $3`,
		a.ID, org, a.Appointment, a.Version, a.Person, a.Answer, a.Inbound, a.At)
	if err == nil && n == 0 {
		err = found(ErrNone, "visit")
	}
	s.Publish(store.TopicVisits)
	return a, err
}

// Answers lists answers about visits, oldest first.
func (s visits) Answers(ctx context.Context, ids []id.ID) (map[id.ID][]schedule.Response, error) {
	org, err := s.org()
	out := map[id.ID][]schedule.Response{}
	if err != nil || len(ids) == 0 {
		return out, err
	}
	return out, each(ctx, s, `SELECT id, org_id, visit_id, version, person_id, answer, inbound_id, at FROM visit_responses
		WHERE org_id = $1 AND `+s.In("visit_id", "$2", ID)+` ORDER BY at, id`, args(org, ids), func(r Rows) error {
		var a schedule.Response
		err := r.Scan(&a.ID, &a.Org, &a.Appointment, &a.Version, &a.Person, &a.Answer, &a.Inbound, &a.At)
		out[a.Appointment] = append(out[a.Appointment], a)
		return err
	})
}
