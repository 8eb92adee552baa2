package intake_test

import (
	"context"
	"os"
	"testing"

	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

func TestTheExamplesAreImportedAsTheirReadmeSays(t *testing.T) {
	onBoth(t, func(d *desk) {
		places := map[string]org.Location{}
		for name, l := range map[string]org.Location{
			"pl": {Name: "Warszawa", Zone: "Europe/Warsaw", Region: "PL"},
			"us": {Name: "Boston", Zone: "America/New_York", Region: "US"},
			"zh": {Name: "总院", Zone: "Asia/Shanghai", Region: "CN"},
		} {
			storetest.Write(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) (err error) {
				places[name], err = tx.Orgs().SaveLocation(ctx, l)
				return err
			})
		}
		for _, c := range []struct {
			file, source, at, encoding    string
			kind                          feed.Kind
			lines, bad, created, consents int
		}{
			{"pl-pacjenci.csv", "pl", "pl", "windows-1250", feed.Patients, 48, 0, 48, 43},
			{"pl-wizyty.csv", "pl", "pl", "", feed.Appointments, 40, 0, 40, 0},
			{"us-patients.csv", "us", "us", "", feed.Patients, 42, 0, 42, 31},
			{"us-appointments.csv", "us", "us", "", feed.Appointments, 36, 0, 36, 0},
			{"zh-患者.csv", "zh", "zh", "gb18030", feed.Patients, 36, 0, 36, 24},
			{"zh-预约.csv", "zh", "zh", "", feed.Appointments, 32, 0, 32, 0},
			{"us-patients-with-bad-rows.csv", "us2", "us", "", feed.Patients, 40, 8, 32, 16},
		} {
			f, err := os.Open("../../../examples/" + c.file)
			if err != nil {
				d.Fatal(err)
			}
			imp, err := d.s.Begin(ctx, d.sc, intake.Upload{Kind: c.kind, Source: c.source, File: f,
				Options: feed.Options{Encoding: c.encoding, Location: places[c.at].ID, SkipBad: true}})
			_ = f.Close()
			if err != nil {
				d.Fatal(err)
			}
			imp = d.check(imp)
			if imp.State != feed.Checked {
				d.Fatalf("%s is %s: %s", c.file, imp.State, imp.Fault)
			}
			imp = d.apply(imp)
			n := imp.Counts
			if n.Lines != c.lines || n.Bad != c.bad || n.Created != c.created || n.Consents != c.consents || n.Unused != 0 {
				d.Errorf("%s: %+v %q", c.file, n, d.problems(imp))
			}
			if held := c.kind == feed.Appointments; imp.Held != held {
				d.Errorf("%s held: %v", c.file, imp.Held)
			}
		}
	})
}
