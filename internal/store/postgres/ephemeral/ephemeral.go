// Package ephemeral starts a PostgreSQL server of its own from what the machine has installed, on a private
// socket in a folder that goes away with the process, however it ends. Benchmarks and tests use it. It refuses to weaken
// durability unless a test says that nothing needs to outlive it: what is measured on it is what a server with the
// same disk would do.
package ephemeral

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
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"carillon.dev/carillon/internal/base/errs"
)

// Cluster is a running server.
type Cluster struct {
	DSN string // of an empty database
	PID int    // of the server's first process

	dir   string
	stdin io.Closer
	ended chan struct{}
}

// keeper starts the server and ends it when its own input ends, that is when we do. $0 holds the programs, $1 is the
// folder, $2 how initdb writes and $3 the signal that ends; the rest are the server's settings.
const keeper = `
dir=$1 init=$2 end=$3
shift 3
"$0/initdb" -D "$dir/data" -U carillon -A trust -E UTF8 --locale=C $init >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log"; rm -rf "$dir"; exit 1; }
"$0/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c logging_collector=off "$@" >"$dir/log" 2>&1 &
pid=$!
echo $pid >"$dir/pid"
read -r line
kill -$end $pid
wait $pid
rm -rf "$dir"
`

// kind is what a server is started for.
type kind struct {
	init, end string
	settings  []string
}

var (
	durable  = kind{"", "INT", []string{"shared_buffers=512MB", "max_wal_size=4GB", "max_connections=60"}}
	volatile = kind{"--no-sync", "QUIT", []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB",
		"max_connections=300", "autovacuum=off"}}
)

// Start makes a cluster and waits until it answers. errs.Precondition: PostgreSQL is not installed.
func Start(ctx context.Context) (*Cluster, error) { return start(ctx, durable) }

// Volatile makes a cluster for tests: quick, for many connections, and gone if the machine stops.
func Volatile(ctx context.Context) (*Cluster, error) { return start(ctx, volatile) }

func start(ctx context.Context, k kind) (*Cluster, error) {
	bin, err := Programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "carillon-pg-")
	if err != nil {
		return nil, errs.Wrap(errs.Precondition, "a folder for PostgreSQL cannot be made", err)
	}
	who, err := owner(dir)
	if err != nil {
		return nil, err
	}
	args := []string{"-c", keeper, bin, dir, k.init, k.end}
	for _, setting := range k.settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.CommandContext(context.Background(), "/bin/sh", args...) // it ends with its input
	cmd.Dir, cmd.SysProcAttr = dir, who
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "PostgreSQL cannot be started", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, errs.Wrap(errs.Precondition, "PostgreSQL cannot be started", err)
	}
	c := &Cluster{dir: dir, stdin: stdin, ended: make(chan struct{})}
	c.DSN = c.Database("postgres")
	go func() { _ = cmd.Wait(); close(c.ended) }()
	if err := c.await(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Database says how to connect to one of the server's databases.
func (c *Cluster) Database(name string) string {
	return fmt.Sprintf("host=%s user=carillon dbname=%s sslmode=disable", c.dir, name)
}

func (c *Cluster) await(ctx context.Context) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline) && ctx.Err() == nil; {
		select {
		case <-c.ended:
			return errs.New(errs.Precondition, "the PostgreSQL server did not start")
		case <-time.After(50 * time.Millisecond):
		}
		conn, err := pgx.Connect(ctx, c.DSN)
		if err != nil {
			continue
		}
		_ = conn.Close(ctx)
		pid, err := os.ReadFile(filepath.Join(c.dir, "pid"))
		if err == nil {
			c.PID, err = strconv.Atoi(strings.TrimSpace(string(pid)))
		}
		return err
	}
	return errs.New(errs.Unavailable, "the PostgreSQL server did not answer within a minute")
}

// Settle takes statistics and writes what is dirty to disk, as a server that has been running for a while has done.
func (c *Cluster) Settle(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.DSN)
	if err != nil {
		return errs.Wrap(errs.Unavailable, "the PostgreSQL server does not answer", err)
	}
	defer conn.Close(ctx)
	for _, statement := range []string{"ANALYZE", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return errs.Wrap(errs.Internal, "the PostgreSQL server refused a statement", err)
		}
	}
	return nil
}

// Close ends the server and removes its folder.
func (c *Cluster) Close() {
	_ = c.stdin.Close()
	select {
	case <-c.ended:
	case <-time.After(30 * time.Second):
	}
}

// Programs is the folder of the newest server that is installed.
func Programs() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		p, err := exec.LookPath("initdb")
		if err != nil {
			return "", errs.New(errs.Precondition, "PostgreSQL is not installed; run: apt-get install -y postgresql, or name a database with --dsn")
		}
		return filepath.Dir(p), nil
	}
	version := func(p string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(p))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// owner gives the folder to somebody else when we are root, because PostgreSQL refuses root.
func owner(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, errs.New(errs.Precondition, "PostgreSQL refuses root, and there is neither a user postgres nor nobody")
		}
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}
