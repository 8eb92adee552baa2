package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/engine/exchange"
)

// once lets a POST under an Idempotency-Key take effect once: the answer is kept and given again.
func (a *API) once(w http.ResponseWriter, r *http.Request, route Route, q request) {
	key := r.Header.Get("Idempotency-Key")
	if r.Method != http.MethodPost || key == "" || route.Streams {
		a.mux.ServeHTTP(w, r)
		return
	}
	ask, body, err := a.ask(w, r, route, key)
	if err != nil {
		a.tooLarge(err, q.id).write(w)
		return
	}
	if route.warm != nil {
		if err := route.warm(r.Context(), q.scope); err != nil {
			a.failed(r.Context(), route, err).with(q.id).write(w)
			return
		}
	}
	answer, again, err := a.need.Exchange.Once(r.Context(), q.scope, ask, func(ctx context.Context, attempt id.ID) exchange.Answer {
		rec := &recorder{header: http.Header{}, under: w}
		q.attempt = attempt
		again := r.WithContext(context.WithValue(ctx, requestKey{}, q))
		if body != nil {
			again.Body = io.NopCloser(bytes.NewReader(body))
		}
		a.mux.ServeHTTP(rec, again)
		return rec.answer()
	})
	if err != nil {
		a.failed(r.Context(), route, err).with(q.id).write(w)
		return
	}
	if again {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	replay(w, answer)
}

// ask is the request as far as it must be equal, with its body. Of an upload only the length is compared: its body is
// a stream.
func (a *API) ask(w http.ResponseWriter, r *http.Request, route Route, key string) (ask exchange.Ask, body []byte, err error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n%d\n", r.Method, r.URL.RequestURI(), r.ContentLength)
	if !route.Upload {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWait))
		if body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, route.Limit+1)); err != nil {
			return ask, nil, err
		}
		_, _ = h.Write(body)
	}
	return exchange.Ask{Key: phi.T(key), Request: h.Sum(nil), Repeats: route.Repeats, Urgent: route.Urgent}, body, nil
}

// tooLarge is the answer when a body could not be read.
func (a *API) tooLarge(err error, request string) *Problem {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		p := newProblem(http.StatusRequestEntityTooLarge, string(errs.TooMany), request)
		p.Detail = "the body is too large: send less at once"
		return p
	}
	p := newProblem(http.StatusRequestTimeout, string(errs.Unavailable), request)
	p.Detail = "the body did not arrive: send the request again"
	return p
}

// kept is an answer as it is stored.
type kept struct {
	Kind string `json:"kind"`
	Wait string `json:"wait,omitempty"`
	Body []byte `json:"body"`
}

// recorder keeps an answer back until it is stored.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	under  http.ResponseWriter
}

// Header is the answer's.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader keeps the first status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write keeps the body.
func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// Unwrap lets deadlines reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.under }

// answer is what is stored. Our own faults and "come back later" are not: nothing took effect.
func (r *recorder) answer() exchange.Answer {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	b, err := json.Marshal(kept{Kind: r.header.Get("Content-Type"), Wait: r.header.Get("Retry-After"), Body: r.body.Bytes()})
	final := err == nil && r.status < http.StatusInternalServerError && r.status != http.StatusTooManyRequests && r.status != http.StatusRequestTimeout
	return exchange.Answer{Status: r.status, Response: b, Final: final}
}

func replay(w http.ResponseWriter, answer exchange.Answer) {
	var k kept
	_ = json.Unmarshal(answer.Response, &k) // what answer wrote; an empty one has no body
	if k.Kind != "" {
		w.Header().Set("Content-Type", k.Kind)
	}
	if k.Wait != "" {
		w.Header().Set("Retry-After", k.Wait)
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(k.Body)
}
