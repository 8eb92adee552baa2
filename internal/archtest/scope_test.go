package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// scopeMakers lists who may make which scope. A scope is the proof that somebody was authenticated or that
// the engine works for itself; a face that could make one could read any organization.
var scopeMakers = map[string][]string{
	"ForUser":    {"internal/engine/login"},
	"ForKey":     {"internal/engine/login"},
	"ForJob":     {"internal/engine", "internal/app"},
	"ForCarrier": {"internal/engine/inbound", "internal/engine/receipt", "internal/engine/send"},
	"ForCommand": {"internal/app"},
	"System":     {"internal/engine/login", "internal/engine/jobs", "internal/engine/plan", "internal/engine/send", "internal/engine/inbound", "internal/app"},
}

// isTestKit reports whether a package serves tests alone, as its name says; a kit may make any scope.
func isTestKit(dir string) bool { return strings.HasSuffix(dir, "test") }

func scopeBreaches(pkgs []*typed) []string {
	const access = module + "/internal/core/access"
	var out []string
	for _, p := range pkgs {
		if p.path == access || isTestKit(p.dir) {
			continue
		}
		for id, obj := range p.info.Uses { // a call or a function value: both make scopes
			fn, ok := obj.(*types.Func)
			if !ok || fn.Pkg() == nil || fn.Pkg().Path() != access || fn.Signature().Recv() != nil || !returnsScope(fn) {
				continue
			}
			if !livesIn(p.dir, scopeMakers[fn.Name()]) {
				out = append(out, fmt.Sprintf("%s makes a scope by access.%s; only %v may", p.at(id), fn.Name(), scopeMakers[fn.Name()]))
			}
		}
	}
	slices.Sort(out)
	return out
}

func returnsScope(fn *types.Func) bool {
	res := fn.Signature().Results()
	for i := range res.Len() {
		if strings.HasSuffix(res.At(i).Type().String(), "/core/access.Scope") {
			return true
		}
	}
	return false
}

func TestScopesAreMadeOnlyWhereSomebodyWasAuthenticated(t *testing.T) {
	t.Parallel()
	wantOnly(t, "a scope made elsewhere is access to another organization's patients", scopeBreaches(loadTyped(t)))
	const use = "package x\nimport (\"" + module + "/internal/core/access\"; \"" + module + "/internal/base/id\")\n"
	wantFinding(t, scopeBreaches(typedSnippet(t, "internal/web/console", use+"var _ = access.ForUser(id.ID{}, id.ID{}, access.Admin)\n")))
	wantFinding(t, scopeBreaches(typedSnippet(t, "internal/web/console", use+"var _ id.ID\nvar f = access.System\n")))
}

// packageState lists writes to package-level variables outside of their declaration.
func packageState(pkgs []*typed) []string {
	var out []string
	for _, p := range pkgs {
		note := func(e ast.Expr) {
			if v := p.packageVar(e); v != nil {
				out = append(out, fmt.Sprintf("%s writes the package variable %s", p.at(e), v.Name()))
			}
		}
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					if n.Tok != token.DEFINE {
						for _, l := range n.Lhs {
							note(l)
						}
					}
				case *ast.IncDecStmt:
					note(n.X)
				}
				return true
			})
		}
	}
	slices.Sort(out)
	return out
}

// packageVar is the package-level variable at the root of an assignable expression, nil if there is none.
func (p *typed) packageVar(e ast.Expr) *types.Var {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.Ident:
			if v, ok := p.info.Uses[x].(*types.Var); ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
				return v
			}
			return nil
		case *ast.SelectorExpr:
			if v, ok := p.info.Uses[x.Sel].(*types.Var); ok && !v.IsField() {
				return v // another package's variable
			}
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		default:
			return nil
		}
	}
}

func TestPackagesHoldNoState(t *testing.T) {
	t.Parallel()
	wantOnly(t, "state that nobody owns cannot be started, stopped or tested twice; package variables are tables and errors that never change",
		packageState(loadTyped(t)))
	wantFinding(t, packageState(typedSnippet(t, "internal/engine/x", "package x\nvar m = map[string]int{}\nfunc f() { m[\"a\"] = 1 }\n")))
	wantFinding(t, packageState(typedSnippet(t, "internal/engine/x", "package x\nvar n int\nfunc f() { n++ }\n")))
}
