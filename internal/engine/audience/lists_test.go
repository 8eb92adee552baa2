package audience_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	core "carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/store/storetest"
)

// The node died after it kept the list and before it answered: the same request is answered, another one is not.
func TestARequestThatKeptItsListIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		c := setup(t, open)
		c.populate(t, 6)
		up := audience.Upload{Audience: core.Audience{Name: "Gym", Purpose: purpose.Event}, Request: id.New(),
			Refs: []audience.Ref{{Line: 1, MRN: phi.T("R1")}, {Line: 2, MRN: phi.T("nobody")}, {Line: 3, MRN: phi.T("R2")}}}
		first, err := c.service.Upload(t.Context(), c.scope, up)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.service.Upload(t.Context(), c.scope, up)
		if err != nil || again.Audience != first.Audience || again.People != 2 || again.Lines != 3 || len(again.Unmatched) != 1 || again.Unmatched[0].Line != 2 {
			t.Errorf("answered %+v, %v; at first %+v", again, err, first)
		}
		other := up
		other.Request = id.New()
		if _, err := c.service.Upload(t.Context(), c.scope, other); !errs.Is(err, errs.Conflict) {
			t.Errorf("another request of the same list: %v", err)
		}

		next := up
		next.Audience.ID, next.Audience.Version, next.Request = first.Audience.ID, 1, id.New()
		for range 2 {
			got, err := c.service.Upload(t.Context(), c.scope, next)
			if err != nil || got.Audience.Version != 2 {
				t.Errorf("a new version: %+v, %v", got, err)
			}
		}
		c.clock.Set(now.Add(25 * time.Hour)) // the key is free again
		if _, err := c.service.Upload(t.Context(), c.scope, next); !errs.Is(err, errs.Conflict) {
			t.Errorf("a day later: %v", err)
		}
	})
}
