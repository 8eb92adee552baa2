package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
)

// Route is one line of the table of routes.
type Route struct {
	Method string
	Path   string        // below Prefix
	Name   string        // operationId
	Needs  access.Action // what the key's role must allow; empty is nothing
	Upload bool          // the body is a stream that is not kept in memory
	Limit  int64         // bytes of a body
	// Repeats: the use-case commits in steps or goes on after the answer, and doing it again is safe. Every other POST
	// is one transaction with the answer that its idempotency key keeps.
	Repeats bool
	// Streams: the answer is a file that is not kept in memory; its POST changes nothing and is done again under any key.
	Streams bool
	// Urgent goes before what waits to write: opt-outs and answers.
	Urgent bool
	// Warm reads, before a transaction begins, what the use-case would else read for long inside of it.
	warm func(ctx context.Context, scope access.Scope) error
}

// Routes lists every route in the order of the document.
func (a *API) Routes() []Route {
	out := make([]Route, len(a.order))
	for i, p := range a.order {
		out[i] = a.routes[p]
	}
	return out
}

// Sizes of bodies.
const (
	smallBody = 256 << 10
	bulkBody  = 8 << 20
)

// op is what the document says of a route.
type op struct {
	name    string
	summary string
	tag     string
	about   string
	needs   access.Action
	status  int // of success; 0 is 200, or 204 without a body
	limit   int64
	upload  bool
	repeats bool // see Route.Repeats
	streams bool // see Route.Streams
	urgent  bool // see Route.Urgent
	warm    func(ctx context.Context, scope access.Scope) error
	request *huma.RequestBody // where the framework cannot see it
	content map[string]*huma.MediaType
}

// handle adds a route. do gets the caller's scope as a value; its error becomes a problem by the one table.
func handle[I, O any](a *API, method, path string, o op, do func(ctx context.Context, scope access.Scope, in *I) (*O, error)) {
	if o.limit == 0 {
		o.limit = smallBody
	}
	r := Route{Method: method, Path: path, Name: o.name, Needs: o.needs, Upload: o.upload, Limit: o.limit, Repeats: o.repeats || o.upload,
		Streams: o.streams, Urgent: o.urgent, warm: o.warm}
	pattern := method + " " + Prefix + path
	a.routes[pattern] = r
	a.order = append(a.order, pattern)
	huma.Register(a.doc, a.operation(r, o), func(ctx context.Context, in *I) (*O, error) {
		scope, err := callerOf(ctx)
		if err == nil && o.needs != "" && !scope.Allows(o.needs) {
			err = errs.New(errs.Forbidden, "the role of this key does not allow this: use a key of another role")
		}
		var out *O
		if err == nil {
			out, err = do(ctx, scope, in)
		}
		if err != nil {
			return nil, a.failed(ctx, r, err)
		}
		return out, nil
	})
	if o.request != nil { // told afterwards, so that the framework leaves the stream alone
		a.doc.OpenAPI().Paths[path].Post.RequestBody = o.request
	}
}

// failed logs our own faults and gives the answer.
func (a *API) failed(ctx context.Context, r Route, err error) *Problem {
	p := problemOf(err, requestID(ctx))
	if p.Status >= http.StatusInternalServerError && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "request failed", "route", r.Name, "request", p.RequestID, "kind", p.Code, "why", errs.Safe(err))
	}
	return p
}

func (a *API) operation(r Route, o op) huma.Operation {
	about := o.about
	if o.needs != "" {
		about = joined(about, "Roles: "+roles(o.needs)+".")
	}
	out := huma.Operation{OperationID: o.name, Method: r.Method, Path: r.Path, Summary: o.summary, Description: about, Tags: []string{o.tag},
		DefaultStatus: o.status, MaxBodyBytes: o.limit, BodyReadTimeout: bodyWait, Responses: map[string]*huma.Response{}}
	schema := a.doc.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	out.Responses["default"] = &huma.Response{Description: "A problem (RFC 9457).",
		Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
	if o.content != nil {
		out.Responses["200"] = &huma.Response{Description: "OK", Content: o.content}
	}
	// Answers of several kinds are described, so that the framework adds no error form of its own.
	out.Responses["401"] = &huma.Response{Ref: "#/components/responses/Unauthenticated"}
	if r.Method == http.MethodPost {
		out.Parameters = []*huma.Param{{Ref: "#/components/parameters/IdempotencyKey"}}
	}
	return out
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n\n" + b
}

// roles names who may do something.
func roles(needs access.Action) (out string) {
	for _, r := range access.Roles() {
		if r.Allows(needs) {
			if out != "" {
				out += ", "
			}
			out += string(r)
		}
	}
	return out
}

// Shapes that many routes share.
type (
	// One names the row that a route is about.
	One struct {
		ID id.ID `path:"id" doc:"The row's id."`
	}
	// nothing is the input of a route without any.
	nothing struct{}
	// bare is an answer without a body.
	bare struct{}
	// got is an answer with a body.
	got[T any] struct{ Body T }
	// Paging asks for a part of a list.
	Paging struct {
		Cursor string `query:"cursor" maxLength:"300" doc:"Where the last page ended: its next_cursor. Leave it out to begin."`
		Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many rows at most."`
	}
	// Page is a part of a list.
	Page[T any] struct {
		Items      []T    `json:"items"`
		NextCursor string `json:"next_cursor,omitempty" doc:"Send it as cursor for the next page; absent at the end."`
	}
	// Made names a row that was made.
	Made struct {
		ID id.ID `json:"id"`
	}
)

func give[T any](v T, err error) (*got[T], error) {
	if err != nil {
		return nil, err
	}
	return &got[T]{Body: v}, nil
}

func done(err error) (*bare, error) {
	if err != nil {
		return nil, err
	}
	return &bare{}, nil
}

// mapped is a list in another form; never nil, so that JSON has an empty list.
func mapped[A, B any](in []A, f func(*A) B) []B {
	out := make([]B, len(in))
	for i := range in {
		out[i] = f(&in[i])
	}
	return out
}

// paged answers with one page. list names the list with what narrows it, and read gives rows and the last one's id
// when more follow.
func paged[A, B any](ctx context.Context, a *API, scope access.Scope, list string, p Paging, form func(*A) B,
	read func(after id.ID) ([]A, id.ID, error)) (*got[Page[B]], error) {
	after, err := a.need.Exchange.After(ctx, scope, list, p.Cursor)
	if err != nil {
		return nil, err
	}
	rows, next, err := read(after)
	if err != nil {
		return nil, err
	}
	cursor, err := a.need.Exchange.Cursor(ctx, scope, list, next)
	return give(Page[B]{Items: mapped(rows, form), NextCursor: cursor}, err)
}

// listName tells lists of different filters apart, so that a cursor fits its own list only.
func listName(kind string, filters ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", fmt.Sprintln(filters...)))
	return kind + " " + hex.EncodeToString(sum[:8])
}
