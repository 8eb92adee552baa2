package cli

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/custody"
)

// recoveredSuffix names the empty file by which somebody says that a recovery copy of the key file exists.
const recoveredSuffix = ".recovered"

// openCustody opens the database with the use-cases over its keys.
func openCustody(c *console, where config.Storage, what string) (*app.System, *custody.Service, access.Scope, error) {
	path, err := where.KeyPath()
	if err != nil {
		return nil, nil, access.Scope{}, err
	}
	sys, err := app.Open(c.ctx, where, app.Options{})
	if err != nil {
		return nil, nil, access.Scope{}, err
	}
	return sys, custody.New(sys.Store, path), access.System(what), nil
}

type keyStatusCmd struct{ config.Storage }

// Run says which key of the key file wraps what.
func (k keyStatusCmd) Run(c *console) error {
	sys, keys, scope, err := openCustody(c, k.Storage, "key status")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	now, err := keys.Status(c.ctx, scope)
	if err != nil {
		return err
	}
	c.printf("key file holds %s; the newest is %d\n", numbers(now.File), now.Newest)
	for _, o := range now.Orgs {
		state := ""
		if !o.Opens {
			state = "  DOES NOT OPEN"
		}
		c.printf("%s  key %d%s\n", o.Org, o.By, state)
	}
	switch {
	case !now.Moved():
		c.printf("A change of keys is not finished: carillon key rotate goes on with it.\n")
	case len(now.File) > 1:
		c.printf("Nothing uses the older keys. Once no backup from before is needed, carillon key retire takes them out of the file.\n")
	}
	return nil
}

func numbers(all []uint32) string {
	out := make([]string, len(all))
	for i, n := range all {
		out[i] = strconv.FormatUint(uint64(n), 10)
	}
	if len(out) == 1 {
		return "key " + out[0]
	}
	return "keys " + strings.Join(out, ", ")
}

type keyRotateCmd struct {
	config.Storage
	Only bool `help:"This machine has the only key file. Without it, the first run on PostgreSQL adds the new key and stops, so that you can copy the file to the other nodes; the second run moves everything."`
}

// Run changes the key that wraps everything. It may be cut off anywhere and run again.
func (k keyRotateCmd) Run(c *console) error {
	sys, keys, scope, err := openCustody(c, k.Storage, "key rotate")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	added, err := keys.Add(c.ctx, scope)
	if err != nil {
		return err
	}
	path, err := k.KeyPath()
	if err != nil {
		return err
	}
	if added {
		// The copy that somebody confirmed lacks the new key.
		if err := os.Remove(path + recoveredSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			_, _ = c.err.Write([]byte("carillon: remove " + path + recoveredSuffix + " yourself: the recovery copy is out of date\n"))
		}
		c.printf("added a key to %s\n", path)
	}
	dsn, err := k.DSN()
	if err != nil {
		return err
	}
	if added && dsn != "" && !k.Only {
		c.printf("Copy this file to every node of the database now, then run carillon key rotate again.\n")
		return nil
	}
	n, err := keys.Move(c.ctx, scope)
	if err != nil {
		return err
	}
	c.printf("moved the keys of %d organizations\nMake a new recovery copy of %s. The older key stays in it: backups from before need it.\n", n, path)
	return nil
}

type keyRetireCmd struct{ config.Storage }

// Run takes keys that nothing uses out of the key file.
func (k keyRetireCmd) Run(c *console) error {
	sys, keys, scope, err := openCustody(c, k.Storage, "key retire")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	gone, err := keys.Retire(c.ctx, scope)
	if err != nil {
		return err
	}
	if len(gone) == 0 {
		c.printf("the key file holds only the key in use\n")
		return nil
	}
	c.printf("took %s out of the key file; backups from before the change need a copy of the file that still has it\n", numbers(gone))
	return nil
}
