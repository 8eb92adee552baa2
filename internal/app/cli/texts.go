package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/engine/texts"
	"carillon.dev/carillon/internal/store"
)

type templateCmd struct {
	List    templateListCmd    `cmd:"" help:"Show every text, its version and the languages in use that lack it."`
	Show    templateShowCmd    `cmd:"" help:"Print a text as a file that save reads."`
	Preview templatePreviewCmd `cmd:"" help:"Check a file of a text and print it with invented values; nothing is saved."`
	Save    templateSaveCmd    `cmd:"" help:"Publish a file of a text as the next version."`
	Shipped templateShippedCmd `cmd:"" help:"Go back to the text that comes with Carillon."`
	Plain   templatePlainCmd   `cmd:"" help:"Show which languages are written in plain letters, or choose it for one."`
}

// textFile is a text in a file: the version that it was made from, and the words by language.
type textFile struct {
	Template content.Key       `yaml:"template"`
	Base     int64             `yaml:"base"`
	Texts    map[string]string `yaml:"texts"`
}

type templateListCmd struct {
	storage
	JSON bool `help:"Print JSON."`
}

// Run lists texts.
func (t templateListCmd) Run(c *console) error {
	return t.storage.in(c, "template list", func(sys *app.System, scope access.Scope) error {
		all, err := sys.Texts.List(c.ctx, scope)
		if err != nil {
			return err
		}
		if t.JSON {
			return json.NewEncoder(c.out).Encode(all)
		}
		for _, l := range all {
			whose := "ships"
			if l.Own {
				whose = "own"
			}
			c.printf("%-24s version %-3d %-6s %s\n", l.Key, l.Version, whose, lacks(&l))
		}
		return nil
	})
}

// lacks says how readers of a language are served that has no text of its own.
func lacks(l *texts.Line) string {
	var out []string
	for _, x := range l.Languages {
		switch x.State {
		case texts.Covered:
		case texts.Shipped:
			out = append(out, fmt.Sprintf("readers of %s get the text that ships", x.Language))
		case texts.Fallback:
			out = append(out, fmt.Sprintf("readers of %s get it in %s", x.Language, x.Variant))
		case texts.Nothing:
			out = append(out, fmt.Sprintf("readers of %s get none", x.Language))
		}
	}
	return strings.Join(out, ", ")
}

// in opens the organization, and closes what was opened.
func (s storage) in(c *console, command string, do func(sys *app.System, scope access.Scope) error) error {
	sys, scope, err := s.open(c, command)
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	return do(sys, scope)
}

type templateShowCmd struct {
	storage
	Key     string `arg:"" help:"Key of the text." placeholder:"KEY"`
	Version int64  `help:"Version to print; the one in force when left out." placeholder:"N"`
}

// Run prints a text.
func (t templateShowCmd) Run(c *console) error {
	return t.storage.in(c, "template show", func(sys *app.System, scope access.Scope) error {
		text, err := sys.Texts.Read(c.ctx, scope, content.Key(t.Key))
		if err != nil {
			return err
		}
		f := textFile{Template: text.Key, Base: text.Version, Texts: map[string]string{}}
		served := text.InForce
		if t.Version > 0 {
			var ok bool
			if served, ok = text.Served(t.Version); !ok {
				return errs.New(errs.NotFound, "there is no such version").At("--version")
			}
		}
		for l, body := range served {
			f.Texts[string(l)] = body
		}
		e := yaml.NewEncoder(c.out)
		e.SetIndent(2)
		return e.Encode(f)
	})
}

func (c *console) textFile(name string) (f textFile, v content.Variants, err error) {
	raw, err := c.input(name)
	if err != nil {
		return f, nil, err
	}
	if yaml.Unmarshal(raw, &f) != nil || f.Template == "" {
		return f, nil, errs.New(errs.Invalid, "this is no file of a text: carillon template show prints one to begin with").At("file")
	}
	v = content.Variants{}
	for l, body := range f.Texts {
		v[content.Locale(l)] = body
	}
	return f, v, nil
}

type templatePreviewCmd struct {
	storage
	File string `arg:"" help:"The file; - reads standard input." placeholder:"FILE"`
}

// Run checks a file and prints its examples.
func (t templatePreviewCmd) Run(c *console) error {
	f, v, err := c.textFile(t.File)
	if err != nil {
		return err
	}
	return t.storage.in(c, "template preview", func(sys *app.System, scope access.Scope) error {
		p, err := sys.Texts.Preview(c.ctx, scope, f.Template, v, 0)
		if err != nil {
			return err
		}
		for _, e := range p.Examples {
			if e.Text.IsEmpty() {
				continue // the findings say why
			}
			c.printf("%s: %d segments, %s\n  %s\n", e.Locale, e.Meter.Segments, e.Meter.Coding, e.Text.Reveal())
			c.priced(&e)
		}
		for _, x := range p.Findings {
			c.printf("%s: %s: %s\n", x.Severity, texts.Place(x), x.Sentence())
		}
		if content.Blocks(p.Findings) {
			return errs.New(errs.Invalid, "the text cannot be published like this")
		}
		return nil
	})
}

// priced says what the text takes in plain letters, and as the first to a number.
func (c *console) priced(e *texts.Example) {
	if !e.Plain.IsEmpty() && e.Meter.PlainSegments < e.Meter.Segments {
		c.printf("  %d segments as written, %d in plain letters (%s)\n", e.Meter.Segments, e.Meter.PlainSegments, onOff(e.PlainOn))
	}
	if e.First != nil && e.First.Line != "" {
		c.printf("  the first to a number also says %q: %d segments\n", e.First.Line, e.First.Meter.Segments)
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

type templatePlainCmd struct {
	storage
	Language string `arg:"" optional:"" help:"The language, such as pl." placeholder:"LANGUAGE"`
	On       bool   `help:"Write its texts in plain letters where that costs less, names included." xor:"plain"`
	Off      bool   `help:"Write its texts with all their letters." xor:"plain"`
}

// Run shows or changes the choice.
func (t templatePlainCmd) Run(c *console) error {
	if (t.Language == "") == (t.On || t.Off) {
		return errs.New(errs.Invalid, "name a language and --on or --off, or nothing to see what is chosen").At("language")
	}
	return t.storage.in(c, "template plain", func(sys *app.System, scope access.Scope) error {
		if t.Language != "" {
			if err := sys.Texts.SetPlainLetters(c.ctx, scope, t.Language, t.On); err != nil {
				return err
			}
		}
		all, err := sys.Texts.PlainLetters(c.ctx, scope)
		for _, p := range all {
			c.printf("%-8s plain letters %s\n", p.Language, onOff(p.On))
		}
		return err
	})
}

type templateSaveCmd struct {
	storage
	File           string `arg:"" help:"The file; - reads standard input." placeholder:"FILE"`
	Note           string `help:"What was changed and why." placeholder:"TEXT"`
	AcceptWarnings bool   `help:"Publish although the check warns."`
}

// Run publishes a file.
func (t templateSaveCmd) Run(c *console) error {
	f, v, err := c.textFile(t.File)
	if err != nil {
		return err
	}
	return t.storage.in(c, "template save", func(sys *app.System, scope access.Scope) error {
		got, err := sys.Texts.Save(c.ctx, scope, texts.Draft{Key: f.Template, Base: max(f.Base, store.ShippedVersion), Variants: v, Note: t.Note, Seen: t.AcceptWarnings})
		var faults *texts.Faults
		if errors.As(err, &faults) && faults.Unseen {
			_, _ = io.WriteString(c.err, "nothing forbids it: --accept-warnings publishes it\n")
		}
		if err == nil {
			c.printf("%s is version %d now\n", got.Key, got.Version)
		}
		return err
	})
}

type templateShippedCmd struct {
	storage
	Key string `arg:"" help:"Key of the text." placeholder:"KEY"`
}

// Run puts the text that ships in force.
func (t templateShippedCmd) Run(c *console) error {
	return t.storage.in(c, "template shipped", func(sys *app.System, scope access.Scope) error {
		now, err := sys.Texts.Read(c.ctx, scope, content.Key(t.Key))
		if err != nil {
			return err
		}
		got, err := sys.Texts.Revert(c.ctx, scope, now.Key, now.Version, "")
		if err == nil {
			c.printf("%s is version %d now, the text that ships\n", got.Key, got.Version)
		}
		return err
	})
}
