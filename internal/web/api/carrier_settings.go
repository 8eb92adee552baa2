package api

import (
	"context"
	"net/http"
	"strconv"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/engine/route"
)

func (a *API) routeSettingRoutes() {
	const tag = "Routes"
	handle(a, http.MethodGet, "/routes/{id}", op{name: "getRoute", tag: tag, summary: "Read a route's settings", about: "The password is never shown.",
		needs: access.ManageRoutes}, a.getRoute)
	handle(a, http.MethodPatch, "/routes/{id}", op{name: "updateRoute", tag: tag, summary: "Change a route",
		about: "Only fields that are sent change. A new host or port, or a line without TLS, needs the password again and puts a route that is open or draining back on trial: look at the state in the answer.", needs: access.ManageRoutes}, a.updateRoute)
	handle(a, http.MethodPost, "/routes/{id}/guests", op{name: "setGuests", tag: tag, summary: "Set the numbers that a route on trial serves",
		about: "The whole list; an empty one serves nobody.", needs: access.ManageRoutes}, a.setGuests)
	handle(a, http.MethodPatch, "/routes/{id}/senders/{sender}", op{name: "updateSender", tag: tag, summary: "Change a sender",
		about: "Only fields that are sent change.", needs: access.ManageRoutes}, a.updateSender)
}

// RouteSettings are what may be changed of a route.
type RouteSettings struct {
	ID        id.ID         `json:"id"`
	Name      string        `json:"name"`
	Kind      string        `json:"kind"`
	State     string        `json:"state" enum:"trial,open,stopped,draining"`
	Simulator bool          `json:"simulator"`
	Rate      int           `json:"rate" doc:"Segments a second; 0 is no limit of ours."`
	Rank      int           `json:"rank" doc:"1 is preferred."`
	Host      string        `json:"host"`
	Port      int           `json:"port" doc:"0 is the usual one."`
	SystemID  string        `json:"system_id" doc:"Account."`
	TLS       bool          `json:"tls"`
	Window    int           `json:"window" doc:"Texts without an answer at most; 0 is the usual number."`
	Senders   []RouteSender `json:"senders"`
}

// RouteChange is what changes of a route.
type RouteChange struct {
	Name     *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Rate     *int    `json:"rate,omitempty" minimum:"0" maximum:"10000"`
	Rank     *int    `json:"rank,omitempty" minimum:"1" maximum:"100"`
	Host     *string `json:"host,omitempty" minLength:"1" maxLength:"253"`
	Port     *int    `json:"port,omitempty" minimum:"0" maximum:"65535"`
	SystemID *string `json:"system_id,omitempty" minLength:"1" maxLength:"15"`
	Password *string `json:"password,omitempty" minLength:"1" maxLength:"64" doc:"Written and never shown."`
	TLS      *bool   `json:"tls,omitempty"`
	Window   *int    `json:"window,omitempty" minimum:"0" maximum:"5000"`
}

// SenderChange is what changes of a sender.
type SenderChange struct {
	Location *id.ID `json:"location,omitempty" doc:"The only location that it writes for; all zeros for every one."`
	TwoWay   *bool  `json:"two_way,omitempty" doc:"Patients can answer it."`
	Disabled *bool  `json:"disabled,omitempty" doc:"Texts leave by it no more; answers to it are still heard."`
}

// Guests are the numbers that a route on trial serves.
type Guests struct {
	Numbers []string `json:"numbers" maxItems:"500" doc:"In international form, or as written in the organization's country."`
}

type (
	routeChange struct {
		One
		Body RouteChange
	}
	senderChange struct {
		One
		Sender id.ID `path:"sender"`
		Body   SenderChange
	}
	routeGuests struct {
		One
		Body Guests
	}
)

func settingsOf(r *route.Settings) RouteSettings {
	out := RouteSettings{ID: r.ID, Name: r.Name, Kind: string(r.Kind), State: string(r.State), Simulator: r.Simulator, Rate: r.Rate, Rank: r.Rank,
		Host: r.Line.Host, Port: r.Line.Port, SystemID: r.Line.SystemID, TLS: r.Line.TLS, Window: r.Line.Window, Senders: []RouteSender{}}
	for _, s := range r.Senders {
		out.Senders = append(out.Senders, RouteSender{s.ID, s.Address, s.TwoWay, s.Location, s.Disabled})
	}
	return out
}

func (a *API) getRoute(ctx context.Context, s access.Scope, in *One) (*got[RouteSettings], error) {
	r, err := a.need.Routes.Settings(ctx, s, in.ID)
	return give(settingsOf(&r), err)
}

func (a *API) updateRoute(ctx context.Context, s access.Scope, in *routeChange) (*got[RouteSettings], error) {
	b := &in.Body
	c := route.Change{Name: b.Name, Rate: b.Rate, Rank: b.Rank, Line: route.LineChange{Host: b.Host, Port: b.Port, SystemID: b.SystemID, TLS: b.TLS, Window: b.Window}}
	if b.Password != nil {
		password := phi.T(*b.Password)
		c.Line.Password = &password
	}
	r, err := a.need.Routes.Change(ctx, s, in.ID, c)
	return give(settingsOf(&r), err)
}

func (a *API) updateSender(ctx context.Context, s access.Scope, in *senderChange) (*got[RouteSender], error) {
	b := &in.Body
	out, err := a.need.Routes.ChangeSender(ctx, s, in.ID, in.Sender, route.SenderChange{Location: b.Location, TwoWay: b.TwoWay, Disabled: b.Disabled})
	return give(RouteSender{out.ID, out.Address, out.TwoWay, out.Location, out.Disabled}, err)
}

func (a *API) setGuests(ctx context.Context, s access.Scope, in *routeGuests) (*bare, error) {
	o, err := a.need.Settings.Organization(ctx, s)
	if err != nil {
		return nil, err
	}
	if in.Body.Numbers == nil {
		return nil, errs.New(errs.Invalid, "send the whole list; an empty one serves nobody").At("numbers")
	}
	numbers := make([]phone.Number, len(in.Body.Numbers))
	for i, written := range in.Body.Numbers {
		if numbers[i], err = phone.Parse(phi.T(written), o.Region); err != nil {
			return nil, errs.Wrap(errs.Invalid, errs.Safe(err), err).(*errs.Error).At("numbers[" + strconv.Itoa(i) + "]")
		}
	}
	return done(a.need.Routes.SetGuests(ctx, s, in.ID, numbers))
}
