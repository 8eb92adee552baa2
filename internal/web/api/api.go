// Package api is the door for programs: JSON over HTTP, described by OpenAPI 3.1, errors as RFC 9457 problems, one
// effect for one Idempotency-Key, lists by opaque cursors, bearer keys. It refuses to decide anything (each handler
// calls one use-case), to take or give anything about a patient in a URL but ids, and to serve browsers of other
// origins.
package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"carillon.dev/carillon/internal/base/errs"
	audiences "carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/exchange"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/engine/login"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/engine/selftest"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/engine/settings"
	"carillon.dev/carillon/internal/engine/texts"
)

// Prefix is where the API is served.
const Prefix = "/api/v1"

// Version is the API's own version, as the document states it.
const Version = "1.0.0"

// Needs are the use-cases that the API calls; all are required.
type Needs struct {
	Login     *login.Service
	Desk      *desk.Desk
	Record    *record.Service
	Inbox     *inbox.Service
	Meanings  *inbox.Meanings
	Imports   *intake.Service
	Explain   *explain.Service
	Plan      *plan.Planner
	Texts     *texts.Service
	Switch    *send.Switchboard
	Exchange  *exchange.Service
	SelfTest  *selftest.Service
	Settings  *settings.Service
	Audiences *audiences.Service
	Routes    *route.Manager
}

// Options tune the API; the zero value is safe.
type Options struct {
	// Rate is how many requests a second one key may make on average, Burst how many at once; 0 is 50 and 200.
	Rate  float64
	Burst int
	// Secure says that callers come by TLS: they are told to stay with it.
	Secure bool
}

// API serves programs. It is safe for concurrent use.
type API struct {
	need   Needs
	log    *slog.Logger
	opt    Options
	mux    *http.ServeMux
	doc    huma.API
	rates  *rates
	works  *works
	routes map[string]Route // by pattern
	order  []string
	json   []byte
	yaml   []byte
}

// New makes the API. Close ends its background work.
func New(need Needs, log *slog.Logger, opt Options) (*API, error) {
	if opt.Rate <= 0 {
		opt.Rate = 50
	}
	if opt.Burst <= 0 {
		opt.Burst = 200
	}
	a := &API{need: need, log: log, opt: opt, mux: http.NewServeMux(), rates: newRates(opt.Rate, opt.Burst), works: newWorks(),
		routes: map[string]Route{}}
	a.doc = humago.NewWithPrefix(a.mux, Prefix, a.config())
	a.register()
	var err error
	if a.json, err = a.doc.OpenAPI().MarshalJSON(); err != nil {
		return nil, errs.Wrap(errs.Internal, "the API's description cannot be written", err)
	}
	if a.yaml, err = a.doc.OpenAPI().YAML(); err != nil {
		return nil, errs.Wrap(errs.Internal, "the API's description cannot be written", err)
	}
	a.mux.HandleFunc("GET "+Prefix+"/openapi.json", a.document("application/openapi+json", a.json))
	a.mux.HandleFunc("GET "+Prefix+"/openapi.yaml", a.document("application/openapi+yaml", a.yaml))
	return a, nil
}

// Close stops checks and applies of imports that this API began; they go on at the next start.
func (a *API) Close() { a.works.close() }

func (a *API) config() huma.Config {
	c := huma.DefaultConfig("Carillon", Version)
	c.CreateHooks = nil // no $schema members and no links beside the answers
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Formats = withoutNUL(c.Formats)
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{asProblem}
	c.Info.Description = "Patient messaging by SMS: patients, appointments, consents, messages, conversations and imports. " +
		"Every POST takes an Idempotency-Key; errors are application/problem+json; lists go on by cursor."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer",
		Description: "An API key, made with `carillon key add` or on the settings page."}}
	c.Components.Parameters = map[string]*huma.Param{"IdempotencyKey": {Name: "Idempotency-Key", In: "header",
		Description: "Any text of up to 255 characters that names this request, such as a UUID. Sent again within 24 hours, the request is answered as before and not done again.",
		Schema:      &huma.Schema{Type: huma.TypeString}}}
	c.Components.Responses = map[string]*huma.Response{"Unauthenticated": {Description: "The key is missing, unknown or revoked."}}
	c.Security = []map[string][]string{{"key": {}}}
	return c
}

// register puts every resource into the table, in the order of the document.
func (a *API) register() {
	a.meRoutes()
	a.patientRoutes()
	a.contactRoutes()
	a.consentRoutes()
	a.visitRoutes()
	a.bulkRoutes()
	a.messageRoutes()
	a.conversationRoutes()
	a.importRoutes()
	a.audienceRoutes()
	a.taskRoutes()
	a.setupRoutes()
	a.selfTestRoutes()
	a.budgetRoutes()
	a.placeRoutes()
	a.sendingRoutes()
	a.auditRoutes()
}

func (a *API) document(kind string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(body)
	}
}

// bodyWait is how long a caller may take to send a small body.
const bodyWait = 15 * time.Second
