package audience

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"carillon.dev/carillon/internal/base/id"
)

// Plain is the part of a rule that a database can answer from plain columns, exactly as the rule would. It holds
// for everybody of whom the rule is true or unknown. The zero value holds for everybody.
//
// Only facts that are never missing come here, so that true and false are the only answers; of a rule's outermost
// "and" each part may come alone, because false makes the whole false whatever is missing elsewhere.
type Plain struct {
	Op     PlainOp
	Kids   []Plain  // of And, Or, Not
	Column Column   // of Is
	Values []string // of Is, for text columns
	IDs    []id.ID  // of Is, for Location; of OnList, the list
	None   bool     // of Is with Location: who has no location is meant too
	// Version is the list's version.
	Version int64
}

// PlainOp is what a Plain does with its parts.
type PlainOp string

const (
	Everybody PlainOp = ""
	And       PlainOp = "and"
	Or        PlainOp = "or"
	Not       PlainOp = "not"
	Is        PlainOp = "is"      // the column has one of the values
	OnList    PlainOp = "on_list" // the person is on the list
)

// Column is a plain column.
type Column string

const (
	ColumnStatus   Column = "status"
	ColumnKind     Column = "kind"
	ColumnLanguage Column = "language"
	ColumnLocation Column = "location"
)

var columns = []Column{ColumnStatus, ColumnKind, ColumnLanguage, ColumnLocation}

// Plain is the part of the rule that plain columns can answer.
func (r *Rule) Plain() Plain {
	var parts []Plain
	for _, e := range conjuncts(r.root) {
		if p, ok := r.plain(e); ok {
			parts = append(parts, p)
		}
	}
	switch len(parts) {
	case 0:
		return Plain{}
	case 1:
		return parts[0]
	}
	return Plain{Op: And, Kids: parts}
}

// conjuncts are the parts of the outermost "and".
func conjuncts(e ast.Expr) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.LogicalAnd {
		return []ast.Expr{e}
	}
	var out []ast.Expr
	for _, a := range e.AsCall().Args() {
		out = append(out, conjuncts(a)...)
	}
	return out
}

func (r *Rule) plain(e ast.Expr) (Plain, bool) {
	if e.Kind() != ast.CallKind {
		return Plain{}, false
	}
	c := e.AsCall()
	switch c.FunctionName() {
	case operators.LogicalAnd:
		return r.plainKids(And, c.Args())
	case operators.LogicalOr:
		return r.plainKids(Or, c.Args())
	case operators.LogicalNot:
		return r.plainKids(Not, c.Args())
	case operators.Equals:
		return r.plainIs(c.Args()[0], c.Args()[1])
	case operators.NotEquals:
		p, ok := r.plainIs(c.Args()[0], c.Args()[1])
		return Plain{Op: Not, Kids: []Plain{p}}, ok
	case operators.In:
		return r.plainIs(c.Args()[0], c.Args()[1])
	case "has":
		return r.plainList(c)
	}
	return Plain{}, false
}

func (r *Rule) plainKids(op PlainOp, args []ast.Expr) (Plain, bool) {
	out := Plain{Op: op}
	for _, a := range args {
		p, ok := r.plain(a)
		if !ok {
			return Plain{}, false
		}
		out.Kids = append(out.Kids, p)
	}
	return out, true
}

func (r *Rule) plainIs(fact, with ast.Expr) (Plain, bool) {
	if fact.Kind() == ast.LiteralKind && with.Kind() == ast.IdentKind {
		fact, with = with, fact
	}
	if fact.Kind() != ast.IdentKind || !slices.Contains(columns, Column(fact.AsIdent())) {
		return Plain{}, false
	}
	values, ok := literals(with)
	if !ok {
		return Plain{}, false
	}
	out := Plain{Op: Is, Column: Column(fact.AsIdent())}
	if out.Column != ColumnLocation {
		out.Values = values
		return out, true
	}
	for _, name := range values {
		if name == "" {
			out.None = true
		}
		out.IDs = append(out.IDs, r.names.Locations[name]...)
	}
	return out, true
}

// literals are the texts of a text or of a list of texts.
func literals(e ast.Expr) ([]string, bool) {
	all := []ast.Expr{e}
	if e.Kind() == ast.ListKind {
		all = e.AsList().Elements()
	}
	var out []string
	for _, x := range all {
		if x.Kind() != ast.LiteralKind {
			return nil, false
		}
		s, ok := x.AsLiteral().Value().(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

func (r *Rule) plainList(c ast.CallExpr) (Plain, bool) {
	if !c.IsMemberFunction() || c.Target().Kind() != ast.IdentKind || c.Target().AsIdent() != "lists" {
		return Plain{}, false
	}
	name, ok := literals(c.Args()[0])
	if !ok || len(name) != 1 {
		return Plain{}, false
	}
	l, ok := r.names.Lists[name[0]]
	return Plain{Op: OnList, IDs: []id.ID{l.Roll}, Version: l.Version}, ok
}

// Holds says what a database must say: it is the reference that databases are tested against. lists tells whether a
// person is on a list.
func (p *Plain) Holds(x *Person, onList func(id.ID) bool) bool {
	switch p.Op {
	case And:
		return !slices.ContainsFunc(p.Kids, func(k Plain) bool { return !k.Holds(x, onList) })
	case Or:
		return slices.ContainsFunc(p.Kids, func(k Plain) bool { return k.Holds(x, onList) })
	case Not:
		return !p.Kids[0].Holds(x, onList)
	case OnList:
		return onList(p.IDs[0])
	case Is:
		return p.is(x)
	}
	return true
}

func (p *Plain) is(x *Person) bool {
	switch p.Column {
	case ColumnStatus:
		return slices.Contains(p.Values, string(x.Status))
	case ColumnKind:
		return slices.Contains(p.Values, string(x.Kind))
	case ColumnLanguage:
		return slices.Contains(p.Values, x.Language)
	case ColumnLocation:
		if x.Location.IsZero() {
			return p.None
		}
		return slices.Contains(p.IDs, x.Location)
	}
	return false
}
