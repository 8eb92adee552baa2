// Package pgtest gives tests a PostgreSQL database of their own: from the server that
// CARILLON_TEST_POSTGRES names, or from a cluster that it starts for the test binary on a private socket
// and that goes away with it, however the binary ends. It refuses to skip: without PostgreSQL the test
// fails and says what to install.
package pgtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"carillon.dev/carillon/internal/store/postgres"
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
	stdin    io.Closer
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
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "carillon-pg-")
	if err != nil {
		return nil, err
	}
	who, err := owner(dir)
	if err != nil {
		return nil, err
	}
	s := &server{template: template, dsn: func(db string) string {
		if db == "" {
			db = "postgres"
		}
		return fmt.Sprintf("host=%s user=carillon dbname=%s sslmode=disable", dir, db)
	}}
	if err := s.launch(bin, dir, who); err != nil {
		return nil, err
	}
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

// binaries finds the newest server that is installed.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		p, err := exec.LookPath("initdb")
		if err != nil {
			return "", fmt.Errorf("there is no initdb in /usr/lib/postgresql/*/bin nor on the path")
		}
		return filepath.Dir(p), nil
	}
	version := func(p string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(p))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// owner gives the folder to somebody else when root runs the tests, because PostgreSQL refuses root.
func owner(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("root runs the tests and there is neither a user postgres nor nobody")
		}
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}

// keeper starts the server and ends it when its own input ends, that is when the test binary does.
const keeper = `
"$0/initdb" -D "$1/data" -U carillon -A trust -E UTF8 --locale=C -N >"$1/initdb.log" 2>&1 || { cat "$1/initdb.log"; rm -rf "$1"; exit 1; }
"$0/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
  -c shared_buffers=32MB -c max_connections=300 -c autovacuum=off -c logging_collector=off >"$1/log" 2>&1 &
pid=$!
read -r line
kill -QUIT $pid
wait $pid
rm -rf "$1"
`

func (s *server) launch(bin, dir string, who *syscall.SysProcAttr) error {
	cmd := exec.Command("/bin/sh", "-c", keeper, bin, dir)
	cmd.Dir, cmd.SysProcAttr = dir, who
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	s.stdin = stdin
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		select {
		case err := <-ended:
			return fmt.Errorf("the server did not start (%w): %s", err, said.String())
		case <-time.After(20 * time.Millisecond):
		}
		if run(s.dsn(""), "SELECT 1") == nil {
			return nil
		}
	}
	_ = stdin.Close()
	return fmt.Errorf("the server did not answer within a minute; see %s/log", dir)
}
