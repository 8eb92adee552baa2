package console_test

import (
	"net/url"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/login"
)

// given uploads a file and has it checked; extra fields go with the form.
func (r reader) given(kind, file string, extra url.Values) (at string) {
	r.t.Helper()
	res, body := r.send(kind, "practice", file)
	if at = res.Header.Get("Location"); at == "" {
		r.t.Fatalf("the upload is refused: %d\n%s", res.StatusCode, body)
	}
	_, body = r.get(at)
	form := reading(body)
	for k, v := range extra {
		form[k] = v
	}
	r.post(at+"/check", form)
	return at
}

// taken is given, applied and released.
func (r reader) taken(kind, file string) (at string) {
	r.t.Helper()
	at = r.given(kind, file, nil)
	r.until(at, "The file is fine.")
	r.post(at+"/apply", nil)
	r.until(at, "Everything is imported.")
	r.post(at+"/release", nil)
	return at
}

const (
	visitsHeader = "appointment id,patient id,start,location\n"
	visitOne     = "A1,1,2026-03-25 10:00,Elm Street\n"
	visitTwo     = "A2,2,2026-03-25 11:00,Elm Street\n"
)

func TestVisitsThatAFileOfAllDoesNotHaveAreSeenBeforeTheyAreCancelled(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	r.taken("patients", goodPatients)
	r.taken("appointments", visitsHeader+visitOne+visitTwo)
	at := r.given("appointments", visitsHeader+visitOne, url.Values{"snapshot": {"yes"}})
	body := r.until(at, "1 visit of these days is not in the file")
	if !strings.Contains(body, "Kowalski") || !strings.Contains(body, `name="absent" value="1" required`) {
		t.Fatalf("the visit is not listed with its agreement:\n%s", body)
	}
	if res, _ := r.post(at+"/apply", nil); res.StatusCode < 400 {
		t.Fatalf("applied without agreement: %d", res.StatusCode)
	}
	if res, _ := r.post(at+"/apply", url.Values{"absent": {"7"}}); res.StatusCode < 400 {
		t.Fatalf("applied with agreement to something else: %d", res.StatusCode)
	}
	r.post(at+"/apply", url.Values{"absent": {"1"}})
	r.until(at, "Everything is imported.")
}

func TestWhatAnUndoLeavesAloneIsListed(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	first := r.taken("patients", goodPatients)
	r.taken("patients", strings.Replace(goodPatients, "Zofia", "Sophia", 1))
	r.post(first+"/undo", nil)
	body := r.until(first, "The import was taken back.")
	if !strings.Contains(body, "Left alone") || !strings.Contains(body, "Sophia") {
		t.Fatalf("what was left alone is not listed:\n%s", body)
	}
}

func TestAFileThatCannotBeReadCanBeReadAnotherWay(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	res, _ := r.send("patients", "old", oldPatients)
	at := res.Header.Get("Location")
	r.post(at+"/check", url.Values{"encoding": {"iso-8859-2"}, "header": {"id"}, "field-0": {"-"}}) // whose line is it then?
	body := r.until(at, "The file as a whole cannot be read.")
	if !strings.Contains(body, `<option value="windows-1250"`) || !strings.Contains(body, `name="shown" value="iso-8859-2"`) {
		t.Fatalf("it cannot be read another way:\n%s", body)
	}
	r.post(at+"/check", url.Values{"encoding": {"windows-1250"}, "shown": {"iso-8859-2"}, "header": {"id"}, "field-0": {"-"}})
	if _, body = r.get(at); !strings.Contains(body, `name="shown" value="windows-1250"`) || strings.Contains(body, "cannot be read") {
		t.Fatalf("the columns are not shown in the other letters first:\n%s", body)
	}
	r.post(at+"/check", url.Values{"encoding": {"windows-1250"}, "shown": {"windows-1250"}})
	r.until(at, "line")
}

func TestOnlyWhoMayTakeBackIsShownHow(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	at := r.taken("patients", goodPatients)
	if _, body := r.get(at); !strings.Contains(body, at+"/undo") {
		t.Error("an administrator is not shown how to take an import back")
	}
	if _, err := w.login.AddUser(t.Context(), w.admin.Scope, login.NewUser{Login: "rex", Name: "Rex", Role: access.Receptionist, Password: password}); err != nil {
		t.Fatal(err)
	}
	desk := w.reader(t)
	desk.post("/login", url.Values{"login": {"rex"}, "password": {password}})
	if _, body := desk.get(at); strings.Contains(body, at+"/undo") {
		t.Error("a receptionist is shown what is refused")
	}
	if res, _ := desk.post(at+"/undo", nil); res.StatusCode != 403 {
		t.Errorf("a receptionist takes back: %d", res.StatusCode)
	}
}
