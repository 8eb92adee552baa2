package audience_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
)

var (
	now       = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	riverside = id.ID{1: 1}
	checkup   = id.ID{1: 2}
	gym       = id.ID{1: 3}
	point     = id.ID{1: 4}
	person    = id.ID{1: 5}
)

func names() audience.Names {
	return audience.Names{Locations: map[string][]id.ID{"Riverside": {riverside}}, Types: map[string][]id.ID{"Check-up": {checkup}},
		Lists: map[string]audience.List{"Gym members": {Roll: gym, Version: 1}}}
}

func world() *audience.World {
	return &audience.World{Now: now, Names: names(), Sites: map[id.ID]audience.Site{riverside: {Name: "Riverside", Country: "PL", Region: "MZ", At: &audience.Coord{Lat: 52.23, Lon: 21.01}}},
		Areas: audience.NewAreas([]audience.Area{{Country: "PL", Prefix: "80", At: audience.Coord{Lat: 54.35, Lon: 18.65}}})}
}

func anna() *audience.Person {
	days := func(n int) time.Time { return now.Add(time.Duration(n) * 24 * time.Hour) }
	return &audience.Person{Status: patient.Active, Kind: patient.Patient, Language: "pl", Location: riverside,
		Facts: &patient.Facts{BirthDate: phi.T("1960-03-02"), Sex: "female", PreferredChannel: patient.Letter, Tags: []phi.Text{phi.T("newsletter")},
			Conditions:  []patient.Code{{System: "http://hl7.org/fhir/sid/icd-10", Code: phi.T("E11.9")}},
			Medications: []patient.Code{{System: "http://www.whocc.no/atc", Code: phi.T("A10BA02")}},
			Address:     patient.Address{PostalCode: phi.T("80-001")}},
		Loaded: audience.NeedVisits | audience.NeedConsents | audience.NeedTexts | audience.NeedAnswers | audience.NeedLists,
		Rows: audience.Rows{Person: person, Lists: []id.ID{gym}, Points: []audience.Point{{ID: point, Channel: patient.SMS}},
			Entries: []consent.Entry{{ID: id.ID{1: 9}, Person: person, Channel: patient.SMS, Purpose: consent.AllCare, Status: consent.Granted, At: days(-9)}},
			Texts:   []audience.Text{{Purpose: purpose.Recall, At: days(-3)}, {Purpose: purpose.Event, At: days(-40)}}, Answers: []time.Time{days(-2)},
			Visits: []audience.Visit{{Type: checkup, Status: schedule.Fulfilled, Start: days(-100)}, {Status: schedule.NoShow, Start: days(-20)},
				{Type: checkup, Status: schedule.Booked, Start: days(12)}, {Status: schedule.Cancelled, Start: days(-1)}, {Status: schedule.Cancelled, Start: days(1)}}}}
}

func compile(t testing.TB, rule string) *audience.Rule {
	t.Helper()
	l, err := audience.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Compile(rule, names())
	if err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	return r
}

func TestEveryWordOfTheLanguage(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for rule, want := range map[string]bool{
		`age == 66`:                                   true,
		`age < 66`:                                    false,
		`sex in ["female", "other"]`:                  true,
		`kind == "member"`:                            false,
		`status != "deceased"`:                        true,
		`language == "pl"`:                            true,
		`location == "Riverside"`:                     true,
		`country == "PL" && region == "MZ"`:           true,
		`postal_code.startsWith("80")`:                true,
		`home.km_from(54.35, 18.6) < 5`:               true,
		`home.km_from(52.23, 21.01) < 200.0`:          false,
		`tags.has("newsletter")`:                      true,
		`tags.has("NEWSLETTER")`:                      false,
		`conditions.has("e11*")`:                      true,
		`conditions.has("E11")`:                       false,
		`conditions.has("http://snomed.info/sct|E*")`: false,
		`medications.has("A10BA02")`:                  true,
		`lists.has("Gym members")`:                    true,
		`prefers == "letter"`:                         true,
		`visits.seen(100)`:                            true,
		`visits.seen(99, "Check-up")`:                 false,
		`visits.booked(12, "Check-up")`:               true,
		`visits.booked(11)`:                           false,
		`visits.days_since_last() == 100`:             true,
		`visits.days_until_next("Check-up") == 12`:    true,
		`visits.no_shows(30) == 1`:                    true,
		`visits.no_shows(10) > 0`:                     false,
		`consent.given("recall")`:                     true,
		`consent.given("marketing")`:                  false,
		`consent.given("recall", "letter")`:           false,
		`texts.received(30) == 1`:                     true,
		`texts.received(90, "event") == 1`:            true,
		`texts.answered(7) >= 1`:                      true,
		`!(age >= 18 && sex == "male") || age > 200`:  true,
	} {
		r := compile(t, rule)
		got, missing, more := r.Eval(audience.NewEvaluator(world()), anna())
		if got != want || missing != "" || more {
			t.Errorf("%s is %v (missing %q, more %v)", rule, got, missing, more)
		}
		for _, w := range audience.Words() {
			used[w.Name] = used[w.Name] || strings.Contains(rule, w.Name)
		}
	}
	for _, w := range audience.Words() {
		if !used[w.Name] {
			t.Errorf("no rule above uses %s", w.Name)
		}
	}
}

func TestAMissingFactIsNeitherTrueNorFalse(t *testing.T) {
	t.Parallel()
	nobody := &audience.Person{Status: patient.Active, Facts: &patient.Facts{}, Loaded: anna().Loaded}
	for rule, want := range map[string]audience.Fact{
		`age < 18`:                              audience.FactBirthDate,
		`!(age >= 18)`:                          audience.FactBirthDate,
		`sex == "male"`:                         audience.FactSex,
		`country == "PL"`:                       audience.FactCountry,
		`region == "MZ"`:                        audience.FactRegion,
		`!postal_code.startsWith("80")`:         audience.FactPostalCode,
		`home.km_from(1.0, 2.0) > 5`:            audience.FactPlace,
		`visits.days_since_last() > 30`:         audience.FactLastVisit,
		`visits.days_until_next() > 30`:         audience.FactNextVisit,
		`age < 18 && status == "active"`:        audience.FactBirthDate,
		`age < 18 && status == "inactive"`:      "",
		`age < 18 || status == "inactive"`:      audience.FactBirthDate,
		`age < 18 || status == "active"`:        "",
		`prefers == "letter" || visits.seen(3)`: "",
	} {
		if _, missing, _ := compile(t, rule).Eval(audience.NewEvaluator(world()), nobody); missing != want {
			t.Errorf("%s: missing %q, not %q", rule, missing, want)
		}
	}
}

func TestRowsAreAskedForOnlyWhenTheyDecide(t *testing.T) {
	t.Parallel()
	p := anna()
	p.Loaded, p.Rows = 0, audience.Rows{}
	for rule, want := range map[string]bool{
		`age < 18 && !visits.seen(3)`:                  false,
		`!visits.seen(3) && age < 18`:                  false,
		`visits.seen(3) || sex == "female"`:            false,
		`age > 18 && !visits.seen(3)`:                  true,
		`texts.received(3) == 0`:                       true,
		`lists.has("Gym members") && kind == "member"`: false,
	} {
		if _, _, more := compile(t, rule).Eval(audience.NewEvaluator(world()), p); more != want {
			t.Errorf("%s asks for rows: %v", rule, more)
		}
	}
}

func TestAFaultNamesItsPlaceAndTheNearestWord(t *testing.T) {
	t.Parallel()
	l, err := audience.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	for rule, want := range map[string]string{
		``:                                "needs a condition",
		`agee > 3`:                        `column 1: there is no "agee"; did you mean "age"`,
		`visits.sen(3)`:                   `did you mean "seen"`,
		`age > "x"`:                       `column 5: > does not fit`,
		`age`:                             "a rule is a condition",
		`visits.seen(3, "Checkup")`:       `column 16: there is no kind of visit called "Checkup"; did you mean "Check-up"`,
		`location == "Riversid"`:          `did you mean "Riverside"`,
		`sex in ["male", "femal"]`:        `column 17: there is no sex "femal"; did you mean "female"`,
		`consent.given("recal")`:          `did you mean "recall"`,
		`lists.has("Gym")`:                `there is no list called "Gym"`,
		`(age > 3`:                        "cannot be read here",
		`age + 1 > 3`:                     "+ is not part of this language",
		`[1].exists(x, x > 1)`:            `there is no "exists"`,
		`language.matches("a+")`:          `there is no "matches"`,
		`age > 3 ? true : false`:          "not part of this language",
		`tags.has(language)`:              "write the value itself",
		`visits.seen(-1)`:                 "days from 0",
		`home.km_from(91.0, 0.0) < 1`:     "latitude",
		`postal_code == "80-001"`:         `"80001"`,
		"age > 3 && tags.has(\"a\\x00\")": "",
		`{"a": 1} == {}`:                  "no condition of the language",
		"age > 1" + strings.Repeat(" && age > 1", 200): "too long",
	} {
		_, err := l.Compile(rule, names())
		if want == "" {
			continue
		}
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func TestARuleKnowsWhichFactsItReads(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]audience.Need{
		`language == "pl"`:                         0,
		`age > 3 && tags.has("x")`:                 audience.NeedBirth | audience.NeedTags,
		`visits.seen(3) || consent.given("event")`: audience.NeedVisits | audience.NeedConsents,
	} {
		if got := compile(t, rule).Need; got != want {
			t.Errorf("%s needs %b", rule, got)
		}
	}
}

func TestAgeIsCountedInFullYears(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		born, today string
		want        int
	}{
		{"1960-03-02", "2026-03-02", 66}, {"1960-03-03", "2026-03-02", 65}, {"1960-02-29", "2026-02-28", 65}, {"1960-02-29", "2026-03-01", 66},
		{"1960", "2026-12-30", 65}, {"1960", "2026-12-31", 66}, {"1960-05", "2026-05-30", 65}, {"2026-01-01", "2026-03-02", 0},
	} {
		today, err := time.Parse(time.DateOnly, c.today)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := audience.Age(c.born, today); !ok || got != c.want {
			t.Errorf("born %s, on %s: %d", c.born, c.today, got)
		}
	}
	for _, bad := range []string{"", "x", "1960-x", "2030-01-01", "1-2-3-4"} {
		if n, ok := audience.Age(bad, now); ok {
			t.Errorf("%q is an age of %d", bad, n)
		}
	}
}

func TestAFormAndItsExpressionAreOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := audience.Form{Any: rapid.Bool().Draw(t, "any")}
		for range rapid.IntRange(1, 5).Draw(t, "conditions") {
			f.Conditions = append(f.Conditions, condition(t))
		}
		f.Any = f.Any && len(f.Conditions) > 1
		text, err := f.Expression()
		if err != nil {
			t.Fatal(err)
		}
		l, err := audience.NewLanguage()
		if err != nil {
			t.Fatal(err)
		}
		r, err := l.Compile(text, names())
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		back, ok := r.Form()
		if !ok || fmt.Sprint(back) != fmt.Sprint(f) {
			t.Fatalf("%s came back as %v, not %v", text, back, f)
		}
	})
}

func condition(t *rapid.T) audience.Condition {
	w := rapid.SampledFrom(audience.Words()).Draw(t, "word")
	c := audience.Condition{Word: w.Name, Op: rapid.SampledFrom(audience.OpsOf(w)).Draw(t, "op")}
	for _, kind := range w.Args {
		kind, optional := strings.CutSuffix(kind, "?")
		if optional && rapid.Bool().Draw(t, "left out") {
			break
		}
		c.Args = append(c.Args, value(t, kind))
	}
	switch {
	case c.Op == audience.Yes || c.Op == audience.No:
	case w.Result == "number":
		c.Values = []string{fmt.Sprint(rapid.IntRange(0, 500).Draw(t, "number"))}
	default:
		c.Values = []string{value(t, w.Name)}
		if c.Op == audience.OneOf {
			c.Values = append(c.Values, value(t, w.Name))
		}
	}
	return c
}

func value(t *rapid.T, kind string) string {
	if all := names().Choices(kind); len(all) > 0 {
		return rapid.SampledFrom(all).Draw(t, "choice")
	}
	switch kind {
	case "days":
		return fmt.Sprint(rapid.IntRange(0, 1000).Draw(t, "days"))
	case "degrees":
		return fmt.Sprint(float64(rapid.IntRange(-8999, 8999).Draw(t, "degrees")) / 100)
	case "postal_code":
		return rapid.StringMatching(`[0-9]{1,5}`).Draw(t, "code")
	}
	return rapid.StringMatching(`[A-Z]([A-Za-z"\\' ÅłЖ中]{0,8}[a-z])?`).Draw(t, "text")
}

func TestARuleThatSaysMoreThanTheFormIsText(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{`age > 1 && (sex == "male" || sex == "female")`, `!(age > 1)`, `language == location`, `1 == 1`} {
		if f, ok := compile(t, rule).Form(); ok {
			t.Errorf("%s is the form %v", rule, f)
		}
	}
}

func TestTheWayFollowsFromTheGate(t *testing.T) {
	t.Parallel()
	refused := func(reasons ...message.Reason) *gate.Decision {
		d := &gate.Decision{Verdict: gate.Refuse}
		for _, r := range reasons {
			d.Findings = append(d.Findings, gate.Finding{Verdict: gate.Refuse, Reason: r})
		}
		return d
	}
	for name, c := range map[string]struct {
		d               *gate.Decision
		p               purpose.Purpose
		prefers         patient.Channel
		address, number bool
		way             audience.Way
		why             message.Reason
	}{
		"may be texted":                            {&gate.Decision{Verdict: gate.Send}, purpose.Recall, "", true, true, audience.ByText, ""},
		"waits for the morning":                    {&gate.Decision{Verdict: gate.Hold}, purpose.Recall, "", true, true, audience.ByText, ""},
		"a landline is phoned":                     {refused(message.ReasonNotMobile), purpose.Recall, "", true, true, audience.ByCall, message.ReasonNotMobile},
		"no number but an address":                 {refused(message.ReasonNoNumber, message.ReasonNoConsent), purpose.Recall, "", true, false, audience.ByLetter, message.ReasonNoNumber},
		"nothing at all is somebody's task":        {refused(message.ReasonNoNumber), purpose.Recall, "", false, false, audience.ByCall, message.ReasonNoNumber},
		"prefers a letter":                         {refused(message.ReasonOtherChannel), purpose.Recall, patient.Letter, true, true, audience.ByLetter, message.ReasonOtherChannel},
		"prefers a letter without an address":      {refused(message.ReasonOtherChannel), purpose.Recall, patient.Letter, false, true, audience.ByCall, message.ReasonOtherChannel},
		"opted out is not phoned instead":          {refused(message.ReasonNotMobile, message.ReasonOptedOut), purpose.Recall, "", true, true, audience.NoWay, message.ReasonOptedOut},
		"took consent back":                        {refused(message.ReasonNoNumber, message.ReasonConsentRevoked), purpose.Recall, "", true, false, audience.NoWay, message.ReasonConsentRevoked},
		"no promotion by phone without a yes":      {refused(message.ReasonNoNumber, message.ReasonNoConsent), purpose.Marketing, "", true, false, audience.NoWay, message.ReasonNoConsent},
		"dead":                                     {refused(message.ReasonDeceased, message.ReasonNoNumber), purpose.Recall, "", true, false, audience.NoWay, message.ReasonDeceased},
		"never agreed, and could have been texted": {refused(message.ReasonNoConsent), purpose.Recall, "", true, true, audience.NoWay, message.ReasonNoConsent},
	} {
		if way, why := audience.WayOf(c.d, c.p, c.prefers, c.address, c.number); way != c.way || why != c.why {
			t.Errorf("%s: %s because of %q", name, way, why)
		}
	}
}

var update = flag.Bool("update", false, "write the table of words in docs/audiences.md anew")

// The manual's table is the language's own.
func TestTheManualListsEveryWord(t *testing.T) {
	t.Parallel()
	const path, begin, end = "../../../docs/audiences.md", "-update -->\n", "<!-- end of words -->"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(page), begin)
	table, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("the manual has no place for the table")
	}
	var want strings.Builder
	want.WriteString("| word | gives | |\n|---|---|---|\n")
	for _, w := range audience.Words() {
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", w.Usage(), w.Result, strings.ReplaceAll(w.About, "|", "\\|"))
	}
	if table == want.String() {
		return
	}
	if !*update {
		t.Fatal("docs/audiences.md lists other words: run go test ./internal/core/audience -update")
	}
	if err := os.WriteFile(path, []byte(head+begin+want.String()+end+tail), 0o600); err != nil {
		t.Fatal(err)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`age >= 50 && sex == "female"`)
	f.Add(`!(location in ["Riverside"]) || visits.seen(3, "Check-up")`)
	f.Add(`((((((`)
	l, err := audience.NewLanguage()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := l.Compile(text, names())
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("a bad rule is no %v", err)
			}
			return
		}
		match, missing, more := r.Eval(audience.NewEvaluator(world()), anna())
		if more || match && missing != "" {
			t.Fatalf("%v, %q, %v", match, missing, more)
		}
		plain := r.Plain()
		if holds := plain.Holds(anna(), func(id.ID) bool { return true }); (match || missing != "") && !holds {
			t.Fatalf("the plain part leaves out whom the rule means")
		}
	})
}
