package send

import (
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/receipt"
)

// handler is the loop's side of its connector.
type handler struct{ l *Loop }

// Guard is asked under the lock that appends a PDU: nothing leaves after an opt-out's commit on this node, after
// a stop, or after the route's lease is lost.
func (h handler) Guard(s *carrier.Submit) carrier.Permit {
	fl, ok := h.l.flights.get(s.Ref)
	if !ok || h.l.fenced() || h.l.board.Blocks(fl.org, h.l.route.ID) {
		return carrier.PermitHeld
	}
	if !fl.immune && h.l.suppressed.Has(fl.point) {
		return carrier.PermitSuppressed
	}
	return carrier.PermitSend
}

// HandleOutcomes passes answers to the status writer.
func (h handler) HandleOutcomes(batch []carrier.Outcome) {
	l := h.l
	for i := range batch {
		if batch[i].Class == carrier.Throttle {
			l.bucket.Throttled(l.machine.Now(), max(batch[i].RetryAfter, retries[carrier.Throttle].first))
			break
		}
	}
	done, late := l.flights.end(batch)
	for _, fl := range done {
		l.record(fl, true)
	}
	for _, fl := range late {
		l.record(fl, false)
	}
}

// record queues what became of a message; its place in the lease is free again once that is durable.
func (l *Loop) record(fl *flight, leased bool) {
	a := &receipt.Answer{Answered: fl.answer()}
	a.Route = l.route.ID
	if a.To == message.Queued {
		a.DueAt = l.domain.Now().Add(clock.Scaled(l.domain, fl.sum.wait)) // the carrier's time is the machine's
	}
	if a.To == message.Accepted {
		l.tally.accept(fl.leased)
	}
	if leased {
		a.Done = func(bool) { l.free(1) }
	}
	l.writer.Answer(l.sink, a)
}

// HandleReceipts passes receipts to the status writer, which acknowledges them.
func (h handler) HandleReceipts(batch []carrier.Receipt) {
	h.l.tally.came(batch)
	h.l.writer.Receipts(h.l.sink, batch)
}

// HandleInbound passes a text on.
func (h handler) HandleInbound(in carrier.Inbound) {
	h.l.inbound.Inbound(h.l.route.Org, h.l.route.ID, in)
}

// HandleState wakes the loop when the line comes up.
func (h handler) HandleState(s carrier.Health) {
	h.l.noteLine(s)
	h.l.Wake()
}
