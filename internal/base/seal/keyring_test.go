package seal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
)

func TestAKeyFileIsPrivateAndNeverOverwritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "carillon.keys")
	if _, err := seal.Load(path); !errs.Is(err, errs.NotFound) {
		t.Fatalf("a missing file: %v", err)
	}
	made, err := seal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if _, err := seal.Create(path); !errs.Is(err, errs.Precondition) {
		t.Fatalf("created over a key: %v", err)
	}
	loaded, err := seal.Load(path)
	if err != nil || loaded.Check() != made.Check() || !loaded.Holds(made.Check()) {
		t.Fatalf("another key came back: %v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Load(path); !errs.Is(err, errs.Precondition) || !strings.Contains(err.Error(), "chmod 600") {
		t.Fatalf("a file that others may read: %v", err)
	}
}

const (
	keyA = "kek 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	keyB = "kek 2 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
)

func TestOldKeysStillUnwrapAfterANewOne(t *testing.T) {
	t.Parallel()
	old := parse(t, keyA)
	org, _, wrapped := organization(t, old)
	both := parse(t, keyA, keyB)
	if both.Check() == old.Check() || !both.Holds(old.Check()) {
		t.Fatal("the newest key is not the one in use")
	}
	if _, err := both.OpenOrg(org, wrapped); err != nil {
		t.Fatal(err)
	}
	if _, err := parse(t, keyB).OpenOrg(org, wrapped); !errs.Is(err, errs.Precondition) {
		t.Fatalf("without the old key: %v", err)
	}
	newer := id.New()
	if _, w, err := both.NewOrg(newer); err != nil {
		t.Fatal(err)
	} else if _, err := parse(t, keyB).OpenOrg(newer, w); err != nil {
		t.Fatalf("not wrapped by the newest key: %v", err)
	}
}

func parse(t *testing.T, lines ...string) *seal.Keyring {
	t.Helper()
	r, err := seal.Parse("carillon-keyring-v1\n# a comment\n\n" + strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestABadKeyFileIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, where string }{
		"empty":          {"", "line 1"},
		"another format": {"-----BEGIN KEY-----", "line 1"},
		"no key":         {"carillon-keyring-v1\n", "no key"},
		"no number":      {"carillon-keyring-v1\nkek x AAAA", "line 2"},
		"number zero":    {"carillon-keyring-v1\n" + strings.Replace(keyA, " 1 ", " 0 ", 1), "line 2"},
		"too short":      {"carillon-keyring-v1\nkek 1 AAAA", "line 2"},
		"twice":          {"carillon-keyring-v1\n" + keyA + "\n" + keyA, "line 3"},
	} {
		_, err := seal.Parse(c.text)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.where) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: the error shows the key", name)
		}
	}
}
