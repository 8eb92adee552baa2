package bench

import (
	"context"
	"io"
	"log/slog"
	"os"
	"runtime/pprof"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// Send is `carillon bench send`.
type Send struct {
	Database
	Recipients int           `help:"Patients to remind." default:"50000"`
	SMSC       string        `name:"smsc" help:"SMSC to use, host:port; without it a simulator is started in another process." placeholder:"HOST:PORT"`
	SMSCStats  string        `name:"smsc-stats" help:"Where that SMSC, a simulator, says what it counted." placeholder:"URL"`
	Window     int           `help:"Submits without an answer." default:"500"`
	Asks       bool          `help:"Reminders ask for an answer: each opens a question and gets its digits as it leaves."`
	Receipts   time.Duration `help:"How long the simulator takes for a receipt." default:"50ms"`
	Patience   time.Duration `help:"Give up when nothing moves for so long." default:"30s"`
	JSON       bool          `help:"Print one JSON object (always; kept for scripts)."`
	Profile    string        `help:"Write a CPU profile of the timed part." type:"path" placeholder:"FILE" hidden:""`
	Allocs     string        `help:"Write a profile of what was allocated." type:"path" placeholder:"FILE" hidden:""`
}

// Run seeds, measures and prints.
func (b *Send) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	if b.Recipients < 1 {
		return errs.New(errs.Invalid, "there must be somebody to send to").At("--recipients")
	}
	domain := clock.NewFast(began(), 1)
	s, server, done, err := b.open(ctx, domain, log)
	if err != nil {
		return err
	}
	defer done()
	op := &operator{place: place{SMPP: b.SMSC, Stats: b.SMSCStats}}
	if b.SMSC == "" {
		if op, err = startOperator(ctx, "--receipt-delay", b.Receipts.String()); err != nil {
			return err
		}
		defer op.stop()
	}
	c, err := found(ctx, s, op.SMPP, b.Window)
	if err != nil {
		return err
	}
	c.asks = b.Asks
	seeding := time.Now()
	if err := c.seed(ctx, s, b.Recipients); err != nil {
		return err
	}
	pid := 0
	if server != nil {
		pid = server.PID
		if err := server.Settle(ctx); err != nil {
			return err
		}
	}
	r := &Report{Store: b.Store, Recipients: b.Recipients, SeedTime: time.Since(seeding).Seconds()}
	stopProfile, err := profileTo(b.Profile)
	if err != nil {
		return err
	}
	if err := b.measure(ctx, s, c, op, domain, log, pid, r); err != nil {
		return err
	}
	stopProfile()
	if err := b.allocs(); err != nil {
		return err
	}
	if err := r.write(out); err != nil {
		return err
	}
	return r.verdict()
}

// profileTo writes a CPU profile until stop; without a path it does nothing.
func profileTo(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "the profile cannot be written there", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errs.Wrap(errs.Internal, "the profile cannot be started", err)
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}

func (b *Send) allocs() error {
	if b.Allocs == "" {
		return nil
	}
	f, err := os.Create(b.Allocs)
	if err != nil {
		return errs.Wrap(errs.Invalid, "the profile cannot be written there", err)
	}
	defer f.Close()
	return pprof.Lookup("allocs").WriteTo(f, 0)
}

// measure runs the timed part: planning and sending side by side until the last receipt is durable.
func (b *Send) measure(ctx context.Context, s store.Store, c *clinic, op *operator, domain clock.Clock, log *slog.Logger, server int, r *Report) error {
	if op.Stats == "" { // somebody else's SMSC counts for itself: the database is all that can be asked
		op.ask = func(ctx context.Context) (simulator.Stats, error) { return c.fromDatabase(ctx, s) }
	}
	r.SMSCCounted = op.Stats != ""
	before, err := op.stats(ctx)
	if err != nil {
		return err
	}
	g := startGauges(server)
	held := s.WriteStats().Held
	n, err := startNode(ctx, s, domain, log)
	if err != nil {
		return err
	}
	defer n.close()
	planned := make(chan error, 1)
	go func() { planned <- c.plan(ctx, s, n.outbox, purpose.Appointment, aheadRows) }()
	m := newMilestones(int64(b.Recipients))
	after, err := b.await(ctx, op, c, before, planned, m)
	if err != nil {
		return err
	}
	r.Seconds = m.elapsed().Seconds()
	g.stop(r, b.Recipients)
	return b.count(ctx, s, c, op, before, after, m, held, r)
}

// await watches the operator until every text has its receipt acknowledged, or nothing moves any more.
func (b *Send) await(ctx context.Context, op *operator, c *clinic, before simulator.Stats, planned <-chan error, m *milestones) (simulator.Stats, error) {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	moved := time.Now()
	var last int64
	for {
		select {
		case <-ctx.Done():
			return before, ctx.Err()
		case err := <-planned:
			if err != nil {
				return before, err
			}
			planned = nil
			continue
		case <-t.C:
		}
		st, err := op.stats(ctx)
		if err != nil {
			return st, err
		}
		acked := st.ReceiptsAcked - before.ReceiptsAcked
		m.note(acked)
		if planned == nil && acked >= b.parts(op, c) {
			return st, nil
		}
		if acked != last {
			last, moved = acked, time.Now()
		}
		if time.Since(moved) > b.Patience {
			return st, nil // the report says what is missing
		}
	}
}

// parts is how many submits, each with its receipt, the texts take; where only the database can be asked it counts texts.
func (b *Send) parts(op *operator, c *clinic) int64 {
	if op.Stats == "" {
		return int64(b.Recipients)
	}
	return c.parts.Load()
}

// count compares what the carrier and the database say.
func (b *Send) count(ctx context.Context, s store.Store, c *clinic, op *operator, before, after simulator.Stats, m *milestones, held time.Duration, r *Report) error {
	var states map[message.State]int
	err := s.Read(ctx, c.scope, func(tx store.Tx) error {
		var err error
		states, err = tx.Messages().StateCounts(ctx, began().Add(-time.Hour))
		return err
	})
	if err != nil {
		return err
	}
	r.States = states
	r.Sent = after.Accepted - before.Accepted
	r.Delivered = int64(states[message.Delivered])
	r.Duplicates = after.Duplicates - before.Duplicates
	r.Parts = b.parts(op, c)
	r.Lost = max(int64(b.Recipients)-r.Delivered, r.Parts-(r.Sent-r.Duplicates))
	r.Agree = r.SMSCCounted && r.Sent == r.Parts && after.Delivered-before.Delivered == r.Parts && r.Delivered == int64(b.Recipients)
	r.PerSecond = float64(r.Delivered) / r.Seconds
	r.FirstPart, r.LastPart = m.tenths()
	w := s.WriteStats()
	r.WriteP50, r.WriteP99, r.WriteMax = ms(w.P50), ms(w.P99), ms(w.Max)
	r.WriteBusy = (w.Held - held).Seconds() / r.Seconds
	return nil
}

// fromDatabase is what the database can say in an SMSC's place.
func (c *clinic) fromDatabase(ctx context.Context, s store.Store) (st simulator.Stats, err error) {
	pause(ctx, 300*time.Millisecond) // counting reads every message
	return st, s.Read(ctx, c.scope, func(tx store.Tx) error {
		states, err := tx.Messages().StateCounts(ctx, began().Add(-time.Hour))
		st.Delivered = int64(states[message.Delivered])
		st.ReceiptsAcked = st.Delivered + int64(states[message.Undelivered]) + int64(states[message.Expired])
		st.Accepted = st.ReceiptsAcked + int64(states[message.Accepted])
		return err
	})
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
