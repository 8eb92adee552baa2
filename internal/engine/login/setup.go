package login

import (
	"context"
	"crypto/subtle"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
)

// setupLasts is how long a printed set-up link works; a restart prints another.
const setupLasts = 24 * time.Hour

// setup is the one-time link, kept in memory only: the process that printed it takes it.
type setup struct {
	one  sync.Mutex // held over a whole set-up, so that two at once do not both find nobody
	mu   sync.Mutex
	hash []byte
	ends time.Time
}

// SetUpToken makes the secret of the one-time link for the first administrator. While users exist there is
// none: ok is false.
func (s *Service) SetUpToken(ctx context.Context) (token string, ok bool, err error) {
	n, err := s.countUsers(ctx)
	if err != nil || n > 0 {
		return "", false, err
	}
	token = newToken()
	s.setup.mu.Lock()
	defer s.setup.mu.Unlock()
	s.setup.hash, s.setup.ends = digest(token), s.machine.Now().Add(setupLasts)
	return token, true, nil
}

func (s *Service) countUsers(ctx context.Context) (n int, err error) {
	err = s.store.Read(ctx, system(), func(tx store.Tx) error {
		n, err = tx.Users().Count(ctx)
		return err
	})
	return n, err
}

// SetUpOpen reports whether the link with this secret works now.
func (s *Service) SetUpOpen(token string) bool {
	s.setup.mu.Lock()
	defer s.setup.mu.Unlock()
	return s.setup.hash != nil && s.machine.Now().Before(s.setup.ends) &&
		subtle.ConstantTimeCompare(s.setup.hash, digest(token)) == 1
}

// FirstAdmin is what the set-up page asks for.
type FirstAdmin struct {
	Organization string            // used when there is none yet
	Region       string            // ISO 3166-1 alpha-2
	Calendar     org.CalendarOwner // outside unless said to be our own
	User         NewUser
}

// SetUp makes the first administrator, and the organization when there is none, and logs them in. The link
// works once, and never when a user exists: errs.NotFound.
func (s *Service) SetUp(ctx context.Context, token string, first FirstAdmin) (Session, error) {
	gone := errs.New(errs.NotFound, "this set-up link does not work any more: restart the program for a new one, or log in")
	s.setup.one.Lock()
	defer s.setup.one.Unlock()
	if !s.SetUpOpen(token) {
		return Session{}, gone
	}
	first.User.Role = access.Admin
	now := s.machine.Now()
	user, err := s.prepare(ctx, [16]byte{}, first.User, now)
	if err != nil {
		return Session{}, err
	}
	home, err := s.firstOrganization(ctx, first)
	if err != nil {
		return Session{}, err
	}
	user.Org = home.ID
	scope := system().Within(home.ID)
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if user, err = tx.Users().Save(ctx, user); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "user.first", "user", user.ID, "role=admin"))
	})
	if err != nil {
		return Session{}, err
	}
	s.setup.mu.Lock()
	s.setup.hash = nil
	s.setup.mu.Unlock()
	return s.open(ctx, user)
}

// firstOrganization checks again that nobody can log in yet, and finds or makes the organization.
func (s *Service) firstOrganization(ctx context.Context, first FirstAdmin) (home org.Organization, err error) {
	err = s.store.InTx(ctx, system(), func(tx store.Tx) error {
		n, err := tx.Users().Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return errs.New(errs.NotFound, "there is a user already: log in")
		}
		all, err := tx.Orgs().All(ctx)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			home = all[0]
			return nil
		}
		if first.Organization == "" {
			return errs.New(errs.Invalid, "give the organization's name as patients know it").At("organization")
		}
		if len(first.Region) != 2 {
			return errs.New(errs.Invalid, "choose the country").At("region")
		}
		calendar := first.Calendar
		if calendar != org.OwnCalendar {
			calendar = org.OutsideCalendar // what a practice system keeps is never changed by us
		}
		home, err = tx.Orgs().Create(ctx, org.Organization{Name: first.Organization, Region: first.Region,
			Locale: first.User.Locale, CalendarOwner: calendar, CreatedAt: tx.Now()})
		return err
	})
	return home, err
}
