package pgtest

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"carillon.dev/carillon/internal/store/postgres/ephemeral"
)

// Dump is what pg_dump makes of a database, in the given format ("plain", or "custom" without compression).
func Dump(t testing.TB, dsn, format string) []byte {
	t.Helper()
	bin, err := ephemeral.Programs()
	if err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	cmd := exec.Command(filepath.Join(bin, "pg_dump"), "--format="+format, "--compress=0", dsn)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("pg_dump: %v: %s", err, said.String())
	}
	return out.Bytes()
}

// Load runs a plain dump in an empty database.
func Load(t testing.TB, dsn string, dump []byte) {
	t.Helper()
	bin, err := ephemeral.Programs()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(bin, "psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname="+dsn)
	cmd.Stdin = bytes.NewReader(dump)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("psql: %v: %s", err, out)
	}
}

// Files are the files of the cluster that this test binary started, after a checkpoint: tables, indexes and the
// write-ahead log. There are none for a server that somebody else runs.
func Files(t testing.TB, dsn string) map[string][]byte {
	t.Helper()
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	if !strings.HasPrefix(c.Host, "/") || os.Getenv(Env) != "" {
		return out
	}
	ctx := context.Background()
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var number string
	if err := conn.QueryRow(ctx, `SELECT oid::text FROM pg_database WHERE datname = current_database()`).Scan(&number); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, `CHECKPOINT`); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"base/" + number, "pg_wal"} {
		root := filepath.Join(c.Host, "data", part)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if os.IsNotExist(err) {
				return nil // a segment that was recycled meanwhile
			}
			out[part+"/"+d.Name()] = b
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
