package cli

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

//go:generate go test . -run TestTheDocument -update

var update = flag.Bool("update", false, "write the table of docs/cli.md")

const document = "../../../docs/cli.md"

func TestTheDocumentListsEveryCommand(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- commands: written by make generate -->\n", "<!-- end of commands -->"
	old, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(old), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/cli.md has no marks for the commands")
	}
	parser, err := kong.New(&commands{}, kong.Name("carillon"))
	if err != nil {
		t.Fatal(err)
	}
	text := head + begin + "| command | what it does |\n|---|---|\n" + lines(t, parser.Model.Node) + end + tail
	if text == string(old) {
		return
	}
	if !*update {
		t.Fatal("docs/cli.md does not list the commands as they are; run: make generate")
	}
	if err := os.WriteFile(document, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// lines is a row for each command that can be run, in the order of the help.
func lines(t *testing.T, n *kong.Node) (out string) {
	t.Helper()
	for _, sub := range n.Children {
		if sub.Hidden {
			continue
		}
		if sub.Help == "" {
			t.Errorf("%s needs a sentence", sub.FullPath())
		}
		if sub.Leaf() {
			use, _, _ := strings.Cut(sub.Summary(), " [flags]")
			out += "| `" + use + "` | " + strings.ReplaceAll(sub.Help, "|", "\\|") + " |\n"
			continue
		}
		out += lines(t, sub)
	}
	return out
}

// What is about a patient is never an argument or a flag: names, numbers and texts are asked for or read from a file.
func TestNoArgumentOfADeskCommandTakesWhatIsAboutAPatient(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&commands{}, kong.Name("carillon"))
	if err != nil {
		t.Fatal(err)
	}
	desk := map[string]bool{"patient": true, "appointment": true, "consent": true, "message": true, "conversation": true}
	arguments := map[string]bool{"patient": true, "appointment": true, "message": true, "conversation": true} // ids
	for _, n := range parser.Model.Children {
		if !desk[n.Name] {
			continue
		}
		for _, sub := range n.Children {
			for _, a := range sub.Positional {
				if !arguments[a.Name] {
					t.Errorf("%s takes the argument %q: only ids may be arguments", sub.FullPath(), a.Name)
				}
			}
			for _, f := range sub.Flags {
				switch f.Name {
				case "name", "number", "phone", "birth-date", "text", "words", "body":
					t.Errorf("%s takes --%s: the list of processes shows it to everybody", sub.FullPath(), f.Name)
				}
			}
		}
	}
}
