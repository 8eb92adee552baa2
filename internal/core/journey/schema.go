package journey

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v3"

	"carillon.dev/carillon/internal/base/errs"
)

// SchemaJSON is the JSON schema of journey files, for editors that check while one types.
//
//go:embed journey.schema.json
var SchemaJSON []byte

const schemaURL = "https://carillon.dev/schemas/journey-1.json"

// compileSchema reads the embedded schema. Journey files are few and read once, so it is not kept.
func compileSchema() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(SchemaJSON))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the journey schema is damaged", err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, errs.Wrap(errs.Internal, "the journey schema is damaged", err)
	}
	s, err := c.Compile(schemaURL)
	return s, errs.Wrap(errs.Internal, "the journey schema is damaged", err)
}

// checkSchema says what the schema finds wrong with a document.
func checkSchema(root *yaml.Node) (Problems, error) {
	s, err := compileSchema()
	if err != nil {
		return nil, err
	}
	var doc any
	if err := root.Decode(&doc); err != nil {
		return Problems{{Text: "this is not a journey file: the same word stands twice, or a list and a name are mixed"}}, nil
	}
	var bad *jsonschema.ValidationError
	if err := s.Validate(jsonValue(doc)); !errors.As(err, &bad) {
		return nil, nil
	}
	var ps Problems
	leaves(bad, func(e *jsonschema.ValidationError) { ps = append(ps, explain(root, e)...) })
	slices.SortStableFunc(ps, func(a, b Problem) int { return a.Line - b.Line })
	return slices.CompactFunc(ps, func(a, b Problem) bool { return a == b }), nil
}

// jsonValue turns what YAML decodes to into what a JSON decoder would give.
func jsonValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = jsonValue(v[k])
		}
	case map[any]any: // a key that is no text: the schema refuses its text
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[fmt.Sprint(k)] = jsonValue(x)
		}
		return out
	case []any:
		for i := range v {
			v[i] = jsonValue(v[i])
		}
	}
	return v
}

func leaves(e *jsonschema.ValidationError, f func(*jsonschema.ValidationError)) {
	if len(e.Causes) == 0 {
		f(e)
		return
	}
	for _, c := range e.Causes {
		leaves(c, f)
	}
}

// explain puts one finding of the schema into words.
func explain(root *yaml.Node, e *jsonschema.ValidationError) []Problem {
	at := e.InstanceLocation
	here := Problem{Line: lineOf(root, at), Path: pathText(at)}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		here.Text = "missing: " + strings.Join(k.Missing, ", ")
	case *kind.AdditionalProperties:
		return unknownWords(root, at, k.Properties)
	case *kind.Enum:
		here.Text = "must be one of " + list(k.Want)
	case *kind.Const:
		here.Text = fmt.Sprintf("can only be %v; leave the line out otherwise", k.Want)
	case *kind.Type:
		here.Text = "must be " + typeWords(k.Want)
	case *kind.Pattern:
		here.Text = "must be " + description(e.SchemaURL)
	case *kind.Minimum, *kind.MinItems, *kind.MinProperties, *kind.MinLength:
		here.Text = "must not be empty or less than one"
	case *kind.MaxItems:
		here.Text = fmt.Sprintf("has more than %d entries", k.Want)
	case *kind.UniqueItems:
		here.Text = "names the same thing twice"
	default:
		here.Text = "is not understood"
	}
	return []Problem{here}
}

func unknownWords(root *yaml.Node, at, words []string) []Problem {
	ps := make([]Problem, 0, len(words))
	for _, w := range words {
		child := append(slices.Clone(at), w)
		ps = append(ps, Problem{Line: lineOf(root, child), Path: pathText(child), Text: "is not a word of journey files; check its spelling"})
	}
	return ps
}

// description is the "description" of the schema part that refused.
func description(url string) string {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(SchemaJSON))
	if err != nil {
		return "written differently"
	}
	_, fragment, _ := strings.Cut(url, "#")
	for p := range strings.SplitSeq(strings.Trim(fragment, "/"), "/") {
		m, _ := doc.(map[string]any)
		doc = m[p]
	}
	m, _ := doc.(map[string]any)
	if text, ok := m["description"].(string); ok {
		return text
	}
	return "written differently"
}

func typeWords(want []string) string {
	words := map[string]string{"string": "a text", "integer": "a whole number", "boolean": "true or false",
		"object": "a group of named lines", "array": `a list (lines that begin with "-")`}
	out := make([]string, len(want))
	for i, w := range want {
		out[i] = words[w]
	}
	return strings.Join(out, " or ")
}

func list(values []any) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprint(v)
	}
	return strings.Join(out, ", ")
}

// lineOf finds the line of the deepest part of path that exists.
func lineOf(n *yaml.Node, path []string) int {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := n.Line
	for _, p := range path {
		next, at := child(n, p)
		if next == nil {
			return line
		}
		n, line = next, at
	}
	return line
}

// child is the value under a key or index and the line where it is named.
func child(n *yaml.Node, key string) (*yaml.Node, int) {
	if n.Kind == yaml.SequenceNode {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(n.Content) {
			return nil, 0
		}
		return n.Content[i], n.Content[i].Line
	}
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1], n.Content[i].Line
		}
	}
	return nil, 0
}

// pathText is "steps[2].at".
func pathText(path []string) string {
	var b strings.Builder
	for _, p := range path {
		if _, err := strconv.Atoi(p); err == nil {
			b.WriteString("[" + p + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(p)
	}
	return b.String()
}
