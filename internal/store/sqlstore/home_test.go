package sqlstore_test

import (
	"os"
	"path/filepath"
	"testing"

	"carillon.dev/carillon/internal/store/sqlstore"
)

// marked is a folder with a database file and a mark beside it.
func marked(t *testing.T) (folder, file string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "data dir")
	file = filepath.Join(folder, "carillon.db")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sqlstore.HomeOf(file).Leave("one", "two"); err != nil {
		t.Fatal(err)
	}
	return folder, file
}

func marks(t *testing.T, file string) int {
	t.Helper()
	got, err := sqlstore.HomeOf(file).Marks()
	if err != nil {
		t.Fatal(err)
	}
	return len(got)
}

func TestAMarkFitsItsOwnFileOnly(t *testing.T) {
	t.Parallel()
	folder, file := marked(t)
	if n := marks(t, file); n != 2 {
		t.Errorf("at home %d marks fit", n)
	}
	copied := folder + " copy"
	if err := os.CopyFS(copied, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if n := marks(t, filepath.Join(copied, "carillon.db")); n != 0 {
		t.Errorf("%d marks fit a copy", n)
	}
	if err := os.Rename(folder, folder+" away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(copied, folder); err != nil { // the copy in the place of what it was copied from
		t.Fatal(err)
	}
	if n := marks(t, file); n != 0 {
		t.Errorf("%d marks fit a copy that was put in place", n)
	}
}

func TestTheSameFileUnderAnotherPathIsAtHome(t *testing.T) {
	t.Parallel()
	folder, file := marked(t)
	other := folder + " mounted" // as a container sees it
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"carillon.db", "carillon.db.instance"} {
		if err := os.Link(filepath.Join(folder, name), filepath.Join(other, name)); err != nil {
			t.Fatal(err)
		}
	}
	if marks(t, filepath.Join(other, "carillon.db")) != 2 || marks(t, file) != 2 {
		t.Error("the same file is taken for a copy")
	}
}

func TestAMarkWithoutAPlaceStillFits(t *testing.T) {
	t.Parallel()
	_, file := marked(t)
	if err := os.WriteFile(file+".instance", []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if marks(t, file) != 1 {
		t.Error("the mark of an earlier version does not fit")
	}
}
