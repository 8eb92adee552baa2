// Package console is the staff's web console: server-rendered pages, small updates by htmx, live views by
// one event stream. It refuses to decide anything: each handler parses, calls one use-case and shows what
// it said.
package console

import (
	"context"
	"log/slog"
	"net/http"

	"carillon.dev/carillon/internal/core/access"
	audiences "carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/engine/live"
	"carillon.dev/carillon/internal/engine/login"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/record"
	routes "carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/engine/selftest"
	"carillon.dev/carillon/internal/engine/settings"
	"carillon.dev/carillon/internal/engine/texts"
	"carillon.dev/carillon/internal/web/assets"
	"carillon.dev/carillon/internal/web/words"
)

// Options tune the console; the zero value is safe.
type Options struct {
	// Secure says that readers come by TLS (own or a declared proxy's): cookies get the __Host- prefix.
	Secure bool
	// ClientAddress reads the reader's address from a request that a declared proxy passed on; nil takes
	// the connection's own.
	ClientAddress func(*http.Request) string
	// Violations is told about every content security policy report that a browser sends; nil logs them.
	Violations func()
}

// Switch halts every hand-off of the scope's organization within a second, and ends that; engine/send's
// switchboard is one. Both are idempotent.
type Switch interface {
	StopAll(ctx context.Context, scope access.Scope) error
	Resume(ctx context.Context, scope access.Scope) error
}

// Needs are the use-cases that the pages call.
type Needs struct {
	Login     *login.Service
	Desk      *desk.Desk
	Explain   *explain.Service
	Inbox     *inbox.Service
	Meanings  *inbox.Meanings
	Imports   *intake.Service
	Record    *record.Service
	Plan      *plan.Planner
	Texts     *texts.Service
	Switch    Switch
	Live      *live.Hub
	SelfTest  *selftest.Service
	Settings  *settings.Service
	Audiences *audiences.Service
	Routes    *routes.Manager
}

// Console serves the pages.
type Console struct {
	need   Needs
	opt    Options
	log    *slog.Logger
	assets *assets.Set
	words  *words.Catalogue
	works  *works
}

// New makes the console. Without built assets it is an errs.Precondition that names `make build`.
func New(need Needs, log *slog.Logger, opt Options) (*Console, error) {
	set, err := assets.Load()
	if err != nil {
		return nil, err
	}
	catalogue, err := words.Load()
	if err != nil {
		return nil, err
	}
	if opt.ClientAddress == nil {
		opt.ClientAddress = connectionAddress
	}
	return &Console{need: need, opt: opt, log: log, assets: set, words: catalogue, works: newWorks()}, nil
}

// Close stops what forms began and waits for it: an import goes on when the program starts again.
func (c *Console) Close() { c.works.close() }

// Handler is the whole console with its security headers. Mount it at "/".
func (c *Console) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+c.assets.Prefix(), c.assets)
	mux.HandleFunc("POST /csp-report", c.cspReport)
	c.openRoutes(mux)
	for _, r := range c.routes() {
		mux.HandleFunc(r.pattern, c.signedIn(r))
	}
	mux.HandleFunc("/", c.signedIn(route{handle: c.notFound}))

	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(c.crossOrigin))
	return c.recovered(c.headers(guard.Handler(mux)))
}
