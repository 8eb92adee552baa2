package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// coreForbids are packages that would let core act instead of say what is true.
var coreForbids = []string{"context", "database", "expvar", "io/ioutil", "log", "net", "os", "plugin", "runtime", "sync/atomic", "syscall", "testing"}

// coreMay are exceptions by path: pure parsers that live under a forbidden one, and the log values by which
// a type redacts itself.
var coreMay = []string{"net/mail", "net/netip", "net/url", "log/slog"}

// logNames write a log or hand one out. What is left of log/slog says how a type looks in somebody's log.
var logNames = []string{"Debug", "Info", "Warn", "Error", "Log", "LogAttrs", "DebugContext", "InfoContext", "WarnContext",
	"ErrorContext", "Default", "SetDefault", "New", "NewJSONHandler", "NewTextHandler", "NewLogLogger", "With", "Logger", "Handler"}

// clockNames read or wait for the machine's clock.
var clockNames = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local"}

func impureCore(tr *tree) []string {
	var out []string
	for _, f := range tr.code() {
		if !within(f.dir, "internal/core") {
			continue
		}
		for p := range f.imports() {
			for _, bad := range coreForbids {
				if within(p, bad) && !slices.Contains(coreMay, p) {
					out = append(out, fmt.Sprintf("%s imports %s", f.path, p))
				}
			}
		}
		f.selectors("time", func(sel *ast.SelectorExpr) {
			if slices.Contains(clockNames, sel.Sel.Name) {
				out = append(out, fmt.Sprintf("%s uses time.%s; take now as an argument", tr.at(sel), sel.Sel.Name))
			}
		})
		f.selectors("log/slog", func(sel *ast.SelectorExpr) {
			if slices.Contains(logNames, sel.Sel.Name) {
				out = append(out, fmt.Sprintf("%s uses slog.%s", tr.at(sel), sel.Sel.Name))
			}
		})
		f.selectors("fmt", func(sel *ast.SelectorExpr) {
			if strings.HasPrefix(sel.Sel.Name, "Print") || strings.HasPrefix(sel.Sel.Name, "Scan") {
				out = append(out, fmt.Sprintf("%s uses fmt.%s", tr.at(sel), sel.Sel.Name))
			}
		})
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.GoStmt:
				out = append(out, fmt.Sprintf("%s starts a goroutine", tr.at(n)))
			case *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
				out = append(out, fmt.Sprintf("%s uses a channel", tr.at(n)))
			}
			return true
		})
	}
	return out
}

func TestCoreIsPure(t *testing.T) {
	t.Parallel()
	wantOnly(t, "core is values and rules: no I/O, no clock, no log, no goroutine, so that every decision can be repeated from what was read",
		impureCore(load(t)))
}

func TestCoreRuleSeesABreach(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"a clock read":   `import "time"; var _ = time.Now`,
		"a file":         `import "os"; var _ = os.ReadFile`,
		"a request":      `import "net/http"; var _ http.Client`,
		"a query":        `import "database/sql"; var _ sql.DB`,
		"a logger":       `import "log/slog"; var _ slog.Logger`,
		"a print":        `import "fmt"; func f() { fmt.Println() }`,
		"a goroutine":    `func f() { go f() }`,
		"a channel":      `var _ chan int`,
		"the local zone": `import "time"; var _ = time.Local`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantFinding(t, impureCore(snippet(t, "internal/core/x/x.go", "package x\n"+text+"\n")))
		})
	}
}
