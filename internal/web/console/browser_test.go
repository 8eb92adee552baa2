package console_test

import (
	"testing"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/web/webtest"
)

func signIn(tab *webtest.Tab) {
	tab.Visit("/login")
	tab.Fill("login", "ada")
	tab.Fill("password", password)
	tab.Press("button.btn-primary")
}

// In a real browser: keyboard and screen reader rules, both themes, wide and narrow, both languages.
func TestShellInABrowser(t *testing.T) {
	w := setup(t)
	tab := webtest.Start(t).Tab(t, w.url, "en")

	tab.Visit("/setup/" + w.setupToken)
	tab.Inspect("setup-en")
	w.withAdmin(t)
	tab.Visit("/login")
	tab.Inspect("login-en")
	tab.Fill("login", "ada")
	tab.Fill("password", "wrong")
	tab.Press("button.btn-primary")
	tab.Inspect("login-wrong-en")
	signIn(tab)

	tab.Visit("/stop")
	tab.Inspect("stop-en")
	tab.Visit("/nowhere")
	tab.Inspect("not-found-en")
	tab.Click(".btn-stop")
	if !webtest.Eval[bool](tab, "document.getElementById('stop-dialog').open") {
		t.Error("the stop button opens no dialog")
	}
	tab.Inspect("stop-dialog-en")
	tab.Press("#stop-dialog .btn-danger")
	tab.Inspect("stopped-en")

	tab.Click(".user-button")
	tab.Shot("user-menu-en")
	tab.Press("[name=language][value=pl]")
	tab.Inspect("stopped-pl")
	tab.Click(".user-button")
	tab.Press("[name=theme][value=dark]")
	if got := webtest.Eval[string](tab, "document.documentElement.dataset.bsTheme"); got != "dark" {
		t.Errorf("theme after choosing dark: %s", got)
	}
	if n := w.violations.Load(); n != 0 {
		t.Errorf("%d content security policy violations", n)
	}
}

func TestCountsInTheMenuFollowWhatCommits(t *testing.T) {
	w := setup(t).withAdmin(t)
	tab := webtest.Start(t).Tab(t, w.url, "en")
	signIn(tab)
	tab.Await("document.body.dataset.stream === 'open'")
	w.write(t, func(tx store.Tx) error {
		tx.Publish(store.TopicTasks)
		return tx.Tasks().Add(t.Context(), []conversation.Task{{ID: id.New(), Kind: conversation.CallPatient, Reason: "undelivered"}})
	})
	tab.Await("document.querySelector('#menu-items .count')?.textContent.includes('1')")
	for _, f := range tab.Faults() {
		t.Error(f)
	}
}
