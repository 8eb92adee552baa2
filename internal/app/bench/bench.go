// Package bench measures the whole path from facts to durable receipts against an SMSC in another process, and
// shows that killing the sender loses and repeats nothing. It uses the packages that a serving node uses, on made-up
// patients. It refuses to touch a database that somebody else filled, and to count anything in one place only: what
// it reports was counted at the carrier and in the database.
package bench

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/postgres"
	"carillon.dev/carillon/internal/store/postgres/ephemeral"
	"carillon.dev/carillon/internal/store/sqlite"
)

// Command is `carillon bench`.
type Command struct {
	Audience Audience `cmd:"" help:"Evaluate a rule over made-up patients, whose facts are sealed, and ask the gate about those who match."`
	Send     Send     `cmd:"" help:"Send to made-up patients by a simulated operator in another process, and measure the whole path."`
	Kill     Kill     `cmd:"" help:"Kill the sending process again and again, and count what was lost or sent twice."`
	SMSC     SMSC     `cmd:"" name:"smsc" hidden:"" help:"The simulated operator of a benchmark."`
	Worker   Worker   `cmd:"" hidden:"" help:"The sending process that bench kill kills."`
}

// Database says where a benchmark keeps its rows.
type Database struct {
	Store string `help:"sqlite or postgres." enum:"sqlite,postgres" default:"sqlite"`
	DSN   string `help:"PostgreSQL database, empty of anybody's data; without it a server is started for the run." placeholder:"URL"`
	Dir   string `help:"Folder for the database and keys; without it a temporary one is used and removed." type:"path" placeholder:"DIR"`
}

// open opens the store; done removes what was made for the run. server is nil unless PostgreSQL was started for it.
func (d *Database) open(ctx context.Context, c clock.Clock, log *slog.Logger) (s store.Store, server *ephemeral.Cluster, done func(), err error) {
	dir, remove, err := d.folder()
	if err != nil {
		return nil, nil, nil, err
	}
	keys := filepath.Join(dir, "keys", "bench.keys")
	if d.Store == "sqlite" {
		lite, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(dir, "bench.db"), KeyFile: keys, Clock: c, Log: log})
		if err != nil {
			remove()
			return nil, nil, nil, err
		}
		return lite, nil, func() { _ = lite.Close(); remove() }, nil
	}
	dsn, stop := d.DSN, func() {}
	if dsn == "" {
		if server, err = ephemeral.Start(ctx); err != nil {
			remove()
			return nil, nil, nil, err
		}
		dsn, stop = server.DSN, server.Close
	}
	pg, err := postgres.Open(ctx, postgres.Options{DSN: dsn, KeyFile: keys, Clock: c, Log: log})
	if err != nil {
		stop()
		remove()
		return nil, nil, nil, err
	}
	return pg, server, func() { _ = pg.Close(); stop(); remove() }, nil
}

// startCluster starts PostgreSQL for a run.
func startCluster(ctx context.Context) (*ephemeral.Cluster, error) { return ephemeral.Start(ctx) }

func (d *Database) folder() (dir string, remove func(), err error) {
	if d.Dir != "" {
		return d.Dir, func() {}, nil
	}
	if dir, err = os.MkdirTemp("", "carillon-bench-"); err != nil {
		return "", nil, errs.Wrap(errs.Precondition, "a folder for the benchmark cannot be made; name one with --dir", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// began is the domain time of every benchmark: a Tuesday morning, when texts may leave.
func began() time.Time {
	return time.Date(2026, time.March, 3, 9, 0, 0, 0, time.UTC)
}

// Report is what `bench send` prints as one JSON object.
type Report struct {
	Store       string                `json:"store"`
	Recipients  int                   `json:"recipients"`
	Parts       int64                 `json:"parts"`        // submits that the texts take: more than recipients where texts are long
	Sent        int64                 `json:"sent"`         // submits accepted at the SMSC
	Delivered   int64                 `json:"delivered"`    // durable as delivered
	Lost        int64                 `json:"lost"`         // recipients without a text at the SMSC, or without a durable end
	Duplicates  int64                 `json:"duplicates"`   // texts that the SMSC saw twice
	Agree       bool                  `json:"agree"`        // the SMSC and the database counted the same
	SMSCCounted bool                  `json:"smsc_counted"` // false: somebody else's SMSC, and only the database was asked
	States      map[message.State]int `json:"states"`       // what the database holds
	Seconds     float64               `json:"seconds"`
	PerSecond   float64               `json:"msgs_per_s"`
	CPUPer1k    float64               `json:"cpu_s_per_1k"`    // this process
	DBCPUPer1k  float64               `json:"db_cpu_s_per_1k"` // PostgreSQL, when it was started for the run
	RSS         float64               `json:"rss_mb"`          // most during the run, this process
	SeedTime    float64               `json:"seed_seconds"`
	FirstPart   float64               `json:"first_tenth_per_s"` // rate of the first and last tenth: flat when they are alike
	LastPart    float64               `json:"last_tenth_per_s"`
	WriteP50    float64               `json:"write_tx_p50_ms"`
	WriteP99    float64               `json:"write_tx_p99_ms"`
	WriteMax    float64               `json:"write_tx_max_ms"`
	WriteBusy   float64               `json:"write_tx_busy"` // open write transactions on average; SQLite has one writer
}

// verdict is an error when a text was lost, came twice, or was counted differently at the SMSC and in the database. The
// counts of an SMSC that was not asked cannot disagree.
func (r *Report) verdict() error {
	switch {
	case r.Lost > 0:
		return errs.Newf(errs.Internal, "%d texts were lost; the report says what the database holds", r.Lost)
	case r.Duplicates > 0:
		return errs.Newf(errs.Internal, "%d texts came twice at the SMSC", r.Duplicates)
	case r.SMSCCounted && !r.Agree:
		return errs.New(errs.Internal, "the SMSC and the database counted differently; the report has both")
	}
	return nil
}

func (r *Report) write(w io.Writer) error {
	return json.NewEncoder(w).Encode(r)
}
