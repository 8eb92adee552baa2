package sqlstore

import (
	"context"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/store"
)

func chunkPlace(org, imported id.ID) seal.Place {
	return seal.Place{Table: "import_chunks", Column: "sealed", Org: org, Row: imported}
}

func problemPlace(org, imported id.ID) seal.Place {
	return seal.Place{Table: "import_problems", Column: "sealed", Org: org, Row: imported}
}

func writePlace(org, row id.ID) seal.Place {
	return seal.Place{Table: "import_writes", Column: "before", Org: org, Row: row}
}

func (s imports) PutChunk(ctx context.Context, imported id.ID, n int, data []byte, until time.Time) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return err
	}
	_, err = s.Exec(ctx, `INSERT INTO import_chunks (import_id, n, org_id, sealed, until_at) VALUES ($1,$2,$3,$4,$5)`,
		imported, n, org, keys.Key().Seal(data, chunkPlace(org, imported)), until)
	return err
}

func (s imports) Chunk(ctx context.Context, imported id.ID, n int) ([]byte, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	var sealed []byte
	err = one(ctx, s.Conn, `SELECT sealed FROM import_chunks WHERE import_id = $1 AND n = $2 AND org_id = $3`,
		args(imported, n, org), &sealed)
	if err != nil {
		return nil, found(err, "piece of a file")
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	return keys.Key().Open(sealed, chunkPlace(org, imported))
}

var insertProblems = NewInsert("import_problems", "", Column{"import_id", ID}, Column{"line", Int}, Column{"n", Int},
	Column{"org_id", ID}, Column{"code", Text}, Column{"say", Text}, Column{"sealed", Bytes})

func (s imports) SetProblems(ctx context.Context, imported id.ID, problems []feed.Problem) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return err
	}
	if _, err := s.Exec(ctx, `DELETE FROM import_problems WHERE import_id = $1 AND org_id = $2`, imported, org); err != nil {
		return err
	}
	rows := make([][]any, len(problems))
	for i, p := range problems {
		sealed := keys.Key().Seal([]byte(p.Column+"\x00"+p.Value.Reveal()), problemPlace(org, imported))
		rows[i] = args(imported, p.Line, i, org, p.Code, p.Say, sealed)
	}
	_, err = s.Bulk(ctx, insertProblems, rows)
	return err
}

func (s imports) Problems(ctx context.Context, imported id.ID, afterLine, limit int) ([]feed.Problem, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	return list(ctx, s.Conn, `SELECT line, code, say, sealed FROM import_problems
		WHERE import_id = $1 AND org_id = $2 AND line > $3 ORDER BY line, n LIMIT $4`, args(imported, org, afterLine, limit),
		func(r Rows) (p feed.Problem, err error) {
			var sealed []byte
			if err = r.Scan(&p.Line, &p.Code, &p.Say, &sealed); err != nil {
				return p, err
			}
			plain, err := keys.Key().Open(sealed, problemPlace(org, imported))
			column, value, _ := strings.Cut(string(plain), "\x00")
			p.Column, p.Value = column, phi.T(value)
			return p, err
		})
}

func (s imports) DropFiles(ctx context.Context, now time.Time) (int, error) {
	if err := s.system(); err != nil {
		return 0, err
	}
	_, err := s.Exec(ctx, `DELETE FROM import_problems WHERE import_id IN
		(SELECT import_id FROM import_chunks WHERE until_at <= $1)`, now)
	if err != nil {
		return 0, err
	}
	n, err := s.Exec(ctx, `DELETE FROM import_chunks WHERE until_at <= $1`, now)
	return int(n), err
}

var insertWrites = NewInsert("import_writes", "ON CONFLICT DO NOTHING", Column{"import_id", ID}, Column{"line", Int},
	Column{"row_kind", Text}, Column{"row_id", ID}, Column{"person_id", ID}, Column{"org_id", ID}, Column{"created", Bool},
	Column{"version", Int}, Column{"before", Bytes})

func (s imports) AddWrites(ctx context.Context, writes []feed.Write) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	var people []id.ID
	for _, w := range writes {
		if !w.Before.IsEmpty() {
			people = append(people, w.Person)
		}
	}
	keys, err := s.keysOf(ctx, org, people)
	if err != nil {
		return err
	}
	rows := make([][]any, len(writes))
	for i, w := range writes {
		var before []byte
		if k := keys[w.Person]; k != nil {
			before = sealText(k, w.Before.Reveal(), writePlace(org, w.ID))
		}
		rows[i] = args(w.Import, w.Line, w.Row, w.ID, w.Person, org, w.Created, w.Version, before)
	}
	_, err = s.Bulk(ctx, insertWrites, rows)
	return err
}

func (s imports) Writes(ctx context.Context, imported id.ID, belowLine, limit int) ([]feed.Write, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	if belowLine <= 0 {
		belowLine = 1 << 40
	}
	var sealed [][]byte
	out, err := list(ctx, s.Conn, `SELECT line, row_kind, row_id, person_id, created, version, before FROM import_writes
		WHERE import_id = $1 AND org_id = $2 AND line < $3 ORDER BY line DESC, row_kind LIMIT $4`,
		args(imported, org, belowLine, limit), func(r Rows) (feed.Write, error) {
			w := feed.Write{Import: imported}
			var before []byte
			err := r.Scan(Dests([]any{&w.Line, &w.Row, &w.ID, &w.Person, &w.Created, &w.Version, &before})...)
			sealed = append(sealed, before)
			return w, err
		})
	if err != nil {
		return nil, err
	}
	return out, s.openWrites(ctx, org, out, sealed)
}

func (s imports) openWrites(ctx context.Context, org id.ID, writes []feed.Write, sealed [][]byte) error {
	var people []id.ID
	for i, w := range writes {
		if sealed[i] != nil {
			people = append(people, w.Person)
		}
	}
	keys, err := s.keysOf(ctx, org, people)
	if err != nil {
		return err
	}
	for i := range writes {
		text, err := openText(keys[writes[i].Person], sealed[i], writePlace(org, writes[i].ID))
		if err != nil {
			return err
		}
		writes[i].Before = phi.T(text)
	}
	return nil
}

var _ store.Imports = imports{}
