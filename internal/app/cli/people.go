package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/login"
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
