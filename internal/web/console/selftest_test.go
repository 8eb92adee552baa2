package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	rules "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/web/webtest"
)

// tested gives the carrier a test phone, a row of runs and an incident.
func (c *clinic) tested(t *testing.T, w *world) {
	t.Helper()
	n, err := phone.FromStored("+48500999000")
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, func(tx store.Tx) error {
		points, err := tx.People().SavePoints(t.Context(), patient.SMS, []phone.Number{n})
		if err != nil {
			return err
		}
		if err := tx.SelfTests().SaveSetting(t.Context(), rules.Setting{Route: c.route.ID, Point: points[0].ID, Every: time.Hour, Answers: true, Next: now.Add(time.Hour)}); err != nil {
			return err
		}
		for i := range 20 {
			at := now.Add(time.Duration(i-20) * time.Hour)
			r := rules.Run{ID: id.New(), Route: c.route.ID, Message: id.New(), Code: "C3F4H7", Answers: true, Planned: at}
			if err := tx.SelfTests().StartRun(t.Context(), r); err != nil {
				return err
			}
			if i == 19 {
				break // on its way
			}
			r.Handed, r.Taken, r.Receipt, r.Ended = at.Add(time.Second), at.Add(2*time.Second), at.Add(9*time.Second), at.Add(40*time.Second)
			if i == 7 || i > 16 {
				r.Receipt, r.Cause = time.Time{}, rules.CauseNoReceipt
			}
			if _, err := tx.SelfTests().NoteRun(t.Context(), r); err != nil {
				return err
			}
		}
		_, _, err = tx.Incidents().Begin(t.Context(), incident.Incident{Kind: incident.SelfTest, Subject: c.route.ID, Cause: rules.CauseNoReceipt,
			Since: now.Add(-3 * time.Hour), Details: incident.Details{Message: c.messages[0].ID}})
		return err
	})
}

func TestTheSelfTestInABrowser(t *testing.T) {
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	c.tested(t, w)
	browser := webtest.Start(t)
	for _, language := range []string{"en", "pl"} {
		tab := browser.Tab(t, w.url, language)
		signIn(tab)
		look := tab.Inspect
		if language == "pl" {
			look = tab.Glance
		}
		tab.Visit("/")
		look("today-incident-" + language)
		tab.Visit("/carriers")
		tab.Click(".self-test details summary")
		look("carriers-tests-" + language)
	}
	if n := w.violations.Load(); n != 0 {
		t.Errorf("%d content security policy violations", n)
	}
}

func TestATestPhoneIsSetByForm(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	c := w.seed(t)
	r := w.reader(t).signIn()
	at := "/carriers/" + c.route.ID.String() + "/test"
	if res, page := r.post(at, url.Values{"phone": {"12"}, "every": {"60"}}); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "no phone number") {
		t.Errorf("a wrong number: %d", res.StatusCode)
	}
	if res, _ := r.post(at, url.Values{"phone": {"+48 500 999 000"}, "every": {"60"}, "answers": {"yes"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("a good number: %d", res.StatusCode)
	}
	if _, page := r.get("/carriers"); !strings.Contains(page, "First test on its way") {
		t.Error("the page does not say that the route is tested")
	}
	if res, _ := r.post(at+"/run", nil); res.StatusCode != http.StatusSeeOther {
		t.Errorf("test now: %d", res.StatusCode)
	}
	w.write(t, func(tx store.Tx) error {
		runs, err := tx.SelfTests().Runs(t.Context(), c.route.ID, 5)
		if len(runs) != 1 || !runs[0].Answers {
			t.Errorf("runs %+v", runs)
		}
		return err
	})
}

func TestTheBudgetIsSetByForm(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	r := w.reader(t).signIn()
	if _, page := r.get("/settings"); !strings.Contains(page, "at most 5 texts") {
		t.Error("the default is not shown")
	}
	if res, _ := r.post("/settings/budget", url.Values{"day": {"6"}, "week": {"3"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("more in a day than in a week: %d", res.StatusCode)
	}
	if res, _ := r.post("/settings/budget", url.Values{"day": {"3"}, "week": {"0"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("saving: %d", res.StatusCode)
	}
	if got := w.organization(t).Budget; got != (org.Budget{Day: 3, Week: org.Unlimited}) {
		t.Errorf("kept %+v", got)
	}
}
