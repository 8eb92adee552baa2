package console_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store"
)

func TestConsentIsRecordedWithWhoHowAndTheTextShown(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	r := w.reader(t).signIn()
	at := "/patients/" + c.people[0].ID.String()
	res, _ := r.post(at+"/consent", url.Values{"purpose": {"survey"}, "granted": {"yes"}, "method": {"verbal"}, "at": {"2026-03-04"},
		"shown": {"I agree to surveys by SMS."}})
	if res.StatusCode != 303 {
		t.Fatalf("recording: %d", res.StatusCode)
	}
	_, body := r.get(at)
	for _, want := range []string{"Surveys", "in conversation", "I agree to surveys by SMS."} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if strings.Contains(body, "console-care/1") {
		t.Error("words of somebody's own are kept as those that are offered")
	}
	r.post(at+"/consent", url.Values{"purpose": {"survey"}, "granted": {"no"}, "method": {"verbal"}, "shown": {"Please no surveys."}})
	if _, body := r.get(at); !strings.Contains(body, "Withdrawn") {
		t.Error("the withdrawal is not shown")
	}
}

func TestConsentIsKeptWithTheTextThatFitsIt(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	r := w.reader(t).signIn()
	at := "/patients/" + c.people[0].ID.String()
	offered := func(purpose, language string) string {
		_, body := r.post(at+"/consent-text", url.Values{"purpose": {purpose}, "language": {language}})
		_, text, _ := strings.Cut(body, "<textarea")
		_, text, _ = strings.Cut(text, ">")
		text, _, _ = strings.Cut(text, "</textarea>")
		return html.UnescapeString(text)
	}
	care, ads, reklama := offered("care", "en"), offered("marketing", "en"), offered("marketing", "pl")
	if care == ads || ads == reklama || !strings.Contains(ads, "advertising") || offered("care", "uk") != "" {
		t.Fatalf("offered: %q %q %q", care, ads, reklama)
	}
	give := func(purpose, language, shown string) int {
		res, _ := r.post(at+"/consent", url.Values{"purpose": {purpose}, "granted": {"yes"}, "method": {"form"}, "language": {language}, "shown": {shown}})
		return res.StatusCode
	}
	for name, status := range map[string]int{
		"advertising without a text":      give("marketing", "en", " "),
		"advertising by the text of care": give("marketing", "en", care),
		"a text in another language":      give("marketing", "en", reklama),
		"care by the text of advertising": give("appointment", "en", ads),
		"a purpose that nobody has":       give("*", "en", "All of it."),
	} {
		if status != 422 {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status := give("marketing", "pl", reklama); status != 303 {
		t.Errorf("advertising by its own text: %d", status)
	}
	if status := give("care", "en", care+" Except on Sundays."); status != 303 {
		t.Errorf("care in changed words: %d", status)
	}
	var ledger []consent.Entry
	w.write(t, func(tx store.Tx) (err error) {
		ledger, err = tx.Consents().For(t.Context(), []id.ID{c.people[0].ID}, nil)
		return err
	})
	last := ledger[len(ledger)-2:]
	if last[0].Wording != "console-marketing/1" || last[0].Language != "pl" || last[1].Wording != "" || last[1].Purpose != consent.AllCare {
		t.Errorf("kept as %q in %s, and %q for %s", last[0].Wording, last[0].Language, last[1].Wording, last[1].Purpose)
	}
}

func TestAConsentFromTheFutureIsRefusedBesideItsField(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	r := w.reader(t).signIn()
	res, body := r.post("/patients/"+c.people[0].ID.String()+"/consent", url.Values{"purpose": {"survey"}, "granted": {"yes"},
		"method": {"verbal"}, "at": {"2027-01-01"}, "shown": {"x"}})
	if res.StatusCode != 422 || !strings.Contains(body, "field-error") {
		t.Fatalf("%d", res.StatusCode)
	}
}

func TestPeopleAreFoundAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	r := w.reader(t).signIn()
	var huang, kowalski patient.Person
	w.write(t, func(tx store.Tx) error {
		all, err := tx.People().Create(t.Context(), []patient.Person{
			{Kind: patient.Patient, Status: patient.Active, Facts: patient.Facts{GivenName: phi.T("芳"), FamilyName: phi.T("黄"), BirthDate: phi.T("1970-06-03")}},
			{Kind: patient.Patient, Status: patient.Active, Facts: patient.Facts{GivenName: phi.T("Jan"), FamilyName: phi.T("Kowalski"), BirthDate: phi.T("1955-12-01")}}})
		if err == nil {
			huang, kowalski = all[0], all[1]
		}
		return err
	})
	for typed, want := range map[string]id.ID{"黄芳": huang.ID, "黄 芳": huang.ID, "Kowa": kowalski.ID, "kowals": kowalski.ID, "kowalsk jan": kowalski.ID,
		"03.06.1970": huang.ID, "1970-06-03": huang.ID, "3 June 1970": huang.ID} {
		if _, body := r.post("/patients", url.Values{"q": {typed}}); !strings.Contains(body, "/patients/"+want.String()) {
			t.Errorf("%q finds nobody", typed)
		}
	}
	if res, _ := r.post("/patients", url.Values{"q": {"Ko"}}); res.StatusCode != 422 {
		t.Errorf("two letters: %d", res.StatusCode)
	}
	if _, body := r.get("/patients/" + huang.ID.String()); !strings.Contains(body, "黄芳") {
		t.Error("a Chinese name is not shown family name first")
	}
}

func TestAnOptOutSaidAtTheDeskShowsOnTheNumber(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	r := w.reader(t).signIn()
	at := "/patients/" + c.people[0].ID.String()
	r.post(at+"/opt-out", url.Values{"point": {c.points[0].ID.String()}, "words": {"No more texts please"}})
	if _, body := r.get(at); !strings.Contains(body, "Opted out (STOP)") || !strings.Contains(body, "No more texts please") {
		t.Fatal("the opt-out is not shown")
	}
}

func TestWhatIsSearchedForNeverStandsInAnAddress(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	for typed, want := range map[string]string{"Hart": "Amelia Hart", "ame har": "Amelia Hart", "07911 123456": "Amelia Hart",
		"1961-07-02": "Amelia Hart", "MRN-23456": "Amelia Hart", "Grzegżółka": "Bronisława"} {
		res, body := r.post("/patients", url.Values{"q": {typed}})
		if res.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%q does not find %s (%d)", typed, want, res.StatusCode)
		}
		if res.Request.URL.RawQuery != "" {
			t.Errorf("the address carries %s", res.Request.URL.RawQuery)
		}
	}
	if res, _ := r.post("/patients", url.Values{"q": {"ab"}}); res.StatusCode != 422 {
		t.Errorf("two letters: %d", res.StatusCode)
	}
}

// Another organization's rows answer exactly as rows that do not exist.
func TestAnotherOrganizationsRowsAreNotThere(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	var other org.Organization
	err := w.store.InTx(t.Context(), access.System("test"), func(tx store.Tx) (err error) {
		other, err = tx.Orgs().Create(t.Context(), org.Organization{Name: "Other", Region: "GB"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	spy := access.ForUser(other.ID, id.New(), access.Admin)
	if _, err := w.login.AddUser(t.Context(), spy, newSpy()); err != nil {
		t.Fatal(err)
	}
	r := w.reader(t)
	r.post("/login", url.Values{"login": {"spy"}, "password": {password}})
	for _, path := range []string{"/patients/%", "/messages/%", "/inbox/%", "/imports/%"} {
		foreign := map[string]id.ID{"/patients/%": c.people[0].ID, "/messages/%": c.messages[0].ID, "/inbox/%": c.thread(0).ID, "/imports/%": id.New()}[path]
		resA, a := r.get(strings.ReplaceAll(path, "%", foreign.String()))
		resB, b := r.get(strings.ReplaceAll(path, "%", id.New().String()))
		if resA.StatusCode != http.StatusNotFound || resB.StatusCode != resA.StatusCode {
			t.Errorf("%s: %d and %d", path, resA.StatusCode, resB.StatusCode)
		}
		if len(a) != len(b) {
			t.Errorf("%s: the answers differ in length: %d and %d", path, len(a), len(b))
		}
	}
}
