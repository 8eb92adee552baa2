//go:build pictures

package webtest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPictureForTheReadme takes docs/console.png from a running demo:
//
//	make demo                                   # in another terminal, wait for a minute
//	CARILLON_DEMO=http://127.0.0.1:8080 go test -tags pictures -run Picture ./internal/web/webtest
func TestPictureForTheReadme(t *testing.T) {
	demo := os.Getenv("CARILLON_DEMO")
	if demo == "" {
		t.Fatal("say where the demo runs: CARILLON_DEMO=http://127.0.0.1:8080")
	}
	tab := Start(t).Tab(t, demo, "en")
	tab.Visit("/login")
	tab.Fill("login", "reception")
	tab.Fill("password", "ring-the-linden-bell")
	tab.Press("button.btn-primary")
	// Tomorrow is the day that reminders are about.
	tab.Visit(Eval[string](tab, `document.querySelector(".heading-actions a:last-child").getAttribute("href")`))
	tab.Size(1280, 820)
	png := run(tab, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join("..", "..", "..", "docs", "console.png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
