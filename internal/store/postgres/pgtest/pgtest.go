// Package pgtest gives tests a PostgreSQL database of their own: from the server that
// CARILLON_TEST_POSTGRES names, or from a cluster that it starts for the test binary on a private socket
// and that goes away with it, however the binary ends. It refuses to skip: without PostgreSQL the test
// fails and says what to install.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"carillon.dev/carillon/internal/store/postgres"
	"carillon.dev/carillon/internal/store/postgres/ephemeral"
)

// Env names the server to use instead of starting one; its user must be allowed to create databases.
const Env = "CARILLON_TEST_POSTGRES"

// template is a migrated database that tests' databases are copied from.
const template = "carillon_template"

// cluster is the server of this test binary; it is started once, by whoever asks first.
var cluster = sync.OnceValues(start)

var serial atomic.Int64

type server struct {
	dsn      func(database string) string
	template string // "" to migrate each database by itself
}

// DSN makes an empty, migrated database for the test and returns how to connect to it. It is dropped when the
// test ends.
func DSN(t testing.TB) string {
	t.Helper()
	return database(t, true)
}

// Empty makes a database without any table.
func Empty(t testing.TB) string {
	t.Helper()
	return database(t, false)
}

func database(t testing.TB, migrated bool) string {
	t.Helper()
	s, err := cluster()
	if err != nil {
		t.Fatalf("PostgreSQL is needed for this test: %v\nRun: apt-get install -y postgresql   (or set %s to a server)", err, Env)
	}
	name := fmt.Sprintf("carillon_%d_%d", os.Getpid(), serial.Add(1))
	create := "CREATE DATABASE " + name
	if migrated && s.template != "" {
		create += " TEMPLATE " + s.template
	}
	if err := run(s.dsn(""), create); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() { _ = run(s.dsn(""), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return s.dsn(name)
}

// copying one template twice at the same time is refused by the server, so databases are made one by one.
var making sync.Mutex

func run(dsn, statement string) error {
	making.Lock()
	defer making.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, statement)
	return err
}

func start() (*server, error) {
	if dsn := os.Getenv(Env); dsn != "" {
		return outside(dsn)
	}
	c, err := ephemeral.Volatile(context.Background())
	if err != nil {
		return nil, err
	}
	s := &server{template: template, dsn: func(db string) string {
		if db == "" {
			return c.DSN
		}
		return c.Database(db)
	}}
	if err := run(s.dsn(""), "CREATE DATABASE "+template); err != nil {
		return nil, err
	}
	return s, postgres.Migrate(context.Background(), s.dsn(template))
}

// outside uses a server that somebody else runs.
func outside(dsn string) (*server, error) {
	if _, err := pgx.ParseConfig(dsn); err != nil {
		return nil, fmt.Errorf("%s cannot be read", Env)
	}
	return &server{dsn: func(db string) string {
		if db == "" {
			return dsn
		}
		if strings.Contains(dsn, "://") {
			base, query, _ := strings.Cut(dsn, "?")
			head := base[:strings.Index(base, "://")+3]
			host, _, _ := strings.Cut(base[len(head):], "/")
			return head + host + "/" + db + "?" + query
		}
		return dsn + " dbname=" + db
	}}, nil
}
