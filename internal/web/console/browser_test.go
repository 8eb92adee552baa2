package console_test

import (
	"testing"

	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/web/webtest"
)

// In a real browser: keyboard and screen reader rules, both themes, wide and narrow, both languages.
func TestShellInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser is slow; run without -short")
	}
	w := setup(t)
	browser := webtest.Start(t)
	tab := browser.Tab(t, w.url, "en")

	tab.Visit("/setup/" + w.setupToken)
	tab.Inspect("setup-en")
	w.withAdmin(t)
	tab.Visit("/login")
	tab.Inspect("login-en")
	tab.Fill("login", "ada")
	tab.Fill("password", "wrong")
	tab.Press("button.btn-primary")
	tab.Inspect("login-wrong-en")
	tab.Fill("password", password)
	tab.Press("button.btn-primary")

	w.desk.inbox = 3
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
	tab.Visit("/nowhere")
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
	if testing.Short() {
		t.Skip("a browser is slow; run without -short")
	}
	w := setup(t).withAdmin(t)
	tab := webtest.Start(t).Tab(t, w.url, "en")
	tab.Visit("/login")
	tab.Fill("login", "ada")
	tab.Fill("password", password)
	tab.Press("button.btn-primary")
	tab.Visit("/stop")
	tab.Await("document.body.dataset.stream === 'open'")
	w.desk.mu.Lock()
	w.desk.inbox = 7
	w.desk.mu.Unlock()
	w.changes <- []store.Change{{Org: w.admin.Scope.Org(), Topic: store.TopicConversations}}
	tab.Await("document.querySelector('#menu-items .count')?.textContent.includes('7')")
	for _, f := range tab.Faults() {
		t.Error(f)
	}
}
