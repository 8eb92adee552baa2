package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/engine/login"
	"carillon.dev/carillon/internal/engine/settings"
)

type userCmd struct {
	Add  userAddCmd  `cmd:"" help:"Make a user; the password is asked for, or read from standard input."`
	List userListCmd `cmd:"" help:"Show users."`
}

type userAddCmd struct {
	storage
	Login  string `arg:"" help:"Name to log in with." placeholder:"LOGIN"`
	Name   string `help:"The person's name; the log-in name when empty." placeholder:"NAME"`
	Role   string `help:"What they may do: admin, manager, receptionist or viewer." default:"receptionist" enum:"admin,manager,receptionist,viewer"`
	Locale string `help:"Language of the console: en or pl." default:"en" enum:"en,pl"`
}

// Run makes a user.
func (u userAddCmd) Run(c *console) error {
	sys, scope, err := u.open(c, "user add")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	password, err := askPassword(c)
	if err != nil {
		return err
	}
	name := u.Name
	if name == "" {
		name = u.Login
	}
	_, err = sys.Login.AddUser(c.ctx, scope, login.NewUser{Login: u.Login, Name: name, Password: password, Role: access.Role(u.Role), Locale: u.Locale})
	if err == nil {
		c.printf("%s may log in as %s\n", u.Login, u.Role)
	}
	return err
}

// askPassword asks twice on a terminal, else takes one line.
func askPassword(c *console) (string, error) {
	if !terminal(c.in) {
		line, err := bufio.NewReader(c.in).ReadString('\n')
		if line == "" && err != nil {
			return "", errs.New(errs.Invalid, "give the password on standard input, in one line").At("password")
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	fd := int(c.in.(*os.File).Fd()) //nolint:forcetypeassert,gosec // terminal has said so
	var typed [2]string
	for i, prompt := range []string{"Password (at least 12 characters): ", "Once more: "} {
		_, _ = fmt.Fprint(c.err, prompt)
		b, err := term.ReadPassword(fd)
		_, _ = fmt.Fprintln(c.err)
		if err != nil {
			return "", errs.Wrap(errs.Invalid, "the password could not be read", err)
		}
		typed[i] = string(b)
	}
	if typed[0] != typed[1] {
		return "", errs.New(errs.Invalid, "the two passwords differ").At("password")
	}
	return typed[0], nil
}

type userListCmd struct{ storage }

// Run lists users.
func (u userListCmd) Run(c *console) error {
	sys, scope, err := u.open(c, "user list")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	users, err := sys.Login.ListUsers(c.ctx, scope)
	for _, x := range users {
		state := ""
		if x.Disabled {
			state = "  disabled"
		}
		c.printf("%-24s %-14s %s%s\n", x.Login, x.Role, x.Name, state)
	}
	return err
}

type keyCmd struct {
	Add    keyAddCmd    `cmd:"" help:"Make an API key; its secret is printed once."`
	List   keyListCmd   `cmd:"" help:"Show API keys."`
	Revoke keyRevokeCmd `cmd:"" help:"End an API key at once."`
	Status keyStatusCmd `cmd:"" help:"Say which key of the key file wraps what."`
	Rotate keyRotateCmd `cmd:"" help:"Change the key that wraps all others; may be cut off and run again."`
	Retire keyRetireCmd `cmd:"" help:"Take keys that nothing uses any more out of the key file."`
}

type keyAddCmd struct {
	storage
	Name string `arg:"" help:"What the key is for." placeholder:"NAME"`
	Role string `help:"What it may do: admin, manager, receptionist or viewer." default:"receptionist" enum:"admin,manager,receptionist,viewer"`
}

// Run makes a key.
func (k keyAddCmd) Run(c *console) error {
	sys, scope, err := k.open(c, "key add")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	secret, key, err := sys.Login.NewKey(c.ctx, scope, k.Name, access.Role(k.Role))
	if err == nil {
		_, _ = fmt.Fprintf(c.err, "key %s; keep the secret, it is not shown again:\n", key.ID)
		c.printf("%s\n", secret)
	}
	return err
}

type keyListCmd struct{ storage }

// Run lists keys.
func (k keyListCmd) Run(c *console) error {
	sys, scope, err := k.open(c, "key list")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	keys, err := sys.Login.Keys(c.ctx, scope)
	for _, x := range keys {
		state := ""
		if x.RevokedAt != nil {
			state = "  revoked " + x.RevokedAt.Format(time.DateOnly)
		}
		c.printf("%s  %s…  %-14s %s%s\n", x.ID, x.Prefix, x.Role, x.Name, state)
	}
	return err
}

type keyRevokeCmd struct {
	storage
	Key string `arg:"" help:"The key's id." placeholder:"ID"`
}

// Run ends a key.
func (k keyRevokeCmd) Run(c *console) error {
	key, err := idArg(k.Key, "key")
	if err != nil {
		return err
	}
	sys, scope, err := k.open(c, "key revoke")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	return sys.Login.RevokeKey(c.ctx, scope, key)
}

type orgCmd struct {
	Add       orgAddCmd       `cmd:"" help:"Make an organization."`
	List      orgListCmd      `cmd:"" help:"Show organizations."`
	Budget    budgetCmd       `cmd:"" help:"Show or set how many texts one person gets."`
	Location  locationAddCmd  `cmd:"" help:"Make or change a location."`
	Locations locationListCmd `cmd:"" help:"Show locations."`
}

type orgAddCmd struct {
	storage
	Name     string `arg:"" help:"Name as patients know it." placeholder:"NAME"`
	Region   string `help:"Country, such as PL or US." required:"" placeholder:"XX"`
	Locale   string `help:"Language of texts when nothing better is known." default:"en"`
	Calendar string `help:"Who keeps the calendar: own (Carillon) or outside (a practice system)." default:"outside" enum:"own,outside"`
}

// Run makes an organization.
func (o orgAddCmd) Run(c *console) error {
	sys, err := app.Open(c.ctx, o.Storage, app.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	made := org.Organization{ID: id.New(), Name: o.Name, Region: o.Region, Locale: o.Locale, CalendarOwner: org.CalendarOwner(o.Calendar)}
	made, err = settings.New(sys.Store).AddOrganization(c.ctx, access.ForCommand(made.ID, "org add"), made)
	if err == nil {
		c.printf("%s\n", made.ID)
	}
	return err
}

type orgListCmd struct{ storage }

// Run lists organizations.
func (o orgListCmd) Run(c *console) error {
	sys, err := app.Open(c.ctx, o.Storage, app.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	all, err := orgs(c, sys)
	for _, x := range all {
		state := ""
		if x.StoppedAt != nil {
			state += "  stopped"
		}
		if x.Hold != "" {
			state += "  on hold: " + string(x.Hold)
		}
		c.printf("%s  %s  %s%s\n", x.ID, x.Region, x.Name, state)
	}
	return err
}

type locationAddCmd struct {
	storage
	Name      string        `arg:"" help:"Name as patients know it." placeholder:"NAME"`
	Zone      string        `help:"Time zone, such as Europe/Warsaw." required:"" placeholder:"ZONE"`
	Region    string        `help:"Country, such as PL; the organization's when empty." placeholder:"XX"`
	Address   string        `help:"Address as a text gives it." placeholder:"TEXT"`
	Phone     string        `help:"Number that patients may call." placeholder:"NUMBER"`
	Languages []string      `help:"Languages of its texts, the first one preferred." placeholder:"CODE"`
	Code      string        `help:"How files name it." placeholder:"CODE"`
	Travel    time.Duration `help:"How long patients need to get there." default:"2h"`
}

// Run makes a location, or changes the one of that name.
func (l locationAddCmd) Run(c *console) error {
	sys, scope, err := l.open(c, "org location")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	set := settings.New(sys.Store)
	own, err := set.Organization(c.ctx, scope)
	if err != nil {
		return err
	}
	at, err := l.location(own)
	if err != nil {
		return err
	}
	at, err = set.SaveLocation(c.ctx, scope, at)
	if err == nil {
		c.printf("%s\n", at.ID)
	}
	return err
}

// location is what the flags say; the number is read as in the location's country.
func (l locationAddCmd) location(own org.Organization) (org.Location, error) {
	at := org.Location{Name: l.Name, Address: l.Address, Zone: l.Zone, Region: l.Region, Languages: l.Languages, Travel: l.Travel, ExternalID: l.Code}
	if l.Phone == "" {
		return at, nil
	}
	region := strings.ToUpper(l.Region)
	if region == "" {
		region = own.Region
	}
	n, err := phone.Parse(phi.T(l.Phone), region)
	at.Phone = n
	return at, err
}

type locationListCmd struct{ storage }

// Run lists locations.
func (l locationListCmd) Run(c *console) error {
	sys, scope, err := l.open(c, "org locations")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	all, err := settings.New(sys.Store).Locations(c.ctx, scope)
	for _, x := range all {
		c.printf("%s  %-10s %-20s %s\n", x.ID, x.ExternalID, x.Zone, x.Name)
	}
	return err
}
