package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/login"
	"carillon.dev/carillon/internal/store"
)

func TestEveryAnswerCarriesTheStrictPolicyAndIsNotKept(t *testing.T) {
	t.Parallel()
	r := setup(t).withAdmin(t).reader(t)
	r2 := setup(t).withAdmin(t).reader(t).signIn()
	for _, c := range []struct {
		r    reader
		path string
	}{{r, "/login"}, {r, "/"}, {r, "/nowhere"}, {r2, "/stop"}, {r2, "/nowhere"}} {
		res, body := c.r.get(c.path)
		p := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(p, want) {
				t.Errorf("%s: policy lacks %s", c.path, want)
			}
		}
		if strings.Contains(p, "unsafe") || strings.Contains(p, "data:") {
			t.Errorf("%s: policy allows too much: %s", c.path, p)
		}
		if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: may be kept or guessed at", c.path)
		}
		for _, inline := range []string{"<style", "style=\"", "javascript:", "onclick=", "onload=", "hx-on"} {
			if strings.Contains(body, inline) {
				t.Errorf("%s: inline %s", c.path, inline)
			}
		}
	}
}

func TestWithoutASessionEveryPageLeadsToTheLogInAndBack(t *testing.T) {
	t.Parallel()
	r := setup(t).withAdmin(t).reader(t)
	res, _ := r.get("/stop?x=1")
	if to := res.Header.Get("Location"); res.StatusCode != 303 || to != "/login?to=%2Fstop%3Fx%3D1" {
		t.Fatalf("%d to %s", res.StatusCode, to)
	}
	res, _ = r.post("/login", url.Values{"login": {"ada"}, "password": {password}, "to": {"/stop?x=1"}})
	if to := res.Header.Get("Location"); to != "/stop?x=1" {
		t.Fatalf("after the log-in: %s", to)
	}
	if res, _ := r.get("/stop"); res.StatusCode != 200 {
		t.Fatalf("the page after the log-in: %d", res.StatusCode)
	}
}

func TestLogInNeverSendsAReaderToAnotherSite(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	for _, to := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\r\nb", "stop"} {
		res, _ := w.reader(t).post("/login", url.Values{"login": {"ada"}, "password": {password}, "to": {to}})
		if got := res.Header.Get("Location"); got != "/" {
			t.Errorf("%q leads to %q", to, got)
		}
	}
}

func TestSessionCookieIsHostOnlyHttpOnlyAndLax(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	res, _ := w.reader(t).post("/login", url.Values{"login": {"ada"}, "password": {password}})
	k := res.Cookies()[0]
	if k.Name != "carillon" || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Domain != "" || k.Path != "/" {
		t.Fatalf("cookie: %v", k)
	}
}

func TestLogOutEndsTheSessionAtOnce(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	r := w.reader(t).signIn()
	u, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	stolen := r.Jar.Cookies(u)
	r.post("/logout", nil)
	other := w.reader(t)
	other.Jar.SetCookies(u, stolen)
	if res, _ := other.get("/stop"); res.StatusCode != 303 {
		t.Fatalf("the old cookie still opens the page: %d", res.StatusCode)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	r := w.reader(t).signIn()
	for name, header := range map[string][2]string{
		"cross-site":       {"Sec-Fetch-Site", "cross-site"},
		"same-site":        {"Sec-Fetch-Site", "same-site"},
		"foreign origin":   {"Origin", "https://evil.example"},
		"null origin":      {"Origin", "null"},
		"other local port": {"Origin", "http://127.0.0.1:1"},
	} {
		req, err := http.NewRequest(http.MethodPost, w.url+"/stop", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(header[0], header[1])
		res, err := r.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	if w.organization(t).StoppedAt != nil {
		t.Fatal("a foreign form stopped the sending")
	}
}

func TestStopAllTakesEffectAndIsShownUntilItEnds(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	r := w.reader(t).signIn()
	if res, _ := r.get("/stop"); res.StatusCode != 200 || w.organization(t).StoppedAt != nil {
		t.Fatal("asking already stopped")
	}
	r.post("/stop", nil)
	if w.organization(t).StoppedAt == nil {
		t.Fatal("not stopped")
	}
	if _, body := r.get("/nowhere"); !strings.Contains(body, "All sending is stopped.") {
		t.Fatal("the page does not say that sending is stopped")
	}
	r.post("/resume", nil)
	if w.organization(t).StoppedAt != nil {
		t.Fatal("still stopped")
	}
}

func TestAReaderWithoutTheRightIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	if _, err := w.login.AddUser(t.Context(), w.admin.Scope, login.NewUser{Login: "vic", Name: "Vic", Role: access.Viewer, Password: password}); err != nil {
		t.Fatal(err)
	}
	r := w.reader(t)
	r.post("/login", url.Values{"login": {"vic"}, "password": {password}})
	if res, _ := r.post("/stop", nil); res.StatusCode != http.StatusForbidden || w.organization(t).StoppedAt != nil {
		t.Fatalf("a viewer stopped everything: %d", res.StatusCode)
	}
	if _, body := r.get("/nowhere"); strings.Contains(body, "stop-dialog") {
		t.Fatal("the button is offered to who may not press it")
	}
}

func TestSetUpFormSaysWhatIsWrongBesideEachFieldAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := w.reader(t)
	path := "/setup/" + w.setupToken
	res, body := r.post(path, url.Values{"organization": {"Elm"}, "region": {"GB"}, "login": {"ada"}, "name": {"Ada A"}, "password": {"short"}})
	if res.StatusCode != 422 || !strings.Contains(body, `aria-describedby="e-password"`) || !strings.Contains(body, `value="Ada A"`) || strings.Contains(body, "short\"") {
		t.Fatalf("%d\n%s", res.StatusCode, body)
	}
	if res, _ := r.post(path, url.Values{"organization": {"Elm"}, "region": {"GB"}, "login": {"ada"}, "name": {"Ada A"}, "password": {password}}); res.StatusCode != 303 {
		t.Fatalf("set up: %d", res.StatusCode)
	}
	if res, _ := w.reader(t).get(path); res.StatusCode != 404 {
		t.Fatalf("the link still works: %d", res.StatusCode)
	}
}

func TestLanguageIsTheUsersOwnThenTheBrowsers(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	ask := func(r reader, accept string) string {
		req, err := http.NewRequest(http.MethodGet, w.url+"/login", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Language", accept)
		res, err := r.Do(req)
		_, body := r.read(res, err)
		return body
	}
	for accept, want := range map[string]string{"pl": "Zaloguj się", "pl-PL,en;q=0.5": "Zaloguj się", "de": "Log in", "en-GB": "Log in", "": "Log in", "xx;;;": "Log in"} {
		if body := ask(w.reader(t), accept); !strings.Contains(body, want) {
			t.Errorf("%q does not give %q", accept, want)
		}
	}
	r := w.reader(t)
	r.post("/language", url.Values{"language": {"pl"}, "here": {"/login"}})
	if body := ask(r, "en"); !strings.Contains(body, "Zaloguj się") {
		t.Error("the choice was not kept")
	}
}

func TestEventStreamCarriesTopicsOfTheReadersOrganizationOnly(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	if res, _ := w.reader(t).get("/live"); res.StatusCode != http.StatusNoContent {
		t.Fatalf("a stranger's stream: %d", res.StatusCode)
	}
	r := w.reader(t).signIn()
	res, err := r.Get(w.url + "/live")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 512)
	if _, err := res.Body.Read(buf); err != nil { // the greeting: the watcher is there
		t.Fatal(err)
	}
	other := access.System("test")
	if err := w.store.InTx(t.Context(), other, func(tx store.Tx) error {
		tx.PublishFor(id.New(), store.TopicPeople)
		tx.PublishFor(w.admin.Scope.Org(), store.TopicVisits)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	n, err := res.Body.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(buf[:n]); got != "event: topic\ndata: visits\n\n" {
		t.Fatalf("stream: %q", got)
	}
}
