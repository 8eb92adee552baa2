package rules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var ruleID = regexp.MustCompile(`(?m)^  - id: (\S+)$`)

// The page that people read names every rule of every file, and no other.
func TestEveryRuleIsInTheDocuments(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("data/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no rule files", err)
	}
	n := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ruleID.FindAllStringSubmatch(string(b), -1) {
			if n++; !strings.Contains(string(page), "| "+m[1]+" |") {
				t.Errorf("%s of %s is not in docs/rules.md", m[1], f)
			}
		}
	}
	if rows := strings.Count(string(page), " | no |"); rows != n {
		t.Errorf("docs/rules.md has %d rows of unchecked rules, the files have %d rules", rows, n)
	}
}
