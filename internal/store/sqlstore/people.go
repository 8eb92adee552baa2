package sqlstore

import (
	"bytes"
	"context"
	"slices"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store"
)

// People gives access to the rows of store.People. Contact points are in points.go.
func (t *Tx) People() store.People { return people{t} }

type people struct{ *Tx }

const personColumns = `id, org_id, kind, status, location_id, language, source_id, version, created_at, updated_at, sealed`

func factsPlace(org, person id.ID) seal.Place {
	return seal.Place{Table: "persons", Column: "sealed", Org: org, Row: person}
}

var insertPersons = NewInsert("persons", "",
	Column{"id", ID}, Column{"org_id", ID}, Column{"kind", Text}, Column{"status", Text}, Column{"location_id", ID},
	Column{"language", Text}, Column{"source_id", ID}, Column{"version", Int}, Column{"created_at", Int},
	Column{"updated_at", Int}, Column{"sealed", Bytes}, Column{"birth_idx", Bytes})

// Create inserts persons with fresh keys.
func (s people) Create(ctx context.Context, in []patient.Person) ([]patient.Person, error) {
	org, err := s.org()
	if err != nil || len(in) == 0 {
		return nil, err
	}
	out := slices.Clone(in)
	ids := make([]id.ID, len(out))
	for i := range out {
		if out[i].ID.IsZero() {
			out[i].ID = id.New()
		}
		out[i].Org, out[i].Version, out[i].CreatedAt, out[i].UpdatedAt = org, 1, s.now, s.now
		ids[i] = out[i].ID
	}
	if err := s.newPersonKeys(ctx, org, ids); err != nil {
		return nil, err
	}
	ok, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	rows := make([][]any, len(out))
	found := newLookups(ok.Index(), org)
	for i, p := range out {
		sealed := s.freshKeys.persons[p.ID].Seal(packFacts(p.Facts), factsPlace(org, p.ID))
		rows[i] = args(p.ID, org, p.Kind, p.Status, p.Location, p.Language, p.Source, p.Version, p.CreatedAt, p.UpdatedAt,
			sealed, found.birth(p.Facts))
		found.add(p.ID, p.Facts)
	}
	if _, err := s.Bulk(ctx, insertPersons, rows); err != nil {
		return nil, err
	}
	s.Publish(store.TopicPeople)
	return out, found.insert(ctx, s.Tx)
}

var updatePersons = NewBulk(`UPDATE persons SET kind = r.kind, status = r.status, location_id = r.location_id, language = r.language,
		source_id = r.source_id, version = persons.version + 1, updated_at = r.updated_at, sealed = r.sealed, birth_idx = r.birth_idx
	FROM {rows} WHERE persons.id = r.id AND persons.org_id = r.org_id AND persons.version = r.version AND persons.erased_at IS NULL`,
	Column{"id", ID}, Column{"org_id", ID}, Column{"version", Int}, Column{"kind", Text}, Column{"status", Text},
	Column{"location_id", ID}, Column{"language", Text}, Column{"source_id", ID}, Column{"updated_at", Int},
	Column{"sealed", Bytes}, Column{"birth_idx", Bytes})

// Update replaces persons at their version.
func (s people) Update(ctx context.Context, in []patient.Person) ([]patient.Person, error) {
	org, err := s.org()
	if err != nil || len(in) == 0 {
		return nil, err
	}
	ids := make([]id.ID, len(in))
	for i := range in {
		ids[i] = in[i].ID
	}
	before, err := s.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	keys, err := s.keysOf(ctx, org, ids)
	if err != nil {
		return nil, err
	}
	ok, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	out, rows := slices.Clone(in), make([][]any, 0, len(in))
	gone, fresh := newLookups(ok.Index(), org), newLookups(ok.Index(), org)
	for i := range out {
		p := &out[i]
		k, old := keys[p.ID], byID(before, p.ID)
		if k == nil || old == nil {
			return nil, found(ErrNone, "person")
		}
		if old.Unreadable {
			return nil, errDamaged
		}
		rows = append(rows, args(p.ID, org, p.Version, p.Kind, p.Status, p.Location, p.Language, p.Source, s.now,
			k.Seal(packFacts(p.Facts), factsPlace(org, p.ID)), fresh.birth(p.Facts)))
		gone.add(p.ID, old.Facts)
		fresh.add(p.ID, p.Facts)
		p.Org, p.Version, p.CreatedAt, p.UpdatedAt = org, p.Version+1, old.CreatedAt, s.now
	}
	n, err := s.Bulk(ctx, updatePersons, rows)
	if err != nil {
		return nil, err
	}
	if n != int64(len(rows)) {
		return nil, errs.New(errs.Conflict, "a person was changed meanwhile; read it again")
	}
	gone.difference(fresh)
	if err := gone.remove(ctx, s.Tx); err != nil {
		return nil, err
	}
	s.Publish(store.TopicPeople)
	return out, fresh.insert(ctx, s.Tx)
}

func byID(all []patient.Person, want id.ID) *patient.Person {
	i, ok := slices.BinarySearchFunc(all, want, func(p patient.Person, w id.ID) int { return bytes.Compare(p.ID[:], w[:]) })
	if !ok {
		return nil
	}
	return &all[i]
}

// Get reads one person.
func (s people) Get(ctx context.Context, person id.ID) (patient.Person, error) {
	all, err := s.ByIDs(ctx, []id.ID{person})
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "person")
	}
	if err != nil {
		return patient.Person{}, err
	}
	return all[0], nil
}

// ByIDs reads many persons.
func (s people) ByIDs(ctx context.Context, ids []id.ID) ([]patient.Person, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.read(ctx, mine+` AND `+s.In("id", "$2", ID)+` ORDER BY id`, ids)
}

// List pages in order of ids.
func (s people) List(ctx context.Context, p store.Page) ([]patient.Person, error) {
	return s.read(ctx, `org_id = $1 AND id > $2 AND erased_at IS NULL ORDER BY id LIMIT $3`, after(p.After), p.Size())
}

// after makes a cursor bind as an id even when it is zero, which as an argument would be NULL.
func after(cursor id.ID) any {
	if cursor.IsZero() {
		cursor[15] = 1 // no row has it: ids begin with a time
	}
	return cursor
}

// Count counts persons who were not erased.
func (s people) Count(ctx context.Context) (n int, err error) {
	org, err := s.org()
	if err != nil {
		return 0, err
	}
	err = one(ctx, s, `SELECT count(*) FROM persons WHERE org_id = $1 AND erased_at IS NULL`, args(org), &n)
	return n, err
}

// Languages counts active persons by language.
func (s people) Languages(ctx context.Context) (map[string]int, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	return out, each(ctx, s, `SELECT language, count(*) FROM persons WHERE org_id = $1 AND status = $2 AND erased_at IS NULL GROUP BY language`,
		args(org, patient.Active), func(r Rows) error {
			var language string
			var n int
			err := r.Scan(&language, &n)
			out[language] = n
			return err
		})
}

// read selects persons of the organization, which is $1 in where, and opens their facts.
func (s people) read(ctx context.Context, where string, more ...any) ([]patient.Person, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	var sealed [][]byte
	var ids []id.ID
	out, err := list(ctx, s, `SELECT `+personColumns+` FROM persons WHERE `+where, append(args(org), more...),
		func(r Rows) (p patient.Person, err error) {
			var b []byte
			err = r.Scan(&p.ID, &p.Org, &p.Kind, &p.Status, &p.Location, &p.Language, &p.Source, &p.Version, &p.CreatedAt, &p.UpdatedAt, &b)
			sealed, ids = append(sealed, b), append(ids, p.ID)
			return p, err
		})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	keys, err := s.keysOf(ctx, org, ids)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if sealed[i] == nil || keys[ids[i]] == nil {
			continue // erased: nothing is left to know
		}
		out[i].Facts, err = unsealFacts(keys[ids[i]], sealed[i], factsPlace(org, ids[i]))
		out[i].Unreadable = err != nil // costs nobody else
	}
	return out, nil
}

func unsealFacts(k *seal.Key, sealed []byte, at seal.Place) (patient.Facts, error) {
	plain, err := k.Open(sealed, at)
	if err != nil {
		return patient.Facts{}, err
	}
	return unpackFacts(plain)
}

// ByIdentifiers finds persons by one system's names for them.
func (s people) ByIdentifiers(ctx context.Context, system string, values []string) (map[string]id.ID, error) {
	org, err := s.org()
	if err != nil || len(values) == 0 {
		return nil, err
	}
	ok, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	idx := make([][]byte, len(values))
	names := make(map[string][]string, len(values))
	for i, v := range values {
		idx[i] = ok.Index().Identifier(system, v)
		names[string(idx[i])] = append(names[string(idx[i])], v)
	}
	out := make(map[string]id.ID, len(values))
	return out, each(ctx, s, `SELECT ident_idx, person_id FROM person_identifiers WHERE org_id = $1 AND `+s.In("ident_idx", "$2", Bytes),
		args(org, idx), func(r Rows) error {
			var b []byte
			var p id.ID
			if err := r.Scan(&b, &p); err != nil {
				return err
			}
			for _, v := range names[string(b)] {
				out[v] = p
			}
			return nil
		})
}

// Search finds persons by what staff typed.
func (s people) Search(ctx context.Context, q store.PersonQuery) ([]patient.Person, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	ok, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	x, limit := ok.Index(), store.Page{Limit: q.Limit}.Size()
	out, err := s.search(ctx, x, q, x.NameQuery, limit)
	if err != nil || len(out) >= limit || !slices.ContainsFunc(q.Words, func(w string) bool { return x.NameStart(w) != nil }) {
		return out, err
	}
	more, err := s.search(ctx, x, q, func(w string) []byte {
		if start := x.NameStart(w); start != nil {
			return start
		}
		return x.NameQuery(w)
	}, searched)
	for _, p := range more {
		if len(out) < limit && begins(q.Words, p.Facts) && !slices.ContainsFunc(out, func(have patient.Person) bool { return have.ID == p.ID }) {
			out = append(out, p)
		}
	}
	return out, err
}

// searched is how many people with the same four letters are opened to find those with more.
const searched = 4000

// begins reports whether each longer word begins a name; shorter ones were found by their own tokens.
func begins(words []string, f patient.Facts) bool {
	return !slices.ContainsFunc(words, func(w string) bool {
		return len([]rune(w)) > 4 && !seal.StartsWith(w, f.GivenName.Reveal(), f.FamilyName.Reveal())
	})
}

func (s people) search(ctx context.Context, x *seal.Index, q store.PersonQuery, token func(word string) []byte, limit int) ([]patient.Person, error) {
	w := &conditions{next: 2}
	for _, word := range q.Words {
		if t := token(word); t != nil {
			w.add(`id IN (SELECT person_id FROM person_names WHERE org_id = $1 AND token = $%d)`, t)
		}
	}
	if !q.Identifier.IsEmpty() {
		w.add(`id IN (SELECT person_id FROM person_identifiers WHERE org_id = $1 AND value_idx = $%d)`, x.Identifier(anySystem, q.Identifier.Reveal()))
	}
	if !q.BirthDate.IsEmpty() {
		w.add(`birth_idx = $%d`, x.BirthDate(q.BirthDate.Reveal()))
	}
	if !q.Number.IsZero() {
		w.add(`id IN (SELECT c.person_id FROM person_contacts c JOIN contact_points p ON p.id = c.point_id
			WHERE p.org_id = $1 AND p.number_idx = $%d)`, x.Number(q.Number.Reveal()))
	}
	if len(w.values) == 0 {
		return nil, nil
	}
	w.values = append(w.values, limit)
	return s.read(ctx, mine+w.text+` AND erased_at IS NULL ORDER BY id `+w.limit(), w.values...)
}
