package watch

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/obs"
	"carillon.dev/carillon/internal/store"
)

// Faces times requests. pattern names the route of an answered request, such as "GET /patients/{id}": never the address,
// which anybody may write anything into.
func Faces(m *obs.Meter, pattern func(*http.Request) string, h http.Handler) http.Handler {
	if m == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, s := time.Now(), &status{ResponseWriter: w, code: http.StatusOK}
		defer func() { m.Request(pattern(r), strconv.Itoa(s.code), time.Since(began)) }()
		h.ServeHTTP(s, r)
	})
}

// status remembers what was answered.
type status struct {
	http.ResponseWriter
	code int
	set  bool
}

// WriteHeader notes the first final status.
func (s *status) WriteHeader(code int) {
	if !s.set && code >= http.StatusOK {
		s.code, s.set = code, true
	}
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets flushes and deadlines reach the connection.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Job times a worker.
func Job[A store.Job](m *obs.Meter, do func(context.Context, A) error) func(context.Context, A) error {
	if m == nil {
		return do
	}
	return func(ctx context.Context, job A) error {
		began := time.Now()
		outcome := string(errs.Internal) // unless it returns
		defer func() { m.Job(job.Kind(), outcome, time.Since(began)) }()
		err := do(ctx, job)
		if outcome = "ok"; err != nil {
			outcome = string(errs.KindOf(err))
		}
		return err
	}
}
