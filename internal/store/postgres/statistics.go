package postgres

import (
	"context"
	"time"
)

// Between a first import and PostgreSQL's own analysis lies up to a minute in which its planner takes one
// organization for a few rows and reads all of it. The store closes that gap itself: a table that has grown or
// changed by more than half since its statistics were taken is analysed, which costs a sample of it.
const (
	lookAtStatistics = 2 * time.Second
	tooFewToMatter   = 500
)

// keepStatistics runs until ctx ends. Other nodes may do the same at the same time: the second finds nothing to do.
func (s *Store) keepStatistics(ctx context.Context) {
	for {
		wait(ctx, lookAtStatistics)
		if ctx.Err() != nil {
			return
		}
		s.analyze(ctx)
	}
}

// analyze takes the statistics that are due. A failure is not told: the server's own analysis comes anyway.
func (s *Store) analyze(ctx context.Context) {
	rows, err := s.pool.Query(ctx, `SELECT quote_ident(schemaname) || '.' || quote_ident(relname) FROM pg_stat_user_tables
		WHERE schemaname = current_schema() AND relname NOT LIKE 'goose_%'
			AND n_mod_since_analyze > $1 AND n_mod_since_analyze > n_live_tup / 2 LIMIT 20`, tooFewToMatter)
	if err != nil {
		return
	}
	var due []string
	for rows.Next() {
		var table string
		if rows.Scan(&table) == nil {
			due = append(due, table)
		}
	}
	rows.Close()
	for _, table := range due {
		_, _ = s.pool.Exec(ctx, `ANALYZE (SKIP_LOCKED) `+table)
	}
}
