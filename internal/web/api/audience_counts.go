package api

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	audiences "carillon.dev/carillon/internal/engine/audience"
)

// AudienceCount is one count: its progress and what it found. matched is reachable, calls, letters and left_out
// together.
type AudienceCount struct {
	ID        id.ID          `json:"id"`
	Audience  id.ID          `json:"audience,omitzero"`
	Version   int64          `json:"version,omitempty"`
	Rule      string         `json:"rule"`
	Purpose   string         `json:"purpose"`
	State     string         `json:"state" enum:"waiting,counting,counted,failed,cancelled"`
	Fault     string         `json:"fault,omitempty"`
	Patients  int            `json:"patients" doc:"To look at."`
	Looked    int            `json:"looked" doc:"Looked at so far."`
	Matched   int            `json:"matched"`
	Reachable int            `json:"reachable" doc:"By a text."`
	Calls     int            `json:"calls" doc:"No text reaches them, or they prefer a call."`
	Letters   int            `json:"letters" doc:"They prefer a letter, or have an address only."`
	LeftOut   map[string]int `json:"left_out" doc:"Reached by no way, by reason."`
	Why       map[string]int `json:"why" doc:"Why no text reaches those who match, by reason; calls and letters included."`
	Waits     map[string]int `json:"waits" doc:"Reachable, but a text would wait now, by reason."`
	Unknown   map[string]int `json:"unknown" doc:"The rule cannot be answered, by the fact that is missing."`
	AskedAt   time.Time      `json:"asked_at"`
	EndedAt   *time.Time     `json:"ended_at,omitempty"`
}

func countOf(r *audience.Run) AudienceCount {
	c := &r.Result
	return AudienceCount{ID: r.ID, Audience: r.Audience, Version: r.Version, Rule: r.Rule, Purpose: string(r.Purpose), State: string(r.State), Fault: r.Fault,
		Patients: r.Total, Looked: c.Looked, Matched: c.Matched, Reachable: c.Reachable, Calls: c.Calls, Letters: c.Letters,
		LeftOut: counted(c.LeftOut), Why: counted(c.Why), Waits: counted(c.Waits), Unknown: counted(c.Unknown), AskedAt: r.AskedAt, EndedAt: r.EndedAt}
}

func counted[K ~string](in map[K]int) map[string]int {
	out := make(map[string]int, len(in))
	for k, n := range in {
		out[string(k)] = n
	}
	return out
}

// AudienceAsk is a rule to count.
type AudienceAsk struct {
	Rule    string `json:"rule" minLength:"1" maxLength:"8192"`
	Purpose string `json:"purpose" maxLength:"40"`
}

type askCount struct{ Body AudienceAsk }

func (a *API) countAudience(ctx context.Context, s access.Scope, in *audienceVersionOf) (*got[AudienceCount], error) {
	run, err := a.need.Audiences.Start(ctx, s, in.ID, in.Version)
	return give(countOf(&run), err)
}

func (a *API) countRule(ctx context.Context, s access.Scope, in *askCount) (*got[AudienceCount], error) {
	run, err := a.need.Audiences.StartRule(ctx, s, in.Body.Rule, purpose.Purpose(in.Body.Purpose))
	return give(countOf(&run), err)
}

func (a *API) getCount(ctx context.Context, s access.Scope, in *One) (*got[AudienceCount], error) {
	run, err := a.need.Audiences.Run(ctx, s, in.ID)
	return give(countOf(&run), err)
}

func (a *API) cancelCount(ctx context.Context, s access.Scope, in *One) (*bare, error) {
	return done(a.need.Audiences.Cancel(ctx, s, in.ID))
}

// AudienceMember is somebody that a count found.
type AudienceMember struct {
	Patient    id.ID    `json:"patient"`
	GivenName  string   `json:"given_name,omitempty"`
	FamilyName string   `json:"family_name,omitempty"`
	Way        string   `json:"way" enum:"text,call,letter,none"`
	Why        string   `json:"why,omitempty" doc:"Why it is no text."`
	Reasons    []string `json:"reasons" doc:"Everything that the gate says against a text."`
}

func (a *API) sampleCount(ctx context.Context, s access.Scope, in *One) (*got[List[AudienceMember]], error) {
	all, err := a.need.Audiences.Sample(ctx, s, in.ID)
	return give(List[AudienceMember]{mapped(all, func(m *audiences.Member) AudienceMember {
		reasons := m.Decision.Reasons()
		return AudienceMember{Patient: m.Person.ID, GivenName: m.Person.Facts.GivenName.Reveal(), FamilyName: m.Person.Facts.FamilyName.Reveal(),
			Way: string(m.Way), Why: string(m.Why), Reasons: mapped(reasons, func(r *message.Reason) string { return string(*r) })}
	})}, err)
}
