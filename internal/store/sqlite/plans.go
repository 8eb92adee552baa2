package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
)

// A planner without statistics takes "org_id = ?" for a condition that leaves a few rows, and walks a whole
// organization. Measured statistics would come late and change plans under load, so the store gives SQLite fixed
// ones (https://www.sqlite.org/optoverview.html, "manual control of query plans using sqlite_stat tables"):
// every table is large, few are small, and columns tell rows apart as their names say.
const (
	largeTable  = 1_000_000
	smallTable  = 20
	partialPart = 100 // a partial index holds this part of its table
)

// smallTables are those that stay small in the largest installation.
var smallTables = map[string]bool{
	"instance": true, "organizations": true, "org_keys": true, "locations": true, "practitioners": true, "users": true,
	"api_keys": true, "visit_types": true, "sources": true, "routes": true, "senders": true, "locks": true,
	"templates": true, "journey_definitions": true, "journeys": true,
}

// distinct is how many values a column has: few organizations, some states, some routes and sites, else many.
func distinct(column string) int {
	switch column {
	case "org_id":
		return 10
	case "state", "phase", "status", "kind", "channel", "origin", "priority", "purpose", "suspended", "answer", "journey", "done_at", "closed_at":
		return 5
	case "route_id", "location_id", "source_id", "import_id", "sender_id", "held_by":
		return 20
	}
	return 100_000
}

// fixPlans writes the statistics, before any other connection reads them.
func fixPlans(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return failed(err)
	}
	defer func() { _ = tx.Rollback() }()
	all, err := indexes(ctx, tx)
	if err != nil {
		return failed(err)
	}
	// ANALYZE of the schema table makes sqlite_stat1, which CREATE TABLE may not.
	for _, s := range []string{`ANALYZE sqlite_schema`, `DELETE FROM sqlite_stat1`} {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return failed(err)
		}
	}
	for _, i := range all {
		if _, err := tx.ExecContext(ctx, `INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)`, i.table, i.statName(), i.stat()); err != nil {
			return failed(err)
		}
	}
	return errs.Wrap(errs.Unavailable, "the database could not be prepared", tx.Commit())
}

type index struct {
	table, name     string
	unique, partial bool
	primary         bool
	clustered       bool // the table is WITHOUT ROWID
	columns         []string
}

// indexes lists our tables' indexes; the job library's tables are small and left to the planner.
func indexes(ctx context.Context, tx *sql.Tx) ([]index, error) {
	rows, err := tx.QueryContext(ctx, `SELECT m.name, l.name, l."unique", l.partial, l.origin = 'pk', t.wr, group_concat(coalesce(c.name, ''), ',' ORDER BY c.seqno)
		FROM sqlite_schema m JOIN pragma_table_list t ON t.name = m.name AND t.schema = 'main' JOIN pragma_index_list(m.name) l JOIN pragma_index_info(l.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'river_%' AND m.name NOT LIKE 'goose_%'
		GROUP BY m.name, l.name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []index
	for rows.Next() {
		var i index
		var columns string
		if err := rows.Scan(&i.table, &i.name, &i.unique, &i.partial, &i.primary, &i.clustered, &columns); err != nil {
			return nil, err
		}
		i.columns = strings.Split(columns, ",")
		out = append(out, i)
	}
	return out, rows.Err()
}

// statName: the primary key of a table without row ids goes by the table's name.
func (i index) statName() string {
	if i.primary && i.clustered {
		return i.table
	}
	return i.name
}

// stat is the index's size, then how many rows share its first column, its first two, and so on.
func (i index) stat() string {
	size := largeTable
	if smallTables[i.table] {
		size = smallTable
	}
	if i.partial {
		size = max(size/partialPart, 1)
	}
	out := []string{fmt.Sprint(size)}
	same := size
	for n, c := range i.columns {
		same = max(same/distinct(c), 1)
		if i.unique && n == len(i.columns)-1 {
			same = 1
		}
		out = append(out, fmt.Sprint(same))
	}
	return strings.Join(out, " ")
}
