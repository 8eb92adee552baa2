package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/engine/custody"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/sqlite"
)

type backupCmd struct {
	storage
	To string `arg:"" name:"file" help:"File to write; it must not exist." type:"path" placeholder:"FILE"`
}

// copier is a store that can copy itself while it runs.
type copier interface {
	Backup(ctx context.Context, path string) error
}

// Run copies the database. The persons' keys go into a file of their own beside it.
func (b backupCmd) Run(c *console) error {
	sys, err := app.Open(c.ctx, b.Storage, app.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	db, ok := sys.Store.(copier)
	if !ok {
		return errs.New(errs.Precondition, "PostgreSQL is backed up by its own tools; docs/upgrade.md says how to leave the persons' keys out")
	}
	// Recorded first, so that there is no copy of everybody's data without its row; a copy that fails has one too.
	if err := recordBackup(c.ctx, sys.Store); err != nil {
		return err
	}
	if err := db.Backup(c.ctx, b.To); err != nil {
		return err
	}
	c.printf("%s holds the database, %s the persons' keys; keep them apart, and the key file away from both\n", b.To, b.To+sqlite.KeysSuffix)
	return nil
}

// recordBackup leaves a row in the log of every organization: their patients' data leaves the database.
func recordBackup(ctx context.Context, s store.Store) error {
	scope := access.System("backup")
	return s.InTx(ctx, scope, func(tx store.Tx) error {
		all, err := tx.Orgs().All(ctx)
		if err != nil {
			return err
		}
		ids := make([]id.ID, len(all))
		for i, o := range all {
			ids[i] = o.ID
		}
		return tx.Audit().Record(ctx, audit.Across(scope, tx.Now(), ids, "database.backup", "")...)
	})
}

type doctorCmd struct{ storage }

// Run looks at what people forget.
func (d doctorCmd) Run(c *console) error {
	sys, err := app.Open(c.ctx, d.Storage, app.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	bad := 0
	say := func(ok bool, good, otherwise string) {
		if ok {
			c.printf("ok    %s\n", good)
			return
		}
		bad++
		c.printf("WARN  %s\n", otherwise)
	}
	d.keys(say)
	d.disk(say)
	if err := d.wraps(c, sys, say); err != nil {
		return err
	}
	// What commands wrote while no node serves has no number yet, and that is no fault of the log.
	if err := sys.NumberAudit(c.ctx); err != nil {
		return err
	}
	if err := sys.Store.Read(c.ctx, access.System("doctor"), func(tx store.Tx) error {
		stops, err := tx.Orgs().Stops(c.ctx)
		if err != nil {
			return err
		}
		say(!stops.Everything && len(stops.Orgs) == 0, "nothing is stopped or on hold", "hand-offs are stopped, or a restored copy waits: carillon resume ends that")
		if err := d.receipts(c.ctx, tx, say); err != nil {
			return err
		}
		users, err := tx.Users().Count(c.ctx)
		say(users > 0, "somebody can log in", "nobody can log in: carillon user add")
		if err != nil {
			return err
		}
		r, err := tx.Audit().Verify(c.ctx, sys.Machine.Now())
		say(r.OK(), "the audit log proves itself", "the audit log does not prove itself: carillon audit verify")
		return err
	}); err != nil {
		return err
	}
	if err := d.lines(c, sys, say); err != nil {
		return err
	}
	if bad > 0 {
		return errs.Newf(errs.Precondition, "warnings to look at: %d", bad)
	}
	return nil
}

// lines looks at the self-test of every organization's routes.
func (d doctorCmd) lines(c *console, sys *app.System, say func(bool, string, string)) error {
	all, err := orgs(c, sys)
	if err != nil {
		return err
	}
	for _, o := range all {
		tests, err := sys.SelfTest.Status(c.ctx, access.ForCommand(o.ID, "doctor"))
		if err != nil {
			return err
		}
		for i := range tests {
			t := &tests[i]
			say(t.Set, "route "+t.Name+" has a test phone", "route "+t.Name+" is never tested: carillon selftest set")
			if t.Incident != nil {
				say(false, "", "route "+t.Name+": "+remedies[t.Incident.Cause])
			}
		}
	}
	return nil
}

// receipts says of each route whose receipts fail to come.
func (d doctorCmd) receipts(ctx context.Context, tx store.Tx, say func(bool, string, string)) error {
	watches, err := tx.Messages().Watches(ctx)
	late := 0
	for _, w := range watches {
		if w.LateSince.IsZero() {
			continue
		}
		late++
		say(false, "", fmt.Sprintf("receipts of route %s have failed to come since %s (%d of the last %d texts have none): ask the operator whether receipts are sent to this bind",
			w.Route, w.LateSince.Format(time.RFC3339), w.Missing, w.Texts))
	}
	if err == nil && late == 0 {
		say(true, "receipts come as usual", "")
	}
	return err
}

func (d doctorCmd) keys(say func(bool, string, string)) {
	path, err := d.KeyPath()
	if err != nil {
		say(false, "", errs.Safe(err))
		return
	}
	info, err := os.Stat(path)
	say(err == nil && info.Mode().Perm()&0o077 == 0, "the key file is readable by its owner only", "the key file is missing or others may read it: chmod 600 "+path)
	rel, err := filepath.Rel(d.Data, path)
	say(err != nil || !filepath.IsLocal(rel), "the key file is not in the data folder", "the key file is in the data folder: a copy of that folder is a copy of the patients; move it and use --key-file")
	_, err = os.Stat(path + recoveredSuffix)
	say(err == nil, "a recovery copy of the key file was confirmed", "nobody confirmed a recovery copy of the key file: copy it to a safe place, then create the empty file "+path+recoveredSuffix)
}

// shown is how many ids of one kind are printed.
const shown = 20

// wraps looks at the keys in the database: what an old key still wraps, and which persons' keys do not open.
func (d doctorCmd) wraps(c *console, sys *app.System, say func(bool, string, string)) error {
	path, err := d.KeyPath()
	if err != nil {
		return err
	}
	keys, scope := custody.New(sys.Store, path), access.System("doctor")
	now, err := keys.Status(c.ctx, scope)
	if err != nil {
		return err
	}
	say(now.Moved(), fmt.Sprintf("everything is wrapped by key %d, the newest", now.Newest),
		"a change of keys is not finished: carillon key status says what is on an old key, carillon key rotate goes on")
	damaged, err := keys.Damaged(c.ctx, scope)
	if err != nil {
		return err
	}
	say(len(damaged) == 0, "every person's key opens", "keys do not open; docs/upgrade.md says how to put them back from a backup:")
	for _, x := range damaged {
		if x.Broken {
			c.printf("      organization %s: its own keys\n", x.Org)
		}
		for i, p := range x.People {
			if i == shown {
				c.printf("      organization %s: and %d more\n", x.Org, len(x.People)-shown)
				break
			}
			c.printf("      organization %s: person %s\n", x.Org, p)
		}
	}
	return nil
}

// leastFree is the disk space below which a day's work may not fit.
const leastFree = 1 << 30

func (d doctorCmd) disk(say func(bool, string, string)) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.Data, &s); err != nil {
		return // PostgreSQL keeps its data elsewhere
	}
	free := s.Bavail * uint64(s.Bsize) //nolint:gosec // a block size is positive
	say(free >= leastFree, "there is disk space", "less than 1 GB of disk space is left for the data")
}
