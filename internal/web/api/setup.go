package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/engine/desk"
)

func (a *API) setupRoutes() {
	handle(a, http.MethodGet, "/journeys", op{name: "listJourneys", tag: "Journeys", summary: "List journeys", needs: access.ReadMessages}, a.listJourneys)
	handle(a, http.MethodGet, "/journeys/{key}", op{name: "getJourney", tag: "Journeys", summary: "Read a journey with its definition",
		needs: access.ReadMessages}, a.getJourney)
	handle(a, http.MethodGet, "/templates", op{name: "listTemplates", tag: "Templates", summary: "List the texts by key and language",
		about: "Liquid templates; they hold no patient's facts.", needs: access.ReadMessages}, a.listTemplates)
	handle(a, http.MethodGet, "/routes", op{name: "listRoutes", tag: "Routes", summary: "List routes with their health", needs: access.ReadMessages}, a.listRoutes)
	handle(a, http.MethodPost, "/routes/{id}/state", op{name: "setRouteState", tag: "Routes", summary: "Open or stop a route, or put it on trial",
		about: "A route on trial serves its guest list only. Stopping needs the role for stop-all, the rest an administrator.",
		needs: access.StopAll}, a.setRoute)
}

// Journey is one journey as it runs now.
type Journey struct {
	Key      string            `json:"key"`
	Version  int               `json:"version" doc:"The newest; running enrollments keep theirs."`
	Versions []int             `json:"versions"`
	Names    map[string]string `json:"names" doc:"By language."`
	Purpose  string            `json:"purpose"`
	Shipped  bool              `json:"shipped" doc:"It came with the product."`
	Active   int               `json:"active" doc:"Enrollments that run."`
	Ended    int               `json:"ended"`
	Steps    []JourneyStep     `json:"steps"`
	Source   string            `json:"source,omitempty" doc:"The definition as it was written (YAML); in the single answer only."`
}

// JourneyStep is one text of a journey.
type JourneyStep struct {
	ID       string `json:"id"`
	Template string `json:"template"`
	Off      bool   `json:"off,omitempty"`
}

func journeyOf(j *desk.Journey) Journey {
	return Journey{Key: j.Key, Version: j.Version, Versions: j.Versions, Names: j.Names, Purpose: string(j.Purpose), Shipped: j.Shipped,
		Active: j.Active, Ended: j.Ended, Steps: mapped(j.Steps, func(s *journey.Step) JourneyStep {
			return JourneyStep{ID: s.ID, Template: s.Template, Off: !s.Enabled}
		})}
}

func (a *API) listJourneys(ctx context.Context, s access.Scope, _ *nothing) (*got[List[Journey]], error) {
	all, err := a.need.Desk.Journeys(ctx, s)
	return give(List[Journey]{mapped(all, journeyOf)}, err)
}

type journeyKey struct {
	Key string `path:"key" maxLength:"100"`
}

func (a *API) getJourney(ctx context.Context, s access.Scope, in *journeyKey) (*got[Journey], error) {
	all, err := a.need.Desk.Journeys(ctx, s)
	for i := range all {
		if all[i].Key == in.Key {
			j := journeyOf(&all[i])
			j.Source = all[i].Source
			return give(j, nil)
		}
	}
	if err == nil {
		err = errs.New(errs.NotFound, "there is no such journey")
	}
	return nil, err
}

// Template is one text in its languages.
type Template struct {
	Key   string            `json:"key"`
	Texts map[string]string `json:"texts" doc:"Liquid by BCP 47 tag."`
}

func (a *API) listTemplates(_ context.Context, _ access.Scope, _ *nothing) (*got[List[Template]], error) {
	keys := content.Keys()
	return give(List[Template]{mapped(keys, func(k *content.Key) Template {
		t := Template{Key: string(*k), Texts: map[string]string{}}
		for l, body := range a.texts[*k] {
			t.Texts[string(l)] = body
		}
		return t
	})}, nil)
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
	Address  string `json:"address"`
	TwoWay   bool   `json:"two_way"`
	Location id.ID  `json:"location,omitzero"`
	Disabled bool   `json:"disabled,omitempty"`
}

func carrierOf(c *desk.Carrier) Carrier {
	return Carrier{ID: c.ID, Name: c.Name, Kind: c.Kind, State: string(c.State), Simulator: c.Simulator, Rate: c.Rate, Rank: c.Rank,
		Senders: mapped(c.Senders, func(s *desk.Sender) RouteSender { return RouteSender{s.Address, s.TwoWay, s.Location, s.Disabled} }),
		Guests:  len(c.Guests), Waiting: c.Waiting, Oldest: c.Oldest, Unknown: c.Unknown, Failed: c.Failed, Parked: c.Parked, Here: c.Here,
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
	State string `json:"state" enum:"open,trial,stopped"`
}

type routeState struct {
	One
	Body RouteState
}

func (a *API) setRoute(ctx context.Context, s access.Scope, in *routeState) (*bare, error) {
	return done(a.need.Desk.SetRoute(ctx, s, in.ID, desk.RouteState(in.Body.State)))
}
