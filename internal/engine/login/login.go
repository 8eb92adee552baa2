// Package login says who somebody is: staff by password and session, programs by key, and the very first
// administrator by a one-time link. It is the only maker of scopes for people and keys. It refuses to say
// what they may do (access does), and to tell a stranger whether an account exists.
package login

import (
	"context"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
)

// Options tune sessions; the zero value is safe.
type Options struct {
	// Idle ends a session nobody used; 0 is 15 minutes.
	Idle time.Duration
	// Absolute ends every session; 0 is 12 hours.
	Absolute time.Duration
}

// Service logs people and programs in.
type Service struct {
	store    store.Store
	machine  clock.Clock
	opt      Options
	throttle *throttle
	kiln     kiln
	setup    setup
	// decoy is compared with when the account is unknown, so that an answer takes as long either way.
	decoy string
}

// New makes the service. machine is the machine's clock: sessions do not run fast in the demo.
func New(s store.Store, machine clock.Clock, opt Options) (*Service, error) {
	if opt.Idle == 0 {
		opt.Idle = 15 * time.Minute
	}
	if opt.Absolute == 0 {
		opt.Absolute = 12 * time.Hour
	}
	svc := &Service{store: s, machine: machine, opt: opt, throttle: newThrottle(), kiln: make(kiln, 2)}
	decoy, err := svc.kiln.hash(context.Background(), newToken())
	if err != nil {
		return nil, err
	}
	svc.decoy = decoy
	return svc, nil
}

// system is the scope of looking somebody up before anybody is known.
func system() access.Scope { return access.System("login") }

// errWrong is the one answer to a wrong name, a wrong password and a disabled account.
func errWrong() error {
	return errs.New(errs.Unauthenticated, "the name or the password is not right: check both and try again")
}

// SignIn checks a password and opens a new session. address is where the guess comes from. A wrong name,
// a wrong password and a disabled account are the same errs.Unauthenticated; too many guesses are
// errs.TooMany with the minutes to wait.
func (s *Service) SignIn(ctx context.Context, name, password, address string) (Session, error) {
	account := strings.ToLower(strings.TrimSpace(name))
	now := s.machine.Now()
	if wait := s.throttle.wait(account, address, now); wait > 0 {
		return Session{}, errs.Newf(errs.TooMany,
			"too many wrong passwords: wait %d minutes, or ask an administrator to set a new one",
			int(wait/time.Minute)+1)
	}
	s.throttle.guess(account, address, now)

	user, known, err := s.byLogin(ctx, account)
	if err != nil {
		return Session{}, err
	}
	hash := s.decoy
	if known && user.PasswordHash != "" {
		hash = user.PasswordHash
	}
	match, err := s.kiln.matches(ctx, password, hash)
	if err != nil {
		return Session{}, err
	}
	if !match || !known || user.PasswordHash == "" || user.Disabled {
		if known {
			return Session{}, s.refused(ctx, user)
		}
		return Session{}, errWrong()
	}
	s.throttle.right(account, address, now)
	return s.open(ctx, user)
}

func (s *Service) byLogin(ctx context.Context, account string) (user org.StaffUser, known bool, err error) {
	err = s.store.Read(ctx, system(), func(tx store.Tx) error {
		user, err = tx.Users().ByLogin(ctx, account)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return org.StaffUser{}, false, nil
	}
	return user, err == nil, err
}

// refused leaves a trace of a wrong guess at an account that exists.
func (s *Service) refused(ctx context.Context, user org.StaffUser) error {
	scope := access.System("login").Within(user.Org)
	err := s.store.InTx(ctx, scope, func(tx store.Tx) error {
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "login.refused", "user", user.ID, ""))
	})
	if err != nil {
		return err
	}
	return errWrong()
}
