package send_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// noon is a Tuesday noon in Warsaw: texts may leave.
var noon = time.Date(2026, time.March, 3, 11, 0, 0, 0, time.UTC)

// patience is how long a test waits for what must happen on a busy machine.
const patience = time.Minute

// rig is a clinic with one patient and everything that sends, on a line that the test holds in its hands.
type rig struct {
	t       *testing.T
	store   store.Store
	domain  *clock.Fixed
	machine clock.Clock
	scope   access.Scope
	org     org.Organization
	place   org.Location
	person  patient.Person
	point   patient.ContactPoint
	route   store.Route
	sender  store.Sender

	outbox     *outbox.Outbox
	suppressed *send.Suppressed
	board      *send.Switchboard
	writer     *receipt.Writer
	dispatcher *send.Dispatcher
	lines      *lines
	missed     *missed
	stop       func()
}

// lines hands out the fake lines by route.
type lines struct {
	mu sync.Mutex
	of map[id.ID]*line
}

func (l *lines) at(r id.ID) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[r] == nil {
		l.of[r] = newLine()
	}
	return l.of[r]
}

// missed writes down what reached nobody.
type missed struct {
	mu    sync.Mutex
	ended []receipt.Ended
}

func (m *missed) Missed(_ context.Context, _ store.Tx, ended []receipt.Ended) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = append(m.ended, ended...)
	return nil
}

func (m *missed) has(msg id.ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.ended {
		if e.Message == msg {
			return true
		}
	}
	return false
}

// setup makes the clinic; nothing runs yet.
func setup(t *testing.T, open storetest.Open) *rig {
	t.Helper()
	r := &rig{t: t, domain: clock.NewFixed(noon), machine: clock.Real{}, lines: &lines{of: map[id.ID]*line{}}, missed: &missed{}}
	r.store = open(t, r.domain)
	r.org = org.Organization{ID: id.New(), Name: "Riverside", Region: "PL", Locale: "en", CalendarOwner: org.OwnCalendar}
	r.scope = access.ForCommand(r.org.ID, "test")
	r.write(func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.Orgs().Create(ctx, r.org); err != nil {
			return err
		}
		var err error
		if r.place, err = tx.Orgs().SaveLocation(ctx, org.Location{Org: r.org.ID, Name: "Riverside", Zone: "Europe/Warsaw", Region: "PL", Languages: []string{"en"}}); err != nil {
			return err
		}
		r.route, err = tx.Routes().Save(ctx, store.Route{Name: "one", Kind: store.RouteSMPP, State: store.RouteOpen, Simulator: true, Rank: 1})
		if err != nil {
			return err
		}
		r.sender, err = tx.Routes().SaveSender(ctx, store.Sender{Route: r.route.ID, Address: "48700", TwoWay: true})
		return err
	})
	r.person, r.point = r.patient("+48601234567")
	return r
}

// patient adds a person with a number and leave to write about appointments.
func (r *rig) patient(number string) (patient.Person, patient.ContactPoint) {
	r.t.Helper()
	p := storetest.AddPeople(r.t, r.store, r.scope, patient.Person{Kind: patient.Patient, Status: patient.Active, Language: "en",
		Location: r.place.ID, Facts: patient.Facts{GivenName: phi.T("Ewa"), FamilyName: phi.T("Lis")}})[0]
	point := storetest.AddPoint(r.t, r.store, r.scope, p.ID, storetest.Number(r.t, number))
	storetest.Append(r.t, r.store, r.scope, consent.Entry{Org: r.org.ID, Person: p.ID, Point: point.ID, Channel: patient.SMS, Purpose: purpose.Appointment,
		Status: consent.Granted, Method: consent.Form, At: noon.Add(-time.Hour)})
	return p, point
}

// start runs what sends until the test ends or halt.
func (r *rig) start() *rig {
	r.t.Helper()
	book, err := rules.Load()
	if err != nil {
		r.t.Fatal(err)
	}
	holidays, err := quiet.Holidays()
	if err != nil {
		r.t.Fatal(err)
	}
	lib, err := content.Shipped()
	if err != nil {
		r.t.Fatal(err)
	}
	texts, err := outbox.NewTexts(lib)
	if err != nil {
		r.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	r.outbox = outbox.New(r.store, book, holidays, outbox.Options{Templates: texts})
	r.suppressed = send.NewSuppressed(clock.Real{})
	r.board = send.NewSwitchboard(r.store, r.suppressed, log)
	r.writer = receipt.New(r.store, clock.Real{}, r.missed, log)
	node := &send.Node{Store: r.store, Domain: r.domain, Machine: r.machine, Owner: id.New().String(), Gate: r.outbox, Writer: r.writer, Board: r.board,
		Suppressed: r.suppressed, Inbound: deaf{}, Log: log, After: r.missed,
		Connect: func(route store.Route) (carrier.Connector, error) { return r.lines.at(route.ID).fresh(), nil }}
	r.dispatcher = node.Dispatcher()
	ctx, cancel := context.WithCancel(context.Background())
	writing, stopWriting := context.WithCancel(context.Background())
	var loops, writer sync.WaitGroup
	writer.Go(func() { _ = r.writer.Run(writing) })
	loops.Go(func() { _ = r.board.Run(ctx) })
	loops.Go(func() { _ = r.dispatcher.Run(ctx) })
	var once sync.Once
	r.stop = func() {
		once.Do(func() {
			cancel()
			loops.Wait()
			stopWriting()
			writer.Wait()
		})
	}
	r.t.Cleanup(r.stop)
	return r
}

type deaf struct{}

func (deaf) Inbound(_, _ id.ID, in carrier.Inbound) { in.Ack(nil) }

func (r *rig) write(do func(context.Context, store.Tx) error) {
	r.t.Helper()
	storetest.Write(r.t, r.store, r.scope, do)
}

func (r *rig) read(do func(context.Context, store.Tx) error) {
	r.t.Helper()
	storetest.Read(r.t, r.store, r.scope, do)
}

// ask is a text to the patient that is due now.
func (r *rig) ask(body string) outbox.Ask {
	return outbox.Ask{Origin: message.Origin{Kind: message.FromStaff}, Purpose: purpose.Appointment, Person: r.person.ID, Body: phi.T(body),
		ExpiresAt: noon.Add(48 * time.Hour)}
}

// plan prepares and inserts, and returns the messages' ids.
func (r *rig) plan(asks ...outbox.Ask) []id.ID {
	r.t.Helper()
	prepared, err := r.outbox.Prepare(context.Background(), r.scope, asks)
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(func(ctx context.Context, tx store.Tx) error {
		_, err := r.outbox.Insert(ctx, tx, prepared)
		return err
	})
	out := make([]id.ID, len(prepared))
	for i := range prepared {
		out[i] = prepared[i].Draft.ID
	}
	return out
}

func (r *rig) get(m id.ID) (d store.Draft) {
	r.t.Helper()
	r.read(func(ctx context.Context, tx store.Tx) error {
		var err error
		d, err = tx.Messages().Get(ctx, m)
		return err
	})
	return d
}

func (r *rig) events(m id.ID) (out []message.Event) {
	r.t.Helper()
	r.read(func(ctx context.Context, tx store.Tx) error {
		var err error
		out, err = tx.Messages().Events(ctx, m)
		return err
	})
	return out
}

// await waits until the message is in the state; it looks whenever something was committed.
func (r *rig) await(m id.ID, want message.State) store.Draft {
	r.t.Helper()
	var got store.Draft
	r.until("the message to be "+string(want), func() bool { got = r.get(m); return got.State == want })
	return got
}

// until waits for a condition, looking after every commit.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	sub := r.store.Subscribe()
	defer sub.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for !ok() {
		next, stop := context.WithTimeout(ctx, 50*time.Millisecond) // what is not committed (a line's state) announces nothing
		_, _ = sub.Next(next)
		stop()
		if ctx.Err() != nil {
			r.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// visit books a visit for the patient.
func (r *rig) visit(start time.Time) (v schedule.Appointment) {
	r.t.Helper()
	r.write(func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Visits().Create(ctx, []schedule.Appointment{{Person: r.person.ID, Location: r.place.ID, Status: schedule.Booked, Start: start,
			Length: time.Hour, Zone: "Europe/Warsaw", BookedAt: noon}})
		if err == nil {
			v = got[0]
		}
		return err
	})
	return v
}

// line is a connector whose far side the test plays.
type line struct {
	mu      sync.Mutex
	cond    *sync.Cond
	h       carrier.Handler
	health  carrier.Health
	traits  carrier.Traits
	answer  func(s carrier.Submit) carrier.Outcome // zero Class: no answer yet
	before  func(s *carrier.Submit)                // just before the guard is asked
	sent    []carrier.Submit
	refused []carrier.Permit
	down    bool
	serial  int
	query   func(id string) (carrier.Receipt, error)
	queries []string
}

func newLine() *line {
	l := &line{traits: carrier.Traits{Concat: carrier.ConcatUDH, Window: 100, Simulator: true}, health: carrier.Health{State: carrier.StateStopped}}
	l.cond = sync.NewCond(&l.mu)
	return l
}

// fresh is the line as a new connector: what was sent before is kept.
func (l *line) fresh() carrier.Connector { return l }

func (l *line) Traits() carrier.Traits { return l.traits }

func (l *line) Health() carrier.Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.health
}

func (l *line) Run(ctx context.Context, h carrier.Handler) error {
	l.mu.Lock()
	l.h = h
	if !l.down {
		l.health.State = carrier.StateUp
	} else {
		l.health.State = carrier.StateDown
	}
	now := l.health
	l.mu.Unlock()
	h.HandleState(now)
	<-ctx.Done()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.State = carrier.StateStopped
	return nil
}

func (l *line) Submit(_ context.Context, batch []carrier.Submit) {
	for _, s := range batch {
		l.mu.Lock()
		h, before := l.h, l.before
		l.mu.Unlock()
		if before != nil {
			before(&s)
		}
		o := carrier.Outcome{Ref: s.Ref, At: time.Now()}
		switch h.Guard(&s) {
		case carrier.PermitSuppressed:
			o.Class, o.Reason = carrier.Suppressed, carrier.ReasonSuppressed
			l.note(carrier.PermitSuppressed)
		case carrier.PermitHeld:
			o.Class, o.Reason = carrier.NotHandedOver, carrier.ReasonHeld
			l.note(carrier.PermitHeld)
		default:
			o = l.take(s)
		}
		if o.Class != 0 {
			h.HandleOutcomes([]carrier.Outcome{o})
		}
	}
}

func (l *line) note(p carrier.Permit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused = append(l.refused, p)
}

// take is the far side's answer: accepted with a new id, unless the test says otherwise.
func (l *line) take(s carrier.Submit) carrier.Outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, s)
	l.cond.Broadcast()
	if l.answer != nil {
		o := l.answer(s)
		o.Ref = s.Ref
		return o
	}
	l.serial++
	return carrier.Outcome{Ref: s.Ref, Class: carrier.Accepted, ProviderID: providerID(l.serial), At: time.Now()}
}

func providerID(n int) string { return "p" + string(rune('0'+n/10%10)) + string(rune('0'+n%10)) }

func (l *line) texts() []carrier.Submit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]carrier.Submit(nil), l.sent...)
}

func (l *line) permits() []carrier.Permit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]carrier.Permit(nil), l.refused...)
}

func (l *line) set(f func(l *line)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l)
}

// receipts hands receipts in and waits until each is acknowledged; it returns their errors.
func (l *line) receipts(t *testing.T, rs ...carrier.Receipt) []error {
	t.Helper()
	a := &acks{done: make(chan struct{}), errs: make([]error, len(rs)), left: len(rs)}
	for i := range rs {
		rs[i].Delivery = carrier.NewDelivery(a, uint64(i))
	}
	l.mu.Lock()
	h := l.h
	l.mu.Unlock()
	h.HandleReceipts(rs)
	select {
	case <-a.done:
	case <-time.After(patience):
		t.Fatal("receipts were not acknowledged")
	}
	return a.errs
}

type acks struct {
	mu   sync.Mutex
	left int
	errs []error
	done chan struct{}
}

func (a *acks) Ack(token uint64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs[token] = err
	if a.left--; a.left == 0 {
		close(a.done)
	}
}
