package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// vagueNames say nothing about responsibility.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "models", "types", "manager", "misc", "shared", "lib"}

func packageBreaches(tr *tree) []string {
	docs := map[string][]string{}
	names := map[string]string{}
	for _, f := range tr.code() {
		names[f.dir] = f.ast.Name.Name
		if f.ast.Doc != nil && !f.generated {
			docs[f.dir] = append(docs[f.dir], f.ast.Doc.Text())
		}
	}
	var out []string
	for dir, name := range names {
		out = append(out, docBreaches(dir, name, docs[dir])...)
		if slices.Contains(vagueNames, path.Base(dir)) {
			out = append(out, fmt.Sprintf("%s: name the package by its responsibility", dir))
		}
	}
	slices.Sort(out)
	return out
}

func docBreaches(dir, name string, docs []string) []string {
	if len(docs) != 1 {
		return []string{fmt.Sprintf("%s has %d package comments; it needs one, in one file", dir, len(docs))}
	}
	start := "Package " + name + " "
	if name == "main" {
		start = "Command " + path.Base(dir) + " "
	}
	if !strings.HasPrefix(docs[0], start) {
		return []string{fmt.Sprintf("%s: the package comment begins with %q", dir, start)}
	}
	if name != "main" && !regexp.MustCompile(`\b(refuses?|never)\b`).MatchString(docs[0]) {
		return []string{fmt.Sprintf("%s: the package comment does not say what the package refuses to do", dir)}
	}
	return nil
}

func TestEveryPackageSaysWhatItIsForAndWhatItRefuses(t *testing.T) {
	t.Parallel()
	wantOnly(t, "the package comment is how a reader finds the right room, and how a writer knows what does not belong in it",
		packageBreaches(load(t)))
	wantFinding(t, packageBreaches(snippet(t, "internal/core/x/x.go", "package x\n")))
	wantFinding(t, packageBreaches(snippet(t, "internal/core/x/x.go", "// Package x does things.\npackage x\n")))
	wantFinding(t, packageBreaches(snippet(t, "internal/base/util/x.go", "// Package util refuses nothing.\npackage util\n")))
}

func initFuncs(tr *tree) []string {
	var out []string
	for _, f := range tr.files {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				out = append(out, tr.at(fn)+" declares func init")
			}
		}
	}
	return out
}

func TestNoInitFunctions(t *testing.T) {
	t.Parallel()
	wantOnly(t, "what runs at import cannot be ordered, configured or tested; app wires in one visible place", initFuncs(load(t)))
	wantFinding(t, initFuncs(snippet(t, "internal/web/x/x.go", "package x\nfunc init() {}\n")))
}

// sleeps are waits in tests. Inside a synctest bubble time is simulated, so a sleep there waits for nothing, and a
// benchmark or a soak may look again until everything has come back.
func sleeps(tr *tree) []string {
	var out []string
	for _, f := range tr.files {
		if _, bubble := f.imports()["testing/synctest"]; !f.test || bubble || path.Base(f.path) == "bench_test.go" || f.soak() {
			continue
		}
		f.selectors("time", func(sel *ast.SelectorExpr) {
			if sel.Sel.Name == "Sleep" {
				out = append(out, tr.at(sel)+" sleeps")
			}
		})
	}
	return out
}

func TestTestsDoNotSleep(t *testing.T) {
	t.Parallel()
	wantOnly(t, "a sleep is either too short on a slow machine or too long on a fast one; use synctest, a fixed clock or a channel", sleeps(load(t)))
	wantFinding(t, sleeps(snippet(t, "internal/core/x/x_test.go", "package x\nimport \"time\"\nfunc f() { time.Sleep(1) }\n")))
}

// soak reports whether the file belongs to the long runs, which make test leaves out.
func (s *source) soak() bool { return strings.HasPrefix(s.text, "//go:build soak\n") }

// skips are tests that step aside when something is missing. A generator that throws a value away calls Skip
// without a word and is no such test; go test -short, which make test does not use, may leave slow ones out.
func skips(tr *tree) []string {
	var out []string
	for _, f := range tr.files {
		if f.soak() {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if cond, ok := n.(*ast.IfStmt); ok && isCall(cond.Cond, "testing", "Short") {
				return false
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if ok && len(call.Args) > 0 && (sel.Sel.Name == "Skip" || sel.Sel.Name == "Skipf") {
				out = append(out, tr.at(call)+" skips a test")
			}
			return true
		})
	}
	return out
}

// isCall reports whether e is pkg.name(...).
func isCall(e ast.Expr, pkg, name string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg && sel.Sel.Name == name
}

func TestNoTestStepsAside(t *testing.T) {
	t.Parallel()
	wantOnly(t, "make test brings what the tests need; a test that skips itself where a browser or a database is missing says nothing when it passes (long runs have the build tag soak)",
		skips(load(t)))
	wantFinding(t, skips(snippet(t, "internal/store/x/x_test.go", "package x\nfunc f(t T) { t.Skip(\"no PostgreSQL\") }\n")))
}

var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX|HA` + `CK)\b`)

func unfinishedWork(tr *tree) []string {
	var out []string
	for _, f := range tr.files {
		for _, g := range f.ast.Comments {
			if m := unfinished.FindString(g.Text()); m != "" {
				out = append(out, tr.at(g)+" says "+m)
			}
		}
	}
	return out
}

func TestNothingIsMarkedUnfinished(t *testing.T) {
	t.Parallel()
	wantOnly(t, "what is not done is an issue with an owner, not a comment", unfinishedWork(load(t)))
	wantFinding(t, unfinishedWork(snippet(t, "internal/core/x/x.go", "package x\n// TO"+"DO: later\n")))
}

var (
	sqlText  = regexp.MustCompile(`(?is)^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+table\s|with\s+\w+\s+as\s*\()`)
	sqlClock = regexp.MustCompile(`(?i)\bnow\(\)|\bcurrent_(timestamp|time|date)\b|\bclock_timestamp\(|\bjulianday\(|'now'`)
	dialect  = regexp.MustCompile(`^(sqlite3?|postgres(ql)?|pgx)$`)
)

// literals calls f for every string literal of a file.
func (s *source) literals(f func(lit *ast.BasicLit, text string)) {
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if _, ok := n.(*ast.ImportSpec); ok {
			return false
		}
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				f(lit, text)
			}
		}
		return true
	})
}

func databaseLeaks(tr *tree) []string {
	var out []string
	for _, f := range tr.code() {
		if within(f.dir, "internal/store") || within(f.dir, "internal/archtest") {
			continue
		}
		app := within(f.dir, "internal/app") || within(f.dir, "cmd")
		f.literals(func(lit *ast.BasicLit, text string) {
			if sqlText.MatchString(text) {
				out = append(out, tr.at(lit)+" holds SQL")
			}
			if !app && dialect.MatchString(text) {
				out = append(out, tr.at(lit)+" asks which database it is")
			}
		})
	}
	return out
}

func TestOnlyTheStoreKnowsSQLAndItsDialects(t *testing.T) {
	t.Parallel()
	wantOnly(t, "two databases behave the same behind one contract; a difference known outside the store is a difference nobody tests (app may choose one by its name)",
		databaseLeaks(load(t)))
	wantFinding(t, databaseLeaks(snippet(t, "internal/engine/x/x.go", "package x\nconst q = `SELECT id FROM message`\n")))
	wantFinding(t, databaseLeaks(snippet(t, "internal/engine/x/x.go", "package x\nfunc f(d string) bool { return d == \"sqlite\" }\n")))
}

func sqlClocks(tr *tree) []string {
	var out []string
	for _, f := range tr.code() {
		if !within(f.dir, "internal/store") {
			continue
		}
		f.literals(func(lit *ast.BasicLit, text string) {
			if m := sqlClock.FindString(text); m != "" {
				out = append(out, tr.at(lit)+" lets the database tell the time by "+m)
			}
		})
	}
	return out
}

func TestSQLNeverTellsTheTime(t *testing.T) {
	t.Parallel()
	wantOnly(t, "time comes in: a row must be decidable again from what was read, and the demo's clock runs fast", sqlClocks(load(t)))
	wantFinding(t, sqlClocks(snippet(t, "internal/store/sqlite/x.go", "package sqlite\nconst q = `UPDATE m SET at = now()`\n")))
}
