package cli

import (
	"strconv"
	"strings"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
)

// storage is what every command that opens the database takes.
type storage struct {
	config.Storage
	Org string `help:"Organization: its id or name. Needed only when there are several." env:"CARILLON_ORG" placeholder:"NAME"`
}

// open opens the system and finds the organization that the command is about.
func (s storage) open(c *console, command string) (*app.System, access.Scope, error) {
	sys, err := app.Open(c.ctx, s.Storage, app.Options{})
	if err != nil {
		return nil, access.Scope{}, err
	}
	scope, err := s.scope(c, sys, command)
	if err != nil {
		_ = sys.Close()
		return nil, access.Scope{}, err
	}
	return sys, scope, nil
}

func (s storage) scope(c *console, sys *app.System, command string) (access.Scope, error) {
	all, err := orgs(c, sys)
	if err != nil {
		return access.Scope{}, err
	}
	o, err := pick(all, s.Org)
	return access.ForCommand(o.ID, command), err
}

func orgs(c *console, sys *app.System) (all []org.Organization, err error) {
	err = sys.Store.Read(c.ctx, access.System("command"), func(tx store.Tx) error {
		all, err = tx.Orgs().All(c.ctx)
		return err
	})
	return all, err
}

func pick(all []org.Organization, want string) (org.Organization, error) {
	if len(all) == 0 {
		return org.Organization{}, errs.New(errs.Precondition, "there is no organization yet: make one with carillon org add NAME --region XX")
	}
	if want == "" {
		if len(all) == 1 {
			return all[0], nil
		}
		names := make([]string, len(all))
		for i, o := range all {
			names[i] = strconv.Quote(o.Name)
		}
		return org.Organization{}, errs.Newf(errs.Invalid, "there are %d organizations: name one of %s", len(all), strings.Join(names, ", ")).At("--org")
	}
	var named []org.Organization
	for _, o := range all {
		if o.Name == want || o.ID.String() == want {
			named = append(named, o)
		}
	}
	switch len(named) {
	case 1:
		return named[0], nil
	case 0:
		return org.Organization{}, errs.New(errs.NotFound, "no organization has this name or id; carillon org list shows them").At("--org")
	}
	return org.Organization{}, errs.New(errs.Invalid, "several organizations have this name; give the id").At("--org")
}

// idArg reads an id that somebody typed.
func idArg(s, where string) (id.ID, error) {
	v, err := id.Parse(s)
	if err != nil {
		return v, errs.New(errs.Invalid, "this is not an id: copy it from the list").At(where)
	}
	return v, nil
}
