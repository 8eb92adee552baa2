package sqlstore

import (
	"context"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/store"
)

// chunkPlace: a piece opens at its own place of the file only.
func chunkPlace(org, imported id.ID, n int) seal.Place {
	return seal.Place{Table: "import_chunks", Column: "sealed/" + strconv.Itoa(n), Org: org, Row: imported}
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
		imported, n, org, keys.Key().Seal(data, chunkPlace(org, imported, n)), until)
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
	return keys.Key().Open(sealed, chunkPlace(org, imported, n))
}

var insertProblems = NewInsert("import_problems", "", Column{"import_id", ID}, Column{"line", Int}, Column{"n", Int},
	Column{"org_id", ID}, Column{"code", Text}, Column{"say", Text}, Column{"sealed", Bytes})

func (s imports) AddProblems(ctx context.Context, imported id.ID, from int, problems []feed.Problem) error {
	org, err := s.org()
	if err != nil || len(problems) == 0 {
		return err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return err
	}
	rows := make([][]any, len(problems))
	for i, p := range problems {
		sealed := keys.Key().Seal([]byte(p.Column+"\x00"+p.Value.Reveal()), problemPlace(org, imported))
		rows[i] = args(imported, p.Line, from+i, org, p.Code, p.Say, sealed)
	}
	_, err = s.Bulk(ctx, insertProblems, rows)
	return err
}

// droppedProblems is how many lines of reports go in one transaction.
const droppedProblems = 1000

func (s imports) DropProblems(ctx context.Context, imported id.ID) (int, error) {
	org, err := s.org()
	if err != nil {
		return 0, err
	}
	n, err := s.Exec(ctx, `DELETE FROM import_problems WHERE import_id = $1 AND org_id = $2 AND n IN
		(SELECT p.n FROM import_problems p WHERE p.import_id = $1 ORDER BY p.line LIMIT $3)`, imported, org, droppedProblems)
	return int(n), err
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
		WHERE import_id = $1 AND org_id = $2 AND line > $3 AND line <= (SELECT max(l.line) FROM
			(SELECT DISTINCT p.line FROM import_problems p WHERE p.import_id = $1 AND p.line > $3 ORDER BY p.line LIMIT $4) l)
		ORDER BY line, n`, args(imported, org, afterLine, limit),
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
	lines, err := s.Exec(ctx, `DELETE FROM import_problems WHERE (import_id, line, n) IN (SELECT p.import_id, p.line, p.n
		FROM import_problems p JOIN import_chunks c ON c.import_id = p.import_id AND c.n = 0 JOIN imports i ON i.id = c.import_id
		WHERE c.until_at <= $1 AND i.state <> 'applying' LIMIT $2)`,
		now, droppedProblems)
	if err != nil || lines > 0 {
		return int(lines), err
	}
	n, err := s.Exec(ctx, `DELETE FROM import_chunks WHERE (import_id, n) IN
		(SELECT c.import_id, c.n FROM import_chunks c JOIN imports i ON i.id = c.import_id
		WHERE c.until_at <= $1 AND i.state <> 'applying' ORDER BY c.until_at LIMIT $2)`, now, droppedChunks)
	return int(n), err
}

// droppedChunks is how many pieces of files go in one transaction.
const droppedChunks = 16

var insertWrites = NewInsert("import_writes", "ON CONFLICT DO NOTHING", Column{"import_id", ID}, Column{"line", Int},
	Column{"row_kind", Text}, Column{"row_id", ID}, Column{"person_id", ID}, Column{"org_id", ID}, Column{"created", Bool},
	Column{"version", Int}, Column{"before", Bytes}, Column{"outcome", Text})

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
		rows[i] = args(w.Import, w.Line, w.Row, w.ID, w.Person, org, w.Created, w.Version, before, w.Outcome)
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
	return s.writes(ctx, imported, `line < $3 ORDER BY line DESC, row_kind LIMIT $4`, org, belowLine, limit)
}

var setOutcome = NewBulk(`UPDATE import_writes SET outcome = r.outcome FROM {rows} WHERE import_writes.import_id = r.import_id
	AND import_writes.line = r.line AND import_writes.row_kind = r.row_kind AND import_writes.row_id = r.row_id AND import_writes.org_id = r.org_id`,
	Column{"import_id", ID}, Column{"line", Int}, Column{"row_kind", Text}, Column{"row_id", ID}, Column{"org_id", ID}, Column{"outcome", Text})

func (s imports) SetOutcome(ctx context.Context, writes []feed.Write) error {
	org, err := s.org()
	if err != nil {
		return err
	}
	rows := make([][]any, len(writes))
	for i, w := range writes {
		rows[i] = args(w.Import, w.Line, w.Row, w.ID, org, w.Outcome)
	}
	_, err = s.Bulk(ctx, setOutcome, rows)
	return err
}

func (s imports) KeptWrites(ctx context.Context, imported id.ID, afterLine, limit int) ([]feed.Write, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	return s.writes(ctx, imported, `line > $3 AND outcome = 'kept' ORDER BY line, row_kind LIMIT $4`, org, afterLine, limit)
}

// writes reads rows of one import; org, a line and the limit are $2, $3 and $4.
func (s imports) writes(ctx context.Context, imported id.ID, and string, org id.ID, line, limit int) ([]feed.Write, error) {
	var sealed [][]byte
	out, err := list(ctx, s.Conn, `SELECT line, row_kind, row_id, person_id, created, version, before, outcome FROM import_writes
		WHERE import_id = $1 AND org_id = $2 AND `+and,
		args(imported, org, line, limit), func(r Rows) (feed.Write, error) {
			w := feed.Write{Import: imported}
			var before []byte
			err := r.Scan(Dests([]any{&w.Line, &w.Row, &w.ID, &w.Person, &w.Created, &w.Version, &before, &w.Outcome})...)
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
		// What does not open stays empty: that row cannot be taken back, the others can.
		if text, err := openText(keys[writes[i].Person], sealed[i], writePlace(org, writes[i].ID)); err == nil {
			writes[i].Before = phi.T(text)
		}
	}
	return nil
}

var _ store.Imports = imports{}
