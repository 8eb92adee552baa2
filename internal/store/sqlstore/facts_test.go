package sqlstore

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/audience"
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
			f.Medications = append(f.Medications, patient.Code{System: "atc", Code: text("drug")})
		}
		f.Address = patient.Address{Line: text("line"), City: text("city"), PostalCode: text("postal"), Country: "PL"}
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

func TestOnlyNeededFactsAreRead(t *testing.T) {
	t.Parallel()
	f := patient.Facts{GivenName: phi.T("Zofia"), BirthDate: phi.T("1960-02-03"), Sex: "female", PreferredChannel: patient.Letter, Note: phi.T("n"),
		Identifiers: []patient.Identifier{{System: "mrn", Value: phi.T("1")}}, Tags: []phi.Text{phi.T("a"), phi.T("b")},
		Conditions: []patient.Code{{System: "icd", Code: phi.T("E11")}}, Medications: []patient.Code{{System: "atc", Code: phi.T("A10")}},
		Address: patient.Address{Line: phi.T("1 Long Street"), City: phi.T("Town"), PostalCode: phi.T("02-222"), Country: "PL"}}
	packed := packFacts(f)
	var got patient.Facts
	for need, want := range map[audience.Need]patient.Facts{
		0:                                    {},
		audience.NeedBirth:                   {BirthDate: f.BirthDate},
		audience.NeedSex | audience.NeedTags: {Sex: "female", Tags: f.Tags},
		audience.NeedPrefers:                 {PreferredChannel: patient.Letter},
		audience.NeedConditions:              {Conditions: f.Conditions},
		audience.NeedMedications:             {Medications: f.Medications},
		audience.NeedAddress | audience.NeedBirth: {BirthDate: f.BirthDate, Address: patient.Address{PostalCode: phi.T("02-222"), Country: "PL"}},
	} {
		if err := unpackSome(packed, need, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("for %b other facts came: %v", need, err)
		}
		got.Tags, got.Conditions, got.Medications = nil, nil, nil
	}
	for n := range packed {
		if err := unpackSome(packed[:n], audience.NeedBirth, &got); err == nil {
			t.Errorf("a cut to %d of %d bytes goes unnoticed", n, len(packed))
		}
	}
}

// Facts that were sealed before addresses and medications were kept still open.
func TestFactsOfTheFirstFormAreRead(t *testing.T) {
	t.Parallel()
	old := []byte("\x01\x05Zofia\x05Nowak\x0a1960-02-03\x06female\x00\x03sms\x00\x01\x03mrn\x011\x01\x01a\x01\x03icd\x03E11")
	f, err := unpackFacts(old)
	if err != nil || f.FamilyName.Reveal() != "Nowak" || len(f.Conditions) != 1 || f.Conditions[0].Code.Reveal() != "E11" || len(f.Tags) != 1 {
		t.Fatalf("not read: %v", err)
	}
	var some patient.Facts
	if err := unpackSome(old, audience.NeedConditions|audience.NeedAddress, &some); err != nil || len(some.Conditions) != 1 || some.Sex != "" {
		t.Fatalf("not read in part: %v", err)
	}
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
