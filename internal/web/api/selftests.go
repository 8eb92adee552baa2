package api

import (
	"context"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/phone"
	rules "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/engine/selftest"
)

func (a *API) selfTestRoutes() {
	const tag = "Self-test"
	handle(a, http.MethodGet, "/selftests", op{name: "listSelfTests", tag: tag, summary: "Each route's last test texts",
		needs: access.ReadMessages}, a.listSelfTests)
	handle(a, http.MethodPost, "/routes/{id}/selftest", op{name: "setSelfTest", tag: tag, summary: "Set how a route is tested",
		about: "The test text goes to a phone of your own, is about nobody and counts in no cap. It obeys a stop.", needs: access.ManageRoutes}, a.setSelfTest)
	handle(a, http.MethodPost, "/routes/{id}/selftest/run", op{name: "runSelfTest", tag: tag, summary: "Send a route's test text now",
		about: "The answer names the run; listSelfTests shows what becomes of it.", needs: access.SendMessages}, a.runSelfTest)
	handle(a, http.MethodGet, "/incidents", op{name: "listIncidents", tag: tag, summary: "What is wrong with the machinery, newest first",
		about: "Ended ones too; an open one has no until.", needs: access.ReadMessages}, a.listIncidents)
}

// SelfTest is how one route is tested.
type SelfTest struct {
	Route    id.ID         `json:"route"`
	Name     string        `json:"name"`
	Phone    string        `json:"phone,omitempty" doc:"Masked; absent when none is set."`
	Minutes  int           `json:"every_minutes,omitempty" doc:"Absent: the test is off."`
	Answers  bool          `json:"answers" doc:"The phone sends the code of each text back."`
	Next     time.Time     `json:"next_at,omitzero"`
	Incident string        `json:"incident,omitempty" enum:"stopped,opted_out,refused,line_down,throttled,rejected,no_answer,no_receipt,handset,late,no_reply"`
	Runs     []SelfTestRun `json:"runs" doc:"The last 24, newest first."`
}

// SelfTestRun is one test text. Times are the machine's and absent until they come.
type SelfTestRun struct {
	ID       id.ID     `json:"id"`
	Message  id.ID     `json:"message"`
	Planned  time.Time `json:"planned_at"`
	Handed   time.Time `json:"handed_over_at,omitzero"`
	Accepted time.Time `json:"accepted_at,omitzero"`
	Receipt  time.Time `json:"receipt_at,omitzero"`
	Reply    time.Time `json:"reply_at,omitzero"`
	Ended    time.Time `json:"ended_at,omitzero"`
	Passed   bool      `json:"passed"`
	Cause    string    `json:"cause,omitempty" enum:"stopped,opted_out,refused,line_down,throttled,rejected,no_answer,no_receipt,handset,late,no_reply"`
}

func runOf(r *rules.Run) SelfTestRun {
	return SelfTestRun{ID: r.ID, Message: r.Message, Planned: r.Planned, Handed: r.Handed, Accepted: r.Taken, Receipt: r.Receipt, Reply: r.Reply,
		Ended: r.Ended, Passed: r.Passed(), Cause: string(r.Cause)}
}

func selfTestOf(t *selftest.Test) SelfTest {
	out := SelfTest{Route: t.Route, Name: t.Name, Answers: t.Answers, Next: t.Next, Runs: mapped(t.Runs, runOf)}
	if !t.Next.IsZero() {
		out.Minutes = int(t.Every / time.Minute)
	}
	if !t.Phone.IsZero() {
		out.Phone = t.Phone.Masked()
	}
	if t.Incident != nil {
		out.Incident = string(t.Incident.Cause)
	}
	return out
}

func (a *API) listSelfTests(ctx context.Context, s access.Scope, _ *nothing) (*got[List[SelfTest]], error) {
	all, err := a.need.SelfTest.Status(ctx, s)
	return give(List[SelfTest]{mapped(all, selfTestOf)}, err)
}

// SelfTestWish is how a route is to be tested.
type SelfTestWish struct {
	Phone   string `json:"phone,omitempty" maxLength:"40" doc:"A phone of your own in international form; leave it out to keep the one that is set."`
	Minutes int    `json:"every_minutes" minimum:"0" maximum:"1440" doc:"0 switches the test off."`
	Answers bool   `json:"answers,omitempty" doc:"The phone sends the code of each text back."`
}

type selfTestWish struct {
	One
	Body SelfTestWish
}

func (a *API) setSelfTest(ctx context.Context, s access.Scope, in *selfTestWish) (*bare, error) {
	w := selftest.Wish{Route: in.ID, Every: time.Duration(in.Body.Minutes) * time.Minute, Answers: in.Body.Answers}
	if in.Body.Phone != "" {
		n, err := phone.Parse(phi.T(in.Body.Phone), "")
		if err != nil {
			return nil, err
		}
		w.Phone = n
	}
	return done(a.need.SelfTest.Set(ctx, s, w))
}

func (a *API) runSelfTest(ctx context.Context, s access.Scope, in *One) (*got[Made], error) {
	run, err := a.need.SelfTest.Run(ctx, s, in.ID)
	return give(Made{run.ID}, err)
}

// Incident is one thing that is wrong, or was.
type Incident struct {
	ID      id.ID     `json:"id"`
	Kind    string    `json:"kind" enum:"selftest"`
	Subject id.ID     `json:"subject" doc:"Of a self-test: the route."`
	Cause   string    `json:"cause"`
	Message id.ID     `json:"message,omitzero" doc:"The test text that showed it."`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until,omitzero"`
}

func incidentOf(i *incident.Incident) Incident {
	return Incident{ID: i.ID, Kind: string(i.Kind), Subject: i.Subject, Cause: string(i.Cause), Message: i.Details.Message, Since: i.Since, Until: i.Until}
}

func (a *API) listIncidents(ctx context.Context, s access.Scope, in *Paging) (*got[Page[Incident]], error) {
	return paged(ctx, a, s, "incidents", *in, incidentOf, func(after id.ID) ([]incident.Incident, id.ID, error) {
		all, err := a.need.SelfTest.Incidents(ctx, s, true, after, in.Limit+1)
		if len(all) <= in.Limit {
			return all, id.ID{}, err
		}
		return all[:in.Limit], all[in.Limit-1].ID, err
	})
}
