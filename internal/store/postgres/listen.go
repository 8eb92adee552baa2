package postgres

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
)

// channel is what every node listens on. A payload is "node organization topic".
const channel = "carillon_changes"

// Changes that other nodes must not miss commit with their transaction. The rest are told after the commit,
// gathered for a moment: a NOTIFY inside a transaction makes commits wait for each other, and sending
// thousands of texts a second would feel it.
var inTransaction = map[store.Topic]bool{store.TopicConsents: true, store.TopicOrgs: true}

// gatherFor is how long changes are gathered before other nodes hear of them.
const gatherFor = 50 * time.Millisecond

// outbox gathers changes that wait to be told.
type outbox struct {
	mu      sync.Mutex
	waiting map[store.Change]struct{}
	wake    chan struct{}
}

func newOutbox() *outbox {
	return &outbox{waiting: map[store.Change]struct{}{}, wake: make(chan struct{}, 1)}
}

func (o *outbox) add(changes []store.Change) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range changes {
		o.waiting[c] = struct{}{}
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) take() []store.Change {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]store.Change, 0, len(o.waiting))
	for c := range o.waiting {
		out = append(out, c)
	}
	clear(o.waiting)
	return out
}

// Notify puts what others must not miss into the transaction, and leaves the rest for after its commit.
func (s *session) Notify(ctx context.Context, changes []store.Change) error {
	for _, c := range changes {
		if !inTransaction[c.Topic] {
			s.later = append(s.later, c)
			continue
		}
		if _, err := s.tx.Exec(ctx, `SELECT pg_notify($1, $2)`, channel, s.store.payload(c)); err != nil {
			return failed(err)
		}
	}
	return nil
}

func (s *Store) payload(c store.Change) string {
	return s.node.String() + " " + c.Org.String() + " " + string(c.Topic)
}

// tell sends gathered changes until ctx ends. A change that could not be told is told with the next.
func (s *Store) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.outbox.wake:
		}
		wait(ctx, gatherFor)
		changes := s.outbox.take()
		for i, c := range changes {
			if _, err := s.pool.Exec(ctx, `SELECT pg_notify($1, $2)`, channel, s.payload(c)); err != nil {
				wait(ctx, time.Second)
				s.outbox.add(changes[i:])
				break
			}
		}
	}
}

// listen hears other nodes until ctx ends, and says to the hub whether it can.
func (s *Store) listen(ctx context.Context, ready chan<- struct{}) {
	var once sync.Once
	for ctx.Err() == nil {
		err := s.hear(ctx, func() {
			s.base.Hub.SetLive(true)
			once.Do(func() { close(ready) })
		})
		s.base.Hub.SetLive(false)
		if ctx.Err() == nil {
			s.log.WarnContext(ctx, "changes of other nodes are not heard; trying again", "error_kind", "listen")
			_ = err // its text may name hosts and users
			wait(ctx, time.Second)
		}
	}
}

// hear holds one connection of its own for as long as it lives.
func (s *Store) hear(ctx context.Context, up func()) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return err
	}
	up()
	for {
		alive, cancel := context.WithTimeout(ctx, time.Second)
		n, err := conn.WaitForNotification(alive)
		cancel()
		switch {
		case err == nil:
			s.heard(n.Payload)
		case ctx.Err() != nil:
			return ctx.Err()
		case alive.Err() != nil && !conn.IsClosed():
			if err := ping(ctx, conn); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// ping makes sure that silence is not a cut line.
func ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return conn.Ping(ctx)
}

// heard hands another node's change to the hub; this node's own are there already.
func (s *Store) heard(payload string) {
	part := strings.SplitN(payload, " ", 3)
	if len(part) != 3 || part[0] == s.node.String() {
		return
	}
	var org id.ID
	if err := org.UnmarshalText([]byte(part[1])); err != nil {
		return
	}
	s.base.Hub.Publish(store.Change{Org: org, Topic: store.Topic(part[2])})
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
