package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/texts"
)

// statuses is the one table from kinds of errors to answers. Another organization's row is the same answer as no
// row: use-cases say NotFound for both.
var statuses = map[errs.Kind]int{
	errs.Invalid:         http.StatusUnprocessableEntity,
	errs.NotFound:        http.StatusNotFound,
	errs.Conflict:        http.StatusConflict,
	errs.Forbidden:       http.StatusForbidden,
	errs.Unauthenticated: http.StatusUnauthorized,
	errs.Precondition:    http.StatusConflict,
	errs.TooMany:         http.StatusTooManyRequests,
	errs.Unavailable:     http.StatusServiceUnavailable,
	errs.Internal:        http.StatusInternalServerError,
}

// retryAfter is how many seconds a caller should wait where the error says nothing better.
var retryAfter = map[errs.Kind]int{errs.TooMany: 60, errs.Unavailable: 5}

// Problem is an RFC 9457 problem. Code is one of our kinds, for programs; detail is for people and never holds
// anything about a patient.
type Problem struct {
	Type      string  `json:"type" doc:"Always about:blank: the status and the code say what kind of problem it is."`
	Title     string  `json:"title" doc:"The status in words."`
	Status    int     `json:"status" doc:"The HTTP status."`
	Code      string  `json:"code" doc:"What kind of problem it is, for programs."`
	Detail    string  `json:"detail,omitempty" doc:"What is wrong and what to do, for people."`
	Reason    string  `json:"reason,omitempty" doc:"Why the gate refused a text, such as opted_out."`
	RequestID string  `json:"request_id" doc:"Names this request in the server's log."`
	Errors    []Fault `json:"errors,omitempty" doc:"What is wrong where."`

	wait int // seconds for Retry-After
}

// Fault is one thing wrong in one place of the request.
type Fault struct {
	Location string `json:"location,omitempty" doc:"Where, such as body.mobile or query.limit."`
	Message  string `json:"message" doc:"What is wrong."`
}

// Error makes a problem an error; it says no more than its status.
func (p *Problem) Error() string { return p.Title }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of problems.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders tells the caller when to come back.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.wait > 0 {
		h.Set("Retry-After", strconv.Itoa(p.wait))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="carillon"`)
	}
	return h
}

// problemOf is the answer for an error of a use-case.
func problemOf(err error, request string) *Problem {
	kind := errs.KindOf(err)
	status, known := statuses[kind]
	if !known {
		kind, status = errs.Internal, http.StatusInternalServerError
	}
	p := newProblem(status, string(kind), request)
	p.wait = retryAfter[kind]
	if status == http.StatusNotFound {
		p.Detail = "there is no such thing in this organization"
		return p
	}
	p.Detail = "something went wrong inside; the log has the details under this request's id"
	var e *errs.Error
	if !errors.As(err, &e) || status == http.StatusInternalServerError {
		return p
	}
	p.Detail = e.Safe
	var refused inbox.Refusal
	if errors.As(err, &refused) {
		p.Reason = string(refused)
	}
	p.Errors = faultsOf(err)
	if e.Where != "" {
		p.Errors = []Fault{{Location: located(e.Where), Message: e.Safe}}
	}
	return p
}

// faultsOf lists what a use-case found wrong in a text or a journey, each with its place.
func faultsOf(err error) (out []Fault) {
	var words *texts.Faults
	if errors.As(err, &words) {
		for _, f := range words.Findings {
			out = append(out, Fault{Location: "body.texts." + texts.Place(f), Message: string(f.Severity) + ": " + f.Sentence()})
		}
	}
	var file journey.Problems
	if errors.As(err, &file) {
		for _, f := range file {
			out = append(out, Fault{Location: "body.source", Message: f.String()})
		}
	}
	return out
}

func newProblem(status int, code, request string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, RequestID: request}
}

// located puts a use-case's field into the request: they name fields of what they were given, which is the body.
func located(where string) string {
	for _, in := range []string{"body.", "query.", "path.", "header."} {
		if strings.HasPrefix(where, in) {
			return where
		}
	}
	return "body." + where
}

// codes are our kinds for what the framework refuses by itself.
var codes = map[int]errs.Kind{
	http.StatusBadRequest:            errs.Invalid,
	http.StatusRequestEntityTooLarge: errs.TooMany,
	http.StatusUnsupportedMediaType:  errs.Invalid,
	http.StatusUnprocessableEntity:   errs.Invalid,
	http.StatusNotFound:              errs.NotFound,
	http.StatusMethodNotAllowed:      errs.Invalid,
	http.StatusNotAcceptable:         errs.Invalid,
	http.StatusRequestTimeout:        errs.Unavailable,
}

// asProblem turns the framework's own refusals into our form. The values that it quotes are left out: an answer may
// be kept in a log somewhere, and the caller knows what it sent.
func asProblem(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	code, known := codes[m.Status]
	if !known {
		code = errs.Internal
	}
	p := newProblem(m.Status, string(code), requestID(ctx.Context()))
	if code == errs.Internal {
		p.Detail = "something went wrong inside; the log has the details under this request's id"
		return p, nil
	}
	p.Detail = m.Detail
	for _, e := range m.Errors {
		p.Errors = append(p.Errors, Fault{Location: e.Location, Message: e.Message})
	}
	return p, nil
}

// write answers with the problem where no operation runs.
func (p *Problem) write(w http.ResponseWriter) {
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}
