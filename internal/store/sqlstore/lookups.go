package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/patient"
)

// anySystem is the system under which an identifier's value is indexed once more, for people who do not say which.
const anySystem = "*"

// lookups are the blind-index rows of persons.
type lookups struct {
	index  *seal.Index
	org    id.ID
	names  map[nameRow]struct{}
	idents map[identRow]struct{}
}

type nameRow struct {
	token  [seal.TokenSize]byte
	person id.ID
}

type identRow struct {
	ident, value [seal.IndexSize]byte
	person       id.ID
}

func newLookups(x *seal.Index, org id.ID) *lookups {
	return &lookups{index: x, org: org, names: map[nameRow]struct{}{}, idents: map[identRow]struct{}{}}
}

func (l *lookups) birth(f patient.Facts) []byte {
	if f.BirthDate.IsEmpty() {
		return nil
	}
	return l.index.BirthDate(f.BirthDate.Reveal())
}

func (l *lookups) add(person id.ID, f patient.Facts) {
	for _, t := range l.index.NameTokens(f.GivenName.Reveal(), f.FamilyName.Reveal()) {
		l.names[nameRow{token: [seal.TokenSize]byte(t), person: person}] = struct{}{}
	}
	for _, i := range f.Identifiers {
		l.idents[identRow{
			[seal.IndexSize]byte(l.index.Identifier(i.System, i.Value.Reveal())),
			[seal.IndexSize]byte(l.index.Identifier(anySystem, i.Value.Reveal())), person,
		}] = struct{}{}
	}
}

// difference leaves in each of the two only what the other has not.
func (l *lookups) difference(o *lookups) {
	for n := range l.names {
		if _, both := o.names[n]; both {
			delete(l.names, n)
			delete(o.names, n)
		}
	}
	for i := range l.idents {
		if _, both := o.idents[i]; both {
			delete(l.idents, i)
			delete(o.idents, i)
		}
	}
}

var (
	insertNames  = NewInsert("person_names", "", Column{"org_id", ID}, Column{"token", Bytes}, Column{"person_id", ID})
	insertIdents = NewInsert("person_identifiers", "",
		Column{"org_id", ID}, Column{"ident_idx", Bytes}, Column{"value_idx", Bytes}, Column{"person_id", ID})
	deleteNames = NewBulk(`DELETE FROM person_names WHERE (org_id, token, person_id) IN (SELECT r.org_id, r.token, r.person_id FROM {rows})`,
		Column{"org_id", ID}, Column{"token", Bytes}, Column{"person_id", ID})
	deleteIdents = NewBulk(`DELETE FROM person_identifiers WHERE (ident_idx, org_id) IN (SELECT r.ident_idx, r.org_id FROM {rows})`,
		Column{"org_id", ID}, Column{"ident_idx", Bytes}, Column{"value_idx", Bytes}, Column{"person_id", ID})
)

func (l *lookups) insert(ctx context.Context, t *Tx) error {
	return l.run(ctx, t, insertNames, insertIdents)
}

func (l *lookups) remove(ctx context.Context, t *Tx) error {
	return l.run(ctx, t, deleteNames, deleteIdents)
}

func (l *lookups) run(ctx context.Context, t *Tx, names, idents *Bulk) error {
	rows := make([][]any, 0, len(l.names))
	sorted := slices.SortedFunc(maps.Keys(l.names), func(a, b nameRow) int { return bytes.Compare(a.token[:], b.token[:]) })
	for _, n := range sorted { // neighbours share a page of the index
		rows = append(rows, args(l.org, n.token[:], n.person))
	}
	if _, err := t.Bulk(ctx, names, rows); err != nil {
		return err
	}
	rows = rows[:0]
	for i := range l.idents {
		rows = append(rows, args(l.org, i.ident[:], i.value[:], i.person))
	}
	_, err := t.Bulk(ctx, idents, rows)
	return err
}

// conditions gathers AND conditions with numbered placeholders.
type conditions struct {
	text   string
	values []any
	next   int
}

// add appends a condition whose %d is the placeholder's number.
func (c *conditions) add(format string, value any) {
	c.text += " AND " + fmt.Sprintf(format, c.next)
	c.values = append(c.values, value)
	c.next++
}

// limit is a LIMIT clause for the value that comes after the conditions' own.
func (c *conditions) limit() string { return fmt.Sprintf("LIMIT $%d", c.next) }
