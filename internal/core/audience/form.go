package audience

import (
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"carillon.dev/carillon/internal/base/errs"
)

// Form is a rule as people fill it in: conditions of which all, or any, must hold.
type Form struct {
	Any        bool
	Conditions []Condition
}

// Condition is one line of the form: a word of the language, its arguments, and what the value is compared with.
type Condition struct {
	Word string // "age", "visits.seen"
	Args []string
	Op   Op
	// Values are what it is compared with: one, or several for OneOf and NoneOf; none for Yes and No.
	Values []string
}

// Op is how a condition compares.
type Op string

const (
	Equal   Op = "eq"
	Unequal Op = "ne"
	Less    Op = "lt"
	AtMost  Op = "le"
	More    Op = "gt"
	AtLeast Op = "ge"
	OneOf   Op = "in"
	NoneOf  Op = "not_in"
	Begins  Op = "begins"
	Yes     Op = "yes"
	No      Op = "no"
)

// OpsOf lists how a word's value may be compared in the form.
func OpsOf(w Word) []Op {
	switch {
	case w.Result == yesNo:
		return []Op{Yes, No}
	case w.Name == "home.km_from":
		return []Op{AtMost, Less, AtLeast, More} // nobody is exactly so far away
	case w.Result == number:
		return []Op{AtLeast, AtMost, More, Less, Equal, Unequal}
	case w.Name == "postal_code":
		return []Op{Begins, Equal}
	}
	return []Op{OneOf, NoneOf}
}

var signs = map[Op]string{Equal: "==", Unequal: "!=", Less: "<", AtMost: "<=", More: ">", AtLeast: ">="}

var opOf = map[string]Op{operators.Equals: Equal, operators.NotEquals: Unequal, operators.Less: Less, operators.LessEquals: AtMost,
	operators.Greater: More, operators.GreaterEquals: AtLeast, operators.In: OneOf}

// Expression writes the form as an expression; the language checks it. errs.Invalid names the line of the form.
func (f Form) Expression() (string, error) {
	if len(f.Conditions) == 0 {
		return "", errs.New(errs.Invalid, "an audience needs at least one condition").At("condition 1")
	}
	var b strings.Builder
	for i, c := range f.Conditions {
		if i > 0 && f.Any {
			b.WriteString(" || ")
		} else if i > 0 {
			b.WriteString(" && ")
		}
		s, err := c.expression()
		if err != nil {
			return "", errs.Wrap(errs.Invalid, errs.Safe(err), err).(*errs.Error).At("condition " + strconv.Itoa(i+1))
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func (c Condition) expression() (string, error) {
	w, ok := wordOf(c.Word)
	if !ok {
		return "", errs.New(errs.Invalid, "choose what the condition is about")
	}
	subject, err := w.write(c.Args)
	if err != nil {
		return "", err
	}
	switch c.Op {
	case Yes:
		return subject, nil
	case No:
		return "!" + subject, nil
	}
	if len(c.Values) == 0 || c.Values[0] == "" {
		return "", errs.New(errs.Invalid, "say what to compare with")
	}
	values := make([]string, len(c.Values))
	for i, v := range c.Values {
		if values[i], err = w.literal(v); err != nil {
			return "", err
		}
	}
	switch c.Op {
	case OneOf:
		return subject + " in [" + strings.Join(values, ", ") + "]", nil
	case NoneOf:
		return "!(" + subject + " in [" + strings.Join(values, ", ") + "])", nil
	case Begins:
		return subject + ".startsWith(" + values[0] + ")", nil
	}
	sign, ok := signs[c.Op]
	if !ok || len(values) != 1 {
		return "", errs.New(errs.Invalid, "choose how to compare")
	}
	return subject + " " + sign + " " + values[0], nil
}

// write writes the word with its arguments; arguments at the end that may be left out may be empty.
func (w Word) write(args []string) (string, error) {
	if len(w.Args) == 0 {
		return w.Name, nil
	}
	var out []string
	for i, kind := range w.Args {
		v := ""
		if i < len(args) {
			v = strings.TrimSpace(args[i])
		}
		plain, optional := strings.CutSuffix(kind, "?")
		if v == "" && optional {
			continue
		}
		lit, err := argument(plain, v)
		if err != nil {
			return "", err
		}
		out = append(out, lit)
	}
	return w.Name + "(" + strings.Join(out, ", ") + ")", nil
}

func argument(kind, v string) (string, error) {
	switch kind {
	case "days":
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return "", errs.New(errs.Invalid, "write a whole number of days")
		}
		return strconv.FormatInt(n, 10), nil
	case "degrees":
		f, err := strconv.ParseFloat(strings.ReplaceAll(v, ",", "."), 64)
		if err != nil {
			return "", errs.New(errs.Invalid, "write latitude and longitude in degrees, such as 52.23 and 21.01")
		}
		return decimal(f), nil
	}
	if v == "" {
		return "", errs.New(errs.Invalid, "fill in what the condition asks for")
	}
	return strconv.Quote(v), nil
}

func (w Word) literal(v string) (string, error) {
	if w.Result != number {
		return strconv.Quote(strings.TrimSpace(v)), nil
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(v), ",", "."), 64)
	if err != nil {
		return "", errs.New(errs.Invalid, "write a number to compare with")
	}
	return strconv.FormatFloat(f, 'f', -1, 64), nil
}

// decimal writes a number so that the language takes it for one with a fraction.
func decimal(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// Form is the rule as a form; false when the rule says more than the form can: then it is edited as text.
func (r *Rule) Form() (Form, bool) {
	f := Form{Any: r.root.Kind() == ast.CallKind && r.root.AsCall().FunctionName() == operators.LogicalOr}
	parts := conjuncts(r.root)
	if f.Any {
		parts = disjuncts(r.root)
	}
	for _, e := range parts {
		c, ok := conditionOf(e)
		if !ok {
			return Form{}, false
		}
		f.Conditions = append(f.Conditions, c)
	}
	return f, true
}

func disjuncts(e ast.Expr) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.LogicalOr {
		return []ast.Expr{e}
	}
	var out []ast.Expr
	for _, a := range e.AsCall().Args() {
		out = append(out, disjuncts(a)...)
	}
	return out
}

func conditionOf(e ast.Expr) (Condition, bool) {
	if c, w, ok := subjectOf(e); ok && w.Result == yesNo {
		c.Op = Yes
		return c, true
	}
	if e.Kind() != ast.CallKind {
		return Condition{}, false
	}
	call := e.AsCall()
	switch name := call.FunctionName(); name {
	case operators.LogicalNot:
		c, ok := conditionOf(call.Args()[0])
		switch {
		case ok && c.Op == Yes:
			c.Op = No
		case ok && c.Op == OneOf:
			c.Op = NoneOf
		default:
			return Condition{}, false
		}
		return c, true
	case "startsWith":
		return compares(call.Target(), call.Args()[0], Begins)
	default:
		op, ok := opOf[name]
		if !ok {
			return Condition{}, false
		}
		return compares(call.Args()[0], call.Args()[1], op)
	}
}

func compares(subject, with ast.Expr, op Op) (Condition, bool) {
	c, w, ok := subjectOf(subject)
	if !ok || w.Result == yesNo {
		return c, false
	}
	list := []ast.Expr{with}
	if op == OneOf && with.Kind() == ast.ListKind {
		list = with.AsList().Elements()
	}
	for _, x := range list {
		v, ok := literalText(x)
		if !ok {
			return c, false
		}
		c.Values = append(c.Values, v)
	}
	if w.Result == text && (op == Equal || op == Unequal) && w.Name != "postal_code" { // the form says it with lists
		op = map[Op]Op{Equal: OneOf, Unequal: NoneOf}[op]
	}
	c.Op = op
	return c, len(c.Values) > 0 && c.Values[0] != ""
}

// subjectOf reads a word with its arguments.
func subjectOf(e ast.Expr) (Condition, Word, bool) {
	if e.Kind() == ast.IdentKind {
		w, ok := wordOf(e.AsIdent())
		return Condition{Word: w.Name}, w, ok
	}
	if e.Kind() != ast.CallKind || !e.AsCall().IsMemberFunction() || e.AsCall().Target().Kind() != ast.IdentKind {
		return Condition{}, Word{}, false
	}
	call := e.AsCall()
	w, ok := wordOf(call.Target().AsIdent() + "." + call.FunctionName())
	c := Condition{Word: w.Name}
	for _, a := range call.Args() {
		v, fits := literalText(a)
		if ok = ok && fits; !ok {
			return c, w, false
		}
		c.Args = append(c.Args, v)
	}
	return c, w, ok
}

func literalText(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	switch v := e.AsLiteral().Value().(type) {
	case string:
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// OnListRule is the rule of everybody on a list.
func OnListRule(name string) (string, error) {
	return Condition{Word: "lists.has", Args: []string{name}, Op: Yes}.expression()
}
