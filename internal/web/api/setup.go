package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/desk"
)

func (a *API) setupRoutes() {
	a.journeyRoutes()
	a.templateRoutes()
	handle(a, http.MethodGet, "/routes", op{name: "listRoutes", tag: "Routes", summary: "List routes with their health", needs: access.ReadMessages}, a.listRoutes)
	handle(a, http.MethodPost, "/routes/{id}/state", op{name: "setRouteState", repeats: true, tag: "Routes", summary: "Open, stop or drain a route, or put it on trial",
		about: "A route on trial serves its guest list only; of one that drains what is queued leaves and nothing new is planned. Stopping needs the role for stop-all, the rest an administrator.",
		needs: access.StopAll}, a.setRoute)
	a.routeSettingRoutes()
}

// Carrier is one route and its health.
type Carrier struct {
	ID        id.ID         `json:"id"`
	Name      string        `json:"name"`
	Kind      string        `json:"kind"`
	State     string        `json:"state" enum:"trial,open,stopped,draining"`
	Simulator bool          `json:"simulator"`
	Rate      int           `json:"rate" doc:"Segments a second; 0 is no limit of ours."`
	Rank      int           `json:"rank" doc:"1 is preferred."`
	Senders   []RouteSender `json:"senders"`
	Guests    int           `json:"guests" doc:"How many numbers a route on trial serves."`
	Waiting   int           `json:"waiting" doc:"Due texts; 200 means at least."`
	Oldest    time.Time     `json:"oldest_due_at,omitzero"`
	Unknown   int           `json:"unknown" doc:"Of the last day; 200 means at least."`
	Failed    int           `json:"failed" doc:"Of the last day; 200 means at least."`
	Parked    int           `json:"parked_receipts"`
	Here      bool          `json:"here" doc:"This node has the connection."`
	Bind      string        `json:"bind,omitempty" doc:"State of this node's connection."`
	LastError string        `json:"last_error,omitempty"`
	Fault     string        `json:"fault,omitempty" doc:"The last error as a word."`
	Receipts  Receipts      `json:"receipts"`
}

// Receipts is how a route's receipts come.
type Receipts struct {
	Late    bool      `json:"late" doc:"Far fewer receipts come than usual: ask the operator."`
	Since   time.Time `json:"since,omitzero"`
	Texts   int       `json:"texts" doc:"Looked at last."`
	Missing int       `json:"missing" doc:"Of them without a receipt within ten minutes."`
	Usual   int       `json:"usual" doc:"Of a hundred texts, how many usually have one by then."`
	Known   bool      `json:"known" doc:"Enough texts were seen to say what is usual."`
	Looked  time.Time `json:"looked_at,omitzero"`
}

// RouteSender is an address that patients see.
type RouteSender struct {
	ID       id.ID  `json:"id"`
	Address  string `json:"address"`
	TwoWay   bool   `json:"two_way"`
	Location id.ID  `json:"location,omitzero"`
	Disabled bool   `json:"disabled,omitempty"`
}

func carrierOf(c *desk.Carrier) Carrier {
	return Carrier{ID: c.ID, Name: c.Name, Kind: c.Kind, State: string(c.State), Simulator: c.Simulator, Rate: c.Rate, Rank: c.Rank,
		Senders: mapped(c.Senders, func(s *desk.Sender) RouteSender {
			return RouteSender{s.ID, s.Address, s.TwoWay, s.Location, s.Disabled}
		}),
		Guests: len(c.Guests), Waiting: c.Waiting, Oldest: c.Oldest, Unknown: c.Unknown, Failed: c.Failed, Parked: c.Parked, Here: c.Here,
		Bind: c.Bind.State, LastError: c.Bind.LastError, Fault: c.Bind.Fault,
		Receipts: Receipts{Late: c.Receipts.Late, Since: c.Receipts.Since, Texts: c.Receipts.Texts, Missing: c.Receipts.Missing,
			Usual: c.Receipts.Usual, Known: c.Receipts.Known, Looked: c.Receipts.Looked}}
}

func (a *API) listRoutes(ctx context.Context, s access.Scope, _ *nothing) (*got[List[Carrier]], error) {
	all, err := a.need.Desk.Carriers(ctx, s)
	return give(List[Carrier]{mapped(all, carrierOf)}, err)
}

// RouteState is what a route may do.
type RouteState struct {
	State string `json:"state" enum:"open,trial,stopped,draining"`
}

type routeState struct {
	One
	Body RouteState
}

func (a *API) setRoute(ctx context.Context, s access.Scope, in *routeState) (*bare, error) {
	return done(a.need.Routes.SetState(ctx, s, in.ID, desk.RouteState(in.Body.State)))
}
