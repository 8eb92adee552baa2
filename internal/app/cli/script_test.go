package cli_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/app/cli"
	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
)

// TestMain lets the test binary be the program that the scripts call.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"carillon": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestCommands runs testdata/script. Each script has a data folder and a key file of its own; beside the usual
// words it knows
//
//	exits CODE COMMAND…   the command ends with this exit code
//	audited ACTION…       the audit log of some organization holds each action
//	revoke-first-key      the first key that is listed is revoked
//	grab NAME PATTERN     what the last command printed becomes a variable
//	wrote ROUTE NUMBER TEXT  a phone writes
func TestCommands(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("CARILLON_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("CARILLON_KEY_FILE", filepath.Join(e.WorkDir, "keys", "keyring"))
			return days(e)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "audited": audited, "revoke-first-key": revokeFirstKey,
			"grab": grab, "wrote": wrote},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code = ended.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d: %s", code, want, strings.Join(args[1:], " "))
	}
}

func revokeFirstKey(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(ts.Exec("carillon", "key", "list"))
	id, _, _ := strings.Cut(ts.ReadFile("stdout"), " ")
	ts.Check(ts.Exec("carillon", "key", "revoke", id))
}

func audited(ts *testscript.TestScript, neg bool, args []string) {
	ctx := context.Background()
	sys, err := app.Open(ctx, config.Storage{Data: ts.Getenv("CARILLON_DATA"), KeyFile: ts.Getenv("CARILLON_KEY_FILE")}, app.Options{})
	ts.Check(err)
	defer func() { _ = sys.Close() }()
	var all []org.Organization
	ts.Check(sys.Store.Read(ctx, access.System("script"), func(tx store.Tx) error {
		all, err = tx.Orgs().All(ctx)
		return err
	}))
	var seen []string
	for _, o := range all {
		ts.Check(sys.Store.Read(ctx, access.ForCommand(o.ID, "script"), func(tx store.Tx) error {
			events, err := tx.Audit().List(ctx, store.Page{Limit: 200})
			for _, e := range events {
				seen = append(seen, e.Action+" by "+string(e.Actor)+" "+e.Name)
			}
			return err
		}))
	}
	for _, want := range args {
		has := slices.ContainsFunc(seen, func(s string) bool { return strings.HasPrefix(s, want) })
		if has == neg {
			ts.Fatalf("%q in the audit log: %t; it holds\n%s", want, has, strings.Join(seen, "\n"))
		}
	}
}
