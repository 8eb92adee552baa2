package api

import (
	"context"
	"net/http"

	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
)

func (a *API) budgetRoutes() {
	const tag = "Settings"
	handle(a, http.MethodGet, "/budget", op{name: "getBudget", tag: tag, summary: "How many texts one person gets", needs: access.ReadMessages}, a.budget)
	handle(a, http.MethodPost, "/budget", op{name: "setBudget", tag: tag, summary: "Set how many texts one person gets",
		about: "Over all purposes together but emergencies, answers, what staff write, and doses.", needs: access.ManageSettings}, a.setBudget)
}

// Budget is how many texts of all purposes one person gets.
type Budget struct {
	Day  int `json:"day" minimum:"-1" maximum:"100" doc:"In any 24 hours; 0 is the default (2), -1 no limit."`
	Week int `json:"week" minimum:"-1" maximum:"100" doc:"In any seven days; 0 is the default (5), -1 no limit."`
}

func (a *API) budget(ctx context.Context, s access.Scope, _ *nothing) (*got[Budget], error) {
	o, err := a.need.Settings.Organization(ctx, s)
	return give(Budget(o.Budget), err)
}

type budgetBody struct{ Body Budget }

func (a *API) setBudget(ctx context.Context, s access.Scope, in *budgetBody) (*bare, error) {
	return done(a.need.Settings.SetBudget(ctx, s, org.Budget(in.Body)))
}
