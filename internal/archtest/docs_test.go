package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are the pages that people read, from the module's root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md"} {
		names, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rel, err := filepath.Rel("../..", name)
			if err != nil {
				t.Fatal(err)
			}
			out[filepath.ToSlash(rel)] = string(b)
		}
	}
	if len(out) == 0 {
		t.Fatal("no documents found: the test looks in the wrong place")
	}
	return out
}

var (
	link = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)\s]*)?\)`)
	// codeName is a name of the tree in a document: `engine/send.Loop` or `store.Store.InTx`.
	codeName = regexp.MustCompile("`((?:base|core|store|carrier|engine|ehr|web|app)(?:/[a-z0-9]+)*)\\.([A-Za-z]\\w*(?:\\.[A-Za-z]\\w*)?)(?:\\([^`]*\\))?`")
)

func brokenLinks(docs map[string]string, exists func(string) bool) []string {
	var out []string
	for name, text := range docs {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], ":") {
				continue // another site
			}
			if target := filepath.ToSlash(filepath.Join(filepath.Dir(name), m[1])); !exists(target) {
				out = append(out, name+" links to "+m[1]+", which is not there")
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestDocumentsLinkToWhatExists(t *testing.T) {
	t.Parallel()
	exists := func(p string) bool { _, err := os.Stat(filepath.Join("../..", p)); return err == nil }
	wantOnly(t, "a dead link is the first thing a newcomer meets", brokenLinks(documents(t), exists))
	wantFinding(t, brokenLinks(map[string]string{"docs/a.md": "[b](b.md)"}, func(string) bool { return false }))
}

// declared lists the names of every package: "Name" and "Type.Member" for methods, fields and interface methods.
func declared(tr *tree) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, f := range tr.code() {
		names := out[f.dir]
		if names == nil {
			names = map[string]bool{}
			out[f.dir] = names
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				names[receiver(d)+d.Name.Name] = true
			case *ast.GenDecl:
				if d.Tok != token.IMPORT {
					declareSpecs(names, d.Specs)
				}
			}
		}
	}
	return out
}

func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	x := fn.Recv.List[0].Type
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	if generic, ok := x.(*ast.IndexExpr); ok {
		x = generic.X
	}
	if name, ok := x.(*ast.Ident); ok {
		return name.Name + "."
	}
	return ""
}

func declareSpecs(names map[string]bool, specs []ast.Spec) {
	for _, s := range specs {
		switch s := s.(type) {
		case *ast.ValueSpec:
			for _, n := range s.Names {
				names[n.Name] = true
			}
		case *ast.TypeSpec:
			names[s.Name.Name] = true
			for _, f := range members(s.Type) {
				for _, n := range f.Names {
					names[s.Name.Name+"."+n.Name] = true
				}
			}
		}
	}
}

func members(t ast.Expr) []*ast.Field {
	switch t := t.(type) {
	case *ast.StructType:
		return t.Fields.List
	case *ast.InterfaceType:
		return t.Methods.List
	default:
		return nil
	}
}

// fileKinds end the name of a file, such as `carrier.go`.
var fileKinds = []string{"go", "sql", "templ", "yaml", "json"}

func staleNames(docs map[string]string, names map[string]map[string]bool) []string {
	var out []string
	for doc, text := range docs {
		for _, m := range codeName.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(fileKinds, m[2]) && !names["internal/"+m[1]][m[2]] {
				out = append(out, fmt.Sprintf("%s names %s.%s, which the code does not have", doc, m[1], m[2]))
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestDocumentsNameWhatTheCodeHas(t *testing.T) {
	t.Parallel()
	names := declared(load(t))
	wantOnly(t, "a document that names code which is gone teaches a house that nobody lives in", staleNames(documents(t), names))
	wantFinding(t, staleNames(map[string]string{"docs/a.md": "`store.Store.Vanish`"}, names))
	wantFinding(t, staleNames(map[string]string{"docs/a.md": "`engine/nowhere.Loop`"}, names))
	if got := staleNames(map[string]string{"docs/a.md": "`store.Store.InTx` `core/access.Scope.Org()` `base/id.New`"}, names); len(got) != 0 {
		t.Errorf("refused names that exist: %v", got)
	}
}

var recordName = regexp.MustCompile(`^docs/adr/(\d{4})-[a-z0-9-]+\.md$`)

func recordBreaches(docs map[string]string) []string {
	var out []string
	numbers := map[string]string{}
	for name, text := range docs {
		if !within(name, "docs/adr") {
			continue
		}
		m := recordName.FindStringSubmatch(name)
		if m == nil {
			out = append(out, name+": a record is named 0001-what-was-decided.md")
			continue
		}
		if other := numbers[m[1]]; other != "" {
			out = append(out, name+" and "+other+" have one number")
		}
		numbers[m[1]] = name
		for _, part := range []string{"Decision", "Consequences|What it costs", "Accepted|Replaced|Rejected"} {
			if !regexp.MustCompile(`\b(` + part + `)\b`).MatchString(text) {
				out = append(out, name+" does not say: "+part)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestDecisionRecordsSayWhatItCosts(t *testing.T) {
	t.Parallel()
	wantOnly(t, "a record without a price or a status cannot be argued with later (docs/adr/0001)", recordBreaches(documents(t)))
	wantFinding(t, recordBreaches(map[string]string{"docs/adr/0001-x.md": "# 1. X\n"}))
	wantFinding(t, recordBreaches(map[string]string{"docs/adr/x.md": "# X\n"}))
}
