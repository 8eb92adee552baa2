package sqlite

import (
	"context"
	"database/sql"
	"time"

	"carillon.dev/carillon/internal/base/errs"
)

// Pages of the log. A checkpoint inside a commit would hold the writer for tens of milliseconds, so the log is
// folded into the file beside the writer; only the last few pages, without which the log never starts anew,
// are folded while nothing writes.
const (
	// foldAfter commits the log is looked at.
	foldAfter = 64
	// lastPages are few enough to be folded while the writer waits; restartAt is the length of the log from
	// which that is done.
	lastPages, restartAt = 400, 8_000
	// foldRounds bounds how often the folding runs after a writer that is faster.
	foldRounds = 6
	foldIdle   = time.Second
)

// folder folds the log into the file.
type folder struct {
	db      *sql.DB // one connection of its own
	s       *Store
	commits chan struct{}
	stop    context.CancelFunc
	stopped chan struct{}
}

func (s *Store) startFolding(path string) error {
	db, err := handle(path, false, 1)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.fold = &folder{db: db, s: s, commits: make(chan struct{}, foldAfter), stop: stop, stopped: make(chan struct{})}
	go s.fold.run(ctx)
	return nil
}

// committed tells of a commit; it never waits.
func (f *folder) committed() {
	select {
	case f.commits <- struct{}{}:
	default:
	}
}

func (f *folder) close() error {
	f.stop()
	<-f.stopped
	return f.db.Close()
}

func (f *folder) run(ctx context.Context) {
	defer close(f.stopped)
	idle := time.NewTicker(foldIdle)
	defer idle.Stop()
	seen := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.commits:
			if seen++; seen < foldAfter {
				continue
			}
		case <-idle.C:
			if seen == 0 {
				continue
			}
		}
		seen = 0
		if err := f.fold(ctx); err != nil && ctx.Err() == nil {
			f.s.log.Warn("the database's log could not be folded into its file; it is tried again", "error", errs.Safe(err))
		}
	}
}

// fold copies the log beside the writer until little is left; of a long log it copies the rest while nothing
// writes, so that the next commit begins the log anew.
func (f *folder) fold(ctx context.Context) error {
	for range foldRounds {
		log, left, err := f.checkpoint(ctx)
		if err != nil || log < restartAt {
			return err
		}
		if left <= lastPages {
			break
		}
	}
	if err := f.s.queue.acquire(ctx, 1); err != nil {
		return err
	}
	defer f.s.queue.release()
	began := time.Now()
	_, _, err := f.checkpoint(ctx)
	f.s.base.Stats.Add(0, time.Since(began))
	return err
}

// checkpoint copies what no reader still needs from the log, and says how many pages the log has and how many
// of them came since.
func (f *folder) checkpoint(ctx context.Context) (log, left int, err error) {
	var busy, done int
	err = f.db.QueryRowContext(context.WithoutCancel(ctx), "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &log, &done)
	return log, log - done, failed(err)
}
