package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/login"
)

func TestVisitsAreBookedMovedAndCancelledAtTheDesk(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	r := w.reader(t).signIn()
	at := "/patients/" + c.people[4].ID.String()
	book := func(start string) (*http.Response, string) {
		return r.post(at+"/visits", url.Values{"location": {c.sites[0].ID.String()}, "start": {start}, "length": {"30"}})
	}
	for start, why := range map[string]string{"2026-03-01T10:00": "the past", "2026-03-29T01:30": "an hour that the clock skips", "soon": "no time", "": "nothing"} {
		res, body := book(start)
		if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "field-error") || !strings.Contains(body, "<details open") {
			t.Errorf("%s: %d", why, res.StatusCode)
		}
	}
	if res, _ := book("2026-05-11T14:40"); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("booking: %d", res.StatusCode)
	}
	_, body := r.get(at)
	if !strings.Contains(body, `value="2026-05-11T14:40"`) {
		t.Fatal("the new visit is not offered for moving")
	}
	visit, version := between(body, "/visits/", "/move", "2026-05-11T14:40"), "1"
	move := func(version, start string) int {
		res, _ := r.post(at+"/visits/"+visit+"/move", url.Values{"version": {version}, "start": {start}, "knows": {"yes"}})
		return res.StatusCode
	}
	if got := move(version, "2026-05-12T09:00"); got != http.StatusSeeOther {
		t.Fatalf("moving: %d", got)
	}
	if got := move(version, "2026-05-13T09:00"); got != http.StatusConflict {
		t.Errorf("moving what somebody moved meanwhile: %d", got)
	}
	if _, body = r.get(at); !strings.Contains(body, `value="2026-05-12T09:00"`) {
		t.Error("the visit did not move")
	}
	if res, _ := r.post("/patients/"+c.people[0].ID.String()+"/visits/"+visit+"/cancel", url.Values{"version": {"2"}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("cancelling it on another person's page: %d", res.StatusCode)
	}
	if res, _ := r.post(at+"/visits/"+visit+"/cancel", url.Values{"version": {"2"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("cancelling: %d", res.StatusCode)
	}
	if _, body = r.get(at); strings.Contains(body, visit+"/move") {
		t.Error("a cancelled visit is offered for moving")
	}
}

// between finds what stands between two marks, in the last place before a third.
func between(body, from, to, before string) string {
	body = body[:strings.Index(body, before)]
	body = body[strings.LastIndex(body, from)+len(from):]
	return body[:strings.Index(body, to)]
}

func TestNumbersAreAddedAndRemovedAtTheDesk(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	r := w.reader(t).signIn()
	at := "/patients/" + c.people[0].ID.String()
	res, body := r.post(at+"/numbers", url.Values{"number": {"12"}, "relationship": {"self"}})
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "field-error") {
		t.Errorf("no number at all: %d", res.StatusCode)
	}
	if res, _ := r.post(at+"/numbers", url.Values{"number": {"07911 123999"}, "relationship": {"carer"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("adding: %d", res.StatusCode)
	}
	if _, body := r.get(at); !strings.Contains(body, "7911 123999") || !strings.Contains(body, "Carer&#39;s phone") {
		t.Error("the number is not shown with whose it is")
	}
	if res, _ := r.post(at+"/numbers/remove", url.Values{"point": {c.points[0].ID.String()}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("removing: %d", res.StatusCode)
	}
	if _, body := r.get(at); strings.Contains(body, "7911 123456") {
		t.Error("the removed number is still shown")
	}
}

func TestADeathEndsEverythingAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	r := w.reader(t).signIn()
	at := "/patients/" + c.people[0].ID.String()
	r.post(at+"/deceased", url.Values{})
	if _, body := r.get(at); !strings.Contains(body, "Deceased") || strings.Contains(body, at+"/visits") {
		t.Error("the death is not shown, or a visit can be booked")
	}
	r.post(at+"/alive", url.Values{})
	if _, body := r.get(at); strings.Contains(body, "Deceased") || !strings.Contains(body, at+"/visits") {
		t.Error("the mistake was not taken back")
	}
}

func TestAViewerChangesNobody(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	if _, err := w.login.AddUser(t.Context(), w.admin.Scope, login.NewUser{Login: "vic", Name: "Vic", Role: access.Viewer, Password: password}); err != nil {
		t.Fatal(err)
	}
	r := w.reader(t)
	r.post("/login", url.Values{"login": {"vic"}, "password": {password}})
	at := "/patients/" + c.people[0].ID.String()
	if _, body := r.get(at); strings.Contains(body, at+"/visits") || strings.Contains(body, at+"/numbers") || strings.Contains(body, at+"/deceased") {
		t.Error("the page offers what would be refused")
	}
	for _, to := range []string{"/visits", "/numbers", "/numbers/remove", "/deceased", "/alive", "/visits/" + c.visits[0].ID.String() + "/move", "/visits/" + id.New().String() + "/cancel"} {
		if res, _ := r.post(at+to, url.Values{"version": {"1"}}); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", to, res.StatusCode)
		}
	}
}
