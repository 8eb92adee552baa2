package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"carillon.dev/carillon/internal/app/lines"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
	tests "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/ehr/table"
	audiences "carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/engine/live"
	"carillon.dev/carillon/internal/engine/login"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/engine/selftest"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/engine/settings"
	"carillon.dev/carillon/internal/engine/texts"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/sqlite"
	"carillon.dev/carillon/internal/web/console"
)

const password = "amber-kettle-drum-41"

// now is a Wednesday morning on both clocks.
var now = time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)

// world is a console over a real database.
type world struct {
	url        string
	store      store.Store
	outbox     *outbox.Outbox
	audiences  *audiences.Service
	login      *login.Service
	admin      login.Session
	clock      *clock.Fixed
	violations atomic.Int64
	setupToken string
}

// setup serves a console that nobody can log in to yet.
func setup(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{clock: clock.NewFixed(now)}
	db, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "c.db"), KeyFile: filepath.Join(dir, "keys"), Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w.store = db
	if w.login, err = login.New(db, w.clock, login.Options{}); err != nil {
		t.Fatal(err)
	}
	w.outbox = newOutbox(t, db)
	words := newTexts(t, db, w.outbox)
	hub := live.New(db)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = hub.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	if w.setupToken, _, err = w.login.SetUpToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	suppressed := send.NewSuppressed(w.clock)
	if w.audiences, err = audiences.New(db, w.outbox, w.clock); err != nil {
		t.Fatal(err)
	}
	c, err := console.New(console.Needs{Audiences: w.audiences, Login: w.login, Desk: desk.New(db, nil), Live: hub, Explain: explain.New(w.outbox),
		Inbox: inbox.New(db, w.outbox, suppressed), Imports: intake.New(db, table.Reader{}, w.clock), Record: record.New(db, suppressed), Meanings: inbox.NewMeanings(db, record.New(db, suppressed), suppressed),
		SelfTest: selftest.New(db, w.outbox, w.clock, w.clock, tests.Limits{}), Settings: settings.New(db), Routes: route.NewManager(db, lines.Configs{}),
		Plan:   plan.New(db, w.outbox, w.clock, slog.New(slog.DiscardHandler)),
		Texts:  words,
		Switch: send.NewSwitchboard(db, suppressed, slog.New(slog.DiscardHandler))}, slog.New(slog.NewTextHandler(io.Discard, nil)),
		console.Options{Violations: func() { w.violations.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	w.url = server.URL
	return w
}

// newOutbox is the real decider with the shipped texts and rules.
func newOutbox(t *testing.T, s store.Store) *outbox.Outbox {
	t.Helper()
	book, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	holidays, err := quiet.Holidays()
	if err != nil {
		t.Fatal(err)
	}
	library, err := content.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	inForce, err := outbox.NewTexts(library)
	if err != nil {
		t.Fatal(err)
	}
	return outbox.New(s, book, holidays, outbox.Options{Templates: inForce, Questions: inbound.Questions{}})
}

// newTexts is the real desk of texts.
func newTexts(t *testing.T, s store.Store, o *outbox.Outbox) *texts.Service {
	t.Helper()
	book, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	library, err := content.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return texts.New(s, o, book, library)
}

// withAdmin makes the only administrator, "ada".
func (w *world) withAdmin(t *testing.T) *world {
	t.Helper()
	s, err := w.login.SetUp(t.Context(), w.setupToken, login.FirstAdmin{Organization: "Elm Tree Health Group", Region: "GB",
		User: login.NewUser{Login: "ada", Name: "Ada Wiśniewska-Łukaszewicz", Password: password}})
	if err != nil {
		t.Fatal(err)
	}
	w.admin = s
	return w
}

// write changes the organization's rows.
func (w *world) write(t *testing.T, do func(store.Tx) error) {
	t.Helper()
	if err := w.store.InTx(t.Context(), w.scope(), do); err != nil {
		t.Fatal(err)
	}
}

func (w *world) scope() access.Scope { return access.ForJob(w.admin.Scope.Org(), "test") }

// organization reads the row as it is.
func (w *world) organization(t *testing.T) (o org.Organization) {
	t.Helper()
	err := w.store.Read(t.Context(), w.scope(), func(tx store.Tx) (err error) {
		o, err = tx.Orgs().Get(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// reader is a browser without a screen.
type reader struct {
	t    *testing.T
	base string
	*http.Client
}

func (w *world) reader(t *testing.T) reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return reader{t, w.url, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

func (r reader) get(path string) (*http.Response, string) {
	r.t.Helper()
	res, err := r.Get(r.base + path)
	return r.read(res, err)
}

func (r reader) post(path string, form url.Values) (*http.Response, string) {
	r.t.Helper()
	res, err := r.PostForm(r.base+path, form)
	return r.read(res, err)
}

func (r reader) read(res *http.Response, err error) (*http.Response, string) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res, string(b)
}

func (r reader) signIn() reader {
	r.t.Helper()
	res, _ := r.post("/login", url.Values{"login": {"ada"}, "password": {password}})
	if res.StatusCode != http.StatusSeeOther {
		r.t.Fatalf("log-in answered %d", res.StatusCode)
	}
	return r
}

// newSpy is somebody of another organization.
func newSpy() login.NewUser {
	return login.NewUser{Login: "spy", Name: "Sam Spy", Password: password, Role: access.Admin}
}
