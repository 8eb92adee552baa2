package console_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/web/webtest"
)

// Files as practices send them: proven UTF-8, and one whose letters could be read in several ways.
const (
	goodPatients = "id,first name,last name,birth date,mobile,location\n1,Zofia,Wiśniewska,1980-05-17,+447911123470,Elm Street\n2,Jan,Kowalski,1955-01-02,+447911123471,Elm Street\n"
	badPatients  = "id,first name,last name,birth date,mobile,location\n1,Zofia,Wiśniewska,1980-05-17,12,Elm Street\n2,Jan,Kowalski,1955-13-02,+447911123471,Elm Street\n3,=HYPERLINK(1),Nowak,1955-01-02,+447911123472,Elm Street\n"
	oldPatients  = "id;imi\xea;nazwisko;data urodzenia;telefon\n1;Gra\xbfyna;Brz\xeaczyszczykiewicz;1980-05-17;+48601234567\n"
)

// send uploads a file and returns the import's address.
func (r reader) send(kind, source, file string) (*http.Response, string) {
	r.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("kind", kind)
	_ = form.WriteField("source", source)
	part, err := form.CreateFormFile("file", "patients.csv")
	if err != nil {
		r.t.Fatal(err)
	}
	_, _ = part.Write([]byte(file))
	_ = form.Close()
	res, err := r.Post(r.base+"/imports", form.FormDataContentType(), &body)
	return r.read(res, err)
}

// until asks for a page until it says something.
func (r reader) until(path, want string) string {
	r.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	enough := time.After(2 * time.Minute)
	for {
		_, body := r.get(path)
		if strings.Contains(body, want) {
			return body
		}
		select {
		case <-again.C:
		case <-enough:
			r.t.Fatalf("%s never says %q:\n%s", path, want, body)
		}
	}
}

var header = regexp.MustCompile(`name="header" value="([^"]*)"`)
var chosen = regexp.MustCompile(`(?s)<select[^>]*name="(field-\d+)".*?<option value="([^"]*)" selected`)

// reading is the form that the page offers, sent as it stands.
func reading(body string) url.Values {
	form := url.Values{"encoding": {"utf-8"}}
	for _, m := range header.FindAllStringSubmatch(body, -1) {
		form.Add("header", m[1])
	}
	for _, m := range chosen.FindAllStringSubmatch(body, -1) {
		form.Set(m[1], m[2])
	}
	return form
}

func TestAFileIsShownCheckedAppliedHeldReleasedAndTakenBack(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	res, _ := r.send("patients", "practice", goodPatients)
	at := res.Header.Get("Location")
	if res.StatusCode != 303 || !strings.HasPrefix(at, "/imports/") {
		t.Fatalf("%d %s", res.StatusCode, at)
	}
	_, body := r.get(at)
	if !strings.Contains(body, "Wiśniewska") || !strings.Contains(body, `value="family_name" selected`) {
		t.Fatalf("no preview of the columns:\n%s", body)
	}
	r.post(at+"/check", reading(body))
	r.until(at, "The file is fine.")
	r.post(at+"/apply", nil)
	body = r.until(at, "Everything is imported.")
	if strings.Contains(body, "Let the texts go") {
		if res, _ := r.post(at+"/release", nil); res.StatusCode != 303 {
			t.Fatalf("release: %d", res.StatusCode)
		}
	}
	if _, body := r.post("/patients", url.Values{"q": {"Wiśniewska"}}); !strings.Contains(body, "+44 7911 123470") {
		t.Fatalf("the imported patient is not found:\n%s", body)
	}
	r.post(at+"/undo", nil)
	r.until(at, "The import was taken back.")
}

func TestLinesWithMistakesAreListedAndTheReportIsHarmlessInASpreadsheet(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	res, _ := r.send("patients", "practice", badPatients)
	at := res.Header.Get("Location")
	_, body := r.get(at)
	r.post(at+"/check", reading(body))
	body = r.until(at, "2 lines have mistakes")
	if !strings.Contains(body, "1955-13-02") {
		t.Fatalf("the wrong cell is not shown:\n%s", body)
	}
	res, report := r.get(at + "/report")
	if res.Header.Get("Content-Type") != "text/csv; charset=utf-8" || strings.Count(report, "\n") != 3 || !strings.Contains(report, "3,") && !strings.Contains(report, "2,") {
		t.Fatalf("report:\n%s", report)
	}
	for _, line := range strings.Split(report, "\n") {
		for _, cell := range strings.Split(line, ",") {
			if strings.HasPrefix(strings.Trim(cell, `"`), "=") {
				t.Errorf("a formula gets out: %s", cell)
			}
		}
	}
}

func TestAColumnOfWholeNamesIsAskedAboutOnce(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	const file = "id,name,birth date,mobile,location\n1,Wiśniewska Zofia,1980-05-17,+447911123470,Elm Street\n"
	res, _ := r.send("patients", "names", file)
	at := res.Header.Get("Location")
	_, body := r.get(at)
	if !strings.Contains(body, "The column “name” does not say") || !strings.Contains(body, `value="full_name_family_first" required`) {
		t.Fatalf("nothing is asked:\n%s", body)
	}
	form := reading(body)
	form.Set("name-column", "1")
	form.Set("name-order", "full_name_family_first")
	r.post(at+"/check", form)
	r.until(at, "The file is fine.")
	r.post(at+"/apply", nil)
	r.until(at, "Everything is imported.")
	if _, body := r.post("/patients", url.Values{"q": {"Wiśniewska"}}); !strings.Contains(body, "Zofia Wiśniewska") {
		t.Errorf("the patient is not found by her last name:\n%s", body)
	}
	res, _ = r.send("patients", "names", strings.Replace(file, "Zofia", "Anna", 1))
	if _, body := r.get(res.Header.Get("Location")); strings.Contains(body, "does not say which part") || !strings.Contains(body, `value="full_name_family_first" selected`) {
		t.Error("the answer was not remembered for the source")
	}
}

func TestAFileWhoseLettersAreNotProvenIsAskedAbout(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	res, _ := r.send("patients", "old", oldPatients)
	at := res.Header.Get("Location")
	_, body := r.get(at)
	if !strings.Contains(body, `name="encoding" value="windows-1250"`) || !strings.Contains(body, "Brzęczyszczykiewicz") {
		t.Fatalf("no choice of readings:\n%s", body)
	}
	r.post(at+"/check", url.Values{"encoding": {"windows-1250"}})
	r.until(at, "line")
}

func TestAnUploadWithoutAFileIsRefusedBesideTheField(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	r := w.reader(t).signIn()
	if res, body := r.send("patients", "x", ""); res.StatusCode != 422 || !strings.Contains(body, "Choose a file first.") {
		t.Fatalf("%d\n%s", res.StatusCode, body)
	}
}

func TestImportPagesInABrowser(t *testing.T) {
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	preview, _ := r.send("patients", "practice", goodPatients)
	ask, _ := r.send("patients", "old", oldPatients)
	wrong, _ := r.send("patients", "practice", badPatients)
	_, body := r.get(wrong.Header.Get("Location"))
	r.post(wrong.Header.Get("Location")+"/check", reading(body))
	r.until(wrong.Header.Get("Location"), "2 lines have mistakes")
	browser := webtest.Start(t)
	for _, language := range []string{"en", "pl"} {
		tab := browser.Tab(t, w.url, language)
		signIn(tab)
		look := tab.Inspect
		if language == "pl" {
			look = tab.Glance
		}
		for name, path := range map[string]string{"imports": "/imports", "import-preview": preview.Header.Get("Location"),
			"import-encoding": ask.Header.Get("Location"), "import-mistakes": wrong.Header.Get("Location")} {
			tab.Visit(path)
			look(name + "-" + language)
		}
	}
	if n := w.violations.Load(); n != 0 {
		t.Errorf("%d content security policy violations", n)
	}
}
