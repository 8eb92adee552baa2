package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
)

// Kill is `carillon bench kill`: the sending process is killed (SIGKILL) at random moments, and what the SMSC saw is
// compared with what the database says afterwards.
type Kill struct {
	Database
	Recipients int           `help:"Patients to write to." default:"60000"`
	Kills      int           `help:"How often the sender is killed." default:"20"`
	Seed       uint64        `help:"Makes the moments repeatable." default:"1"`
	Longest    time.Duration `help:"The sender lives at most so long after its first hand-over." default:"400ms"`
	Patience   time.Duration `help:"Give up when nothing moves for so long." default:"60s"`
}

// KillReport is what it prints as one JSON object.
type KillReport struct {
	Store      string `json:"store"`
	Recipients int    `json:"recipients"`
	Kills      int    `json:"kills"`
	// Duplicates are texts that the SMSC saw twice; the purpose never resends, so there may be none.
	Duplicates int64 `json:"duplicates"`
	// Lost are recipients without a message that is delivered or visibly unknown.
	Lost    int64 `json:"lost"`
	Unknown int64 `json:"unknown"` // messages of unknown outcome in the end, each with an event row
	// WorstKill is the most that one kill left unknown.
	WorstKill int64                 `json:"worst_kill_unknown"`
	Lease     int                   `json:"lease"`
	Unseen    int64                 `json:"unknown_without_event"`
	States    map[message.State]int `json:"states"`
	OK        bool                  `json:"ok"`
}

// Run kills and counts. An SQLite folder is needed for both processes, so a temporary one is made when none is named.
func (k *Kill) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	r, err := k.run(ctx, log)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(r); err != nil {
		return err
	}
	if !r.OK {
		return errs.New(errs.Internal, "killing the sender lost or repeated something; the report says what")
	}
	return nil
}

func (k *Kill) run(ctx context.Context, log *slog.Logger) (*KillReport, error) {
	dir, remove, err := k.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	k.Dir = dir
	op, err := startOperator(ctx, "--receipt-delay", "20ms")
	if err != nil {
		return nil, err
	}
	defer op.stop()
	stopServer, err := k.server(ctx)
	if err != nil {
		return nil, err
	}
	defer stopServer()
	c, err := k.seed(ctx, op.SMPP, log)
	if err != nil {
		return nil, err
	}
	rnd := rand.New(rand.NewPCG(k.Seed, 1)) //nolint:gosec // moments, not secrets
	r := &KillReport{Store: k.Store, Recipients: k.Recipients, Kills: k.Kills, Lease: send.LeaseRows}
	before := int64(0)
	for range k.Kills {
		if err := k.once(ctx, c, time.Duration(rnd.Int64N(int64(k.Longest)))); err != nil {
			return nil, err
		}
		unknown, err := k.bury(ctx, c, log)
		if err != nil {
			return nil, err
		}
		r.WorstKill, before = max(r.WorstKill, unknown-before), unknown
	}
	if err := k.finish(ctx, c, op); err != nil {
		return nil, err
	}
	return r, k.count(ctx, c, op, log, r)
}

// server starts PostgreSQL for the whole run when it is asked for and none is named.
func (k *Kill) server(ctx context.Context) (stop func(), err error) {
	if k.Store != "postgres" || k.DSN != "" {
		return func() {}, nil
	}
	cluster, err := startCluster(ctx)
	if err != nil {
		return nil, err
	}
	k.DSN = cluster.DSN
	return cluster.Close, nil
}

// seed fills the database and plans every message, so that only sending is left to kill.
func (k *Kill) seed(ctx context.Context, smsc string, log *slog.Logger) (*clinic, error) {
	domain := clock.NewFast(began(), 1)
	s, _, done, err := k.open(ctx, domain, log)
	if err != nil {
		return nil, err
	}
	defer done()
	c, err := found(ctx, s, smsc, send.LeaseRows)
	if err != nil {
		return nil, err
	}
	if err := c.consentTo(purpose.Medication).seed(ctx, s, k.Recipients); err != nil {
		return nil, err
	}
	o, err := newOutbox(s)
	if err != nil {
		return nil, err
	}
	return c, c.plan(ctx, s, o, purpose.Medication, 0)
}

// once starts a sender, lets it live a while after its first hand-over, and kills it.
func (k *Kill) once(ctx context.Context, c *clinic, life time.Duration) error {
	w, err := k.startWorker(ctx, c)
	if err != nil {
		return err
	}
	pause(ctx, life)
	_ = w.Process.Kill()
	_ = w.Wait()
	return ctx.Err()
}

// startWorker runs this program again as the sender and waits until it serves its route.
func (k *Kill) startWorker(ctx context.Context, c *clinic) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "this program cannot be found", err)
	}
	args := []string{"bench", "worker", "--store", k.Store, "--dir", k.Dir, "--org", c.org.String()}
	if k.DSN != "" {
		args = append(args, "--dsn", k.DSN)
	}
	w := exec.CommandContext(ctx, self, args...)
	w.Stderr = os.Stderr
	stdout, err := w.StdoutPipe()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the sender cannot be started", err)
	}
	if err := w.Start(); err != nil {
		return nil, errs.Wrap(errs.Internal, "the sender cannot be started", err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		_ = w.Process.Kill()
		_ = w.Wait()
		return nil, errs.Wrap(errs.Internal, "the sender did not begin to serve", err)
	}
	return w, nil
}

// finish lets a last sender send what is left.
func (k *Kill) finish(ctx context.Context, c *clinic, op *operator) error {
	w, err := k.startWorker(ctx, c)
	if err != nil {
		return err
	}
	defer func() {
		_ = w.Process.Kill()
		_ = w.Wait()
	}()
	moved, last := time.Now(), int64(-1)
	for ctx.Err() == nil {
		st, err := op.stats(ctx)
		if err != nil {
			return err
		}
		if st.ReceiptsAcked+st.Submitted != last {
			last, moved = st.ReceiptsAcked+st.Submitted, time.Now()
		}
		// Quiet for a while: everything that can be sent is, and every receipt is in.
		if time.Since(moved) > 3*time.Second {
			return nil
		}
		pause(ctx, 50*time.Millisecond)
	}
	return ctx.Err()
}

// bury takes the dead sender's lease, which nobody else could before its time is over, recovers what it left, as the
// next sender would, and counts what is unknown now.
func (k *Kill) bury(ctx context.Context, c *clinic, log *slog.Logger) (n int64, err error) {
	s, _, done, err := k.open(ctx, clock.NewFast(began(), 1), log)
	if err != nil {
		return 0, err
	}
	defer done()
	return n, s.InTx(ctx, c.scope, func(tx store.Tx) error {
		now := time.Now()
		fence, _, err := tx.Routes().Take(ctx, c.route, "undertaker", now.Add(time.Hour), now)
		if err != nil {
			return err
		}
		if _, err := tx.Messages().Recover(ctx, c.route, fence, 10*send.LeaseRows); err != nil {
			return err
		}
		states, err := tx.Messages().StateCounts(ctx, began().Add(-time.Hour))
		n = int64(states[message.Unknown])
		return err
	})
}

// count compares the carrier's and the database's numbers.
func (k *Kill) count(ctx context.Context, c *clinic, op *operator, log *slog.Logger, r *KillReport) error {
	st, err := op.stats(ctx)
	if err != nil {
		return err
	}
	s, _, done, err := k.open(ctx, clock.NewFast(began(), 1), log)
	if err != nil {
		return err
	}
	defer done()
	err = s.Read(ctx, c.scope, func(tx store.Tx) error {
		if r.States, err = tx.Messages().StateCounts(ctx, began().Add(-time.Hour)); err != nil {
			return err
		}
		r.Unseen, err = unseen(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	r.Duplicates = st.Duplicates
	r.Unknown = int64(r.States[message.Unknown])
	// A receipt may have found its unknown, and an unknown may have left: both are delivered at the carrier.
	r.Lost = int64(k.Recipients) - int64(r.States[message.Delivered]) - r.Unknown
	r.OK = r.Duplicates == 0 && r.Lost == 0 && r.WorstKill <= int64(r.Lease) && r.Unseen == 0
	return nil
}

// unseen counts unknown messages without an event row that tells of it.
func unseen(ctx context.Context, tx store.Tx) (n int64, err error) {
	var after id.ID
	for {
		page, err := tx.Messages().List(ctx, store.MessageFilter{States: []message.State{message.Unknown}}, store.Page{After: after, Limit: store.MaxLimit})
		if err != nil {
			return n, err
		}
		for i := range page {
			after = page[i].ID
			events, err := tx.Messages().Events(ctx, page[i].ID)
			if err != nil {
				return n, err
			}
			seen := false
			for _, e := range events {
				seen = seen || e.To == message.Unknown
			}
			if !seen {
				n++
			}
		}
		if len(page) < store.MaxLimit {
			return n, nil
		}
	}
}

// Worker is the process that bench kill kills.
type Worker struct {
	Database
	Org string `help:"Organization to serve."`
}

// Run sends until it is killed. It prints a line when its route's line is up.
func (w *Worker) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	org, err := id.Parse(w.Org)
	if err != nil {
		return err
	}
	domain := clock.NewFast(began().Add(time.Minute), 1)
	s, _, done, err := w.open(ctx, domain, log)
	if err != nil {
		return err
	}
	defer done()
	n, err := startNode(ctx, s, domain, log)
	if err != nil {
		return err
	}
	defer n.close()
	for ctx.Err() == nil && !n.up(ctx, s, org) {
		pause(ctx, 2*time.Millisecond)
	}
	if _, err := fmt.Fprintln(out, "serving"); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// up reports whether something was handed over.
func (n *node) up(ctx context.Context, s store.Store, org id.ID) bool {
	up := false
	_ = s.Read(ctx, access.ForJob(org, "bench"), func(tx store.Tx) error {
		for _, h := range n.dispatcher.Lines() {
			up = up || h.State == "up"
		}
		return nil
	})
	return up
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
