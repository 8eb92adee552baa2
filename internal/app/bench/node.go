package bench

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
)

// node is the sending half of a serving node.
type node struct {
	outbox     *outbox.Outbox
	suppressed *send.Suppressed
	board      *send.Switchboard
	dispatcher *send.Dispatcher

	stop context.CancelFunc
	done sync.WaitGroup
}

// noInbound: nobody answers a benchmark.
type noInbound struct{}

func (noInbound) Inbound(_, _ id.ID, in carrier.Inbound) {
	in.Ack(errs.New(errs.Unavailable, "a benchmark takes no answers"))
}

// newOutbox makes an outbox with the shipped rules and texts.
func newOutbox(s store.Store) (*outbox.Outbox, error) {
	book, err := rules.Load()
	if err != nil {
		return nil, err
	}
	holidays, err := quiet.Holidays()
	if err != nil {
		return nil, err
	}
	lib, err := content.Shipped()
	if err != nil {
		return nil, err
	}
	texts, err := outbox.NewTexts(lib)
	if err != nil {
		return nil, err
	}
	return outbox.New(s, book, holidays, outbox.Options{Templates: texts, Questions: inbound.Questions{}}), nil
}

// startNode wires and starts what sends.
func startNode(ctx context.Context, s store.Store, domain clock.Clock, log *slog.Logger) (*node, error) {
	return startNodeWith(ctx, s, domain, log, func(c carrier.Connector) carrier.Connector { return c })
}

// startNodeWith lets wrap stand between the loops and their connectors.
func startNodeWith(ctx context.Context, s store.Store, domain clock.Clock, log *slog.Logger, wrap func(carrier.Connector) carrier.Connector) (*node, error) {
	o, err := newOutbox(s)
	if err != nil {
		return nil, err
	}
	n := &node{outbox: o, suppressed: send.NewSuppressed(clock.Real{})}
	n.board = send.NewSwitchboard(s, n.suppressed, log)
	writer := receipt.New(s, clock.Real{}, nil, log)
	n.dispatcher = (&send.Node{Store: s, Domain: domain, Machine: clock.Real{}, Owner: id.New().String(), Gate: n.outbox, Writer: writer, Board: n.board,
		Suppressed: n.suppressed, Inbound: noInbound{}, Log: log,
		Connect: func(r store.Route) (carrier.Connector, error) {
			cfg, err := smpp.ParseConfig([]byte(r.Config.Reveal()))
			if err != nil {
				return nil, err
			}
			conn, err := smpp.New(cfg, log, nil)
			if err != nil {
				return nil, err
			}
			return wrap(conn), nil
		}}).Dispatcher()
	ctx, n.stop = context.WithCancel(ctx)
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	var w sync.WaitGroup
	w.Go(func() { _ = writer.Run(writing) })
	n.done.Go(func() { _ = n.board.Run(ctx) })
	n.done.Go(func() {
		_ = n.dispatcher.Run(ctx)
		stopWriting() // after the loops have flushed
		w.Wait()
	})
	return n, nil
}

func (n *node) close() {
	n.stop()
	n.done.Wait()
}

// planRows is a page of the audience: facts, gate, text and rows of so many at once.
const planRows = 300

// plan reminds every patient of the visit, page by page. Each message has a natural key, as a journey's has, so that
// planning again after a crash repeats nothing.
func (c *clinic) plan(ctx context.Context, s store.Store, o *outbox.Outbox, p purpose.Purpose, ahead int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pages := make(chan []outbox.Prepared, 1)
	var failed error
	go func() { // the next page is decided about while this one is written
		defer close(pages)
		failed = c.pages(ctx, s, o, p, pages)
	}()
	for page := range pages {
		if err := c.inStep(ctx, s, ahead); err != nil {
			return err
		}
		err := s.InTx(ctx, c.scope, func(tx store.Tx) error {
			_, err := o.Insert(ctx, tx, page)
			return err
		}, store.Bulk)
		if err != nil {
			return err
		}
	}
	return failed
}

// aheadRows is how far planning runs ahead of sending: enough that no sender waits, and little enough that what was
// planned is still in memory when it leaves, however many there are to come.
const aheadRows = 10 * planRows

// inStep waits until the route has sent all but so many of what was planned for it; 0 waits for nothing.
func (c *clinic) inStep(ctx context.Context, s store.Store, ahead int) error {
	for ahead > 0 {
		var n int
		err := s.Read(ctx, c.scope, func(tx store.Tx) error {
			var err error
			n, err = tx.Messages().Backlog(ctx, c.route, tx.Now(), ahead)
			return err
		})
		if err != nil || n < ahead {
			return err
		}
		select {
		case <-time.After(15 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// ask is a reminder of a visit; one that asks has digits to answer with, which are given as it leaves.
func (c *clinic) ask(p purpose.Purpose, v schedule.Appointment) outbox.Ask {
	a := outbox.Ask{Origin: message.Origin{Kind: message.FromBench, Enrollment: v.ID, Step: "bench"},
		Purpose: p, Person: v.Person, Appointment: v.ID, AppointmentVersion: v.Version, Template: content.Reminder2h,
		Flags: message.NotAfterAnswer, ExpiresAt: v.Start}
	if c.asks {
		a.Template = content.Reminder24h
		a.Codes = []reply.Choice{{Code: "1", Intent: reply.Confirm}, {Code: "2", Intent: reply.Cancel}, {Code: "3", Intent: reply.Reschedule}}
	}
	return a
}

// pages reads the audience in the order of visits and prepares a text for each patient.
func (c *clinic) pages(ctx context.Context, s store.Store, o *outbox.Outbox, p purpose.Purpose, out chan<- []outbox.Prepared) error {
	from, end := began(), began().Add(30*24*time.Hour)
	for {
		var visits []schedule.Appointment
		err := s.Read(ctx, c.scope, func(tx store.Tx) error {
			var err error
			visits, err = tx.Visits().Between(ctx, c.location, from, end, planRows)
			return err
		})
		if err != nil || len(visits) == 0 {
			return err
		}
		from = visits[len(visits)-1].Start.Add(time.Microsecond)
		asks := make([]outbox.Ask, len(visits))
		for i, v := range visits {
			asks[i] = c.ask(p, v)
		}
		prepared, err := o.Prepare(ctx, c.scope, asks)
		if err != nil {
			return err
		}
		for i := range prepared {
			c.parts.Add(int64(max(prepared[i].Draft.Segments, 1)))
		}
		select {
		case out <- prepared:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
