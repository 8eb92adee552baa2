package sqlstore

import (
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// Consents gives access to the rows of store.Consents.
func (t *Tx) Consents() store.Consents { return consents{t} }

type consents struct{ *Tx }

const entryColumns = `id, org_id, person_id, point_id, channel, purpose, status, method, wording, language, by_kind, by_id, import_id,
	at, recorded, lifts, sealed`

func shownPlace(org, entry id.ID) seal.Place {
	return seal.Place{Table: "consent_entries", Column: "sealed", Org: org, Row: entry}
}

var insertEntries = NewInsert("consent_entries", "ON CONFLICT (id) DO NOTHING",
	Column{"id", ID}, Column{"org_id", ID}, Column{"person_id", ID}, Column{"point_id", ID}, Column{"channel", Text},
	Column{"purpose", Text}, Column{"status", Text}, Column{"method", Text}, Column{"wording", Text}, Column{"language", Text},
	Column{"by_kind", Text}, Column{"by_id", ID}, Column{"import_id", ID}, Column{"at", Int}, Column{"recorded", Int},
	Column{"lifts", Bool}, Column{"sealed", Bytes})

// Append adds entries to the ledger and tells the contact points.
func (s consents) Append(ctx context.Context, in []consent.Entry) ([]consent.Entry, error) {
	org, err := s.org()
	if err != nil || len(in) == 0 {
		return nil, err
	}
	out := slices.Clone(in)
	rows := make([][]any, len(out))
	keys, err := s.shownKeys(ctx, org, out)
	if err != nil {
		return nil, err
	}
	for i := range out {
		e := &out[i]
		if e.ID.IsZero() {
			e.ID = id.New()
		}
		if e.Recorded.IsZero() {
			e.Recorded = s.now
		}
		e.Org = org
		var sealed []byte
		if k := keys[e.Person]; k != nil {
			if k.IsLost() && e.Status == consent.Granted && !e.Shown.IsEmpty() {
				return nil, errDamaged // a grant without its proof; taking one back needs none
			}
			sealed = sealText(k, e.Shown.Reveal(), shownPlace(org, e.ID))
		}
		rows[i] = args(e.ID, org, e.Person, e.Point, e.Channel, e.Purpose, e.Status, e.Method, e.Wording, e.Language,
			e.By, e.ByID, e.Import, e.At, e.Recorded, e.Lifts, sealed)
	}
	if _, err := s.Bulk(ctx, insertEntries, rows); err != nil {
		return nil, err
	}
	s.Publish(store.TopicConsents)
	return out, s.tellPoints(ctx, org, out)
}

// shownKeys are the keys that shown texts are sealed with; the organization's under the zero id.
func (s consents) shownKeys(ctx context.Context, org id.ID, entries []consent.Entry) (map[id.ID]*seal.Key, error) {
	var persons []id.ID
	var ofOrg bool
	for _, e := range entries {
		if e.Person.IsZero() {
			ofOrg = true
		} else if !e.Shown.IsEmpty() {
			persons = append(persons, e.Person)
		}
	}
	keys, err := s.keysOf(ctx, org, persons)
	if err != nil || !ofOrg {
		return keys, err
	}
	keys[id.ID{}], err = s.keyOf(ctx, org, id.ID{})
	return keys, err
}

// tellPoints raises the revision of every contact point that the entries concern, and writes the fold of a
// number's own entries into its row.
func (s consents) tellPoints(ctx context.Context, org id.ID, entries []consent.Entry) error {
	touched, folds := map[id.ID]bool{}, map[id.ID]consent.Query{}
	var everywhere []id.ID
	for _, e := range entries {
		switch {
		case e.Point.IsZero() && s.freshKeys.persons[e.Person] != nil:
			// whoever links a person of this transaction to a number raises its revision
		case e.Point.IsZero():
			everywhere = append(everywhere, e.Person)
		case e.Person.IsZero():
			touched[e.Point] = true
			folds[e.Point] = consent.Query{Point: e.Point, Channel: e.Channel, Purpose: purpose.Appointment}
		default:
			touched[e.Point] = true
		}
	}
	if len(everywhere) > 0 {
		err := each(ctx, s, `SELECT DISTINCT point_id FROM person_contacts WHERE org_id = $1 AND `+s.In("person_id", "$2", ID),
			args(org, everywhere), func(r Rows) error {
				var p id.ID
				err := r.Scan(&p)
				touched[p] = true
				return err
			})
		if err != nil {
			return err
		}
	}
	for point, q := range folds {
		if err := s.foldPoint(ctx, org, point, q); err != nil {
			return err
		}
	}
	return s.bump(ctx, org, touched)
}

// foldPoint makes a number's columns equal to what its ledger says. The position is a fresh rising id, so that
// senders can ask for what is new.
func (s consents) foldPoint(ctx context.Context, org, point id.ID, q consent.Query) error {
	entries, err := s.For(ctx, nil, []id.ID{point})
	if err != nil {
		return err
	}
	q.At = s.now
	for _, e := range entries {
		if e.At.After(q.At) {
			q.At = e.At
		}
	}
	state := consent.Fold(entries, q)
	var since time.Time
	if state.OptedOut {
		since = state.OptOut.At
	}
	n, err := s.Exec(ctx, `UPDATE contact_points SET opted_out_at = $3, suspended = $4, last_entry = $5 WHERE org_id = $1 AND id = $2`,
		org, point, since, state.Suspended, id.New())
	if err == nil && n == 0 {
		err = found(ErrNone, "contact point")
	}
	return err
}

// For reads the entries about persons, and those about numbers as such.
func (s consents) For(ctx context.Context, people, points []id.ID) ([]consent.Entry, error) {
	var out []consent.Entry
	if len(people) > 0 {
		got, err := s.read(ctx, ` AND `+s.In("person_id", "$2", ID)+` ORDER BY recorded, id`, people)
		if err != nil {
			return nil, err
		}
		out = got
	}
	if len(points) > 0 {
		got, err := s.read(ctx, ` AND person_id IS NULL AND `+s.In("point_id", "$2", ID)+` ORDER BY recorded, id`, points)
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
	}
	return out, nil
}

// ByImport lists what one import brought.
func (s consents) ByImport(ctx context.Context, imported id.ID, p store.Page) ([]consent.Entry, error) {
	return s.read(ctx, ` AND import_id = $2 AND id > $3 ORDER BY id LIMIT $4`, imported, after(p.After), p.Size())
}

// read selects entries of the organization and opens what was shown.
func (s consents) read(ctx context.Context, and string, more ...any) ([]consent.Entry, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	var sealed [][]byte
	out, err := list(ctx, s, `SELECT `+entryColumns+` FROM consent_entries WHERE org_id = $1`+and, append(args(org), more...),
		func(r Rows) (e consent.Entry, err error) {
			var b []byte
			err = r.Scan(&e.ID, &e.Org, &e.Person, &e.Point, &e.Channel, &e.Purpose, &e.Status, &e.Method, &e.Wording, &e.Language,
				&e.By, &e.ByID, &e.Import, &e.At, &e.Recorded, &e.Lifts, &b)
			if b != nil {
				e.Shown = phi.T("sealed") // shownKeys asks only for entries that show something
			}
			sealed = append(sealed, b)
			return e, err
		})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	keys, err := s.shownKeys(ctx, org, out)
	if err != nil {
		return nil, err
	}
	for i := range out {
		text, err := openText(keys[out[i].Person], sealed[i], shownPlace(org, out[i].ID))
		out[i].Shown = phi.T(text)
		out[i].Unreadable = err != nil // what was agreed to stands; only the words that were shown are lost
	}
	return out, nil
}

func scanOptOut(r Rows) (o store.OptOut, err error) {
	var since time.Time
	err = r.Scan(&o.Org, &o.Point, &o.Channel, &since, &o.Suspended, &o.Entry)
	o.OptedOut = !since.IsZero()
	return o, err
}

const optOutColumns = `SELECT org_id, id, channel, opted_out_at, suspended, last_entry FROM contact_points WHERE `

// OptOuts pages through numbers that are opted out or suspended.
func (s consents) OptOuts(ctx context.Context, from id.ID, limit int) ([]store.OptOut, error) {
	return s.optOuts(ctx, `(opted_out_at IS NOT NULL OR suspended) AND id > $1 `, `ORDER BY id LIMIT $2`, after(from), limit)
}

// OptOutsSince lists numbers whose ledger grew. Transactions do not commit in the order of positions, so whoever
// follows the ledger looks back a little each time.
func (s consents) OptOutsSince(ctx context.Context, since id.ID, limit int) ([]store.OptOut, error) {
	return s.optOuts(ctx, `last_entry > $1 `, `ORDER BY last_entry LIMIT $2`, after(since), limit)
}

func (s consents) optOuts(ctx context.Context, where, tail string, a ...any) ([]store.OptOut, error) {
	if !s.scope.IsSystem() {
		where, a = where+`AND org_id = $3 `, append(a, s.scope.Org())
	}
	return list(ctx, s, optOutColumns+where+tail, a, scanOptOut)
}
