package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/web/webtest"
)

// operator connects a real operator, by rows.
func (w *world) operator(t *testing.T) (r store.Route, s store.Sender) {
	t.Helper()
	w.write(t, func(tx store.Tx) (err error) {
		if r, err = tx.Routes().Save(t.Context(), store.Route{Name: "Operator", Kind: store.RouteSMPP, Channel: patient.SMS, Rank: 2,
			Config: phi.T(`{"host":"smsc.example","port":2775,"system_id":"clinic","password":"hush-hush"}`)}); err != nil {
			return err
		}
		s, err = tx.Routes().SaveSender(t.Context(), store.Sender{Route: r.ID, Address: "LINDEN"})
		return err
	})
	return r, s
}

func TestACarrierIsChangedByForm(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	route, sender := w.operator(t)
	r, at := w.reader(t).signIn(), "/carriers/"+route.ID.String()
	if _, page := r.get(at + "/edit"); !strings.Contains(page, "smsc.example") || strings.Contains(page, "hush-hush") {
		t.Error("the form lacks the host, or shows the password")
	}
	form := url.Values{"name": {"Main"}, "rate": {"20"}, "rank": {"1"}, "host": {"other.example"}, "port": {"3550"}, "system_id": {"clinic"}, "tls": {"yes"},
		"version": {"1"}}
	if res, page := r.post(at, form); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "needs the password again") || !strings.Contains(page, "other.example") {
		t.Errorf("another host without a password: %d", res.StatusCode)
	}
	w.write(t, func(tx store.Tx) error { return tx.Routes().SetState(t.Context(), route.ID, store.RouteOpen) })
	form.Set("version", "2")
	form.Set("password", "new")
	if res, page := r.post(at, form); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/carriers?done=carrier_trial" {
		t.Errorf("with it: %d to %q %s", res.StatusCode, res.Header.Get("Location"), page)
	}
	form.Set("rank", "many")
	if res, page := r.post(at, form); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "from 1 to 100") || strings.Contains(page, `value="new"`) {
		t.Errorf("a wrong rank: %d", res.StatusCode)
	}
	site := c.sites[0].ID
	if res, _ := r.post(at+"/senders/"+sender.ID.String(), url.Values{"location": {site.String()}, "off": {"yes"}, "was_two_way": {"no"}, "was_off": {"no"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the sender: %d", res.StatusCode)
	}
	w.write(t, func(tx store.Tx) error {
		got, err := tx.Routes().Get(t.Context(), route.ID)
		if got.Name != "Main" || got.Rate != 20 || got.Rank != 1 || !strings.Contains(got.Config.Reveal(), `"host":"other.example","port":3550,"system_id":"clinic","password":"new"`) {
			t.Errorf("the route is %s, rate %d, rank %d", got.Name, got.Rate, got.Rank)
		}
		if err != nil {
			return err
		}
		all, err := tx.Routes().Senders(t.Context())
		for _, s := range all {
			if s.ID == sender.ID && (s.Location != site || !s.Disabled) {
				t.Errorf("the sender is %+v", s)
			}
		}
		return err
	})
}

func TestACarrierThatSomebodyElseChangedIsShownAnew(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	route, sender := w.operator(t)
	r, at := w.reader(t).signIn(), "/carriers/"+route.ID.String()
	form := url.Values{"name": {"Main"}, "rate": {"20"}, "rank": {"1"}, "host": {"smsc.example"}, "port": {"2775"}, "system_id": {"clinic"}}
	if _, page := r.get(at + "/edit"); !strings.Contains(page, `name="version" value="1"`) || !strings.Contains(page, `name="was_two_way" value="no"`) {
		t.Error("the forms do not say what was seen")
	}
	form.Set("version", "1")
	if res, page := r.post(at, form); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("the first: %d %s", res.StatusCode, page)
	}
	form.Set("name", "Mine")
	for _, version := range []string{"1", ""} {
		form.Set("version", version)
		if res, page := r.post(at, form); res.StatusCode != http.StatusConflict || !strings.Contains(page, "changed this carrier") || !strings.Contains(page, `value="Main"`) ||
			!strings.Contains(page, `name="version" value="2"`) {
			t.Errorf("the second, of version %q: %d", version, res.StatusCode)
		}
	}
	from := url.Values{"location": {c.sites[0].ID.String()}, "was_two_way": {"no"}, "was_off": {"no"}}
	if res, _ := r.post(at+"/senders/"+sender.ID.String(), from); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the sender: %d", res.StatusCode)
	}
	from.Set("location", "")
	if res, page := r.post(at+"/senders/"+sender.ID.String(), from); res.StatusCode != http.StatusConflict || !strings.Contains(page, "changed this carrier") {
		t.Errorf("the sender as it was before: %d", res.StatusCode)
	}
	w.write(t, func(tx store.Tx) error {
		got, err := tx.Routes().Get(t.Context(), route.ID)
		if err != nil || got.Name != "Main" {
			t.Errorf("the route is %s, %v", got.Name, err)
		}
		all, err := tx.Routes().Senders(t.Context())
		for _, s := range all {
			if s.ID == sender.ID && s.Location != c.sites[0].ID {
				t.Errorf("the sender is %+v", s)
			}
		}
		return err
	})
}

func TestCarrierSettingsInABrowser(t *testing.T) {
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	route, _ := w.operator(t)
	browser := webtest.Start(t)
	for _, language := range []string{"en", "pl"} {
		tab := browser.Tab(t, w.url, language)
		signIn(tab)
		look := tab.Inspect
		if language == "pl" {
			look = tab.Glance
		}
		tab.Visit("/carriers/" + c.route.ID.String() + "/edit")
		look("carrier-simulator-" + language)
		tab.Visit("/carriers/" + route.ID.String() + "/edit")
		look("carrier-" + language)
	}
	if n := w.violations.Load(); n != 0 {
		t.Errorf("%d content security policy violations", n)
	}
}
