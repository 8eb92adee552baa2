package app

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"carillon.dev/carillon/internal/base/errs"
)

// Lock keeps a data folder for one serving node: SQLite's changes are told within a process only, so a second node
// would miss a stop or an opt-out of the first. It ends with unlock or with the process, however that ends.
func Lock(data string) (unlock func(), err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, errs.Wrap(errs.Precondition, "the data folder cannot be made; choose another with --data", err)
	}
	f, err := os.OpenFile(filepath.Join(data, "node.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errs.Wrap(errs.Precondition, "the data folder cannot be written; choose another with --data", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a file descriptor fits
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, errs.New(errs.Conflict, "another node serves this data folder: stop it first, or use PostgreSQL for several nodes").At("--data")
	}
	if err != nil {
		_ = f.Close()
		return nil, errs.Wrap(errs.Unavailable, "the data folder cannot be locked; choose one on a local disk", err)
	}
	return func() { _ = f.Close() }, nil
}
