package console_test

import (
	"testing"

	"carillon.dev/carillon/internal/web/webtest"
)

// Every page with a day's life in it, in both languages.
func TestPagesInABrowser(t *testing.T) {
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	browser := webtest.Start(t)
	pages := []struct{ name, path string }{
		{"today", "/"},
		{"today-empty", "/?day=2026-06-01"},
		{"patients", "/patients"},
		{"patient", "/patients/" + c.people[0].ID.String()},
		{"patient-long", "/patients/" + c.people[1].ID.String()},
		{"patient-arabic", "/patients/" + c.people[2].ID.String()},
		{"patient-opted-out", "/patients/" + c.people[5].ID.String()},
		{"messages", "/messages"},
		{"messages-none", "/messages?group=held&purpose=survey"},
		{"calls", "/calls"},
		{"calls-done", "/calls?done_rows=yes"},
		{"carriers", "/carriers"},
		{"settings", "/settings"},
		{"message-delivered", "/messages/" + c.messages[0].ID.String()},
		{"message-refused", "/messages/" + c.messages[5].ID.String()},
	}
	for _, language := range []string{"en", "pl"} {
		tab := browser.Tab(t, w.url, language)
		signIn(tab)
		for _, page := range pages {
			tab.Visit(page.path)
			tab.Inspect(page.name + "-" + language)
		}
		tab.Visit("/patients")
		tab.Fill("q", "Grz")
		tab.Press("main button.btn-primary")
		tab.Inspect("patients-found-" + language)
	}
	if n := w.violations.Load(); n != 0 {
		t.Errorf("%d content security policy violations", n)
	}
}
