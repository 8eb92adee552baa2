package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store"
)

// NextRange finds the end of the next page by the index of ids alone.
func (s audiences) NextRange(ctx context.Context, from id.ID, size int) (upto id.ID, n int, err error) {
	org, err := s.org()
	if err != nil {
		return upto, 0, err
	}
	// The end of a full page costs one row; only the last page is counted.
	err = one(ctx, s, `SELECT id FROM persons WHERE org_id = $1 AND id > $2 AND erased_at IS NULL ORDER BY id LIMIT 1 OFFSET $3`,
		args(org, after(from), size-1), &upto)
	if err == nil {
		return upto, size, nil
	}
	if !errors.Is(err, ErrNone) {
		return upto, 0, err
	}
	err = each(ctx, s, `SELECT id FROM persons WHERE org_id = $1 AND id > $2 AND erased_at IS NULL ORDER BY id LIMIT $3`, args(org, after(from), size),
		func(r Rows) error {
			n++
			return r.Scan(&upto)
		})
	return upto, n, err
}

// Scan reads a range of persons. It goes by the table's own order, not by the organization's index: the range was
// cut to hold a page of this organization, and reading on costs half of looking each row up.
func (s audiences) Scan(ctx context.Context, r store.PersonRange, seen func(id.ID, *audience.Person) error) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	opener, err := s.opener(ctx, org, r.Need&audience.Sealed)
	if err != nil {
		return err
	}
	columns, from := `p.id, p.kind, p.status, p.location_id, p.language`, ` FROM persons p`
	if opener.need != 0 {
		columns += `, p.sealed, k.wrapped`
		from += ` JOIN data_keys k ON k.person_id = p.id`
	}
	w := &plainSQL{values: args(org, after(r.After), r.Upto), in: s.In}
	where := ` WHERE coalesce(p.org_id, p.org_id) = $1 AND p.id > $2 AND p.id <= $3 AND p.erased_at IS NULL`
	if r.Plain.Op != audience.Everybody {
		where += ` AND ` + w.text(&r.Plain)
	}
	var person id.ID
	p := audience.Person{Facts: &opener.facts}
	var kind, status string
	dest := []any{&person, &kind, &status, &p.Location, &p.Language}
	if opener.need != 0 {
		dest = append(dest, &opener.sealed, &opener.wrapped)
	}
	return each(ctx, s, `SELECT `+columns+from+where+` ORDER BY p.id`, w.values, func(rows Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		p.Kind, p.Status = patient.Kind(kind), patient.Status(status)
		p.Unreadable = opener.open(person) != nil // whose key or facts are damaged is counted as such, and costs nobody else
		return seen(person, &p)
	})
}

// opener opens sealed facts of one person after another, with room that is used again. The keys are not kept: a scan
// of everybody would drive out those that senders use.
type opener struct {
	org             id.ID
	keys            *seal.Org
	need            audience.Need
	sealed, wrapped []byte
	plain           []byte
	facts           patient.Facts
}

func (s audiences) opener(ctx context.Context, org id.ID, need audience.Need) (*opener, error) {
	o := &opener{org: org, need: need}
	if need == 0 {
		return o, nil
	}
	keys, err := s.orgKeys(ctx, org)
	o.keys = keys
	return o, err
}

func (o *opener) open(person id.ID) error {
	if o.need == 0 {
		return nil
	}
	k, err := o.keys.OpenPerson(person, o.wrapped)
	if err != nil {
		return err
	}
	if o.plain, err = k.OpenInto(o.plain, o.sealed, factsPlace(o.org, person)); err != nil {
		return err
	}
	return unpackSome(o.plain, o.need, &o.facts)
}

// plainSQL writes a Plain as a condition on persons p whose value is never NULL.
type plainSQL struct {
	values []any
	in     func(column, placeholder string, kind Kind) string
}

func (w *plainSQL) bind(v any) string {
	w.values = append(w.values, v)
	return fmt.Sprintf("$%d", len(w.values))
}

func (w *plainSQL) text(p *audience.Plain) string {
	switch p.Op {
	case audience.Everybody:
		return "1 = 1"
	case audience.Not:
		return "NOT (" + w.text(&p.Kids[0]) + ")"
	case audience.And, audience.Or:
		parts := make([]string, len(p.Kids))
		for i := range p.Kids {
			parts[i] = "(" + w.text(&p.Kids[i]) + ")"
		}
		return "(" + strings.Join(parts, " "+strings.ToUpper(string(p.Op))+" ") + ")"
	case audience.OnList:
		return fmt.Sprintf(`EXISTS (SELECT 1 FROM audience_members m WHERE m.audience_id = %s AND m.version = %s AND m.person_id = p.id)`,
			w.bind(p.IDs[0]), w.bind(p.Version))
	}
	return w.is(p)
}

func (w *plainSQL) is(p *audience.Plain) string {
	if p.Column != audience.ColumnLocation {
		return w.in("p."+string(p.Column), w.bind(append([]string{}, p.Values...)), Text)
	}
	some := "(p.location_id IS NOT NULL AND " + w.in("p.location_id", w.bind(append([]id.ID{}, p.IDs...)), ID) + ")"
	if p.None {
		return "(p.location_id IS NULL OR " + some + ")"
	}
	return some
}

// Rows reads what lies outside of the sealed facts.
func (s audiences) Rows(ctx context.Context, people []id.ID, need audience.Need, since time.Time) (map[id.ID]*audience.Rows, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	out := make(map[id.ID]*audience.Rows, len(people))
	for _, p := range people {
		out[p] = &audience.Rows{Person: p}
	}
	if len(people) == 0 {
		return out, nil
	}
	for _, step := range []struct {
		need audience.Need
		read func(context.Context, id.ID, []id.ID, time.Time, map[id.ID]*audience.Rows) error
	}{{audience.NeedVisits, s.visitRows}, {audience.NeedConsents, s.consentRows}, {audience.NeedTexts, s.textRows},
		{audience.NeedAnswers, s.answerRows}, {audience.NeedLists, s.listRows}} {
		if need.Has(step.need) {
			if err := step.read(ctx, org, people, since, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (s audiences) visitRows(ctx context.Context, org id.ID, people []id.ID, _ time.Time, out map[id.ID]*audience.Rows) error {
	return each(ctx, s, `SELECT person_id, type_id, status, start_at FROM visits WHERE `+mine+` AND `+s.In("person_id", "$2", ID), args(org, people),
		func(r Rows) error {
			var p id.ID
			var v audience.Visit
			err := r.Scan(&p, &v.Type, &v.Status, &v.Start)
			if x := out[p]; x != nil {
				x.Visits = append(x.Visits, v)
			}
			return err
		})
}

func (s audiences) consentRows(ctx context.Context, org id.ID, people []id.ID, _ time.Time, out map[id.ID]*audience.Rows) error {
	owners := map[id.ID][]*audience.Rows{}
	var points []id.ID
	err := each(ctx, s, `SELECT c.person_id, p.id, p.channel FROM person_contacts c JOIN contact_points p ON p.id = c.point_id
		WHERE c.org_id = $1 AND `+s.In("c.person_id", "$2", ID)+` ORDER BY c.person_id, c.rank, c.point_id`, args(org, people), func(r Rows) error {
		var p id.ID
		var c audience.Point
		err := r.Scan(&p, &c.ID, &c.Channel)
		if x := out[p]; x != nil {
			x.Points = append(x.Points, c)
			if owners[c.ID] == nil {
				points = append(points, c.ID)
			}
			owners[c.ID] = append(owners[c.ID], x)
		}
		return err
	})
	if err != nil {
		return err
	}
	entries, err := s.Consents().For(ctx, people, points)
	for _, e := range entries {
		if x := out[e.Person]; x != nil {
			x.Entries = append(x.Entries, e)
			continue
		}
		for _, x := range owners[e.Point] {
			x.Entries = append(x.Entries, e)
		}
	}
	return err
}

func (s audiences) textRows(ctx context.Context, org id.ID, people []id.ID, since time.Time, out map[id.ID]*audience.Rows) error {
	arrived := []string{string(message.Delivered), string(message.Accepted)}
	return each(ctx, s, `SELECT m.person_id, m.purpose, s.sent_at FROM `+messageRows+` WHERE `+mineM+` AND `+s.In("m.person_id", "$2", ID)+` AND `+
		s.In("s.state", "$3", Text)+` AND s.sent_at >= $4`, args(org, people, arrived, since), func(r Rows) error {
		var p id.ID
		var t audience.Text
		err := r.Scan(&p, &t.Purpose, &t.At)
		if x := out[p]; x != nil {
			x.Texts = append(x.Texts, t)
		}
		return err
	})
}

func (s audiences) answerRows(ctx context.Context, org id.ID, people []id.ID, since time.Time, out map[id.ID]*audience.Rows) error {
	return each(ctx, s, `SELECT person_id, closed_at FROM questions WHERE `+mine+` AND `+s.In("person_id", "$2", ID)+` AND answer <> '' AND closed_at >= $3`,
		args(org, people, since), func(r Rows) error {
			var p id.ID
			var at time.Time
			err := r.Scan(&p, &at)
			if x := out[p]; x != nil {
				x.Answers = append(x.Answers, at)
			}
			return err
		})
}

func (s audiences) listRows(ctx context.Context, org id.ID, people []id.ID, _ time.Time, out map[id.ID]*audience.Rows) error {
	return each(ctx, s, `SELECT m.person_id, v.roll_id FROM audience_members m JOIN audience_versions v ON v.roll_id = m.audience_id AND v.version = m.version
		JOIN audiences a ON a.id = v.audience_id AND a.version = v.version
		WHERE coalesce(m.org_id, m.org_id) = $1 AND `+s.In("m.person_id", "$2", ID), args(org, people), func(r Rows) error {
		var p, list id.ID
		err := r.Scan(&p, &list)
		if x := out[p]; x != nil {
			x.Lists = append(x.Lists, list)
		}
		return err
	})
}
