// Package inbox is the desk's side of conversations: which numbers wait for a person, what was said, who has
// taken it, the answer, and what an unclear opt-out really meant. It refuses to understand a text (reply
// does) and to put anything on the wire: an answer is a message like any other and passes the gate.
package inbox

import (
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/store"
)

// Suppressor keeps opt-outs in memory for what is on its way to the wire; engine/send has it.
type Suppressor interface {
	// Add suppresses a contact point before the commit and returns how to take that back.
	Add(point id.ID) (undo func())
}

// Service is the inbox of every organization. It is safe for concurrent use.
type Service struct {
	store    store.Store
	outbox   *outbox.Outbox
	suppress Suppressor
}

// New makes the service.
func New(s store.Store, o *outbox.Outbox, suppress Suppressor) *Service {
	return &Service{store: s, outbox: o, suppress: suppress}
}

// maxWaiting bounds the list; what waits longest is on it.
const maxWaiting = 200

// Waiting is one conversation that needs a person.
type Waiting struct {
	conversation.Conversation
	Point  patient.ContactPoint
	People []patient.Person // everybody on the number; none for an unknown one
	Last   conversation.Inbound
	By     string // name of who has taken it; empty when nobody has
}

// List reads what waits: urgent first, then who waits longest. A zero site is every site.
func (s *Service) List(ctx context.Context, scope access.Scope, site id.ID) (out []Waiting, err error) {
	if !scope.Allows(access.ReadMessages) {
		return nil, forbidden()
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		threads, err := tx.Conversations().WaitingThreads(ctx, site, maxWaiting)
		if err != nil {
			return err
		}
		staff, err := staffNames(ctx, tx)
		if err != nil {
			return err
		}
		for _, c := range threads {
			w := Waiting{Conversation: c, By: staff[c.Claimed]}
			if w.Point, w.People, err = whose(ctx, tx, c.Point); err != nil {
				return err
			}
			last, err := tx.Conversations().InboundOf(ctx, c.Point, store.Page{Limit: 1})
			if err != nil {
				return err
			}
			if len(last) == 1 {
				w.Last = last[0]
			}
			out = append(out, w)
		}
		return nil
	})
	return out, err
}

func forbidden() error { return errs.New(errs.Forbidden, "your role does not allow this") }

func staffNames(ctx context.Context, tx store.Tx) (map[id.ID]string, error) {
	users, err := tx.Users().List(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[id.ID]string, len(users))
	for _, u := range users {
		out[u.ID] = u.Name
	}
	return out, nil
}

// whose reads a contact point and everybody on it.
func whose(ctx context.Context, tx store.Tx, point id.ID) (patient.ContactPoint, []patient.Person, error) {
	points, err := tx.People().Points(ctx, []id.ID{point})
	if err != nil || len(points) == 0 {
		return patient.ContactPoint{}, nil, err
	}
	contacts, err := tx.People().PeopleAt(ctx, point)
	if err != nil {
		return patient.ContactPoint{}, nil, err
	}
	ids := make([]id.ID, len(contacts))
	for i, c := range contacts {
		ids[i] = c.Person
	}
	people, err := tx.People().ByIDs(ctx, ids)
	return points[0], people, err
}

// Said is one text of a conversation, either way.
type Said struct {
	At      time.Time
	Ours    bool
	Text    phi.Text
	Inbound *conversation.Inbound // theirs
	Message *message.Message      // ours
}

// Thread is one conversation in full.
type Thread struct {
	Waiting
	Said   []Said                  // oldest first
	Asked  []conversation.Question // what is open on the number
	Visits []schedule.Appointment  // the people's visits, latest start first
}

// shown is how much of a conversation a page shows.
const shown = 100

// Thread reads one conversation.
func (s *Service) Thread(ctx context.Context, scope access.Scope, thread id.ID) (t Thread, err error) {
	if !scope.Allows(access.ReadMessages) {
		return t, forbidden()
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		if t.Conversation, err = tx.Conversations().ThreadByID(ctx, thread); err != nil {
			return err
		}
		if t.Waiting.Point, t.People, err = whose(ctx, tx, t.Conversation.Point); err != nil {
			return err
		}
		staff, err := staffNames(ctx, tx)
		if err != nil {
			return err
		}
		t.By = staff[t.Claimed]
		return t.read(ctx, tx)
	})
	return t, err
}

func (t *Thread) read(ctx context.Context, tx store.Tx) error {
	in, err := tx.Conversations().InboundOf(ctx, t.Conversation.Point, store.Page{Limit: shown})
	if err != nil {
		return err
	}
	for i := range in {
		t.Said = append(t.Said, Said{At: in[i].ReceivedAt, Text: in[i].Text, Inbound: &in[i]})
	}
	if len(in) > 0 {
		t.Last = in[0]
	}
	if err := t.ours(ctx, tx); err != nil {
		return err
	}
	slices.SortStableFunc(t.Said, func(a, b Said) int { return a.At.Compare(b.At) })
	return t.about(ctx, tx)
}

// ours adds what went to the number, whoever has it: answers, and the texts to its people.
func (t *Thread) ours(ctx context.Context, tx store.Tx) error {
	all, err := tx.Messages().AnswersTo(ctx, t.Conversation.Point, shown)
	if err != nil {
		return err
	}
	for _, p := range t.People {
		more, err := tx.Messages().List(ctx, store.MessageFilter{Person: p.ID}, store.Page{Limit: shown})
		if err != nil {
			return err
		}
		all = append(all, more...)
	}
	seen := map[id.ID]bool{}
	for i := range all {
		m := &all[i].Message
		if m.Point == t.Conversation.Point && !seen[m.ID] && (m.State.HandedOver() || m.Origin.Kind == message.FromStaff) {
			t.Said = append(t.Said, Said{At: saidAt(m), Ours: true, Text: m.Body, Message: m})
		}
		seen[m.ID] = true
	}
	return nil
}

// visitsShown is how many visits of each person stand beside a conversation.
const visitsShown = 3

// about adds what the number may be answering, and the visits that it may be about.
func (t *Thread) about(ctx context.Context, tx store.Tx) error {
	asked, err := tx.Conversations().QuestionsOf(ctx, []id.ID{t.Conversation.Point}, tx.Now())
	if err != nil {
		return err
	}
	for _, q := range asked {
		if q.ClosedAt == nil && (q.ClosesAt.IsZero() || q.ClosesAt.After(tx.Now())) {
			t.Asked = append(t.Asked, q)
		}
	}
	for _, p := range t.People {
		visits, err := tx.Visits().OfPerson(ctx, p.ID, visitsShown)
		if err != nil {
			return err
		}
		t.Visits = append(t.Visits, visits...)
	}
	slices.SortStableFunc(t.Visits, func(a, b schedule.Appointment) int { return b.Start.Compare(a.Start) })
	return nil
}

func saidAt(m *message.Message) time.Time {
	if !m.SentAt.IsZero() {
		return m.SentAt
	}
	return m.PlannedAt
}

// Claim says that the actor works on a conversation, which is taken over from whoever the actor saw working on it:
// version is the one that the actor saw. errs.Conflict: somebody else was first.
func (s *Service) Claim(ctx context.Context, scope access.Scope, thread id.ID, version int64) error {
	return s.change(ctx, scope, thread, version, "inbox.claim", func(c *conversation.Conversation) {
		c.Claimed = scope.Actor().ID()
	})
}

// Release gives a conversation back: it waits for anybody again.
func (s *Service) Release(ctx context.Context, scope access.Scope, thread id.ID, version int64) error {
	return s.change(ctx, scope, thread, version, "inbox.release", func(c *conversation.Conversation) { c.Claimed = id.ID{} })
}

// Close says that nothing waits any more. The texts to read end with it, and where the conversation waited for nothing but
// a row of the call list, that row.
func (s *Service) Close(ctx context.Context, scope access.Scope, thread id.ID, version int64) error {
	return s.change(ctx, scope, thread, version, "inbox.close", (*conversation.Conversation).Settle)
}

func (s *Service) change(ctx context.Context, scope access.Scope, thread id.ID, version int64, action string, do func(*conversation.Conversation)) error {
	if !scope.Allows(access.SendMessages) {
		return forbidden()
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		c, err := tx.Conversations().ThreadByID(ctx, thread)
		if err != nil {
			return err
		}
		was := c
		c.Version = version
		do(&c)
		if _, err := tx.Conversations().UpdateThread(ctx, c); err != nil {
			return taken(err)
		}
		if was.State == conversation.Open && c.State == conversation.Quiet {
			if err := endWith(ctx, tx, scope, &was); err != nil {
				return err
			}
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), action, "conversation", thread, ""))
	})
}

func taken(err error) error {
	if errs.Is(err, errs.Conflict) {
		return errs.New(errs.Conflict, "somebody else has worked on this conversation meanwhile: look again before you go on")
	}
	return err
}

// endWith ends the tasks that a conversation's end answers.
func endWith(ctx context.Context, tx store.Tx, scope access.Scope, c *conversation.Conversation) error {
	kinds := []conversation.TaskKind{conversation.AnswerText}
	if c.Cause == conversation.ByTask {
		kinds = append(kinds, conversation.MoveVisit)
	}
	return endTasks(ctx, tx, scope, store.TaskFilter{Kinds: kinds, Thread: c.ID}, func(conversation.Task) bool { return true })
}
