package content

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/osteele/liquid"
	"github.com/osteele/liquid/parser"

	"carillon.dev/carillon/internal/base/errs"
)

// Template is a compiled body. It is immutable and may be rendered from many goroutines.
type Template struct {
	body   string
	names  []Name
	pieces []piece          // set when the body needs no Liquid engine
	tree   *liquid.Template // set otherwise
}

// piece is a stretch of fixed text, or a variable with what stands in for it.
type piece struct {
	text     string // fixed text when name is empty, else the default
	name     Name
	fallback bool // text stands in for a missing value
}

// Body is the source.
func (t *Template) Body() string { return t.body }

// Names are the variables that the template mentions, each once, in order.
func (t *Template) Names() []Name { return slices.Clone(t.names) }

// Uses reports whether the template mentions n.
func (t *Template) Uses(n Name) bool { return slices.Contains(t.names, n) }

// UsesGroup reports whether it mentions any variable of a group, such as "reply".
func (t *Template) UsesGroup(group string) bool {
	return slices.ContainsFunc(t.names, func(n Name) bool { return strings.HasPrefix(string(n), group+".") })
}

// The tags and filters that a message may use. There is no loop, no include and no assignment.
var (
	allowedTags = []string{"if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase",
		"comment", "endcomment"}
	allowedFilters = []string{"default", "upcase", "downcase", "capitalize", "strip"}
)

// Fault is why a body does not compile, and where.
type Fault struct {
	Code    Code
	Line    int    // from 1
	Offset  int    // bytes before the faulty piece
	Name    Name   // the unknown variable, tag or filter
	Nearest Name   // the variable it probably means
	Safe    string // the sentence for people
}

// Error is the sentence; templates are no secret, but values never get here.
func (f *Fault) Error() string { return f.Safe }

// Compile checks and prepares a body. An error is errs.Invalid, names the line and what is wrong, and has a
// *Fault in its chain.
func Compile(body string, allowed Vars) (*Template, error) {
	t, faults := compile(body, allowed)
	if len(faults) == 0 {
		return t, nil
	}
	f := faults[0]
	return nil, &errs.Error{Kind: errs.Invalid, Safe: f.Safe, Where: fmt.Sprintf("line %d", f.Line), Err: f}
}

// compile reports every fault, so that an editor can show all at once.
func compile(body string, allowed Vars) (*Template, []*Fault) {
	t := &Template{body: body}
	c := compiler{template: t, allowed: allowed, simple: true}
	for _, tok := range parser.Scan(body, parser.SourceLoc{LineNo: 1}, nil) {
		c.take(tok)
		c.offset += len(tok.Source)
	}
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	tree, err := parse(body)
	if err != nil {
		c.fail(BadSyntax, "", "the template cannot be read here: check what stands in {{ }}, and that each if, unless and case is closed")
		c.faults[0].Line = max(err.LineNumber(), 1)
		return nil, c.faults
	}
	if c.simple {
		t.pieces = c.pieces
	} else {
		t.tree = tree
	}
	return t, nil
}

// engine has Liquid's standard tags and filters; compile lets only the allowed ones through.
var engine = newEngine()

func newEngine() *liquid.Engine {
	e := liquid.NewEngine()
	e.StrictVariables()
	for name, change := range map[string]func(string) string{
		"upcase": strings.ToUpper, "downcase": strings.ToLower, "strip": strings.TrimSpace, "capitalize": capitalize,
	} {
		e.RegisterFilter(name, func(v any) (string, error) { // the library's own turn nothing into ""
			text, ok := v.(string)
			if !ok {
				return "", errs.New(errs.Precondition, "no value")
			}
			return change(text), nil
		})
	}
	return e
}

func capitalize(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// parse turns the library's panics on odd input into an error like its others.
func parse(body string) (tree *liquid.Template, err liquid.SourceError) {
	defer func() {
		if recover() != nil {
			err = parser.Errorf(parser.Token{SourceLoc: parser.SourceLoc{LineNo: 1}}, "syntax error")
		}
	}()
	return engine.ParseTemplateLocation([]byte(body), "", 1)
}

type compiler struct {
	template *Template
	allowed  Vars
	pieces   []piece
	simple   bool // no tag, no trimming, no filter but default so far
	comment  bool // between {% comment %} and {% endcomment %}
	offset   int
	line     int
	faults   []*Fault
}

func (c *compiler) take(tok parser.Token) {
	if tok.SourceLoc.LineNo > 0 {
		c.line = tok.SourceLoc.LineNo
	}
	if c.comment {
		c.comment = tok.Type != parser.TagTokenType || tok.Name != "endcomment"
		return
	}
	switch tok.Type {
	case parser.TextTokenType:
		c.text(tok.Source)
	case parser.ObjTokenType:
		c.object(tok.Args)
	case parser.TagTokenType:
		c.tag(tok)
	default:
		c.simple = false // {{- or -}}
	}
}

func (c *compiler) text(src string) {
	for _, mark := range [...]string{"{{", "}}", "{%", "%}"} {
		if i := strings.Index(src, mark); i >= 0 {
			line, offset := c.line, c.offset
			c.line += strings.Count(src[:i], "\n")
			c.offset += i
			c.fail(StrayBrace, "", "there is a "+mark+" without its other half")
			c.line, c.offset = line, offset
			return
		}
	}
	c.pieces = append(c.pieces, piece{text: src})
}

func (c *compiler) object(src string) {
	u, err := readExpression(src)
	if err != nil {
		c.fail(BadSyntax, "", errs.Safe(err))
		return
	}
	if len(u.names) == 0 || u.compares {
		c.fail(BadSyntax, "", "between {{ and }} stands one variable, and perhaps filters")
		return
	}
	c.check(u)
	if !u.simple {
		c.simple = false
		return
	}
	c.pieces = append(c.pieces, piece{text: u.fallback, name: u.names[0], fallback: len(u.filters) > 0})
}

func (c *compiler) tag(tok parser.Token) {
	c.simple = false
	if !slices.Contains(allowedTags, tok.Name) {
		c.fail(BadSyntax, Name(tok.Name), "the tag "+tok.Name+" is not allowed in a message; use if, unless and case")
		return
	}
	if tok.Name == "comment" {
		c.comment = true
		return
	}
	u, err := readExpression(tok.Args)
	if err != nil {
		c.fail(BadSyntax, Name(tok.Name), errs.Safe(err))
		return
	}
	c.check(u)
}

func (c *compiler) check(u use) {
	for _, n := range u.names {
		switch {
		case !c.allowed.Has(n):
			c.unknown(n)
		case !c.template.Uses(n):
			c.template.names = append(c.template.names, n)
		}
	}
	for _, f := range u.filters {
		if !slices.Contains(allowedFilters, f) {
			c.fail(BadSyntax, Name(f), "the filter "+f+" is not allowed in a message; use "+strings.Join(allowedFilters, ", "))
		}
	}
}

func (c *compiler) unknown(n Name) {
	say := "there is no variable " + string(n)
	near := c.allowed.Nearest(n)
	if near != "" {
		say += "; did you mean " + string(near) + "?"
	}
	c.fail(UnknownVariable, n, say)
	c.faults[len(c.faults)-1].Nearest = near
}

func (c *compiler) fail(code Code, n Name, safe string) {
	c.faults = append(c.faults, &Fault{Code: code, Line: c.line, Offset: c.offset, Name: n, Safe: safe})
}
