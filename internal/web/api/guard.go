package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
)

// request is what the door knows of a request when an operation begins. It travels in the context because the
// framework's handlers take nothing else of ours; callerOf, attemptOf and requestID are its only readers.
type request struct {
	id    string
	scope access.Scope
	// attempt is the same for every attempt of one keyed request that commits in steps; else zero.
	attempt id.ID
}

type requestKey struct{}

func callerOf(ctx context.Context) (access.Scope, error) {
	r, ok := ctx.Value(requestKey{}).(request)
	if !ok || r.scope.IsZero() {
		return access.Scope{}, errs.New(errs.Unauthenticated, "send an API key: Authorization: Bearer …")
	}
	return r.scope, nil
}

func attemptOf(ctx context.Context) id.ID {
	r, _ := ctx.Value(requestKey{}).(request)
	return r.attempt
}

func requestID(ctx context.Context) string {
	r, _ := ctx.Value(requestKey{}).(request)
	return r.id
}

// Handler serves everything under Prefix.
func (a *API) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := request{id: id.New().String()}
		a.headers(w, request.id)
		defer a.recovered(w, r, request.id)
		a.serve(w, r, request)
	})
}

// Pattern is the route of a request, such as "POST /api/v1/patients"; "none" when there is no such route.
func (a *API) Pattern(r *http.Request) string {
	if _, pattern := a.mux.Handler(r); pattern != "" {
		return pattern
	}
	return "none"
}

// headers are on every answer: answers are about patients, so nobody keeps them, and no other origin's page may read
// them.
func (a *API) headers(w http.ResponseWriter, request string) {
	h := w.Header()
	h.Set("Request-Id", request)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if a.opt.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// recovered turns a panic into the answer for our own faults. The panic's value may hold a patient's text, so only
// the place is logged.
func (a *API) recovered(w http.ResponseWriter, r *http.Request, request string) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	a.log.ErrorContext(r.Context(), "request panicked", "route", r.Pattern, "request", request, "stack", string(debug.Stack()))
	problemOf(errs.New(errs.Internal, "panic"), request).write(w)
}

func (a *API) serve(w http.ResponseWriter, r *http.Request, q request) {
	_, pattern := a.mux.Handler(r)
	route, ours := a.routes[pattern]
	if pattern != "" && !ours { // the description is for everybody
		a.mux.ServeHTTP(w, r)
		return
	}
	scope, err := a.need.Login.Key(r.Context(), bearer(r))
	if err != nil {
		a.failed(r.Context(), route, err).with(q.id).write(w)
		return
	}
	q.scope = scope
	if wait := a.rates.wait(scope.Actor().ID()); wait > 0 {
		p := problemOf(errs.New(errs.TooMany, "this key makes too many requests: slow down"), q.id)
		p.wait = wait
		p.write(w)
		return
	}
	if !ours {
		a.unrouted(w, r, q.id)
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
	a.once(w, r, route, q)
}

// with sets whose request a problem is about.
func (p *Problem) with(request string) *Problem {
	p.RequestID = request
	return p
}

// bearer is the key of the request; empty when there is none.
func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// unrouted answers what no route is for: no such path, or not this method.
func (a *API) unrouted(w http.ResponseWriter, r *http.Request, request string) {
	rec := &recorder{header: http.Header{}}
	a.mux.ServeHTTP(rec, r)
	p := problemOf(errs.New(errs.NotFound, "no such path"), request)
	if rec.status == http.StatusMethodNotAllowed {
		p = newProblem(rec.status, string(errs.Invalid), request)
		p.Detail = "this path does not take this method"
		w.Header().Set("Allow", rec.header.Get("Allow"))
	}
	p.write(w)
}

// rates bounds how often each key asks. Keys are few, and only valid ones get here.
type rates struct {
	rate  rate.Limit
	burst int
	mu    sync.Mutex
	of    map[id.ID]*rate.Limiter
}

func newRates(perSecond float64, burst int) *rates {
	return &rates{rate: rate.Limit(perSecond), burst: burst, of: map[id.ID]*rate.Limiter{}}
}

// wait is how many seconds a key must wait; 0 lets it in.
func (r *rates) wait(key id.ID) int {
	r.mu.Lock()
	l := r.of[key]
	if l == nil {
		l = rate.NewLimiter(r.rate, r.burst)
		r.of[key] = l
	}
	r.mu.Unlock()
	ask := l.Reserve()
	if d := ask.Delay(); d > 0 {
		ask.Cancel()
		return int(math.Ceil(d.Seconds()))
	}
	return 0
}
