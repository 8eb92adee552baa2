package cli

import (
	"strconv"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/engine/settings"
)

type budgetCmd struct {
	storage
	Day  string `help:"Texts in any 24 hours: a number, none or default." placeholder:"N"`
	Week string `help:"Texts in any seven days: a number, none or default." placeholder:"N"`
}

// Run shows the budget, or changes what a flag names.
func (b budgetCmd) Run(c *console) error {
	sys, scope, err := b.open(c, "org budget")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	set := settings.New(sys.Store)
	own, err := set.Organization(c.ctx, scope)
	if err != nil {
		return err
	}
	next := own.Budget
	if next.Day, err = limitOf(b.Day, next.Day, "--day"); err != nil {
		return err
	}
	if next.Week, err = limitOf(b.Week, next.Week, "--week"); err != nil {
		return err
	}
	if next != own.Budget {
		if err := set.SetBudget(c.ctx, scope, next); err != nil {
			return err
		}
	}
	day, week := next.Limits()
	c.printf("one person gets %s in 24 hours and %s in seven days, all purposes together\n", atMost(day), atMost(week))
	return nil
}

// limitOf reads a limit; an empty flag keeps what is.
func limitOf(flag string, is int, name string) (int, error) {
	switch flag {
	case "":
		return is, nil
	case "none":
		return org.Unlimited, nil
	case "default":
		return 0, nil
	}
	n, err := strconv.Atoi(flag)
	if err != nil || n < 1 || n > org.Most {
		return 0, errs.Newf(errs.Invalid, "write a number from 1 to %d, none or default", org.Most).At(name)
	}
	return n, nil
}

func atMost(n int) string {
	if n == 0 {
		return "any number of texts"
	}
	return "at most " + strconv.Itoa(n)
}
