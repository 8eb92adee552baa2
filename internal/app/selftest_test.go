package app_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/phone"
	rules "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/engine/selftest"
	"carillon.dev/carillon/internal/store"
)

// hurried are limits that a test can wait for.
var hurried = rules.Limits{HandOver: 4 * time.Second, Answer: 3 * time.Second, Late: 5 * time.Second, Receipt: 9 * time.Second,
	Reply: 7 * time.Second, Again: 100 * time.Millisecond}

// faulty is an operator with faults; leave ends it, as a line that is cut.
func faulty(t *testing.T, cfg simulator.Config) (sim *smsc, leave func()) {
	t.Helper()
	cfg.Seed, cfg.EchoRef = 7, true
	server, err := simulator.New(cfg)
	must(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(ctx, ln) }()
	leave = func() { stop(); <-ended }
	t.Cleanup(leave)
	at := ln.Addr().(*net.TCPAddr) //nolint:forcetypeassert // it listens on TCP
	return &smsc{server, at.IP.String(), at.Port}, leave
}

func TestFaultsOfTheOperatorAreNamed(t *testing.T) {
	t.Parallel()
	const test = "+48500999000"
	cases := map[string]struct {
		cfg     simulator.Config
		answers bool
		leaves  bool // the operator goes away before the test
		want    incident.Cause
	}{
		"all is well":             {simulator.Config{Echo: []string{test[1:]}}, true, false, rules.CauseNone},
		"receipts are lost":       {simulator.Config{LostReceipts: 1}, false, false, rules.CauseNoReceipt},
		"the line is cut":         {simulator.Config{}, false, true, rules.CauseLineDown},
		"throttled for ever":      {simulator.Config{Throttled: 1}, false, false, rules.CauseThrottled},
		"rejected":                {simulator.Config{BadNumbers: 1}, false, false, rules.CauseRejected},
		"receipts are late":       {simulator.Config{ReceiptDelay: 7 * time.Second}, false, false, rules.CauseLate},
		"answers are lost":        {simulator.Config{LostAnswers: 1, LostReceipts: 1}, false, false, rules.CauseNoAnswer},
		"the phone is off":        {simulator.Config{Unreachable: 1}, false, false, rules.CauseHandset},
		"the phone stays silent":  {simulator.Config{}, true, false, rules.CauseNoReply},
		"duplicates and disorder": {simulator.Config{Duplicates: 1, Early: 1, Echo: []string{test[1:]}}, true, false, rules.CauseNone},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			where := config.Storage{Data: filepath.Join(dir, "data"), KeyFile: filepath.Join(dir, "keys", "keyring")}
			sim, leave := faulty(t, c.cfg)
			r := serveWith(t, where, app.Options{Domain: clock.NewFast(noon, 1), SelfTest: hurried})
			k := r.found(t, sim, wanted{demo: true, sender: "48732100100"})
			if c.leaves {
				leave()
			}
			n, err := phone.FromStored(test)
			must(t, err)
			must(t, r.SelfTest.Set(context.Background(), k.scope, selftest.Wish{Route: k.route.ID, Phone: n, Every: time.Minute, Answers: c.answers}))
			var open []incident.Incident
			var runs []rules.Run
			r.until(t, k.scope, "the test is judged", func(ctx context.Context, tx store.Tx) (bool, error) {
				if open, err = tx.Incidents().Open(ctx); err != nil {
					return false, err
				}
				runs, err = tx.SelfTests().Runs(ctx, k.route.ID, 9)
				return len(open) > 0 || (len(runs) > 0 && runs[len(runs)-1].Passed()), err
			})
			switch {
			case c.want == rules.CauseNone && (len(open) > 0 || !runs[0].Passed()):
				t.Errorf("a good line is said to be %+v", runs)
			case c.want != rules.CauseNone && (len(open) != 1 || open[0].Cause != c.want || open[0].Subject != k.route.ID):
				t.Errorf("incidents %+v, want %s; runs %+v", open, c.want, runs)
			}
		})
	}
}
