package sqlite

import (
	"context"
	"database/sql/driver"
	"strings"
	"sync"
	"sync/atomic"

	"carillon.dev/carillon/internal/store"
)

// facts tells whether people, numbers, visits or sites may have changed between two transactions: it counts the commits
// that wrote such rows, by this process or another. It never says less than is true; it may say more.
type facts struct {
	n atomic.Uint64
}

func newFacts() *facts {
	f := &facts{}
	f.n.Store(1) // zero is a transaction that cannot tell
	return f
}

// seen is the state that a transaction reads which has not read anything yet.
func (f *facts) seen() store.Snapshot { return store.Snapshot(f.n.Load()) }

func (f *facts) changed() { f.n.Add(1) }

// factTables are those whose rows a message may be bound to.
var factTables = []string{"persons", "contact_points", "visits", "locations"}

// factWriters remembers of statements whether they may change what a decision goes by.
var factWriters sync.Map // text to bool

// writesFacts reports whether a statement makes or removes a row of such a table, or changes the revision of one.
func writesFacts(text string) bool {
	if known, ok := factWriters.Load(text); ok {
		return known.(bool)
	}
	is := changesFacts(strings.Fields(text))
	factWriters.Store(text, is)
	return is
}

func changesFacts(words []string) bool {
	var table string
	switch {
	case len(words) < 3:
		return false
	case strings.EqualFold(words[0], "SELECT"):
		return false
	case strings.EqualFold(words[0], "UPDATE"):
		table = words[1]
		if rest := strings.Join(words[2:], " "); !strings.Contains(rest, "revision") && !strings.Contains(rest, "version") {
			return false
		}
	case strings.EqualFold(words[0], "INSERT") && strings.EqualFold(words[1], "INTO"), strings.EqualFold(words[0], "DELETE"):
		table = words[2]
	default: // somebody writes in another way: the table may be anywhere
		all := strings.Join(words, " ")
		for _, t := range factTables {
			if strings.Contains(all, t) {
				return true
			}
		}
		return false
	}
	for _, t := range factTables {
		if table == t || strings.HasPrefix(table, t+"(") {
			return true
		}
	}
	return false
}

// wrote notes a statement that is about to run.
func (s *session) wrote(text string) {
	if !s.touched && writesFacts(text) {
		s.touched = true
	}
}

// Snapshot is the state of the facts that the transaction reads; zero when it changed them itself.
func (s *session) Snapshot() store.Snapshot {
	if s.touched {
		return 0
	}
	return s.seen
}

// outside reports whether another connection has committed since this one asked last; it is asked at the begin of a write
// transaction, while nobody else can write.
func (c *conn) outside(ctx context.Context) (bool, error) {
	rows, err := c.QueryContext(ctx, "PRAGMA data_version", nil)
	if err != nil {
		return true, err
	}
	defer func() { _ = rows.Close() }()
	v := make([]driver.Value, 1)
	if err := rows.Next(v); err != nil {
		return true, err
	}
	version, _ := v[0].(int64)
	same := c.asked && version == c.version
	c.asked, c.version = true, version
	return !same, nil
}
