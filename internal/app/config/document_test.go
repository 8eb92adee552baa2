package config_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"carillon.dev/carillon/internal/app/config"
)

//go:generate go test . -run TestTheDocument -update

var update = flag.Bool("update", false, "write the table of docs/config.md")

const document = "../../../docs/config.md"

func TestTheDocumentListsEverySetting(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- settings: written by make generate -->\n", "<!-- end of settings -->"
	old, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(old), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/config.md has no marks for the settings")
	}
	text := head + begin + settings(t) + end + tail
	if text == string(old) {
		return
	}
	if !*update {
		t.Fatal("docs/config.md does not list the settings as they are; run: make generate")
	}
	if err := os.WriteFile(document, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// settings is the table of what a serving node can be told, in the order of its help.
func settings(t *testing.T) string {
	t.Helper()
	parser, err := kong.New(&config.Serve{}, kong.Name("carillon"), kong.NoDefaultHelp())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| flag | environment | default | what it says |\n|---|---|---|---|\n")
	for _, f := range parser.Model.Flags {
		if f.Help == "" || len(f.Envs) == 0 {
			t.Errorf("--%s needs a sentence and an environment variable", f.Name)
			continue
		}
		def := ""
		if f.HasDefault {
			def = "`" + f.Default + "`"
		}
		b.WriteString("| `--" + f.Name + "` | `" + strings.Join(f.Envs, "` `") + "` | " + def + " | " + strings.ReplaceAll(f.Help, "|", "\\|") + " |\n")
	}
	return b.String()
}
