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

// phiTypes identify a patient. They redact themselves when printed; the rule keeps them out of logs all the
// same, because a log line that needs a name is the wrong line.
var phiTypes = []string{module + "/internal/base/phi.Text", module + "/internal/core/phone.Number", module + "/internal/carrier.Octets"}

// reveals are the calls that give the content.
var reveals = []string{
	"(" + module + "/internal/base/phi.Text).Reveal",
	"(" + module + "/internal/core/phone.Number).Reveal",
	"(" + module + "/internal/core/phone.Number).Digits",
	"(" + module + "/internal/core/phone.Number).Masked",
}

// logSinks are calls whose arguments end in a log, a metric or a crash report.
func logSink(callee string) bool {
	return strings.HasPrefix(callee, "log.") || strings.HasPrefix(callee, "(*log.Logger).") ||
		strings.HasPrefix(callee, "log/slog.") && !strings.HasPrefix(callee, "log/slog.New") && callee != "log/slog.StringValue" ||
		strings.HasPrefix(callee, "(*log/slog.Logger).") ||
		strings.HasSuffix(callee, ".WithLabelValues") || callee == "panic"
}

// errorSinks are calls whose arguments end in an error, which may be logged, stored or shown.
func errorSink(callee string) bool {
	const errs = module + "/internal/base/errs"
	return callee == "fmt.Errorf" || callee == "errors.New" ||
		strings.HasPrefix(callee, errs+".New") || strings.HasPrefix(callee, errs+".Wrap") || callee == "(*"+errs+".Error).At"
}

// isPHI reports whether a value of type t holds something about a patient that its own LogValue does not
// redact as a whole.
func isPHI(t types.Type) bool { return holdsPHI(t, map[types.Type]bool{}) }

func holdsPHI(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if n, ok := types.Unalias(t).(*types.Named); ok {
		if slices.Contains(phiTypes, n.String()) {
			return true
		}
		if obj, _, _ := types.LookupFieldOrMethod(t, true, nil, "LogValue"); obj != nil {
			return false
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for i := range u.NumFields() {
			if holdsPHI(u.Field(i).Type(), seen) {
				return true
			}
		}
	case *types.Map:
		return holdsPHI(u.Key(), seen) || holdsPHI(u.Elem(), seen)
	case *types.Pointer:
		return holdsPHI(u.Elem(), seen)
	case *types.Slice:
		return holdsPHI(u.Elem(), seen)
	case *types.Array:
		return holdsPHI(u.Elem(), seen)
	}
	return false
}

// taint follows revealed content through the local variables of one package: x := t.Reveal(); log(x).
type taint struct {
	p    *typed
	vars map[types.Object]bool
}

func follow(p *typed) *taint {
	t := &taint{p: p, vars: map[types.Object]bool{}}
	for before := -1; before != len(t.vars); { // until nothing new is found
		before = len(t.vars)
		for _, f := range p.files {
			ast.Inspect(f, t.mark)
		}
	}
	return t
}

func (t *taint) mark(n ast.Node) bool {
	a, ok := n.(*ast.AssignStmt)
	if !ok || len(a.Lhs) != len(a.Rhs) {
		return true
	}
	for i, l := range a.Lhs {
		name, ok := l.(*ast.Ident)
		if !ok || !t.holds(a.Rhs[i]) {
			continue
		}
		if o := t.p.info.ObjectOf(name); o != nil {
			t.vars[o] = true
		}
	}
	return true
}

// holds reports whether e is revealed content or is built from it.
func (t *taint) holds(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return t.vars[t.p.info.ObjectOf(e)]
	case *ast.BinaryExpr:
		return e.Op == token.ADD && (t.holds(e.X) || t.holds(e.Y))
	case *ast.SliceExpr:
		return t.holds(e.X)
	case *ast.CallExpr:
		return t.callHolds(e)
	default:
		return false
	}
}

func (t *taint) callHolds(call *ast.CallExpr) bool {
	if tv, ok := t.p.info.Types[call.Fun]; ok && tv.IsType() { // string(x), []byte(x); an own type is a new meaning
		_, named := types.Unalias(tv.Type).(*types.Named)
		return !named && len(call.Args) == 1 && t.holds(call.Args[0])
	}
	callee := t.p.callee(call)
	if slices.Contains(reveals, callee) {
		return true
	}
	keeps := strings.HasPrefix(callee, "strings.") || strings.HasPrefix(callee, "fmt.Sprint") || strings.HasPrefix(callee, "strconv.Quote")
	if !keeps || !isText(t.p.info.TypeOf(call)) {
		return false
	}
	return slices.ContainsFunc(call.Args, t.holds)
}

func isText(t types.Type) bool {
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.String
}

func phiLeaks(pkgs []*typed) []string {
	var out []string
	for _, p := range pkgs {
		t := follow(p)
		p.calls(func(call *ast.CallExpr, callee string) {
			logs := logSink(callee)
			if !logs && !errorSink(callee) {
				return
			}
			for _, arg := range call.Args {
				if typ := p.info.TypeOf(arg); logs && typ != nil && isPHI(typ) {
					out = append(out, fmt.Sprintf("%s hands a %s to %s; log an id or an enum", p.at(arg), typ, callee))
				}
				if t.holds(arg) {
					out = append(out, fmt.Sprintf("%s hands revealed content to %s", p.at(arg), callee))
				}
			}
		})
	}
	return out
}

func TestNothingAboutAPatientReachesLogsErrorsOrMetrics(t *testing.T) {
	t.Parallel()
	wantOnly(t, "logs are copied, indexed and read by people who may not read a chart", phiLeaks(loadTyped(t)))
}

func TestPHIRuleSeesABreach(t *testing.T) {
	t.Parallel()
	const head = "package x\nimport (\n\"" + module + "/internal/base/phi\"\n\"" + module + "/internal/base/errs\"\n\"log/slog\"\n\"fmt\"\n)\n" +
		"var _ = errs.New\nvar _ = fmt.Sprint\nvar _ slog.Level\nvar _ phi.Text\n"
	cases := map[string]string{
		"a text in a log":              "func f(l *slog.Logger, n phi.Text) { l.Info(\"x\", \"name\", n) }",
		"a text in an attribute":       "func f(l *slog.Logger, n phi.Text) { l.Info(\"x\", slog.Any(\"name\", n)) }",
		"a struct with a text":         "type row struct{ N phi.Text }\nfunc f(l *slog.Logger, r row) { l.Info(\"x\", \"row\", r) }",
		"a list of structs":            "type row struct{ N *phi.Text }\nfunc f(l *slog.Logger, r []row) { l.With(\"rows\", r) }",
		"revealed in a log":            "func f(l *slog.Logger, n phi.Text) { l.Info(n.Reveal()) }",
		"revealed in an error":         "func f(n phi.Text) error { return fmt.Errorf(\"bad %s\", n.Reveal()) }",
		"revealed in a safe text":      "func f(n phi.Text) error { return errs.Newf(errs.Invalid, \"bad %q\", n.Reveal()) }",
		"revealed through a variable":  "func f(n phi.Text) error { s := n.Reveal(); u := \"a \" + s; return errs.New(errs.Invalid, u) }",
		"revealed in a crash":          "func f(n phi.Text) { panic(n.Reveal()) }",
		"revealed in an error's place": "func f(n phi.Text) error { return errs.New(errs.Invalid, \"x\").At(n.Reveal()) }",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantFinding(t, phiLeaks(typedSnippet(t, "internal/engine/x", head+text+"\n")))
		})
	}
}

func TestPHIRuleLetsIdsAndRedactingTypesPass(t *testing.T) {
	t.Parallel()
	const text = "package x\nimport (\n\"" + module + "/internal/base/phi\"\n\"" + module + "/internal/base/id\"\n\"log/slog\"\n)\n" +
		"type masked struct{ n phi.Text }\nfunc (masked) LogValue() slog.Value { return slog.StringValue(\"masked\") }\n" +
		"func f(l *slog.Logger, i id.ID, m masked, n phi.Text) { l.Info(\"x\", \"id\", i, \"m\", m, \"chars\", len(n.Reveal())) }\n"
	if got := phiLeaks(typedSnippet(t, "internal/engine/x", text)); len(got) != 0 {
		t.Errorf("refused what is allowed: %v", got)
	}
}
