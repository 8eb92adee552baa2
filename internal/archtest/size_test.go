package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// Budgets in lines. A test may be longer: a table of cases reads well at length.
const (
	fileLines     = 400
	funcLines     = 60
	testFileLines = 800
	testFuncLines = 150
	suiteLines    = 220 // a conformance suite is one list of cases for each kind of row
)

// overBudget lists what may be longer, and why. "path" is a file, "path:Name" a function or method. An entry
// that is not needed any more fails the test too, so the list only shrinks or is argued about.
var overBudget = map[string]string{}

func sizes(tr *tree) map[string]string {
	over := map[string]string{}
	for _, f := range tr.files {
		if f.generated {
			continue
		}
		maxFile, maxFunc := fileLines, funcLines
		switch {
		case f.dir == "internal/store/storetest":
			maxFile, maxFunc = testFileLines, suiteLines
		case f.test || strings.HasSuffix(f.dir, "test"):
			maxFile, maxFunc = testFileLines, testFuncLines
		}
		if n := strings.Count(f.text, "\n"); n > maxFile {
			over[f.path] = fmt.Sprintf("%d lines, budget %d", n, maxFile)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			n := tr.fset.Position(fn.End()).Line - tr.fset.Position(fn.Pos()).Line + 1
			if n > maxFunc {
				over[f.path+":"+fn.Name.Name] = fmt.Sprintf("%d lines, budget %d", n, maxFunc)
			}
		}
	}
	return over
}

func TestFilesAndFunctionsStayReadable(t *testing.T) {
	t.Parallel()
	over := sizes(load(t))
	var findings []string
	for name, size := range over {
		if overBudget[name] == "" {
			findings = append(findings, name+": "+size+"; split it, or add it to overBudget with the reason")
		}
	}
	for name := range overBudget {
		if _, still := over[name]; !still {
			findings = append(findings, name+" is within its budget again: take it off the list")
		}
	}
	slices.Sort(findings)
	wantOnly(t, "a file fits on a few screens and a function on one, so that a reviewer holds it whole", findings)
}

func TestSizeRuleSeesABreach(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("\t_ = 1\n", funcLines)
	if len(sizes(snippet(t, "internal/core/x/x.go", "package x\nfunc long() {\n"+body+"}\n"))) != 1 {
		t.Error("a long function was not seen")
	}
	if len(sizes(snippet(t, "internal/core/x/x.go", "package x\n"+strings.Repeat("\n", fileLines)))) != 1 {
		t.Error("a long file was not seen")
	}
}

// An interface says what its user needs. The store's are the exception: each is all that can be asked of one
// kind of row, written once per database.
const (
	interfaceMethods      = 5
	storeInterfaceMethods = 20
)

func wideInterfaces(tr *tree) []string {
	var out []string
	for _, f := range tr.code() {
		budget := interfaceMethods
		if within(f.dir, "internal/store") {
			budget = storeInterfaceMethods
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if it, ok := spec.Type.(*ast.InterfaceType); ok && it.Methods.NumFields() > budget {
				out = append(out, fmt.Sprintf("%s: %s has %d methods, budget %d", tr.at(spec), spec.Name.Name, it.Methods.NumFields(), budget))
			}
			return true
		})
	}
	return out
}

func TestInterfacesStaySmall(t *testing.T) {
	t.Parallel()
	wantOnly(t, "a small interface has more than one implementation and a fake that fits on a screen", wideInterfaces(load(t)))
	wantFinding(t, wideInterfaces(snippet(t, "internal/engine/x/x.go", "package x\ntype I interface { A(); B(); C(); D(); E(); F() }\n")))
}
