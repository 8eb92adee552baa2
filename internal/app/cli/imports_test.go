package cli_test

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestImportCommands runs testdata/import, with the example files at $EXAMPLES.
func TestImportCommands(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Abs("../../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/import",
		Setup: func(e *testscript.Env) error {
			e.Setenv("CARILLON_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("CARILLON_KEY_FILE", filepath.Join(e.WorkDir, "keys"))
			e.Setenv("EXAMPLES", examples)
			return nil
		},
	})
}
