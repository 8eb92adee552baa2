package audit_test

import (
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
)

func TestAnActionOnEveryOrganizationIsInTheLogOfEach(t *testing.T) {
	t.Parallel()
	orgs, at := []id.ID{id.New(), id.New()}, time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	got := audit.Across(access.System("backup"), at, orgs, "database.backup", "")
	if len(got) != 3 || !got[0].Org.IsZero() || got[1].Org != orgs[0] || got[2].Org != orgs[1] || got[2].Object != orgs[1] {
		t.Fatalf("events %+v", got)
	}
	for _, e := range got {
		if e.Action != "database.backup" || e.Name != "backup" || !e.At.Equal(at) || e.ID.IsZero() {
			t.Errorf("event %+v", e)
		}
	}
}
