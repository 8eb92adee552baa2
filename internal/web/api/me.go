package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/desk"
)

func (a *API) meRoutes() {
	handle(a, http.MethodGet, "/me", op{name: "getMe", tag: "Caller", summary: "Who asks"}, a.me)
	handle(a, http.MethodGet, "/organization", op{name: "getOrganization", tag: "Caller", summary: "The organization and what facts hang in",
		about: "Sites, practitioners, kinds of visits and sources: the ids that other requests name."}, a.organization)
}

// Me is the caller.
type Me struct {
	Organization id.ID           `json:"organization"`
	Actor        string          `json:"actor" enum:"key,user" doc:"What kind of caller this is."`
	ID           id.ID           `json:"id" doc:"Of the key."`
	Role         string          `json:"role" enum:"admin,manager,receptionist,viewer"`
	May          []access.Action `json:"may" doc:"What the role allows."`
}

func (a *API) me(_ context.Context, s access.Scope, _ *nothing) (*got[Me], error) {
	m := Me{Organization: s.Org(), Actor: string(s.Actor().Kind()), ID: s.Actor().ID(), Role: string(s.Role()), May: []access.Action{}}
	for _, action := range access.Actions() {
		if s.Allows(action) {
			m.May = append(m.May, action)
		}
	}
	return give(m, nil)
}

// Organization is what facts about patients hang in.
type Organization struct {
	ID            id.ID     `json:"id"`
	Name          string    `json:"name"`
	Region        string    `json:"region" doc:"ISO 3166-1; numbers without a country are read with it."`
	Locale        string    `json:"locale"`
	CalendarOwner string    `json:"calendar_owner" enum:"own,outside" doc:"Whose calendar is the truth."`
	Demo          bool      `json:"demo"`
	Now           time.Time `json:"now" doc:"The time that messages are planned by; in the demo it may run fast."`
	Locations     []Site    `json:"locations"`
	Practitioners []Named   `json:"practitioners"`
	VisitTypes    []Named   `json:"visit_types"`
	Sources       []Source  `json:"sources"`
	Waiting       Waiting   `json:"waiting"`
}

// Site is one location.
type Site struct {
	ID         id.ID     `json:"id"`
	Name       string    `json:"name"`
	Address    string    `json:"address,omitempty"`
	Zone       string    `json:"zone" doc:"IANA time zone."`
	Region     string    `json:"region"`
	Subregion  string    `json:"subregion,omitempty"`
	Languages  []string  `json:"languages"`
	Phone      string    `json:"phone,omitempty"`
	ExternalID string    `json:"external_id,omitempty"`
	Travel     int       `json:"travel_minutes" doc:"How long patients need to get there."`
	Hours      OpenHours `json:"hours"`
}

// Named is something of the organization's own with a name.
type Named struct {
	ID         id.ID  `json:"id"`
	Name       string `json:"name"`
	ExternalID string `json:"external_id,omitempty"`
}

// Source is a system that brings patients and visits.
type Source struct {
	ID     id.ID      `json:"id"`
	Name   string     `json:"name"`
	LastAt *time.Time `json:"last_at,omitempty" doc:"When it was last heard of."`
	Every  int        `json:"every_hours" doc:"How often it is expected; 0 is never."`
	Late   bool       `json:"overdue" doc:"Silent for longer than that; after twice as long the messages of its visits wait."`
}

// Waiting counts what waits for a person.
type Waiting struct {
	Conversations int `json:"conversations"`
	Tasks         int `json:"tasks"`
	HeldImports   int `json:"held_imports"`
}

func (a *API) organization(ctx context.Context, s access.Scope, _ *nothing) (*got[Organization], error) {
	around, err := a.need.Desk.Around(ctx, s)
	if err != nil {
		return nil, err
	}
	frame, err := a.need.Desk.Frame(ctx, s)
	return give(organizationOf(around, frame), err)
}

func organizationOf(a desk.Around, f desk.Frame) Organization {
	return Organization{ID: a.Org.ID, Name: a.Org.Name, Region: a.Org.Region, Locale: a.Org.Locale,
		CalendarOwner: string(a.Org.CalendarOwner), Demo: a.Org.Demo, Now: a.Now,
		Locations:     mapped(a.Locations, siteOf),
		Practitioners: mapped(f.Practitioners, func(p *org.Practitioner) Named { return Named{p.ID, p.Name, p.ExternalID} }),
		VisitTypes:    mapped(f.Types, func(t *schedule.VisitType) Named { return Named{t.ID, t.Name, t.ExternalID} }),
		Sources: mapped(f.Sources, func(x *schedule.Source) Source {
			late, _ := x.Late(a.Now)
			return Source{x.ID, x.Name, x.LastAt, int(x.Period.Hours()), late}
		}),
		Waiting: Waiting{Conversations: a.Waiting.Inbox, Tasks: a.Waiting.Calls, HeldImports: a.Waiting.Held}}
}
