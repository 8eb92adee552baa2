package inbound_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// box is a store whose jobs wait for the test, and which fails when it is told to.
type box struct {
	store.Store
	mu   sync.Mutex
	jobs []inbound.Answer
	fail error // instead of the next commits
}

func (b *box) InTx(ctx context.Context, scope access.Scope, do func(store.Tx) error, o ...store.TxOption) error {
	var jobs []inbound.Answer
	err := b.Store.InTx(ctx, scope, func(tx store.Tx) error {
		jobs = nil
		if err := do(&boxed{Tx: tx, jobs: &jobs}); err != nil {
			return err
		}
		return b.fail
	}, o...)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.jobs = append(b.jobs, jobs...)
	}
	return err
}

type boxed struct {
	store.Tx
	jobs *[]inbound.Answer
}

func (b *boxed) Enqueue(ctx context.Context, job store.Job) error {
	if a, ok := job.(inbound.Answer); ok {
		*b.jobs = append(*b.jobs, a)
		return nil
	}
	return b.Tx.Enqueue(ctx, job)
}

// desk answers as it is told and remembers what it was asked to keep.
type desk struct {
	kept []inbound.PatientAnswer
	told map[reply.Intent]inbound.Told
	err  error
}

func (d *desk) PatientAnswered(_ context.Context, _ store.Tx, a inbound.PatientAnswer) (inbound.Told, error) {
	if d.err != nil {
		return "", d.err
	}
	d.kept = append(d.kept, a)
	return d.told[a.Intent], nil
}

// clinic is a clinic that texts come to.
type clinic struct {
	*plantest.Clinic
	t       testing.TB
	box     *box
	desk    *desk
	in      *inbound.Service
	answers *inbound.Answers
	memory  *send.Suppressed
	acks    []error
}

// ours is the inbound number that plantest makes.
const ours = "48500100200"

func onBoth(t *testing.T, test func(t *testing.T, k *clinic)) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) { test(t, newClinic(t, open)) })
}

func newClinic(t testing.TB, open storetest.Open) *clinic {
	t.Helper()
	c := clock.NewFixed(plantest.Noon)
	k := &clinic{t: t, box: &box{Store: open(t, c)}, memory: send.NewSuppressed(&ticking{}), desk: &desk{told: map[reply.Intent]inbound.Told{
		reply.Confirm: inbound.Confirmed, reply.Cancel: inbound.CancelRequested, reply.Reschedule: inbound.WillCall, reply.Question: inbound.QuestionKept}}}
	k.Clinic = plantest.New(t, k.box, c, outbox.Options{Questions: inbound.Questions{}})
	k.serve(k.desk)
	return k
}

func (k *clinic) serve(d inbound.Desk) {
	k.t.Helper()
	book, err := rules.Load()
	if err != nil {
		k.t.Fatal(err)
	}
	words, err := reply.LoadWords()
	if err != nil {
		k.t.Fatal(err)
	}
	k.in = inbound.New(k.box, book, words, k.memory, d, k.Clock, slog.New(slog.DiscardHandler))
	k.answers = inbound.NewAnswers(k.box, k.Outbox)
}

// ticking is a machine clock on which nothing happens at the same time.
type ticking struct {
	mu sync.Mutex
	n  time.Duration
}

func (c *ticking) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += time.Microsecond
	return plantest.Noon.Add(c.n)
}

// Ack remembers what the carrier was told.
func (k *clinic) Ack(_ uint64, err error) { k.acks = append(k.acks, err) }

// ucs2 is a text as phones send what GSM-7 has no letters for.
func ucs2(text string) carrier.Octets {
	var out carrier.Octets
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u>>8), byte(u))
	}
	return out
}

func (k *clinic) event(from, text string) carrier.Inbound {
	in := carrier.Inbound{Delivery: carrier.NewDelivery(k, 1), From: phi.T(from), To: phi.T(ours), Payload: carrier.Octets(text), ReceivedAt: k.Clock.Now()}
	if strings.ContainsFunc(text, func(r rune) bool { return r > 0x7e || strings.ContainsRune("[]{}\\^~|@$_`", r) }) {
		in.DataCoding, in.Payload = 8, ucs2(text)
	}
	return in
}

// take delivers an event and says what the carrier was told.
func (k *clinic) take(in carrier.Inbound) error {
	k.t.Helper()
	before := len(k.acks)
	k.in.Inbound(k.Scope.Org(), k.Route.ID, in)
	if len(k.acks) != before+1 {
		k.t.Fatalf("acknowledged %d times", len(k.acks)-before)
	}
	return k.acks[before]
}

// text delivers a text, works what follows and a minute passes. It returns the newest stored text of the number.
func (k *clinic) text(from, text string) conversation.Inbound {
	k.t.Helper()
	k.Clock.Advance(time.Minute)
	if err := k.take(k.event(from, text)); err != nil {
		k.t.Fatalf("%q was not taken: %v", text, err)
	}
	k.work()
	all := k.texts(from)
	if len(all) == 0 {
		k.t.Fatalf("%q is not there", text)
	}
	return all[0]
}

// work plans the automatic answers, each of them twice, as a job may.
func (k *clinic) work() {
	k.t.Helper()
	jobs := k.box.jobs
	k.box.jobs = nil
	for _, j := range append(jobs, jobs...) {
		if err := k.answers.Work(context.Background(), j); err != nil {
			k.t.Fatalf("answer %s: %v", j.Text, err)
		}
	}
}

func (k *clinic) texts(from string) (all []conversation.Inbound) {
	k.t.Helper()
	k.Read(func(ctx context.Context, tx store.Tx) error {
		p, err := tx.People().PointByNumber(ctx, patient.SMS, k.number(from))
		if errs.Is(err, errs.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		all, err = tx.Conversations().InboundOf(ctx, p.ID, store.Page{})
		return err
	})
	return all
}

func (k *clinic) number(from string) phone.Number {
	k.t.Helper()
	n, err := phone.FromStored("+" + strings.TrimPrefix(from, "+"))
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

func (k *clinic) point(from string) (p patient.ContactPoint) {
	k.t.Helper()
	k.Read(func(ctx context.Context, tx store.Tx) (err error) {
		p, err = tx.People().PointByNumber(ctx, patient.SMS, k.number(from))
		return err
	})
	return p
}

func (k *clinic) thread(from string) (c conversation.Conversation) {
	k.t.Helper()
	p := k.point(from)
	k.Write(func(ctx context.Context, tx store.Tx) (err error) {
		c, err = tx.Conversations().Thread(ctx, p.ID, id.ID{})
		return err
	})
	return c
}

// replies are the automatic answers, oldest first, as "template state".
func (k *clinic) replies() (out []string) {
	k.t.Helper()
	for _, d := range k.planned() {
		line := d.Template + " " + string(d.State)
		if d.State == message.Refused {
			line += " " + string(d.Reason)
		}
		out = append(out, line)
	}
	return out
}

func (k *clinic) planned() (out []store.Draft) {
	k.t.Helper()
	k.Read(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Messages().List(ctx, store.MessageFilter{}, store.Page{Limit: 1000})
		for _, d := range all {
			if d.Origin.Kind == message.FromReply {
				out = append(out, d)
			}
		}
		slices.Reverse(out)
		return err
	})
	return out
}

func (k *clinic) wantReplies(want ...string) {
	k.t.Helper()
	if got := k.replies(); !slices.Equal(got, want) {
		k.t.Errorf("replies are %q, want %q", got, want)
	}
}

func (k *clinic) tasks(kinds ...conversation.TaskKind) (out []conversation.Task) {
	k.t.Helper()
	k.Read(func(ctx context.Context, tx store.Tx) (err error) {
		out, err = tx.Tasks().List(ctx, store.TaskFilter{Kinds: kinds}, store.Page{})
		return err
	})
	return out
}

func (k *clinic) ledger(from string) (out []consent.Entry) {
	k.t.Helper()
	p := k.point(from)
	k.Read(func(ctx context.Context, tx store.Tx) (err error) {
		out, err = tx.Consents().For(ctx, nil, []id.ID{p.ID})
		return err
	})
	return out
}

// patient makes a person with a number of their own, a visit in three days and the usual question about it.
func (k *clinic) patient() (from string, v schedule.Appointment) {
	k.t.Helper()
	who := k.Person(true)
	v = k.Book(who.ID, plantest.Noon.Add(72*time.Hour), plantest.Noon.Add(-240*time.Hour))
	from = k.numberOf(who)
	k.ask(from, v, "1", "2", "3")
	return from, v
}

func (k *clinic) numberOf(who patient.Person) (from string) {
	k.t.Helper()
	k.Read(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.People().ContactsOf(ctx, []id.ID{who.ID})
		from = all[who.ID][0].Point.Number.Digits()
		return err
	})
	return from
}

// ask opens a question about a visit: confirm, cancel, reschedule.
func (k *clinic) ask(from string, v schedule.Appointment, codes ...string) {
	k.t.Helper()
	q := conversation.Question{Point: k.point(from).ID, Person: v.Person, Message: id.New(), Appointment: v.ID, Version: v.Version,
		Codes: map[string]string{}, AskedAt: k.Clock.Now(), ClosesAt: v.Start}
	for i, intent := range []reply.Intent{reply.Confirm, reply.Cancel, reply.Reschedule} {
		q.Codes[codes[i]] = string(intent)
	}
	k.Write(func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Conversations().AskQuestions(ctx, []conversation.Question{q})
		return err
	})
}

func (k *clinic) open(from string) (n int) {
	k.t.Helper()
	p := k.point(from)
	k.Read(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Conversations().QuestionsOf(ctx, []id.ID{p.ID}, tx.Now())
		for _, q := range all {
			if q.ClosedAt == nil {
				n++
			}
		}
		return err
	})
	return n
}
