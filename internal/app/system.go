package app

import (
	"context"
	"log/slog"
	"time"

	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/app/lines"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/rules"
	tests "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/ehr/table"
	"carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/engine/jobs"
	"carillon.dev/carillon/internal/engine/login"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/engine/selftest"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/engine/texts"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/postgres"
	"carillon.dev/carillon/internal/store/sqlite"
)

// System is an open database with the use-cases over it, and nothing that runs: what a command needs. A
// serving node is a System with its loops (Node).
type System struct {
	Store   store.Store
	Host    jobs.Host
	Domain  clock.Clock
	Machine clock.Clock
	Log     *slog.Logger

	Book       *rules.Book
	Words      *reply.Words
	Outbox     *outbox.Outbox
	Suppressed *send.Suppressed
	Board      *send.Switchboard
	Intake     *intake.Service
	Login      *login.Service
	Record     *record.Service
	Inbox      *inbox.Service
	Routes     *route.Manager
	Explain    *explain.Service
	SelfTest   *selftest.Service
	Texts      *texts.Service
	Audiences  *audience.Service
}

// Options of a System beside where its data is.
type Options struct {
	Domain clock.Clock // nil is the machine's clock
	Log    *slog.Logger
	// Sessions tune log-ins; the zero value is safe.
	Sessions login.Options
	// SelfTest are how long the legs of a test text may take; the zero value is the usual.
	SelfTest tests.Limits
}

// Open opens the database, applying missing migrations, and makes the use-cases.
func Open(ctx context.Context, where config.Storage, o Options) (*System, error) {
	s := &System{Domain: o.Domain, Machine: clock.Real{}, Log: o.Log}
	if s.Domain == nil {
		s.Domain = s.Machine
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if err := s.openStore(ctx, where); err != nil {
		return nil, err
	}
	if err := s.make(o); err != nil {
		return nil, closing(s.Store, err)
	}
	return s, nil
}

// closing closes what a half-made system had opened and passes the reason on.
func closing(s store.Store, err error) error {
	_ = s.Close()
	return err
}

func (s *System) openStore(ctx context.Context, where config.Storage) error {
	dsn, err := where.DSN()
	if err != nil {
		return err
	}
	keys, err := where.KeyPath()
	if err != nil {
		return err
	}
	if dsn != "" {
		db, err := postgres.Open(ctx, postgres.Options{DSN: dsn, KeyFile: keys, Clock: s.Domain, Log: calm(s.Log)})
		if err != nil {
			return err
		}
		s.Store, s.Host = db, db
		return nil
	}
	db, err := sqlite.Open(ctx, sqlite.Options{Path: where.SQLitePath(), KeyFile: keys, Clock: s.Domain, Log: calm(s.Log)})
	if err != nil {
		return err
	}
	s.Store, s.Host = db, db
	return nil
}

func (s *System) make(o Options) error {
	holidays, err := quiet.Holidays()
	if err != nil {
		return err
	}
	if s.Book, err = rules.Load(); err != nil {
		return err
	}
	if s.Words, err = reply.LoadWords(); err != nil {
		return err
	}
	library, err := content.Shipped()
	if err != nil {
		return err
	}
	inForce, err := outbox.NewTexts(library)
	if err != nil {
		return err
	}
	s.Outbox = outbox.New(s.Store, s.Book, holidays, outbox.Options{Templates: inForce, Questions: inbound.Questions{}, Holds: intake.Holds{}})
	s.Texts = texts.New(s.Store, s.Outbox, s.Book, library)
	s.Suppressed = send.NewSuppressed(s.Machine)
	s.Board = send.NewSwitchboard(s.Store, s.Suppressed, s.Log)
	s.Intake = intake.New(s.Store, table.Reader{}, s.Machine)
	s.Record = record.New(s.Store, s.Suppressed)
	s.Inbox = inbox.New(s.Store, s.Outbox, s.Suppressed)
	s.Explain = explain.New(s.Outbox)
	s.Routes = route.NewManager(s.Store, lines.Configs{})
	s.SelfTest = selftest.New(s.Store, s.Outbox, s.Domain, s.Machine, o.SelfTest)
	if s.Audiences, err = audience.New(s.Store, s.Outbox, s.Machine); err != nil {
		return err
	}
	s.Login, err = login.New(s.Store, s.Machine, o.Sessions)
	return err
}

// Close numbers what was written into the audit log, so that no row of a command waits until a node serves, and closes the
// database. What cannot be numbered now, the next one numbers.
func (s *System) Close() error {
	if s.Store.WriteStats().Count > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), closePatience)
		defer cancel()
		_ = s.NumberAudit(ctx)
	}
	return s.Store.Close()
}

// closePatience is how long a closing system waits for a database that is busy.
const closePatience = 5 * time.Second

// NumberAudit numbers the audit rows that wait into their tree. A serving node does so every second; what commands wrote
// while none served waits for the next.
func (s *System) NumberAudit(ctx context.Context) error {
	const most = 500
	for {
		done := 0
		err := s.Store.InTx(ctx, access.System("audit"), func(tx store.Tx) (err error) {
			done, err = tx.Audit().Sequence(ctx, most)
			return err
		})
		if err != nil || done < most {
			return err
		}
	}
}
