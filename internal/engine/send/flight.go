package send

import (
	"slices"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

// flight is a leased message whose hand-over is not durably answered yet.
type flight struct {
	message id.ID
	org     id.ID
	point   id.ID
	attempt int
	leased  time.Time          // machine time, as the row has it
	immune  bool               // an emergency, or the confirmation of an opt-out: the suppression set does not stop it
	parts   []store.PartAnswer // of this hand-over
	total   int                // parts of the whole text; more than parts when some were accepted before
	ref     uint16             // the reference that joins them
	open    int                // parts without an outcome
	sum     verdict
}

// flights maps the handles that a connector echoes to parts of messages.
type flights struct {
	mu   sync.Mutex
	next uint64
	of   map[uint64]partRef
	late map[uint64]partRef // reported as unknown: an answer may still come
	ring [lateAnswers]uint64
	at   int
}

type partRef struct {
	flight *flight
	part   int // index
}

// lateAnswers is how many unknown parts are remembered for an answer that comes late.
const lateAnswers = 1024

func newFlights() *flights {
	return &flights{of: map[uint64]partRef{}, late: map[uint64]partRef{}}
}

// add gives the parts of a message handles, rising from the one returned.
func (f *flights) add(fl *flight) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := f.next + 1
	for i := range fl.parts {
		f.next++
		f.of[f.next] = partRef{fl, i}
	}
	return first
}

// get looks a handle up.
func (f *flights) get(ref uint64) (*flight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.of[ref]
	return p.flight, ok
}

// end takes outcomes in and returns the messages whose last part has its outcome now, and those that a late
// answer speaks of.
func (f *flights) end(batch []carrier.Outcome) (done, late []*flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range batch {
		if o.Late {
			if l := f.lateAnswer(o); l != nil {
				late = append(late, l)
			}
			continue
		}
		p, ok := f.of[o.Ref]
		if !ok {
			continue
		}
		delete(f.of, o.Ref)
		if o.Class == carrier.Unknown {
			f.remember(o.Ref, p)
		}
		if p.flight.take(p.part, o); p.flight.open == 0 {
			done = append(done, p.flight)
		}
	}
	return done, late
}

// remember keeps a bounded number of handles for late answers.
func (f *flights) remember(ref uint64, p partRef) {
	delete(f.late, f.ring[f.at])
	f.ring[f.at] = ref
	f.at = (f.at + 1) % lateAnswers
	f.late[ref] = p
}

// lateAnswer turns the answer to an unknown whole text into a flight of its own. Of a text in parts one late
// answer says too little, and a late refusal changes nothing: what to do about an unknown is the purpose's policy.
func (f *flights) lateAnswer(o carrier.Outcome) *flight {
	p, ok := f.late[o.Ref]
	delete(f.late, o.Ref)
	if !ok || o.Class != carrier.Accepted || p.flight.total > 1 {
		return nil
	}
	again := *p.flight
	again.parts = []store.PartAnswer{{ProviderID: o.ProviderID, State: message.Accepted}}
	again.sum = verdict{to: message.Accepted}
	return &again
}

// take notes the outcome of one part.
func (fl *flight) take(part int, o carrier.Outcome) {
	v := judge(o, fl.attempt)
	fl.open--
	fl.parts[part].ProviderID = o.ProviderID
	fl.parts[part].State = v.to
	refund, wait := v.refund && (fl.sum.to == "" || fl.sum.refund), max(fl.sum.wait, v.wait)
	if fl.sum.to == "" || worse(v.to, fl.sum.to) {
		fl.sum = v
	}
	fl.sum.refund, fl.sum.wait = refund, wait
}

// answer is what the status writer records. When some parts left and the others certainly did not, the text waits for
// those alone: what left is never sent again. An opt-out between them ends it, and people see that.
func (fl *flight) answer() store.Answered {
	a := store.Answered{Message: fl.message, Org: fl.org, Attempt: fl.attempt, To: fl.sum.to, Reason: fl.sum.reason, Code: fl.sum.code, Refund: fl.sum.refund}
	if a.To == message.Queued && a.Reason == message.ReasonOptedOut && fl.someLeft() {
		a.To, a.Refund = message.Failed, false
	}
	if fl.total == 1 {
		a.ProviderID = fl.parts[0].ProviderID
		return a
	}
	a.Parts, a.Total, a.Ref = fl.parts, fl.total, fl.ref
	return a
}

// someLeft reports whether a carrier has accepted a part, now or before.
func (fl *flight) someLeft() bool {
	return len(fl.parts) < fl.total || slices.ContainsFunc(fl.parts, func(p store.PartAnswer) bool { return p.State == message.Accepted })
}
