package console_test

import (
	"testing"

	"github.com/chromedp/chromedp"

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
		{"inbox", "/inbox"},
		{"thread", "/inbox/" + c.thread(0).ID.String()},
		{"thread-unclear", "/inbox/" + c.thread(2).ID.String()},
		{"due", "/due?days=3"},
		{"journeys", "/journeys"},
		{"calls", "/calls"},
		{"calls-done", "/calls?done_rows=yes"},
		{"carriers", "/carriers"},
		{"settings", "/settings"},
		{"site", "/settings/sites/" + c.sites[0].ID.String()},
		{"site-new", "/settings/sites/new"},
		{"message-delivered", "/messages/" + c.messages[0].ID.String()},
		{"message-refused", "/messages/" + c.messages[5].ID.String()},
	}
	for _, language := range []string{"en", "pl"} {
		tab := browser.Tab(t, w.url, language)
		signIn(tab)
		look := tab.Inspect
		if language == "pl" {
			look = tab.Glance
		}
		for _, page := range pages {
			tab.Visit(page.path)
			look(page.name + "-" + language)
		}
		tab.Visit("/patients/" + c.people[0].ID.String())
		tab.Await("(document.querySelectorAll('main details').forEach(d => { d.open = true }), true)")
		look("patient-forms-" + language)
		tab.Visit("/inbox/" + c.thread(0).ID.String())
		tab.Do(chromedp.SendKeys(chromedp.ID("f-text"), "Tak, oczywiście. Parking jest za budynkiem."))
		tab.Await("document.getElementById('meter').textContent.includes('43')")
		look("thread-typed-" + language)
		tab.Visit("/messages/" + c.messages[3].ID.String())
		tab.Click("#now button")
		tab.Await("document.querySelector('#now .why') !== null")
		look("message-now-" + language)
		tab.Visit("/patients")
		tab.Fill("q", "Grz")
		tab.Press("main button.btn-primary")
		look("patients-found-" + language)
	}
	if n := w.violations.Load(); n != 0 {
		t.Errorf("%d content security policy violations", n)
	}
}
