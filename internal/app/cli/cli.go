// Package cli is the command line: it reads flags, calls one use-case and prints what it said. It refuses to
// hold logic of its own, and to print anything about a patient that was not asked for.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/base/errs"
)

// commands is everything that carillon can be told to do.
type commands struct {
	Demo         demoCmd         `cmd:"" help:"Run a made-up clinic group with a simulated operator; nothing leaves this machine."`
	Serve        serveCmd        `cmd:"" help:"Run a node: console, API, planning and sending."`
	Import       importCmd       `cmd:"" help:"Take in files of patients and appointments."`
	Patient      patientCmd      `cmd:"" help:"Patients: find, show, opt out, deceased."`
	Appointment  appointmentCmd  `cmd:"" help:"Appointments: list, show, book, move, cancel."`
	Consent      consentCmd      `cmd:"" help:"Consent: what was allowed or taken back."`
	Message      messageCmd      `cmd:"" help:"Messages: why they were or were not sent, and what would happen now."`
	Conversation conversationCmd `cmd:"" help:"What waits for a person, and the answer."`
	Stop         stopCmd         `cmd:"" help:"Stop all hand-offs within a second, until resume."`
	Resume       resumeCmd       `cmd:"" help:"End a stop, or release a restored copy."`
	Route        routeCmd        `cmd:"" help:"Connect operators: add, list, open, stop, guests, senders."`
	SelfTest     selfTestCmd     `cmd:"" name:"selftest" help:"Test texts that show whether routes work."`
	Template     templateCmd     `cmd:"" help:"Texts in your own words: list, show, preview, save."`
	Journey      journeyCmd      `cmd:"" help:"What is sent when: list, show, check, save."`
	User         userCmd         `cmd:"" help:"Staff who log in."`
	Key          keyCmd          `cmd:"" help:"Keys of the API, and the keys that seal the data."`
	Org          orgCmd          `cmd:"" help:"Organizations and their locations."`
	Simulate     simulateCmd     `cmd:"" help:"Run the simulated operator alone (SMPP 3.4)."`
	Audience     audienceCmd     `cmd:"" help:"Audiences: who is meant, and how they are reached."`
	Bench        benchCmd        `cmd:"" help:"Measure the whole path."`
	Migrate      migrateCmd      `cmd:"" help:"Bring the database to this version and say what was done."`
	Backup       backupCmd       `cmd:"" help:"Copy the database, without the keys that open it."`
	Restore      restoreCmd      `cmd:"" help:"Put a backup where the database belongs; the copy starts on hold."`
	Audit        auditCmd        `cmd:"" help:"The audit log."`
	Doctor       doctorCmd       `cmd:"" help:"Look for what could go wrong on this machine."`
	Version      versionCmd      `cmd:"" help:"Say which version this is."`
}

// console is where a command prints and reads, and how it is stopped.
type console struct {
	ctx      context.Context //nolint:containedctx // kong calls Run without one; it lives as long as the command
	in       io.Reader
	out, err io.Writer
}

func (c *console) printf(format string, args ...any) { _, _ = fmt.Fprintf(c.out, format, args...) }

// Exit codes: what failed decides, so that scripts can tell.
var exits = map[errs.Kind]int{
	errs.Invalid: 2, errs.NotFound: 3, errs.Conflict: 4, errs.Forbidden: 5, errs.Unauthenticated: 5,
	errs.Precondition: 6, errs.TooMany: 7, errs.Unavailable: 8, errs.Internal: 1,
}

// Main runs one command and returns the exit code: 0 when all went well, 2 for wrong words, the other codes of
// errors in docs/config.md.
func Main(args []string, in io.Reader, out, errOut io.Writer) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	collectLater()
	var cmds commands
	exited := -1
	parser, err := kong.New(&cmds, kong.Name("carillon"), kong.UsageOnError(),
		kong.Description("Patient messaging: open, self-hosted, made to be trusted."),
		kong.Writers(out, errOut), kong.Exit(func(n int) { exited = n }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "carillon: the commands are defined wrongly:", err)
		return 1
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		usage(errOut, err)
		return exits[errs.Invalid]
	}
	c := &console{ctx: ctx, in: in, out: out, err: errOut}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.BindTo(in, (*io.Reader)(nil))
	parsed.BindTo(out, (*io.Writer)(nil))
	err = parsed.Run(c, logger(config.Log{LogLevel: "warn"}, errOut))
	if err == nil || (errors.Is(err, context.Canceled) && ctx.Err() != nil) {
		return 0
	}
	_, _ = fmt.Fprintln(errOut, "carillon:", errs.Safe(err))
	if os.Getenv("CARILLON_DEBUG") != "" {
		causes(errOut, err)
	}
	return exits[errs.KindOf(err)]
}

// usage says what was written wrongly, and what the command that was meant takes. It repeats no argument: one may be about
// a patient.
func usage(w io.Writer, err error) {
	at := meant(err)
	if at == nil {
		_, _ = fmt.Fprintf(w, "carillon: %v\nrun carillon --help for the commands\n", err)
		return
	}
	what, extra := err.Error(), strings.HasPrefix(err.Error(), "unexpected argument")
	switch {
	case extra && at.Leaf():
		what = "there is an argument too many"
	case !at.Leaf() && (extra || strings.HasPrefix(what, "expected one of")):
		what = "say which of its commands"
	}
	_, _ = fmt.Fprintf(w, "%s: %s\n", at.FullPath(), what)
	for _, sub := range at.Children {
		if !sub.Hidden {
			_, _ = fmt.Fprintf(w, "  %-12s %s\n", sub.Name, sub.Help)
		}
	}
	if at.Leaf() {
		_, _ = fmt.Fprintln(w, "usage: carillon", at.Summary())
	}
	_, _ = fmt.Fprintf(w, "run %s --help for what it takes\n", at.FullPath())
}

// meant is the command that was written before the mistake; nil when there is none.
func meant(err error) (at *kong.Node) {
	var wrong *kong.ParseError
	if !errors.As(err, &wrong) || wrong.Context == nil {
		return nil
	}
	for _, step := range wrong.Context.Path {
		if step.Command != nil {
			at = step.Command
		}
	}
	return at
}

// causes prints the chain below an error: for the person who runs the machine, who asked for it.
func causes(w io.Writer, err error) {
	for e := errors.Unwrap(err); e != nil; e = errors.Unwrap(e) {
		_, _ = fmt.Fprintln(w, "  because:", e)
	}
}

// logger writes the log as it was asked for.
func logger(l config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(l.LogLevel)) != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if l.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

type versionCmd struct{}

// Run prints the version that the build knows.
func (versionCmd) Run(c *console) error {
	version := "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		version = b.Main.Version
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				version += " " + s.Value
			}
		}
	}
	c.printf("carillon %s\n", version)
	return nil
}
