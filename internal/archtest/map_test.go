package archtest

import (
	"flag"
	"go/doc"
	"os"
	"slices"
	"strings"
	"testing"
)

//go:generate go test . -run TestArchitectureDocument -update

// architecture holds two parts that this test writes, each between a pair of marks.
const architecture = "../../docs/architecture.md"

var update = flag.Bool("update", false, "write the generated parts of docs/architecture.md")

func TestArchitectureDocumentShowsTheTableAndEveryPackage(t *testing.T) {
	t.Parallel()
	old, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	text := string(old)
	for name, part := range map[string]string{"imports": importTable(), "packages": packageMap(load(t))} {
		var ok bool
		if text, ok = replacePart(text, name, part); !ok {
			t.Fatalf("docs/architecture.md has no marks for the part %q", name)
		}
	}
	if text == string(old) {
		return
	}
	if !*update {
		t.Fatal("docs/architecture.md does not show the tree as it is; run: make generate")
	}
	if err := os.WriteFile(architecture, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func replacePart(text, name, part string) (string, bool) {
	begin, end := "<!-- "+name+": written by make generate -->\n", "<!-- end of "+name+" -->"
	i, j := strings.Index(text, begin), strings.Index(text, end)
	if i < 0 || j < i {
		return text, false
	}
	return text[:i+len(begin)] + part + text[j:], true
}

func importTable() string {
	var b strings.Builder
	b.WriteString("| what lies in | may import | because |\n|---|---|---|\n")
	for _, r := range table {
		may := make([]string, len(r.may))
		for i, m := range r.may {
			may[i] = "`" + strings.TrimPrefix(m, "internal/") + "`"
		}
		if len(may) == 0 {
			may = []string{"nothing of ours"}
		}
		b.WriteString("| `" + strings.TrimPrefix(r.dir, "internal/") + "` | " + strings.Join(may, " ") + " | " + r.reason + " |\n")
	}
	return b.String()
}

// packageMap lists every package that ships with the first sentence of its comment.
func packageMap(tr *tree) string {
	says := map[string]string{}
	for _, f := range tr.code() {
		if f.ast.Doc != nil && !f.generated {
			says[f.dir] = new(doc.Package).Synopsis(f.ast.Doc.Text())
		}
	}
	dirs := make([]string, 0, len(says))
	for dir := range says {
		dirs = append(dirs, dir)
	}
	slices.SortFunc(dirs, func(a, b string) int { return strings.Compare(roomOrder(a)+a, roomOrder(b)+b) })
	var b strings.Builder
	b.WriteString("| package | what it is for |\n|---|---|\n")
	for _, dir := range dirs {
		sentence := says[dir]
		if rest, ok := strings.CutPrefix(sentence, "Package "); ok {
			_, sentence, _ = strings.Cut(rest, " ")
		}
		b.WriteString("| [`" + strings.TrimPrefix(dir, "internal/") + "`](../" + dir + ") | " + strings.ReplaceAll(sentence, "|", "\\|") + " |\n")
	}
	return b.String()
}

// roomOrder sorts packages from the ground up.
func roomOrder(dir string) string {
	rooms := []string{"internal/base", "internal/core", "internal/store", "internal/carrier", "internal/engine", "internal/ehr", "internal/web", "internal/app", "cmd"}
	for i, r := range rooms {
		if within(dir, r) {
			return string(rune('a' + i))
		}
	}
	return "z"
}
