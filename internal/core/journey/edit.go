package journey

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"carillon.dev/carillon/internal/base/errs"
)

// Edit is a change of a file that a simple form can make. Everything else of the file stays as it was written,
// comments included.
type Edit struct {
	Version int // 0 leaves it
	Steps   []StepEdit
}

// StepEdit changes one step; offsets are written as ParseOffset reads them, and empty ones stay.
type StepEdit struct {
	ID       string
	Enabled  bool
	At       string
	UseUntil string
}

// Rewrite applies an edit to a file that Parse reads. A step that the file lacks is errs.NotFound.
func Rewrite(src []byte, e Edit) ([]byte, error) {
	r := rewriter{lines: strings.SplitAfter(string(src), "\n")}
	if err := r.read(); err != nil {
		return nil, err
	}
	if e.Version > 0 {
		r.scalar(r.root, "version", strconv.Itoa(e.Version))
	}
	steps, _ := child(r.root, "steps")
	for _, s := range e.Steps {
		i := slices.IndexFunc(steps.Content, func(n *yaml.Node) bool { v, _ := child(n, "id"); return v != nil && v.Value == s.ID })
		if i < 0 {
			return nil, errs.New(errs.NotFound, "the journey has no step of this name").At(s.ID)
		}
		r.step(steps.Content[i], s)
	}
	r.apply()
	return []byte(strings.Join(r.lines, "")), nil
}

// rewriter gathers replacements of pieces of lines and makes them from the end, so that places stay true.
type rewriter struct {
	lines []string
	root  *yaml.Node
	edits []splice
}

// splice puts text where a piece of a line was; line and from count from 0.
type splice struct {
	line, from, to int
	text           string
}

func (r *rewriter) read() error {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(strings.Join(r.lines, "")), &doc); err != nil || len(doc.Content) == 0 {
		return errs.New(errs.Invalid, "the file is not YAML: mend it as text first")
	}
	r.root = doc.Content[0]
	if steps, _ := child(r.root, "steps"); steps == nil || steps.Kind != yaml.SequenceNode {
		return errs.New(errs.Invalid, "the file has no list of steps: mend it as text first")
	}
	return nil
}

func (r *rewriter) step(n *yaml.Node, s StepEdit) {
	now := true
	if v, _ := child(n, "enabled"); v != nil {
		now = v.Value != "false"
	}
	if now != s.Enabled {
		r.put(n, "enabled", strconv.FormatBool(s.Enabled))
	}
	if s.At != "" {
		r.put(n, "at", quoted(s.At))
	}
	if s.UseUntil != "" {
		r.put(n, "use_until", quoted(s.UseUntil))
	}
}

// quoted keeps "0" a text.
func quoted(offset string) string {
	if offset == "0" {
		return `"0"`
	}
	return offset
}

// put changes a value of a mapping, or adds the name behind its id.
func (r *rewriter) put(n *yaml.Node, key, value string) {
	if v, _ := child(n, key); v != nil {
		if v.Value != strings.Trim(value, `"`) {
			r.scalar(n, key, value)
		}
		return
	}
	name := n.Content[0] // the first name of the step; the new one stands before it, or on a line of its own behind it
	if n.Style&yaml.FlowStyle != 0 {
		r.edits = append(r.edits, splice{name.Line - 1, name.Column - 1, name.Column - 1, key + ": " + value + ", "})
		return
	}
	indent := strings.Repeat(" ", name.Column-1)
	first := n.Content[1]
	if end := first.Line; first.Kind == yaml.ScalarNode && first.Line == name.Line && first.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		r.edits = append(r.edits, splice{end, 0, 0, indent + key + ": " + value + "\n"})
		return
	}
	r.edits = append(r.edits, splice{name.Line - 1, name.Column - 1, name.Column - 1, key + ": " + value + "\n" + indent})
}

// scalar replaces the value of a name where it stands.
func (r *rewriter) scalar(n *yaml.Node, key, value string) {
	v, _ := child(n, key)
	line, from := v.Line-1, v.Column-1
	r.edits = append(r.edits, splice{line, from, from + written(r.lines[line][from:], v), value})
}

// written is how many bytes a scalar takes as it stands in its line.
func written(rest string, v *yaml.Node) int {
	if v.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		if end := strings.IndexByte(rest[1:], rest[0]); end >= 0 {
			return end + 2
		}
	}
	return len(v.Value)
}

func (r *rewriter) apply() {
	slices.SortStableFunc(r.edits, func(a, b splice) int {
		if a.line != b.line {
			return b.line - a.line
		}
		return b.from - a.from
	})
	for _, e := range r.edits {
		for e.line >= len(r.lines) {
			r.lines = append(r.lines, "")
		}
		l := r.lines[e.line]
		r.lines[e.line] = l[:e.from] + e.text + l[e.to:]
	}
}

// Line is where a part of a file stands, such as Line(src, "steps", "2", "template"), from 1; 0 when it is no YAML.
func Line(src []byte, path ...string) (line int, place string) {
	var root yaml.Node
	if yaml.Unmarshal(src, &root) != nil || root.Kind == 0 {
		return 0, pathText(path)
	}
	return lineOf(&root, path), pathText(path)
}
