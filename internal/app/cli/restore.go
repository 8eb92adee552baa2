package cli

import (
	"os"

	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/store/sqlite"
)

type restoreCmd struct {
	config.Storage
	From string `arg:"" help:"File that carillon backup wrote; its .datakeys file is read from beside it." type:"path" placeholder:"FILE"`
}

// Run puts a backup where the database belongs. The copy is on hold until somebody releases it.
func (r restoreCmd) Run(c *console) error {
	dsn, err := r.DSN()
	if err != nil {
		return err
	}
	if dsn != "" {
		return errs.New(errs.Precondition, "PostgreSQL is restored by its own tools; docs/upgrade.md says how")
	}
	to := r.SQLitePath()
	// A log that belongs to another database would be replayed into this one.
	for _, p := range []string{to, to + "-wal", to + "-journal"} {
		if _, err := os.Stat(p); err == nil {
			return errs.New(errs.Precondition, "there is a database already: stop every node, then move carillon.db and the files beside it away").At("--data")
		}
	}
	if err := sqlite.Restore(c.ctx, r.From, to); err != nil {
		return err
	}
	c.printf("restored to %s\nIt is on hold: nothing is sent until carillon resume --restored.\n", to)
	if _, err := os.Stat(r.From + sqlite.KeysSuffix); err != nil {
		c.printf("There was no %s: persons' data cannot be read in this copy.\n", r.From+sqlite.KeysSuffix)
	}
	return nil
}
