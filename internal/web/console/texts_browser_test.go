package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/web/webtest"
)

// The pages on which a practice writes its own words and times, in both languages.
func TestTextPagesInABrowser(t *testing.T) {
	w := setup(t).withAdmin(t)
	w.seed(t)
	w.publish(t)
	browser := webtest.Start(t)
	for _, language := range []string{"en", "pl"} {
		tab := browser.Tab(t, w.url, language)
		signIn(tab)
		look := tab.Inspect
		if language == "pl" {
			look = tab.Glance
		}
		for _, page := range []struct{ name, path string }{
			{"texts", "/texts"},
			{"text-new", "/texts/bring-your-card?new=yes"},
			{"text-version", "/texts/booking/versions/2"},
			{"text-own", "/texts/booking"},
			{"journey", "/journeys/appointment-reminder"},
			{"journey-version", "/journeys/appointment-reminder/versions/2"},
		} {
			tab.Visit(page.path)
			look(page.name + "-" + language)
		}
		tab.Visit("/texts/reminder-24h")
		tab.Do(chromedp.SendKeys(chromedp.ID("t-en"), " – {{ visit.tim }}"))
		tab.Await("document.querySelector('#preview .field-error') !== null")
		look("text-mistake-" + language)
		tab.Visit("/texts/reminder-24h")
		tab.Click("[name=people]")
		tab.Do(chromedp.SendKeys(chromedp.ID("t-en"), " – bye"))
		tab.Await("document.querySelector('#preview .bubble-plain') !== null && document.getElementById('people-title') !== null")
		look("text-typed-" + language)
		tab.Press("#editor button.btn-primary")
		look("text-warned-" + language)
		tab.Visit("/journeys/appointment-reminder")
		tab.Click("details summary:has(#source-title)")
		tab.Do(chromedp.SendKeys(chromedp.ID("f-source"), "nonsense: 1"))
		tab.Await("document.querySelector('#problems .field-error') !== null")
		look("journey-text-" + language)
	}
	if n := w.violations.Load(); n != 0 {
		t.Errorf("%d content security policy violations", n)
	}
}

// publish makes a second version of a text and of the journey.
func (w *world) publish(t *testing.T) {
	t.Helper()
	r := w.reader(t).signIn()
	for path, form := range map[string]url.Values{
		"/texts/booking": {"base": {"1"}, "seen": {"yes"}, "note": {"shorter, and warmer"},
			"text.en": {"{{ clinic.name }}: we look forward to seeing you {{ visit.on_day }} at {{ visit.time }}. Questions: call {{ clinic.phone }}"}},
		"/journeys/appointment-reminder": {"base": {"1"}, "source": {strings.Replace(string(journey.ShippedFiles()[0]), "enabled: false", "enabled: true", 1)}},
	} {
		if res, body := r.post(path, form); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", path, res.StatusCode, body)
		}
	}
}
