package sqlstore

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
)

func TestFactsComeBackWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) phi.Text { return phi.T(rapid.String().Draw(t, name)) }
		f := patient.Facts{GivenName: text("given"), FamilyName: text("family"), BirthDate: text("birth"), Note: text("note"),
			Sex: rapid.String().Draw(t, "sex"), Zone: rapid.String().Draw(t, "zone"), PreferredChannel: patient.SMS}
		for range rapid.IntRange(0, 3).Draw(t, "many") {
			f.Identifiers = append(f.Identifiers, patient.Identifier{System: "mrn", Value: text("mrn")})
			f.Tags = append(f.Tags, text("tag"))
			f.Conditions = append(f.Conditions, patient.Code{System: "sct", Code: text("code")})
		}
		packed := packFacts(f)
		got, err := unpackFacts(packed)
		if err != nil || !reflect.DeepEqual(got, f) {
			t.Fatalf("came back different: %v", err)
		}
		for n := range packed {
			if _, err := unpackFacts(packed[:n]); err == nil {
				t.Fatalf("a cut to %d of %d bytes goes unnoticed", n, len(packed))
			}
		}
	})
}

func FuzzUnpackFacts(f *testing.F) {
	f.Add(packFacts(patient.Facts{GivenName: phi.T("Zofia"), Tags: []phi.Text{phi.T("a")}}))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := unpackFacts(b)
		if err != nil {
			return
		}
		again, err := unpackFacts(packFacts(facts))
		if err != nil || !reflect.DeepEqual(again, facts) {
			t.Fatalf("accepted facts do not come back: %v", err)
		}
	})
}
