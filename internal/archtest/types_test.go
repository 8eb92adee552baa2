package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// typed is one package that ships, with the type of every expression.
type typed struct {
	path  string // import path
	dir   string // folder from the module's root
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
	pkg   *types.Package
}

func (p *typed) at(n ast.Node) string {
	pos := p.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", pos.Filename, pos.Line)
}

// typedTree checks every package of the module against the compiler's export data. Packages that do not
// compile are left out: the compiler reports those.
var typedTree = sync.OnceValues(checkTypes)

func loadTyped(t *testing.T) []*typed {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Fatal("the go command is not on the PATH; the type rules need it")
	}
	pkgs, err := typedTree()
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) == 0 {
		t.Fatal("no package could be type-checked")
	}
	return pkgs
}

// exports maps an import path to its compiled export data.
type exports map[string]string

func (e exports) open(p string) (io.ReadCloser, error) {
	file := e[p]
	if file == "" {
		return nil, fmt.Errorf("no export data for %s", p)
	}
	return os.Open(file)
}

// goList asks the go command for the module's packages and everything below them.
func goList(patterns ...string) (exports, error) {
	args := append([]string{"list", "-e", "-export", "-deps", "-json=ImportPath,Export"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	found := exports{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		found[p.ImportPath] = p.Export
	}
}

func checkTypes() ([]*typed, error) {
	tr, err := theTree()
	if err != nil {
		return nil, err
	}
	ex, err := goList("./...")
	if err != nil {
		return nil, err
	}
	byDir := map[string][]*ast.File{}
	for _, f := range tr.code() {
		byDir[f.dir] = append(byDir[f.dir], f.ast)
	}
	imp := importer.ForCompiler(tr.fset, "gc", ex.open)
	var out []*typed
	for dir, files := range byDir {
		if ex[module+"/"+dir] == "" {
			continue
		}
		if p, err := checkPackage(tr.fset, imp, dir, files); err == nil {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *typed) int { return strings.Compare(a.dir, b.dir) })
	return out, nil
}

func checkPackage(fset *token.FileSet, imp types.Importer, dir string, files []*ast.File) (*typed, error) {
	p := &typed{path: module + "/" + dir, dir: dir, fset: fset, files: files, info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
		Defs: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	pkg, err := (&types.Config{Importer: imp}).Check(p.path, fset, files, p.info)
	p.pkg = pkg
	return p, err
}

// typedSnippet checks text as a package of its own at dir; it may import what the module imports.
func typedSnippet(t *testing.T, dir, text string) []*typed {
	t.Helper()
	ex, err := snippetExports()
	if err != nil {
		t.Fatal(err)
	}
	tr := snippet(t, dir+"/x.go", text)
	p, err := checkPackage(tr.fset, importer.ForCompiler(tr.fset, "gc", ex.open), dir, []*ast.File{tr.files[0].ast})
	if err != nil {
		t.Fatal(err)
	}
	return []*typed{p}
}

// snippetExports are the packages that snippets import; they stand at the bottom of the house.
var snippetExports = sync.OnceValues(func() (exports, error) {
	return goList("./internal/base/...", "./internal/core/phone", "./internal/core/access", "./internal/core/patient")
})

// callee is the function or method that a call names: "fmt.Errorf", "(*log/slog.Logger).Info", "" if none.
func (p *typed) callee(call *ast.CallExpr) string {
	var name *ast.Ident
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		name = fun
	case *ast.SelectorExpr:
		name = fun.Sel
	default:
		return ""
	}
	switch o := p.info.Uses[name].(type) {
	case *types.Func:
		return o.FullName()
	case *types.Builtin:
		return o.Name()
	default:
		return ""
	}
}

// calls calls f for every call in the package.
func (p *typed) calls(f func(call *ast.CallExpr, callee string)) {
	for _, file := range p.files {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if name := p.callee(call); name != "" {
					f(call, name)
				}
			}
			return true
		})
	}
}
