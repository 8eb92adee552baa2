package cli

import (
	"log/slog"
	"time"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/store"
)

type journeyCmd struct {
	List  journeyListCmd  `cmd:"" help:"Show every journey and its versions."`
	Show  journeyShowCmd  `cmd:"" help:"Print a journey's file."`
	Check journeyCheckCmd `cmd:"" help:"Say what is wrong with a file, with lines; nothing is saved."`
	Save  journeySaveCmd  `cmd:"" help:"Save a file as the next version; visits booked from now on take it."`
}

// planner is what journeys need of one; nothing is planned by a command.
func planner(sys *app.System) *plan.Planner {
	return plan.New(sys.Store, sys.Outbox, sys.Domain, slog.New(slog.DiscardHandler))
}

type journeyListCmd struct{ storage }

// Run lists journeys.
func (j journeyListCmd) Run(c *console) error {
	return j.storage.in(c, "journey list", func(sys *app.System, scope access.Scope) error {
		var files []store.JourneyFile
		err := sys.Store.Read(c.ctx, scope, func(tx store.Tx) (err error) {
			if files, err = tx.Journeys().DefinitionFiles(c.ctx); err != nil {
				return err
			}
			files, err = plan.WithShipped(files)
			return err
		})
		for _, f := range files {
			saved := "ships"
			if !f.Shipped {
				saved = f.CreatedAt.Format(time.DateTime)
			}
			c.printf("%-32s version %-3d %s\n", f.Key, f.Version, saved)
		}
		return err
	})
}

type journeyShowCmd struct {
	storage
	Key     string `arg:"" help:"Name of the journey." placeholder:"JOURNEY"`
	Version int    `help:"Version to print; the newest when left out." placeholder:"N"`
}

// Run prints a journey.
func (j journeyShowCmd) Run(c *console) error {
	return j.storage.in(c, "journey show", func(sys *app.System, scope access.Scope) error {
		all, err := planner(sys).JourneyVersions(c.ctx, scope, j.Key)
		if err != nil {
			return err
		}
		for _, f := range all {
			if j.Version == 0 || f.Version == j.Version {
				c.printf("%s", f.Source)
				return nil
			}
		}
		return errs.New(errs.NotFound, "there is no such version").At("--version")
	})
}

type journeyCheckCmd struct {
	storage
	File string `arg:"" help:"The file; - reads standard input." placeholder:"FILE"`
}

// Run checks a file.
func (j journeyCheckCmd) Run(c *console) error {
	raw, err := c.input(j.File)
	if err != nil {
		return err
	}
	return j.storage.in(c, "journey check", func(sys *app.System, scope access.Scope) error {
		def, err := planner(sys).CheckJourney(c.ctx, scope, string(raw))
		if err != nil {
			return err
		}
		c.printf("%s version %d is good\n", def.Key, def.Version)
		for _, x := range def.Texts() {
			if x.On {
				c.printf("  %-16s %s\n", x.Step, x.Template)
			}
		}
		return nil
	})
}

type journeySaveCmd struct {
	storage
	File string `arg:"" help:"The file; - reads standard input. Its version must be higher than the newest." placeholder:"FILE"`
}

// Run saves a file.
func (j journeySaveCmd) Run(c *console) error {
	raw, err := c.input(j.File)
	if err != nil {
		return err
	}
	return j.storage.in(c, "journey save", func(sys *app.System, scope access.Scope) error {
		def, err := planner(sys).SaveJourney(c.ctx, scope, plan.Saving{Source: string(raw)})
		if err == nil {
			c.printf("%s version %d is for visits booked from now on\n", def.Key, def.Version)
		}
		return err
	})
}
