// Package webtest drives a real Chromium over the console's pages: it logs in, visits, looks for
// accessibility faults with axe-core, counts policy violations and script errors, and takes pictures. It is
// for tests only and refuses to download anything: the browser is Debian's.
package webtest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// ShotsVariable names the folder that pictures are written to; unset, none are taken.
const ShotsVariable = "CARILLON_SHOTS"

// patience bounds one step of a tab.
const patience = 20 * time.Second

// Browser is one running Chromium with a profile of its own.
type Browser struct{ ctx context.Context }

// Start runs Chromium for the length of the test. Without Chromium the test fails and says what to install.
func Start(t testing.TB) *Browser {
	t.Helper()
	path := find()
	if path == "" {
		t.Fatal("the browser tests need Chromium: install it with `apt-get install chromium` (or set CHROMIUM to its path)")
	}
	if _, err := os.Stat(axePath()); err != nil {
		t.Fatal("the browser tests need axe-core: run `sh scripts/assets.sh` first (make test does)")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
	)
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		end, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_ = chromedp.Cancel(end)
		stop()
		stopAlloc()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium at %s does not start: %v", path, err)
	}
	return &Browser{ctx: ctx}
}

func find() string {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// axePath is where scripts/assets.sh installs axe-core.
func axePath() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "assets", "node_modules", "axe-core", "axe.min.js")
}

// Tab is one page with cookies of its own. Its methods fail the test when the browser cannot do them.
type Tab struct {
	t      testing.TB
	ctx    context.Context
	base   string
	mu     sync.Mutex
	faults []string
}

// Tab opens a page. base is the server's address; language is what the browser asks for.
func (b *Browser) Tab(t testing.TB, base, language string) *Tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	tab := &Tab{t: t, ctx: ctx, base: base}
	tab.call(network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": language}})
	go tab.listen(chromedp.Console(ctx))
	tab.Size(1280, 900)
	return tab
}

func (tab *Tab) call(p network.SetExtraHTTPHeadersParams) {
	tab.t.Helper()
	if _, err := chromedp.Call(tab.ctx, network.Enable, network.EnableParams{}); err != nil {
		tab.t.Fatalf("browser: %v", err)
	}
	if _, err := chromedp.Call(tab.ctx, network.SetExtraHTTPHeaders, p); err != nil {
		tab.t.Fatalf("browser: %v", err)
	}
}

// listen keeps what a page writes to the console as an error: script faults and policy violations.
func (tab *Tab) listen(messages func(func(chromedp.ConsoleMessage, error) bool)) {
	for m, err := range messages {
		if err != nil {
			return
		}
		if m.IsException() || m.Type == "error" || m.Type == "warning" {
			tab.mu.Lock()
			tab.faults = append(tab.faults, m.Text)
			tab.mu.Unlock()
		}
	}
}

// Faults are the errors and warnings of the console since the last call. Answers with a status that a
// test asked for are not among them.
func (tab *Tab) Faults() (out []string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, f := range tab.faults {
		if !strings.HasPrefix(f, "Failed to load resource: the server responded with a status of 4") {
			out = append(out, f)
		}
	}
	tab.faults = nil
	return out
}

// Do runs browser steps.
func (tab *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("browser at %s: %v", tab.where(), err)
	}
}

func run[T any](tab *Tab, a chromedp.Action[T]) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		tab.t.Fatalf("browser at %s: %v", tab.where(), err)
	}
	return v
}

func (tab *Tab) where() string {
	ctx, cancel := context.WithTimeout(tab.ctx, 2*time.Second)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "an unknown page"
	}
	return strings.TrimPrefix(s, tab.base)
}

// Visit opens a path of the server.
func (tab *Tab) Visit(path string) {
	tab.t.Helper()
	tab.Do(chromedp.Navigate(tab.base + path))
}

// Fill types into the field of this name.
func (tab *Tab) Fill(name, text string) {
	tab.t.Helper()
	sel := chromedp.CSS(fmt.Sprintf("[name=%q]", name))
	tab.Do(chromedp.WaitVisible(sel), chromedp.SetValue(sel, text))
}

// Press clicks the first visible element that fits and waits for the page that follows.
func (tab *Tab) Press(css string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible)); err != nil {
		tab.t.Fatalf("pressing %s at %s: %v", css, tab.where(), err)
	}
}

// Click clicks the first visible element that fits, without waiting for another page.
func (tab *Tab) Click(css string) {
	tab.t.Helper()
	tab.Do(chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

// Text is the visible text of the first element that fits.
func (tab *Tab) Text(css string) string {
	tab.t.Helper()
	return strings.Join(strings.Fields(run(tab, chromedp.Text(chromedp.CSS(css)))), " ")
}

// Path is the address of the page without the server.
func (tab *Tab) Path() string { return tab.where() }

// Eval evaluates a script expression in the page.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	return run(tab, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Await waits until a script expression is true.
func (tab *Tab) Await(expression string) {
	tab.t.Helper()
	run(tab, chromedp.Poll[bool](expression))
}

// Size sets the window.
func (tab *Tab) Size(width, height int64) {
	tab.t.Helper()
	tab.Do(chromedp.EmulateViewport(width, height))
}

// Prefer sets the system's colour scheme: "light" or "dark".
func (tab *Tab) Prefer(scheme string) {
	tab.t.Helper()
	_, err := chromedp.Call(tab.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme},
			// Colours that glide from one theme to the other are not what a reader ends up with.
			{Name: "prefers-reduced-motion", Value: "reduce"}}})
	if err != nil {
		tab.t.Fatalf("browser: %v", err)
	}
}

// Axe runs axe-core on the page as it stands and returns what it found, one line each.
func (tab *Tab) Axe() []string {
	tab.t.Helper()
	source, err := os.ReadFile(axePath())
	if err != nil {
		tab.t.Fatal(err)
	}
	if !Eval[bool](tab, "typeof axe === 'object'") {
		run(tab, chromedp.Evaluate[bool](string(source)+";true"))
	}
	found := Eval[string](tab, `axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"], resultTypes: ["violations"]})
		.then(r => JSON.stringify(r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + v.help + " | " + n.target.join(" ") + " | " + (n.any[0]?.message || "")))))`)
	var out []string
	if err := json.Unmarshal([]byte(found), &out); err != nil {
		tab.t.Fatal(err)
	}
	return out
}

// Overflow is how many pixels the page is wider than the window.
func (tab *Tab) Overflow() int {
	tab.t.Helper()
	return Eval[int](tab, "Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)")
}

// Shot writes a picture of the whole page when pictures are wanted.
func (tab *Tab) Shot(name string) {
	tab.t.Helper()
	folder := os.Getenv(ShotsVariable)
	if folder == "" {
		return
	}
	png := run(tab, chromedp.FullScreenshot(100))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		tab.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}

// look is a window and a colour scheme.
type look struct {
	width  int64
	scheme string
}

// Inspect looks at the present page wide and narrow, light and dark: no accessibility fault, nothing that
// sticks out sideways, no console error. Pictures are named after the page.
func (tab *Tab) Inspect(name string) {
	tab.t.Helper()
	tab.inspect(name, look{1280, "light"}, look{1280, "dark"}, look{320, "light"}, look{320, "dark"})
}

// Glance is Inspect in two looks only: for the second language of a page whose colours were seen in the first.
func (tab *Tab) Glance(name string) {
	tab.t.Helper()
	tab.inspect(name, look{1280, "dark"}, look{320, "light"})
}

func (tab *Tab) inspect(name string, looks ...look) {
	tab.t.Helper()
	for _, l := range looks {
		tab.Prefer(l.scheme)
		tab.Size(l.width, 900)
		tab.Await(fmt.Sprintf("document.documentElement.dataset.theme !== 'auto' || document.documentElement.dataset.bsTheme === %q", l.scheme))
		label := fmt.Sprintf("%s-%d-%s", name, l.width, l.scheme)
		for _, v := range tab.Axe() {
			tab.t.Errorf("%s: %s", label, v)
		}
		if n := tab.Overflow(); n > 0 {
			tab.t.Errorf("%s: %d pixels stick out sideways: %v", label, n, Eval[string](tab, widest))
		}
		tab.Shot(label)
	}
	for _, f := range tab.Faults() {
		tab.t.Errorf("%s: console: %s", name, f)
	}
	tab.Prefer("light")
	tab.Size(1280, 900)
}

// widest names the elements that end farthest out.
const widest = `[...document.querySelectorAll("body *")]
	.filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
	.slice(0, 4).map(e => e.tagName + "." + e.className).join(", ")`
