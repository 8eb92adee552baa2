package journey

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/core/message"
)

// world is a clinic, an engine, a carrier and a patient on one virtual clock. Its idea of what the patient was
// told is kept apart from the journey's, from the log of hand-overs alone.
type world struct {
	d     *Definition
	now   time.Time
	truth Visit
	over  bool
	dirty bool      // the journey has not heard of the newest truth
	knows bool      // the newest change came from the patient
	since time.Time // the newest change
	news  time.Time // when the journey last heard another fact
	heard time.Time // when the journey heard of it
	e     Enrollment
	texts []*sent
	byRef map[Ref]*sent
	// known is what the patient knew at enrollment or asked for, and when.
	known   Fact
	knownAt time.Time
	fail    func(string, ...any)
	// story is what happened, told when something fails.
	story   []string
	telling bool
	events  int
}

// warsaw is read once: a hundred thousand worlds live there.
var warsaw = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		panic(err)
	}
	return zone
})

type sent struct {
	act    Action
	state  message.State
	at     time.Time
	seq    int
	told   bool // the journey has heard of the newest state
	onList bool
}

func newWorld(d *Definition, lead, booked time.Duration, telling bool, fail func(string, ...any)) *world {
	var w *world
	told := func(format string, args ...any) {
		fail("%s\n%s", fmt.Sprintf(format, args...), strings.Join(w.story, "\n"))
	}
	now := time.Date(2026, 3, 20, 9, 0, 0, 0, time.UTC)
	w = &world{d: d, now: now, byRef: map[Ref]*sent{}, fail: told, since: now, telling: telling}
	w.truth = Visit{Fact: Fact{Start: now.Add(lead)}, Version: 1, BookedAt: now.Add(-booked), Zone: warsaw()}
	w.known, w.knownAt = w.truth.Fact, now
	e, acts := Enroll(d, Enrollment{}, w.truth, now)
	w.take(e, acts)
	return w
}

// event gives the journey one event and carries out what follows.
func (w *world) event(evs ...Event) {
	for _, ev := range evs {
		w.tell("%v %v %v knows=%v start=%v", ev.Kind, ev.Ref, ev.Outcome, ev.PatientKnows, ev.Visit.Fact)
	}
	e, acts := AdvanceAll(w.d, w.e, evs, w.now)
	w.take(e, acts)
	if w.events++; w.events%4 > 0 { // a repeated event changes nothing; one in four is enough to see it
		return
	}
	if _, more := AdvanceAll(w.d, w.e, evs, w.now); len(more) > 0 {
		w.fail("the same events %v twice gave %v", evs, more)
	}
}

func (w *world) tell(format string, args ...any) {
	if !w.telling {
		return
	}
	w.story = append(w.story, w.now.Format("0102T15:04:05 ")+fmt.Sprintf(format, args...))
}

func (w *world) take(e Enrollment, acts []Action) {
	w.e = e
	ends := 0
	for _, a := range acts {
		w.tell("  %v %v states=%v due=%v", a.Kind, a.Ref, a.States, a.Due)
		switch a.Kind {
		case Send, Notify:
			w.plan(a)
		case Withdraw:
			s := w.byRef[a.Ref]
			if s == nil || s.state != message.Queued {
				w.fail("withdraws %v that does not wait", a.Ref)
				return
			}
			s.state, s.told = message.Cancelled, true
		case CallList:
			if s := w.byRef[a.Ref]; s.onList {
				w.fail("%v is on the call list twice", a.Ref)
			} else {
				s.onList = true
			}
		case End:
			if ends++; ends > 1 {
				w.fail("ends twice")
			}
		}
	}
	if e.State == Ended {
		for _, s := range w.texts {
			if s.state == message.Queued {
				w.fail("%v still waits after the end", s.act.Ref)
			}
		}
	}
	if !e.NextDue.IsZero() && !e.NextDue.After(w.now) {
		w.fail("next look at %v is not ahead of %v", e.NextDue, w.now)
	}
}

func (w *world) plan(a Action) {
	if w.byRef[a.Ref] != nil {
		w.fail("%v is planned twice", a.Ref)
	}
	if !a.States.same(w.e.Visit.Fact) || a.Version != w.e.Visit.Version {
		w.fail("%v states what is not so", a.Ref)
	}
	if !a.Due.Before(a.Expires) {
		w.fail("%v goes at %v when its use ended at %v", a.Ref, a.Due, a.Expires)
	}
	if a.Kind == Notify {
		w.checkNotice(a)
	}
	for _, s := range w.texts {
		if s.act.Kind == Send && s.act.Ref.Step == a.Ref.Step && s.act.States.same(a.States) && mayBeRead(s.state) {
			w.fail("step %v said %v before", a.Ref, a.States)
		}
	}
	s := &sent{act: a, state: message.Queued, told: true}
	w.texts, w.byRef[a.Ref] = append(w.texts, s), s
}

// checkNotice: one notice for one untold change, naming what the patient believes and the text that said so.
func (w *world) checkNotice(a Action) {
	told, by := w.believes()
	if told.same(a.States) {
		w.fail("tells %v what the patient knows", a.Ref)
	}
	if !told.same(a.Old) {
		w.fail("%v names %v as the old time, the patient believes %v", a.Ref, a.Old, told)
	}
	if by != a.Corrects {
		w.fail("%v corrects %v, the false text is %v", a.Ref, a.Corrects, by)
	}
	if w.now.Sub(w.news) < w.d.Settle && w.now.Sub(w.e.EnrolledAt) < maxSettle*w.d.Settle {
		w.fail("%v before the change settled", a.Ref)
	}
	for _, s := range w.texts {
		if s.act.Kind == Notify && s.state == message.Queued {
			w.fail("%v beside %v that waits", a.Ref, s.act.Ref)
		}
	}
}

func mayBeRead(s message.State) bool {
	return s == message.Accepted || s == message.Delivered || s == message.Unknown
}

// believes is what the patient was told last, by the log of hand-overs.
func (w *world) believes() (Fact, Ref) {
	fact, ref, at := w.known, Ref{}, w.knownAt
	seq := -1
	for _, s := range w.texts {
		if mayBeRead(s.state) && (s.at.After(at) || s.at.Equal(at) && s.seq > seq) {
			fact, ref, at, seq = s.act.States, s.act.Ref, s.at, s.seq
		}
	}
	return fact, ref
}

// sync tells the journey everything that it has not heard: messages first, as the engine does.
func (w *world) sync() {
	var news []Event
	for _, s := range w.texts {
		if !s.told {
			s.told = true
			news = append(news, Event{Kind: MessageNews, Ref: s.act.Ref, Outcome: outcomes[s.state], At: s.at, Reason: message.ReasonFactChanged})
		}
	}
	if len(news) > 0 {
		w.heard = w.now
		w.event(news...)
	}
	if !w.dirty {
		return
	}
	w.dirty, w.heard = false, w.now
	if !w.truth.same(w.e.Visit.Fact) {
		w.news = w.now
	}
	switch {
	case w.over:
		w.event(Event{Kind: VisitOver})
	default:
		w.event(Event{Kind: VisitChanged, Visit: w.truth, PatientKnows: w.knows})
	}
	w.knows = false
}

var outcomes = map[message.State]Outcome{
	message.Accepted: OutcomeHandedOver, message.Delivered: OutcomeDelivered, message.Unknown: OutcomeUnknown,
	message.Undelivered: OutcomeUndelivered, message.Refused: OutcomeEvicted, message.Expired: OutcomeRefused,
}

// send is the second gate and the hand-over of every text whose time has come.
func (w *world) send(unknown bool) {
	for i := 0; i < len(w.texts); i++ {
		s := w.texts[i]
		if s.state != message.Queued || s.act.Due.After(w.now) {
			continue
		}
		s.told, s.at, s.seq = false, w.now, i
		switch {
		case s.act.Version != w.truth.Version || w.over:
			s.state = message.Refused
			continue
		case !w.now.Before(s.act.Expires):
			s.state = message.Expired
			continue
		}
		s.state = message.Accepted
		if unknown {
			s.state = message.Unknown
		}
		if !s.act.States.same(w.truth.Fact) {
			w.fail("%v states %v, true is %v", s.act.Ref, s.act.States, w.truth.Fact)
		}
		if s.act.NotAgain && w.e.Confirmed() {
			w.fail("%v asks a patient who confirmed", s.act.Ref)
		}
	}
}

// run lets the clock go to t, stopping wherever the journey wants to look.
func (w *world) run(t time.Time, sending bool) {
	for range 5000 {
		next := t
		if n := w.e.NextDue; !n.IsZero() && n.Before(next) {
			next = n
		}
		if sending {
			for _, s := range w.texts {
				if s.state == message.Queued && s.act.Due.After(w.now) && s.act.Due.Before(next) {
					next = s.act.Due
				}
			}
		}
		w.now = next
		if sending {
			w.send(false)
		}
		w.sync()
		if n := w.e.NextDue; !n.IsZero() && !n.After(w.now) {
			w.event(Event{Kind: TimeCame})
		}
		w.checkTold()
		if !next.Before(t) {
			return
		}
	}
	w.fail("the journey never rests")
}

// checkTold: a change that has settled is told, waits to be told, or is on the call list.
func (w *world) checkTold() {
	told, _ := w.believes()
	if told.same(w.truth.Fact) || w.over || w.dirty || w.now.Sub(w.heard) < maxSettle*w.d.Settle {
		return
	}
	until := w.truth.Start
	if w.truth.Cancelled {
		until = told.Start
	}
	if !w.now.Before(until) {
		return
	}
	for _, s := range w.texts {
		if !s.act.States.same(w.truth.Fact) || s.act.Kind != Notify && s.act.Ref.Step != "booking" {
			continue
		}
		if s.state == message.Queued || s.state == message.Undelivered || s.state == message.Expired {
			return
		}
	}
	w.fail("the patient believes %v, true is %v since %v, and nothing tells", told, w.truth.Fact, w.since)
}

func (w *world) change(f Fact, knows bool) {
	if !f.same(w.truth.Fact) {
		w.since = w.now
	}
	w.truth.Fact, w.truth.Version = f, w.truth.Version+1
	w.dirty = true
	w.knows = knows
	if knows {
		w.known, w.knownAt = f, w.now.Add(time.Microsecond)
	}
}

// step does one random thing; draw(n) is a number in [0,n).
func (w *world) step(draw func(int) int) {
	switch draw(12) {
	case 0, 1: // moved, by minutes or by weeks
		f := w.truth.Fact
		f.Cancelled = false
		f.Start = w.now.Add(time.Duration(draw(600)-5) * 30 * time.Minute)
		w.change(f, false)
		w.maybeSync(draw)
	case 2: // moved back to what the patient believes
		f, _ := w.believes()
		if !f.Cancelled && !w.over {
			w.change(f, false)
		}
		w.maybeSync(draw)
	case 3:
		f := w.truth.Fact
		f.Cancelled = !f.Cancelled
		w.change(f, false)
		w.maybeSync(draw)
	case 4: // the patient asked for it
		w.sync()
		f := w.truth.Fact
		if f.Cancelled = draw(3) == 0; !f.Cancelled {
			f.Start = w.now.Add(time.Duration(1+draw(600)) * 30 * time.Minute)
		}
		w.change(f, true)
		w.sync()
	case 5: // another practitioner: nothing that a text states
		w.change(w.truth.Fact, false)
		w.maybeSync(draw)
	case 6:
		w.send(draw(6) == 0)
	case 7: // receipts, late and odd ones
		for _, s := range w.texts {
			if draw(2) == 0 && (s.state == message.Accepted || s.state == message.Unknown) {
				s.state, s.told = message.Delivered, false
				if draw(4) == 0 {
					s.state = message.Undelivered
				}
			} else if s.state == message.Undelivered && draw(5) == 0 {
				s.state, s.told = message.Delivered, false
			}
		}
		w.maybeSync(draw)
	case 8:
		w.sync()
		w.event(Event{Kind: Answered, Intent: []Intent{Confirm, Confirm, Cancel, Reschedule}[draw(4)]})
	case 9:
		w.run(w.now.Add(time.Duration(draw(180))*time.Second), draw(2) == 0)
	case 10:
		w.run(w.now.Add(time.Duration(draw(96))*time.Hour/2), true)
	case 11:
		if draw(20) == 0 {
			w.over = true
			w.dirty = true
		}
		w.maybeSync(draw)
	}
}

func (w *world) maybeSync(draw func(int) int) {
	if draw(3) > 0 {
		w.sync()
	}
}

// finish lets everything come to rest and looks once more.
func (w *world) finish() {
	w.sync()
	w.run(w.now.Add(20*time.Minute), true)
	w.run(w.now.Add(40*24*time.Hour), true)
	if w.e.State != Ended && w.now.After(w.truth.Start) {
		w.fail("the visit began at %v and the journey goes on", w.truth.Start)
	}
}

func interleave(d *Definition, draw func(int) int, telling bool, fail func(string, ...any)) {
	w := newWorld(d, time.Duration(1+draw(800))*30*time.Minute, time.Duration(draw(60))*time.Hour, telling, fail)
	for range 3 + draw(20) {
		w.step(draw)
	}
	w.finish()
}

func shipped(t testing.TB) *Definition {
	ds, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	d := *ds[0]
	d.Steps = append([]Step(nil), d.Steps...)
	for i := range d.Steps {
		d.Steps[i].Enabled = true
	}
	return &d
}

// I4: whatever happens in whatever order, no text states a false time when it leaves, each false text that has
// left is put right exactly once, and nothing is said twice.
func TestAnyInterleavingTellsTheTruthOnce(t *testing.T) {
	t.Parallel()
	d := shipped(t)
	rapid.Check(t, func(r *rapid.T) {
		interleave(d, func(n int) int { return rapid.IntRange(0, n-1).Draw(r, "n") }, true, r.Fatalf)
	})
}

func TestAHundredThousandInterleavings(t *testing.T) {
	t.Parallel()
	n := uint64(100_000)
	if testing.Short() {
		n = 5_000
	}
	manyInterleavings(t, n)
}

func manyInterleavings(t *testing.T, n uint64) {
	d := shipped(t)
	for seed := range n {
		if !holds(d, seed, false, func(string, ...any) {}) {
			holds(d, seed, true, func(format string, args ...any) { t.Errorf("seed %d: "+format, append([]any{seed}, args...)...) })
			return
		}
	}
}

// holds runs one interleaving and stops at its first fault, which it reports.
func holds(d *Definition, seed uint64, telling bool, report func(string, ...any)) (ok bool) {
	type fault struct{}
	defer func() {
		switch r := recover(); r.(type) {
		case nil:
		case fault:
			ok = false
		default:
			panic(r)
		}
	}()
	r := rand.New(rand.NewPCG(seed, 4))
	interleave(d, r.IntN, telling, func(format string, args ...any) {
		report(format, args...)
		panic(fault{})
	})
	return true
}
