package archtest

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "carillon.dev/carillon"

// source is one Go file of the tree, parsed.
type source struct {
	path      string // from the module's root, with slashes
	dir       string // folder of path: "internal/core/sms"
	text      string
	ast       *ast.File
	test      bool
	generated bool
}

// tree is every Go file of the module and the names of its other files.
type tree struct {
	root  string
	fset  *token.FileSet
	files []*source
	other []string // files that are not Go
}

// theTree is read once for all tests of this package.
var theTree = sync.OnceValues(func() (*tree, error) { return readTree("../..") })

func load(t *testing.T) *tree {
	t.Helper()
	tr, err := theTree()
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.files) == 0 {
		t.Fatal("no Go files found: the test looks in the wrong place")
	}
	return tr
}

// readTree walks cmd and internal. Build tags are ignored on purpose: a rule holds for every file.
func readTree(root string) (*tree, error) {
	tr := &tree{root: root, fset: token.NewFileSet()}
	for _, top := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(p string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && p == filepath.Join(root, top) {
				return nil // a room that is not built yet
			}
			if err != nil {
				return err
			}
			if d.IsDir() {
				if n := d.Name(); n == "node_modules" || n == "testdata" || n == "dist" {
					return filepath.SkipDir
				}
				return nil
			}
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			return tr.add(filepath.ToSlash(rel))
		})
		if err != nil {
			return nil, err
		}
	}
	return tr, nil
}

func (tr *tree) add(rel string) error {
	if !strings.HasSuffix(rel, ".go") {
		tr.other = append(tr.other, rel)
		return nil
	}
	text, err := os.ReadFile(filepath.Join(tr.root, rel))
	if err != nil {
		return err
	}
	s, err := parseSource(tr.fset, rel, string(text))
	if err != nil {
		return err
	}
	tr.files = append(tr.files, s)
	return nil
}

func parseSource(fset *token.FileSet, rel, text string) (*source, error) {
	f, err := parser.ParseFile(fset, rel, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &source{path: rel, dir: path.Dir(rel), text: text, ast: f,
		test: strings.HasSuffix(rel, "_test.go"), generated: ast.IsGenerated(f)}, nil
}

// snippet parses text as if it stood at rel: the tests that show each rule can fail.
func snippet(t *testing.T, rel, text string) *tree {
	t.Helper()
	tr := &tree{fset: token.NewFileSet()}
	s, err := parseSource(tr.fset, rel, text)
	if err != nil {
		t.Fatal(err)
	}
	tr.files = append(tr.files, s)
	return tr
}

// code is every file that ships: no tests.
func (tr *tree) code() []*source {
	var out []*source
	for _, f := range tr.files {
		if !f.test {
			out = append(out, f)
		}
	}
	return out
}

// at is "internal/core/sms/cut.go:12".
func (tr *tree) at(n ast.Node) string {
	p := tr.fset.Position(n.Pos())
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// imports lists the import paths of a file with the name each has in it.
func (s *source) imports() map[string]string {
	out := make(map[string]string, len(s.ast.Imports))
	for _, spec := range s.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		out[p] = name
	}
	return out
}

// selectors calls f for every use of a name of the imported package, such as time.Now.
func (s *source) selectors(pkg string, f func(sel *ast.SelectorExpr)) {
	name, ok := s.imports()[pkg]
	if !ok {
		return
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == name {
			f(sel)
		}
		return true
	})
}

// within reports whether dir is room or lies under it.
func within(dir, room string) bool { return dir == room || strings.HasPrefix(dir, room+"/") }

// wantOnly fails for every finding, with the reason of the rule.
func wantOnly(t *testing.T, reason string, findings []string) {
	t.Helper()
	for _, f := range findings {
		t.Errorf("%s\n\twhy: %s", f, reason)
	}
}

// wantFinding fails unless the rule finds something: a rule that cannot fail guards nothing.
func wantFinding(t *testing.T, findings []string) {
	t.Helper()
	if len(findings) == 0 {
		t.Error("the rule did not see the breach that was put before it")
	}
}
