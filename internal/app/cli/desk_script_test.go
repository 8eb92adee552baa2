package cli_test

import (
	"context"
	"log/slog"
	"os"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/store"
)

// days lets scripts speak of a day that is still ahead, and gives them bytes that are no text.
func days(e *testscript.Env) error {
	e.Setenv("DAY", time.Now().AddDate(0, 0, 10).Format(time.DateOnly))
	return os.WriteFile(e.WorkDir+"/bytes", []byte{0xff, 0xfe, 'x', 0xff}, 0o600)
}

// grab NAME PATTERN keeps what the last command printed: the group of the pattern becomes the variable.
func grab(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("no %s in\n%s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], found[1])
}

// wrote ROUTE NUMBER TEXT lets a phone write to the organization that has the route.
func wrote(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	sys, err := app.Open(ctx, config.Storage{Data: ts.Getenv("CARILLON_DATA"), KeyFile: ts.Getenv("CARILLON_KEY_FILE")}, app.Options{})
	ts.Check(err)
	defer func() { _ = sys.Close() }()
	var orgs []org.Organization
	ts.Check(sys.Store.Read(ctx, access.System("script"), func(tx store.Tx) error {
		orgs, err = tx.Orgs().All(ctx)
		return err
	}))
	var at store.Route
	var to string
	for _, o := range orgs {
		ts.Check(sys.Store.Read(ctx, access.ForCommand(o.ID, "script"), func(tx store.Tx) error {
			routes, err := tx.Routes().List(ctx)
			if err != nil {
				return err
			}
			senders, err := tx.Routes().Senders(ctx)
			for _, r := range routes {
				if r.Name == args[0] {
					at, to = r, senders[0].Address
				}
			}
			return err
		}))
	}
	in := inbound.New(sys.Store, sys.Book, sys.Words, sys.Suppressed, sys.Record, sys.Machine, slog.New(slog.DiscardHandler))
	ts.Check(in.Take(ctx, at.Org, at.ID, carrier.Inbound{From: phi.T(args[1]), To: phi.T(to), Payload: carrier.Octets(args[2]), ReceivedAt: time.Now()}))
}
