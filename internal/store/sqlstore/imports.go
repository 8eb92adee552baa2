package sqlstore

import (
	"context"
	"encoding/json"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/store"
)

// Imports gives access to the rows of store.Imports.
func (t *Tx) Imports() store.Imports { return imports{t} }

type imports struct{ *Tx }

const importColumns = `id, org_id, source_id, kind, state, fault, options, by_kind, by_id, created_at, ended_at,
	bytes, line_cursor, counts, held, why, released_at, version`

// optionsPlace: headers of a file are sealed too, people write names into them.
func optionsPlace(org, imported id.ID) seal.Place {
	return seal.Place{Table: "imports", Column: "options", Org: org, Row: imported}
}

func (s imports) Create(ctx context.Context, i feed.Import) (feed.Import, error) {
	org, err := s.org()
	if err != nil {
		return i, err
	}
	if i.ID.IsZero() {
		i.ID = id.New()
	}
	i.Org, i.Version = org, 1
	row, err := s.importRow(ctx, i)
	if err != nil {
		return i, err
	}
	_, err = s.Exec(ctx, `INSERT INTO imports (`+importColumns+`)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)`, row...)
	s.Publish(store.TopicImports)
	return i, err
}

func (s imports) importRow(ctx context.Context, i feed.Import) ([]any, error) {
	keys, err := s.orgKeys(ctx, i.Org)
	if err != nil {
		return nil, err
	}
	options, err := json.Marshal(i.Options)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the options of an import cannot be kept", err)
	}
	counts, err := json.Marshal(i.Counts)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the counts of an import cannot be kept", err)
	}
	return args(i.ID, i.Org, i.Source, i.Kind, i.State, i.Fault, keys.Key().Seal(options, optionsPlace(i.Org, i.ID)),
		i.ByKind, i.By, i.Created, i.Ended, i.Bytes, i.Cursor, string(counts), i.Held, i.Why, i.Released, i.Version), nil
}

func (s imports) Update(ctx context.Context, i feed.Import) (feed.Import, error) {
	old, err := s.Get(ctx, i.ID)
	if err != nil {
		return i, err
	}
	if old.Version != i.Version {
		return i, errs.New(errs.Conflict, "somebody else changed this import meanwhile: look again")
	}
	if old.State != i.State && !old.State.MayBecome(i.State) {
		return i, errs.Newf(errs.Precondition, "an import that is %s cannot become %s", old.State, i.State)
	}
	i.Org = old.Org
	row, err := s.importRow(ctx, i)
	if err != nil {
		return i, err
	}
	n, err := s.Exec(ctx, `UPDATE imports SET state = $1, fault = $2, options = $3, ended_at = $4, bytes = $5,
		line_cursor = $6, counts = $7, held = $8, why = $9, released_at = $10, version = version + 1
		WHERE id = $11 AND org_id = $12 AND version = $13`,
		row[4], row[5], row[6], row[10], row[11], row[12], row[13], row[14], row[15], row[16], i.ID, i.Org, i.Version)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "somebody else changed this import meanwhile: look again")
	}
	i.Version++
	s.PublishFor(i.Org, store.TopicImports)
	return i, err
}

func (s imports) Advance(ctx context.Context, i feed.Import) (feed.Import, error) {
	org, err := s.org()
	if err != nil {
		return i, err
	}
	counts, err := json.Marshal(i.Counts)
	if err != nil {
		return i, errs.Wrap(errs.Internal, "the counts of an import cannot be kept", err)
	}
	n, err := s.Exec(ctx, `UPDATE imports SET line_cursor = $1, counts = $2, version = version + 1 WHERE id = $3 AND org_id = $4 AND version = $5`,
		i.Cursor, string(counts), i.ID, org, i.Version)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "somebody else changed this import meanwhile: look again")
	}
	i.Version++
	s.Publish(store.TopicImports)
	return i, err
}

func (s imports) Get(ctx context.Context, imported id.ID) (feed.Import, error) {
	all, err := s.read(ctx, "id = $2", imported)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.NotFound, "there is no such import in this organization")
	}
	if err != nil {
		return feed.Import{}, err
	}
	return all[0], nil
}

func (s imports) List(ctx context.Context, p store.Page) ([]feed.Import, error) {
	if p.After.IsZero() {
		return s.read(ctx, "id IS NOT NULL ORDER BY id DESC LIMIT $2", p.Size())
	}
	return s.read(ctx, "id < $2 ORDER BY id DESC LIMIT $3", p.After, p.Size())
}

func (s imports) Held(ctx context.Context) ([]feed.Import, error) {
	return s.read(ctx, "held ORDER BY id")
}

func (s imports) Unfinished(ctx context.Context) ([]feed.Import, error) {
	if s.Scope().IsSystem() {
		return s.scan(ctx, `state IN ('applying', 'undoing') ORDER BY id`)
	}
	return s.read(ctx, `state IN ('applying', 'undoing') ORDER BY id`)
}

// read is a query within the organization, which is $1.
func (s imports) read(ctx context.Context, and string, more ...any) ([]feed.Import, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return s.scan(ctx, "org_id = $1 AND "+and, append(args(org), more...)...)
}

func (s imports) scan(ctx context.Context, where string, more ...any) ([]feed.Import, error) {
	var sealed [][]byte
	out, err := list(ctx, s.Conn, `SELECT `+importColumns+` FROM imports WHERE `+where, more,
		func(r Rows) (i feed.Import, err error) {
			var options []byte
			var counts string
			err = r.Scan(Dests([]any{&i.ID, &i.Org, &i.Source, &i.Kind, &i.State, &i.Fault, &options, &i.ByKind, &i.By,
				&i.Created, &i.Ended, &i.Bytes, &i.Cursor, &counts, &i.Held, &i.Why, &i.Released, &i.Version})...)
			if err == nil {
				err = json.Unmarshal([]byte(counts), &i.Counts)
			}
			sealed = append(sealed, options)
			return i, err
		})
	if err != nil {
		return nil, err
	}
	for n := range out {
		if err := s.openOptions(ctx, &out[n], sealed[n]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s imports) openOptions(ctx context.Context, i *feed.Import, sealed []byte) error {
	keys, err := s.orgKeys(ctx, i.Org)
	if err != nil {
		return err
	}
	plain, err := keys.Key().Open(sealed, optionsPlace(i.Org, i.ID))
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, &i.Options)
}
