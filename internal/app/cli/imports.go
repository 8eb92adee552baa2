package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/ehr/table"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/store"
)

type importCmd struct {
	Patients     patientsCmd     `cmd:"" help:"Import a CSV file of patients."`
	Appointments appointmentsCmd `cmd:"" help:"Import a CSV file of appointments."`
	List         importListCmd   `cmd:"" help:"Show the latest imports."`
	Problems     problemsCmd     `cmd:"" help:"Write the error report of an import as CSV."`
	Release      releaseCmd      `cmd:"" help:"Let the held messages of an import go."`
	Undo         undoCmd         `cmd:"" help:"Take back what an import wrote."`
	Resume       importResumeCmd `cmd:"" help:"Go on with imports that were interrupted."`
}

// fileFlags are what both kinds of file take.
type fileFlags struct {
	storage
	File      string            `arg:"" help:"The file; - reads standard input." placeholder:"FILE"`
	Source    string            `help:"Name of the system that the file comes from." default:"main"`
	Encoding  string            `help:"Encoding of the file, when it cannot be proven, such as windows-1250 or gb18030." placeholder:"NAME"`
	Delimiter string            `help:"Delimiter, when it is not found by itself; tab for tabs." placeholder:"CHAR"`
	Map       map[string]string `help:"What a column holds: \"Header=field\"; - leaves it out. May be given several times." placeholder:"HEADER=FIELD"`
	Location  string            `help:"Location (name or id) of rows that name none." placeholder:"NAME"`
	Every     *time.Duration    `help:"How often a file of this source is expected, such as 24h; 0s is never. When it is late the console says so, and after twice the time its messages wait." placeholder:"TIME"`
	SkipBad   bool              `help:"Import the good lines although others have problems."`
	DryRun    bool              `help:"Check the file and write nothing."`
	Yes       bool              `short:"y" help:"Do not ask before writing."`
	Report    string            `help:"Write the error report to this file." type:"path" placeholder:"FILE"`
	JSON      bool              `help:"Print the result as one JSON object."`
}

type patientsCmd struct{ fileFlags }

// Run imports patients.
func (p patientsCmd) Run(c *console) error { return p.run(c, feed.Patients, false) }

type appointmentsCmd struct {
	fileFlags
	Snapshot bool `help:"The file is whole for the locations and days it names: visits that are not in it are cancelled."`
}

// Run imports appointments.
func (a appointmentsCmd) Run(c *console) error { return a.run(c, feed.Appointments, a.Snapshot) }

func (f fileFlags) run(c *console, kind feed.Kind, snapshot bool) error {
	sys, scope, err := f.open(c, "import "+string(kind))
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	file, err := f.reader(c)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	place, err := f.location(c, sys, scope)
	if err != nil {
		return err
	}
	imp, err := sys.Intake.Begin(c.ctx, scope, intake.Upload{Kind: kind, Source: f.Source, Every: f.Every, File: file, Options: feed.Options{
		Encoding: f.Encoding, Delimiter: f.Delimiter, Map: f.Map, Location: place, SkipBad: f.SkipBad, Snapshot: snapshot}})
	if err != nil {
		return err
	}
	r := importRun{c: c, sys: sys, scope: scope, f: f, bar: newBar(c)}
	return r.run(imp)
}

func (f fileFlags) reader(c *console) (io.ReadCloser, error) {
	if f.File == "-" {
		return io.NopCloser(c.in), nil
	}
	file, err := os.Open(f.File)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "the file cannot be opened", err).(*errs.Error).At(f.File)
	}
	return file, nil
}

func (f fileFlags) location(c *console, sys *app.System, scope access.Scope) (at id.ID, err error) {
	if f.Location == "" {
		return at, nil
	}
	err = sys.Store.Read(c.ctx, scope, func(tx store.Tx) error {
		all, err := tx.Orgs().Locations(c.ctx)
		for _, l := range all {
			if l.Name == f.Location || l.ExternalID == f.Location || l.ID.String() == f.Location {
				at = l.ID
			}
		}
		return err
	})
	if err == nil && at.IsZero() {
		err = errs.New(errs.NotFound, "no location has this name; carillon org locations shows them").At("--location")
	}
	return at, err
}

// importRun checks, asks and applies.
type importRun struct {
	c     *console
	sys   *app.System
	scope access.Scope
	f     fileFlags
	bar   *bar
}

func (r *importRun) run(imp feed.Import) error {
	r.bar.begin("checking", 0)
	imp, err := r.sys.Intake.Check(r.c.ctx, r.scope, imp.ID, r.bar.at)
	r.bar.end()
	if err != nil {
		return err
	}
	if imp.State == feed.Rejected {
		r.preview()
		return errs.New(errs.Invalid, imp.Fault).At(r.f.File)
	}
	if err := r.report(imp); err != nil {
		return err
	}
	if err := r.absent(&imp); err != nil {
		return err
	}
	if r.f.DryRun {
		return firstErr(r.print(imp), unfit(imp))
	}
	if err := unfit(imp); err != nil {
		return err
	}
	if !r.agreed(imp) {
		return r.print(imp)
	}
	r.bar.begin("importing", imp.Counts.Lines)
	imp, err = r.sys.Intake.Apply(r.c.ctx, r.scope, imp.ID, r.bar.at)
	r.bar.end()
	if err != nil {
		return err
	}
	return r.print(imp)
}

// unfit says that a file has bad lines and nobody chose to leave them out.
func unfit(imp feed.Import) error {
	if imp.Counts.Bad == 0 || imp.Options.SkipBad {
		return nil
	}
	return errs.Newf(errs.Precondition, "%d lines have problems and nothing was written: mend the file, or import the good lines with --skip-bad", imp.Counts.Bad)
}

// absent lists the visits that a whole file does not have; --yes agrees that they are cancelled.
func (r *importRun) absent(imp *feed.Import) error {
	if imp.Counts.Absent == 0 {
		return nil
	}
	list, err := r.sys.Intake.Absent(r.c.ctx, r.scope, imp.ID)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(r.c.err, "%d visits are not in the file and will be cancelled:\n", len(list))
	for _, v := range list {
		_, _ = fmt.Fprintf(r.c.err, "  %s  %s\n", strings.Replace(v.Wall, "T", " ", 1), v.ID)
	}
	if r.f.DryRun {
		return nil
	}
	if !r.f.Yes && (!terminal(r.c.in) || !ask(r.c, "Cancel them?")) {
		return errs.Newf(errs.Precondition, "%d visits would be cancelled and nobody agreed: answer the question, or give --yes", len(list))
	}
	*imp, err = r.sys.Intake.AgreeAbsent(r.c.ctx, r.scope, imp.ID, len(list))
	return err
}

// agreed asks before anything is written, when there is somebody to ask.
func (r *importRun) agreed(imp feed.Import) bool {
	if r.f.Yes || !terminal(r.c.in) {
		return true
	}
	n := imp.Counts
	return ask(r.c, fmt.Sprintf("%d lines: %d new, %d changed, %d the same, %d with problems. Import?", n.Lines, n.Created, n.Changed, n.Same, n.Bad))
}

// preview shows how the first telling lines read in each encoding that fits.
func (r *importRun) preview() {
	if r.f.File == "-" || r.f.Encoding != "" {
		return
	}
	file, err := os.Open(r.f.File)
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }()
	for _, ch := range table.Preview(file) {
		if len(ch.Sample) > 0 {
			_, _ = fmt.Fprintf(r.c.err, "  --encoding %-14s %s\n", ch.Encoding, ch.Sample[0])
		}
	}
}

func (r *importRun) report(imp feed.Import) error {
	if imp.Counts.Bad == 0 {
		return nil
	}
	if r.f.Report != "" {
		return writeReport(r.c, r.sys, r.scope, imp.ID, r.f.Report)
	}
	list, err := r.sys.Intake.Problems(r.c.ctx, r.scope, imp.ID, 0, 20)
	for _, p := range list {
		_, _ = fmt.Fprintf(r.c.err, "line %d, %s: %s\n", p.Line, orLine(p.Column), p.Say)
	}
	if imp.Counts.Bad > len(list) {
		_, _ = fmt.Fprintf(r.c.err, "… and more; carillon import problems %s writes them all\n", imp.ID)
	}
	return err
}

func orLine(column string) string {
	if column == "" {
		return "the whole line"
	}
	return "column " + strconv.Quote(column)
}

func (r *importRun) print(imp feed.Import) error {
	if r.f.JSON {
		return json.NewEncoder(r.c.out).Encode(map[string]any{"id": imp.ID.String(), "state": imp.State, "held": imp.Held, "why": imp.Why, "counts": imp.Counts})
	}
	n := imp.Counts
	r.c.printf("import %s is %s: %d lines, %d new, %d changed, %d the same, %d with problems", imp.ID, imp.State, n.Lines, n.Created, n.Changed, n.Same, n.Bad)
	if n.Consents > 0 {
		r.c.printf(", %d consents", n.Consents)
	}
	r.c.printf("\n")
	if imp.Held {
		r.c.printf("Its messages wait (%s): look at the visits, then let them go with\n  carillon import release %s\n", heldWords[imp.Why], imp.ID)
	}
	return nil
}

var heldWords = map[feed.HoldReason]string{
	feed.FirstImport: "this is the source's first import",
	feed.Storm:       "it would text, move or cancel unusually many visits",
}

func terminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // a file descriptor fits
}
