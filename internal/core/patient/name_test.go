package patient_test

import (
	"testing"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
)

func TestAWholeNameIsInTheOrderOfItsScript(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]patient.Facts{
		"黄芳":         {GivenName: phi.T("芳"), FamilyName: phi.T("黄")},
		"欧阳修":        {GivenName: phi.T("修"), FamilyName: phi.T("欧阳")},
		"Anna Nowak": {GivenName: phi.T("Anna"), FamilyName: phi.T("Nowak")},
		"Nowak":      {FamilyName: phi.T(" Nowak ")},
		"Fang 黄":     {GivenName: phi.T("Fang"), FamilyName: phi.T("黄")},
		"":           {},
	} {
		if got := f.FullName().Reveal(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
