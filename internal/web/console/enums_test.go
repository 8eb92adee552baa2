package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/web/words"
)

// enums are the closed lists that the pages show: which type of which package, and the catalogue's prefix.
var enums = []struct{ dir, kind, prefix string }{
	{"../../core/message", "State", "state."},
	{"../../core/message", "State", "next."},
	{"../../core/message", "Reason", "reason."},
	{"../../core/message", "OriginKind", "origin."},
	{"../../core/schedule", "Status", "visit."},
	{"../../core/purpose", "Purpose", "purpose."},
	{"../../core/journey", "Skip", "skip."},
	{"../../core/content", "Key", "text."},
	{"../../core/content", "Code", "finding."},
	{"../../engine/texts", "CoverageState", "coverage."},
	{"../../core/journey", "Trigger", "journeys.trigger."},
	{"../../core/quiet", "Direction", "step.quiet."},
	{"../../core/gate", "Verdict", "verdict."},
	{"../../core/gate", "Verdict", "now."},
	{"../../core/gate", "ZoneSource", "zone_from."},
	{"../../core/consent", "Method", "method."},
	{"../../core/conversation", "TaskOutcome", "outcome."},
	{"../../core/reply", "Intent", "inbound."},
	{"../../core/feed", "State", "imports.state."},
	{"../../core/feed", "State", "imports.says."},
	{"../../core/feed", "HoldReason", "imports.why."},
	{"../../core/feed", "Kind", "imports.kind."},
	{"../../core/feed", "RowKind", "imports.row."},
	{"../../core/access", "Role", "role."},
	{"../../engine/intake", "Field", "imports.field."},
	{"../../engine/intake", "ProblemCode", "problem."},
	{"../../engine/inbox", "Meaning", "meant."},
	{"../../engine/desk", "Halt", "halt.*.title"},
	{"../../engine/desk", "Halt", "halt.*.text"},
	{"../../store", "RouteState", "route."},
	{"../../store", "RouteState", "route.text."},
	{"../../carrier", "State", "line."},
	{"../../core/selftest", "incident.Cause", "incident.cause."},
	{"../../core/selftest", "incident.Cause", "incident.do."},
	{"../../core/selftest", "incident.Cause", "incident.short."},
	{"../../carrier", "Fault", "line.fault."},
}

// A value that another room adds must get words here, in every language, before a reader can see it.
func TestEveryValueOfAClosedListHasWords(t *testing.T) {
	t.Parallel()
	c, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := c.Words("pl", "")
	for _, e := range enums {
		values := constants(t, e.dir, e.kind)
		if len(values) == 0 {
			t.Errorf("%s has no values of %s", e.dir, e.kind)
		}
		for _, v := range values {
			key := e.prefix + v
			if strings.Contains(e.prefix, "*") {
				key = strings.Replace(e.prefix, "*", v, 1)
			}
			if !w.Has(key) {
				t.Errorf("no words for %s", key)
			}
		}
	}
}

// constants reads the exported values of a string type from a package's source; the empty value is nothing
// to show.
func constants(t *testing.T, dir, kind string) (out []string) {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				if typeName(v.Type) != kind || !v.Names[0].IsExported() {
					continue
				}
				for _, x := range v.Values {
					if lit, ok := x.(*ast.BasicLit); ok {
						if text, err := strconv.Unquote(lit.Value); err == nil && text != "" {
							out = append(out, text)
						}
					}
				}
			}
		}
	}
	return out
}

// typeName is a type as it is written: Name, or package.Name.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if of, ok := e.X.(*ast.Ident); ok {
			return of.Name + "." + e.Sel.Name
		}
	}
	return ""
}
