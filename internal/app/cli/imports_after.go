package cli

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/store"
)

type importListCmd struct{ storage }

// Run lists imports.
func (l importListCmd) Run(c *console) error {
	sys, scope, err := l.open(c, "import list")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	all, err := sys.Intake.List(c.ctx, scope, store.Page{Limit: 50})
	for _, i := range all {
		held := ""
		if i.Held {
			held = "  messages wait"
		}
		c.printf("%s  %s  %-12s %-9s %6d lines %6d new %5d changed %4d bad%s\n", i.ID, i.Created.Format(time.DateTime), i.Kind, i.State,
			i.Counts.Lines, i.Counts.Created, i.Counts.Changed, i.Counts.Bad, held)
	}
	return err
}

// oneImport is a command about one import.
type oneImport struct {
	storage
	Import string `arg:"" help:"The import's id." placeholder:"ID"`
}

func (o oneImport) with(c *console, command string, do func(sys *app.System, scope access.Scope, imp id.ID) error) error {
	imp, err := idArg(o.Import, "import")
	if err != nil {
		return err
	}
	sys, scope, err := o.open(c, command)
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	return do(sys, scope, imp)
}

type problemsCmd struct {
	oneImport
	Report string `help:"File to write; standard output when empty." type:"path" placeholder:"FILE"`
}

// Run writes an error report.
func (p problemsCmd) Run(c *console) error {
	return p.with(c, "import problems", func(sys *app.System, scope access.Scope, imp id.ID) error {
		return writeReport(c, sys, scope, imp, p.Report)
	})
}

func writeReport(c *console, sys *app.System, scope access.Scope, imp id.ID, path string) error {
	out := c.out
	if path != "" {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return errs.Wrap(errs.Invalid, "the report cannot be written there", err).(*errs.Error).At("--report")
		}
		defer func() { _ = f.Close() }()
		out = f
	}
	w := csv.NewWriter(out)
	_ = w.Write([]string{"line", "column", "reason", "what to do", "value"})
	after := 0
	for {
		list, err := sys.Intake.Problems(c.ctx, scope, imp, after, 500)
		if err != nil || len(list) == 0 {
			w.Flush()
			return firstErr(err, w.Error())
		}
		for _, p := range list {
			_ = w.Write([]string{strconv.Itoa(p.Line), intake.SafeCell(p.Column), p.Code, p.Say, intake.SafeCell(p.Value.Reveal())})
			after = p.Line
		}
	}
}

func firstErr(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

type releaseCmd struct {
	oneImport
	Yes bool `short:"y" help:"Do not ask."`
}

// Run shows what a release lets go, asks, and releases.
func (r releaseCmd) Run(c *console) error {
	return r.with(c, "import release", func(sys *app.System, scope access.Scope, imp id.ID) error {
		held, err := planner(sys).HeldBy(c.ctx, scope, imp)
		if err != nil {
			return err
		}
		printHeld(c, held)
		if !r.Yes && (!terminal(c.in) || !ask(c, "Let them go?")) {
			return errs.New(errs.Precondition, "nothing was released: answer the question, or give --yes")
		}
		if _, err = sys.Intake.Release(c.ctx, scope, imp); err == nil {
			c.printf("the messages of import %s may go now\n", imp)
		}
		return err
	})
}

// printHeld says how many visits wait, which texts would go, and how the first of them would read.
func printHeld(c *console, h plan.Held) {
	_, _ = fmt.Fprintf(c.err, "%d visits wait\n", h.Visits)
	for _, step := range slices.Sorted(maps.Keys(h.Texts)) {
		_, _ = fmt.Fprintf(c.err, "  %5d texts of step %s\n", h.Texts[step], step)
	}
	for _, why := range slices.Sorted(maps.Keys(h.Refused)) {
		_, _ = fmt.Fprintf(c.err, "  %5d would not go: %s\n", h.Refused[why], why)
	}
	for _, f := range h.Samples {
		_, _ = fmt.Fprintf(c.err, "  on %s: %s\n", f.Due.UTC().Format("2006-01-02 15:04 MST"), f.Draft.Body.Reveal())
	}
}

// ask puts a question to whoever sits at the terminal.
func ask(c *console, question string) bool {
	_, _ = fmt.Fprintf(c.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(c.in).ReadString('\n')
	answer = strings.TrimSpace(answer)
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}

type undoCmd struct{ oneImport }

// Run undoes an import.
func (u undoCmd) Run(c *console) error {
	return u.with(c, "import undo", func(sys *app.System, scope access.Scope, imp id.ID) error {
		b := newBar(c)
		b.begin("undoing", 0)
		done, err := sys.Intake.Undo(c.ctx, scope, imp, b.at)
		b.end()
		if err == nil {
			c.printf("import %s is undone: %d rows taken back, %d left because they were changed since\n", imp, done.Counts.Undone, done.Counts.Kept)
			err = listKept(c, sys, scope, imp)
		}
		return err
	})
}

// listKept names the rows that an undo left alone.
func listKept(c *console, sys *app.System, scope access.Scope, imp id.ID) error {
	after := 0
	for {
		kept, err := sys.Intake.Kept(c.ctx, scope, imp, after, 500)
		if err != nil || len(kept) == 0 {
			return err
		}
		for _, w := range kept {
			c.printf("  line %d: %s %s\n", w.Line, w.Row, w.ID)
			after = w.Line
		}
	}
}

type importResumeCmd struct{ storage }

// Run goes on with interrupted imports.
func (r importResumeCmd) Run(c *console) error {
	sys, scope, err := r.open(c, "import resume")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	n, err := sys.Intake.Resume(c.ctx, scope)
	c.printf("%d imports finished\n", n)
	return err
}
