// Package desk is what staff look at: the day's visits, a patient's whole story, the list of messages and
// what waits for a person, each read in one snapshot; and the switches beside them (a route's state, its guest
// list, the end of a hold). It refuses to change facts about patients or to
// decide about messages: record, inbox and the gate do.
package desk

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/store"
)

// Lines tells how the connections of this node are, by route; engine/send's dispatcher does.
type Lines interface {
	Lines() map[id.ID]carrier.Health
}

// Desk reads for the faces.
type Desk struct {
	store store.Store
	lines Lines
}

// New makes a desk over a store. lines may be nil: then no connection is on this node.
func New(s store.Store, lines Lines) *Desk { return &Desk{store: s, lines: lines} }

// may refuses a scope that lacks an action.
func may(scope access.Scope, a access.Action) error {
	if !scope.Allows(a) {
		return errs.New(errs.Forbidden, "your role does not allow this")
	}
	return nil
}

// Around is what stands around every page: whose desk it is and what waits on it.
type Around struct {
	Org       org.Organization
	Locations []org.Location
	Now       time.Time // domain time
	Waiting   Waiting
	// Halted says why nothing leaves now, and since when; empty is not halted.
	Halted Halt
	Since  time.Time
}

// Halt is why nothing leaves.
type Halt string

const (
	HaltNone     Halt = ""
	HaltStopped  Halt = "stopped"       // this organization's stop-all
	HaltAll      Halt = "stopped_all"   // the stop-all of the whole installation
	HaltRestored Halt = "restored_copy" // a restored copy waits for its release
)

// Around reads what stands around every page.
func (d *Desk) Around(ctx context.Context, scope access.Scope) (a Around, err error) {
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		a.Now = tx.Now()
		if a.Org, err = tx.Orgs().Get(ctx); err != nil {
			return err
		}
		if a.Locations, err = tx.Orgs().Locations(ctx); err != nil {
			return err
		}
		stops, err := tx.Orgs().Stops(ctx)
		if err != nil {
			return err
		}
		a.Halted, a.Since = halt(stops, a.Org)
		a.Waiting, err = waiting(ctx, tx)
		return err
	})
	return a, err
}

// Waiting counts what waits for a person.
type Waiting struct {
	Inbox int // conversations
	Calls int // open rows of the call list
	Held  int // imports that wait for their release
}

// CallKinds are the tasks of the call list: what a person settles by telephone or in the calendar.
func CallKinds() []conversation.TaskKind {
	return []conversation.TaskKind{conversation.CallPatient, conversation.CancelVisit, conversation.MoveVisit, conversation.CheckNumber,
		conversation.ReadText}
}

func waiting(ctx context.Context, tx store.Tx) (w Waiting, err error) {
	if w.Inbox, err = tx.Conversations().CountWaiting(ctx); err != nil {
		return w, err
	}
	open, err := tx.Tasks().OpenCounts(ctx)
	if err != nil {
		return w, err
	}
	for _, k := range CallKinds() {
		w.Calls += open[k]
	}
	held, err := tx.Imports().Held(ctx)
	w.Held = len(held)
	return w, err
}

func halt(stops store.Stops, o org.Organization) (Halt, time.Time) {
	switch {
	case stops.Everything && stops.Since != nil:
		return HaltAll, *stops.Since
	case stops.Everything:
		return HaltAll, time.Time{}
	case o.Hold == org.HoldRestored:
		return HaltRestored, time.Time{}
	case o.StoppedAt != nil:
		return HaltStopped, *o.StoppedAt
	}
	return HaltNone, time.Time{}
}

// Release ends the hold of a restored copy; what waited is decided again before it leaves.
func (d *Desk) Release(ctx context.Context, scope access.Scope) error {
	if err := may(scope, access.StopAll); err != nil {
		return err
	}
	return d.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Orgs().Release(ctx); err != nil {
			return err
		}
		tx.Publish(store.TopicOrgs)
		tx.Publish(store.TopicDue)
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "hold.release", "organization", scope.Org(), ""))
	}, store.Urgent)
}

// Line is one message with what is known of it besides its columns.
type Line struct {
	message.Message
	Flags     message.Flags
	HeldUntil time.Time // held: when it is looked at again; zero when somebody must act
	Resent    bool
}

// Waits reports whether the message has yet to leave.
func (l *Line) Waits() bool {
	return l.State == message.Planned || l.State == message.Queued || l.State == message.Held
}

// Matters is the moment of the message that matters in its state.
func (l *Line) Matters() time.Time {
	switch {
	case l.State.Settled() && !l.DoneAt.IsZero() && l.State != message.Delivered:
		return l.DoneAt
	case !l.SentAt.IsZero():
		return l.SentAt
	case l.State == message.Held && !l.HeldUntil.IsZero():
		return l.HeldUntil
	}
	return l.DueAt
}

// TellsReason reports whether a list shows the reason beside the state.
func (l *Line) TellsReason() bool {
	return explain.Why(&l.Message) != message.ReasonNone && l.State != message.Queued
}

func lineOf(d store.Draft) Line {
	return Line{Message: d.Message, Flags: d.Flags, HeldUntil: d.HeldUntil, Resent: d.Resent}
}

func linesOf(drafts []store.Draft) []Line {
	out := make([]Line, len(drafts))
	for i := range drafts {
		out[i] = lineOf(drafts[i])
	}
	return out
}

// distinct collects the ids that are set, each once.
type distinct struct {
	seen map[id.ID]bool
	ids  []id.ID
}

func (d *distinct) add(ids ...id.ID) {
	if d.seen == nil {
		d.seen = map[id.ID]bool{}
	}
	for _, x := range ids {
		if !x.IsZero() && !d.seen[x] {
			d.seen[x] = true
			d.ids = append(d.ids, x)
		}
	}
}
