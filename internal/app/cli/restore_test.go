package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/app/cli"
)

// run runs one command and returns its exit code and what it printed.
func run(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var b bytes.Buffer
	code = cli.Main(args, strings.NewReader(""), &b, &b)
	return code, b.String()
}

func TestARestoredCopyWaitsForAPerson(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := "--key-file=" + filepath.Join(dir, "keys", "keyring")
	live, copied, backup := "--data="+filepath.Join(dir, "live"), "--data="+filepath.Join(dir, "copy"), filepath.Join(dir, "backup.db")
	must := func(args ...string) string {
		t.Helper()
		code, out := run(t, args...)
		if code != 0 {
			t.Fatalf("%v: exit code %d\n%s", args, code, out)
		}
		return out
	}
	must("org", "add", "Linden Clinic", "--region=PL", live, key)
	must("backup", backup, live, key)

	if out := must("restore", backup, copied, key); !strings.Contains(out, "on hold") {
		t.Errorf("restore does not say that the copy is on hold:\n%s", out)
	}
	if _, out := run(t, "doctor", copied, key); !strings.Contains(out, "a restored copy waits") {
		t.Errorf("the copy is not on hold:\n%s", out)
	}
	must("resume", "--restored", copied, key)
	if _, out := run(t, "doctor", copied, key); !strings.Contains(out, "nothing is stopped or on hold") {
		t.Errorf("the copy is still on hold after its release:\n%s", out)
	}
	if _, out := run(t, "doctor", live, key); !strings.Contains(out, "nothing is stopped or on hold") {
		t.Errorf("the backup put the original on hold:\n%s", out)
	}
}

func TestACopiedFolderWaitsForAPerson(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, live, copied := "--key-file="+filepath.Join(dir, "keys", "keyring"), filepath.Join(dir, "live"), filepath.Join(dir, "copy")
	if code, out := run(t, "org", "add", "Linden Clinic", "--region=PL", "--data="+live, key); code != 0 {
		t.Fatal(out)
	}
	if err := os.CopyFS(copied, os.DirFS(live)); err != nil {
		t.Fatal(err)
	}
	if _, out := run(t, "doctor", "--data="+copied, key); !strings.Contains(out, "a restored copy waits") {
		t.Errorf("a copied folder is not on hold:\n%s", out)
	}
	for range 2 { // started again and again
		if _, out := run(t, "doctor", "--data="+live, key); !strings.Contains(out, "nothing is stopped or on hold") {
			t.Errorf("the copy put the original on hold:\n%s", out)
		}
	}
}

func TestARestoreNeverReplacesADatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	backup := filepath.Join(dir, "backup.db")
	for _, name := range []string{"carillon.db", "carillon.db-wal"} {
		data := filepath.Join(dir, name)
		if err := os.MkdirAll(data, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, f := range []string{filepath.Join(data, name), backup} {
			if err := os.WriteFile(f, []byte("kept"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if code, out := run(t, "restore", backup, "--data="+data); code != 6 {
			t.Errorf("with a %s there: exit code %d\n%s", name, code, out)
		}
		if b, err := os.ReadFile(filepath.Join(data, name)); err != nil || string(b) != "kept" {
			t.Errorf("%s was changed: %q, %v", name, b, err)
		}
	}
}
