package audience

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
)

// Names are what an organization calls its locations, kinds of visits and lists, so that a rule that names another
// is refused when it is saved. Several things may have one name.
type Names struct {
	Locations map[string][]id.ID
	Types     map[string][]id.ID
	Lists     map[string]List
}

// List is an uploaded list at its newest version: the roll of its members.
type List struct {
	Roll    id.ID
	Version int64
}

// Language checks and prepares rules. It is immutable; making one takes milliseconds.
type Language struct{ env *cel.Env }

// NewLanguage makes the language.
func NewLanguage() (*Language, error) {
	env, err := newEnv()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the language of audiences is defined wrongly", err)
	}
	return &Language{env}, nil
}

// Rule is a checked expression. It is safe for concurrent use.
type Rule struct {
	Text  string
	Need  Need
	prog  cel.Program
	root  ast.Expr
	names Names
}

// Compile checks a rule against the language and the organization's names. An error is errs.Invalid and says where
// ("line 1, column 7") and, for a name that does not exist, which one is nearest.
func (l *Language) Compile(text string, names Names) (*Rule, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errs.New(errs.Invalid, "a rule needs a condition, such as age >= 50").At("rule")
	}
	if len(text) > maxText || strings.IndexFunc(text, isControl) >= 0 {
		return nil, errs.Newf(errs.Invalid, "a rule has at most %d characters, and no control characters", maxText).At("rule")
	}
	checked, issues := l.env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, problem(issues, text)
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return nil, errs.New(errs.Invalid, "a rule is a condition: compare the value with something, such as age >= 50").At("line 1, column 1")
	}
	tree := checked.NativeRep()
	w := &walker{info: tree.SourceInfo(), names: names}
	w.walk(tree.Expr())
	if w.problem != nil {
		return nil, w.problem
	}
	prog, err := l.env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "this rule cannot be used; write it more simply", err)
	}
	return &Rule{Text: text, Need: w.need, prog: prog, root: tree.Expr(), names: names}, nil
}

func isControl(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }

// problem turns the checker's first complaint into ours.
func problem(issues *cel.Issues, text string) error {
	list := issues.Errors()
	if len(list) == 0 {
		return errs.New(errs.Invalid, "this rule cannot be read").At("rule")
	}
	e := list[0]
	return errs.New(errs.Invalid, say(e.Message, text)).At(fmt.Sprintf("line %d, column %d", e.Location.Line(), e.Location.Column()+1))
}

// say words the checker's complaints for people who do not know it.
func say(m, text string) string {
	name := quoted(m)
	switch {
	case strings.HasPrefix(m, "undeclared reference"), strings.HasPrefix(m, "found no matching overload") && !isOperator(name) && !isMethod(name):
		if strings.Contains(name, "_") && strings.Trim(name, "_:?") != name {
			return fmt.Sprintf("%s is not part of this language; docs/audiences.md lists the words", plainName(name))
		}
		if near := Nearest(name, vocabulary(strings.Contains(text, "."+name+"("))); near != "" {
			return fmt.Sprintf("there is no %q; did you mean %q?", name, near)
		}
		return fmt.Sprintf("there is no %q; docs/audiences.md lists the words", name)
	case strings.HasPrefix(m, "found no matching overload"):
		_, types, _ := strings.Cut(m, "applied to ")
		return fmt.Sprintf("%s does not fit what it is used on: %s", plainName(name), strings.Trim(types, "'"))
	case strings.HasPrefix(m, "Syntax error"):
		return "this cannot be read here: check that brackets and quotes come in pairs, and what stands before and behind this place"
	}
	return m
}

func isOperator(name string) bool {
	return strings.Contains(name, "_") && !isMethod(name) || name == "@in"
}

func isMethod(name string) bool {
	for _, w := range words {
		if _, m, ok := strings.Cut(w.Name, "."); ok && m == name {
			return true
		}
	}
	return name == "startsWith"
}

func plainName(op string) string {
	if op == "@in" {
		return "in"
	}
	if isMethod(op) {
		return op
	}
	return strings.Trim(strings.ReplaceAll(op, "_:_", " :"), "_")
}

func quoted(m string) string {
	_, rest, ok := strings.Cut(m, "'")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "'")
	return name
}

// vocabulary are the names that may be written: questions after a dot, else facts and what has questions.
func vocabulary(afterDot bool) []string {
	out := []string{}
	if afterDot {
		out = append(out, "startsWith")
	}
	for _, w := range words {
		side, m, _ := strings.Cut(w.Name, ".")
		switch {
		case !afterDot:
			out = append(out, side)
		case m != "":
			out = append(out, m)
		}
	}
	return out
}

// walker looks at a checked rule: its size, the facts it reads, and the names in it.
type walker struct {
	info    *ast.SourceInfo
	names   Names
	nodes   int
	need    Need
	problem error
}

func (w *walker) fail(at ast.Expr, say string) {
	if w.problem != nil {
		return
	}
	where := "rule"
	if loc := w.info.GetStartLocation(at.ID()); loc.Line() > 0 {
		where = fmt.Sprintf("line %d, column %d", loc.Line(), loc.Column()+1)
	}
	w.problem = errs.New(errs.Invalid, say).At(where)
}

func (w *walker) walk(e ast.Expr) {
	if w.nodes++; w.nodes > maxNodes {
		w.fail(e, fmt.Sprintf("this rule is too long; %d parts are the most", maxNodes))
		return
	}
	switch e.Kind() {
	case ast.CallKind:
		w.call(e)
	case ast.IdentKind:
		if word, ok := wordOf(e.AsIdent()); ok {
			w.need |= word.Need
		}
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			w.walk(x)
		}
	case ast.LiteralKind:
	default:
		w.fail(e, "this is no condition of the language; docs/audiences.md lists the words")
	}
}

func (w *walker) call(e ast.Expr) {
	c := e.AsCall()
	args := c.Args()
	if c.IsMemberFunction() {
		w.walk(c.Target())
		if side := c.Target(); c.FunctionName() == "startsWith" && side.Kind() == ast.IdentKind && side.AsIdent() == "postal_code" {
			w.compared(side, args[0])
		}
		if side := c.Target(); side.Kind() == ast.IdentKind {
			if word, ok := wordOf(side.AsIdent() + "." + c.FunctionName()); ok {
				w.need |= word.Need
				w.arguments(word, args)
			}
		}
	}
	for _, a := range args {
		w.walk(a)
	}
	switch c.FunctionName() {
	case operators.Equals, operators.NotEquals:
		w.compared(args[0], args[1])
		w.compared(args[1], args[0])
	case operators.In:
		if args[1].Kind() == ast.ListKind {
			for _, x := range args[1].AsList().Elements() {
				w.compared(args[0], x)
			}
		}
	}
}

// arguments checks the texts in a question's arguments: names must exist, and be written out.
func (w *walker) arguments(word Word, args []ast.Expr) {
	for i, a := range args {
		kind := strings.TrimSuffix(word.Args[i], "?")
		if a.Kind() != ast.LiteralKind {
			w.fail(a, "write the value itself here")
			return
		}
		switch v := a.AsLiteral().Value().(type) {
		case string:
			w.mustBe(a, kind, v)
		case int64:
			if kind == "days" && (v < 0 || v > maxDays) {
				w.fail(a, fmt.Sprintf("write days from 0 to %d", maxDays))
			}
		case float64:
			if limit := []float64{90, 180}[min(i, 1)]; kind == "degrees" && (v < -limit || v > limit) {
				w.fail(a, fmt.Sprintf("write degrees from -%g to %g: latitude, then longitude", limit, limit))
			}
		}
	}
}

// compared checks a text that a fact is compared with.
func (w *walker) compared(fact, with ast.Expr) {
	if fact.Kind() != ast.IdentKind || with.Kind() != ast.LiteralKind {
		return
	}
	if s, ok := with.AsLiteral().Value().(string); ok {
		w.mustBe(with, fact.AsIdent(), s)
	}
}

func (w *walker) mustBe(at ast.Expr, kind, value string) {
	if kind == "postal_code" && PlainPostal(value) != value {
		w.fail(at, fmt.Sprintf("write postal codes without spaces and signs, in capitals: %q", PlainPostal(value)))
		return
	}
	all, closed := w.names.of(kind)
	if !closed {
		return
	}
	for _, a := range all {
		if a == value {
			return
		}
	}
	if near := Nearest(value, all); near != "" {
		w.fail(at, fmt.Sprintf("there is no %s %q; did you mean %q?", spoken(kind), value, near))
		return
	}
	w.fail(at, fmt.Sprintf("there is no %s %q", spoken(kind), value))
}

// Eval says whether the rule is true of a person. When it cannot be said, fact names what is missing; when rows
// that were not loaded would decide, more is true.
func (r *Rule) Eval(e *Evaluator, p *Person) (match bool, fact Fact, more bool) {
	e.v.p = p
	out, _, err := r.prog.Eval(e.v)
	if err == nil {
		b, ok := out.Value().(bool)
		if ok {
			return b, "", false
		}
		return false, FactOther, false
	}
	if p.Loaded&r.Need != r.Need&^Sealed {
		return false, "", true
	}
	var m missing
	if errors.As(err, &m) {
		return false, m.fact, false
	}
	return false, FactOther, false
}

// Evaluator holds what one goroutine needs to evaluate rules in one world.
type Evaluator struct{ v *view }

// NewEvaluator makes one; it must not be shared between goroutines.
func NewEvaluator(w *World) *Evaluator { return &Evaluator{newView(w)} }
