package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/purpose"
	audiences "carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
	"carillon.dev/carillon/internal/web/webtest"
)

// count saves an audience and counts it.
func (w *world) count(t *testing.T, name, rule string) (audience.Audience, audience.Run) {
	t.Helper()
	kept, err := w.audiences.Save(t.Context(), w.admin.Scope, audience.Audience{Name: name, Rule: rule, Purpose: purpose.Recall})
	if err != nil {
		t.Fatal(err)
	}
	run, err := w.audiences.Start(t.Context(), w.admin.Scope, kept.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.audiences.Work(t.Context(), audiences.CountJob{Org: w.admin.Scope.Org(), Run: run.ID}); err != nil {
		t.Fatal(err)
	}
	return kept, run
}

func TestAnAudienceIsMadeByAForm(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	b := w.reader(t).signIn()
	form := url.Values{"name": {"Seniors"}, "purpose": {"recall"}, "any": {"no"}, "version": {"0"},
		"c0.word": {"age"}, "c0.was": {"age"}, "c0.op": {"ge"}, "c0.v": {"65"},
		"c1.word": {"location"}, "c1.was": {"location"}, "c1.op": {"in"}, "c1.v": {"Elm Street"}}
	_, page := b.post("/audiences/form", add(form, "do", "add"))
	if !strings.Contains(page, `name="c2.word"`) || !strings.Contains(page, "age is at least 65") {
		t.Error("no third condition was added, or the sentence is missing")
	}
	_, page = b.post("/audiences/form", add(form, "do", "remove-0"))
	if strings.Contains(page, `name="c1.word"`) || !strings.Contains(page, "location is one of Elm Street") {
		t.Error("the first condition is still there")
	}
	_, page = b.post("/audiences/form", add(form, "c0.word", "visits.seen"))
	if !strings.Contains(page, `name="c0.a0"`) || !strings.Contains(page, "Dental check-up") {
		t.Error("another word did not bring its fields")
	}
	res, page := b.post("/audiences", add(form, "c0.v", "old"))
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "write a number") {
		t.Errorf("a mistake is answered by %d", res.StatusCode)
	}
	if res, _ = b.post("/audiences", form); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("not saved: %d", res.StatusCode)
	}
	all, err := w.audiences.List(t.Context(), w.admin.Scope)
	if err != nil || len(all) != 1 || all[0].Rule != `age >= 65 && location in ["Elm Street"]` {
		t.Fatalf("saved %+v, %v", all, err)
	}
	_, page = b.get("/audiences/" + all[0].ID.String() + "/edit")
	if !strings.Contains(page, `value="65"`) || !strings.Contains(page, "checked") {
		t.Error("the form does not come back")
	}
}

func add(f url.Values, key, value string) url.Values {
	out := url.Values{}
	for k, v := range f {
		out[k] = v
	}
	out.Set(key, value)
	return out
}

func TestACountShowsWhyAndNamesByPostOnly(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	_, run := w.count(t, "Everybody", `kind == "patient"`)
	b := w.reader(t).signIn()
	_, page := b.get("/audience-counts/" + run.ID.String())
	if !strings.Contains(page, "Left out") || strings.Contains(page, "Hart") {
		t.Error("the count shows no reasons, or names without being asked")
	}
	if _, page = b.post("/audience-counts/"+run.ID.String()+"/people", url.Values{}); !strings.Contains(page, "Hart") {
		t.Error("no names were shown")
	}
}

func TestAudiencePagesInABrowser(t *testing.T) {
	w := setup(t).withAdmin(t)
	w.seed(t)
	kept, _ := w.count(t, "Women over fifty without a visit", `age >= 50 && sex in ["female"] && !visits.seen(365, "Dental check-up")`)
	_, done := w.count(t, "Everybody", `kind == "patient"`)
	var going audience.Run
	storetest.Write(t, w.store, w.admin.Scope, func(ctx context.Context, tx store.Tx) (err error) {
		if going, err = tx.Audiences().AddRun(ctx, audience.Run{Rule: `age > 3`, Purpose: purpose.Event, Total: 1_000_000, SeenAt: tx.Now()}); err != nil {
			return err
		}
		going.State, going.Result = audience.Counting, audience.Count{Looked: 417_000, Matched: 12_345, Reachable: 9_876}
		_, err = tx.Audiences().SetRun(ctx, going)
		return err
	})
	browser := webtest.Start(t)
	for _, language := range []string{"en", "pl"} {
		tab := browser.Tab(t, w.url, language)
		signIn(tab)
		look := tab.Inspect
		if language == "pl" {
			look = tab.Glance
		}
		for name, path := range map[string]string{"audiences": "/audiences", "audience": "/audiences/" + kept.ID.String(),
			"audience-new": "/audiences/new", "audience-edit": "/audiences/" + kept.ID.String() + "/edit", "audience-count": countPage(done),
			"audience-counting": countPage(going)} {
			tab.Visit(path)
			look(name + "-" + language)
		}
		tab.Visit(countPage(done))
		tab.Click("#count form button")
		tab.Await("document.querySelector('#count a[href^=\"/patients/\"]') !== null")
		look("audience-people-" + language)
		tab.Visit("/audiences/new")
		tab.Click("button[value=add]")
		tab.Await("document.getElementById('c1.word') !== null")
		tab.Do(chromedp.SetValue(`[id="c0.v"]`, "50"))
		tab.Click("button[formaction='/audience-counts']")
		tab.Await("document.querySelector('#count [role=alert]') !== null")
		look("audience-asked-" + language)
		tab.Click("#c1\\.vl ~ .choices input")
		tab.Click("button[formaction='/audience-counts']")
		tab.Await("document.querySelector('#count .chip') !== null")
		look("audience-asked-well-" + language)
	}
	if n := w.violations.Load(); n != 0 {
		t.Errorf("%d content security policy violations", n)
	}
}

func countPage(r audience.Run) string { return "/audience-counts/" + r.ID.String() }
