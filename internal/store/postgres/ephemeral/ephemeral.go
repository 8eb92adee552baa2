// Package ephemeral starts a PostgreSQL server of its own from what the machine has installed, on a private
// socket in a folder that goes away with the process, however it ends. Benchmarks use it. It refuses to weaken
// durability: what is measured on it is what a server with the same disk would do.
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

	stdin io.Closer
	ended chan struct{}
}

// keeper starts the server and ends it when its own input ends, that is when we do.
const keeper = `
"$0/initdb" -D "$1/data" -U carillon -A trust -E UTF8 --locale=C >"$1/initdb.log" 2>&1 || { cat "$1/initdb.log"; rm -rf "$1"; exit 1; }
"$0/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c shared_buffers=512MB -c max_wal_size=4GB \
  -c max_connections=60 -c logging_collector=off >"$1/log" 2>&1 &
pid=$!
echo $pid >"$1/pid"
read -r line
kill -INT $pid
wait $pid
rm -rf "$1"
`

// Start makes a cluster and waits until it answers. errs.Precondition: PostgreSQL is not installed.
func Start(ctx context.Context) (*Cluster, error) {
	bin, err := binaries()
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
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", keeper, bin, dir) // it ends with its input
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
	c := &Cluster{DSN: fmt.Sprintf("host=%s user=carillon dbname=postgres sslmode=disable", dir), stdin: stdin, ended: make(chan struct{})}
	go func() { _ = cmd.Wait(); close(c.ended) }()
	if err := c.await(ctx, dir); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) await(ctx context.Context, dir string) error {
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
		pid, err := os.ReadFile(filepath.Join(dir, "pid"))
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

// binaries finds the newest server that is installed.
func binaries() (string, error) {
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
