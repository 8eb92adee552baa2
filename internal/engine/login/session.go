package login

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
)

// Session is a log-in in progress.
type Session struct {
	// Token is the secret of the cookie; only SignIn and SetUp return it.
	Token string
	User  org.StaffUser
	Scope access.Scope
	// Ends is when it ends whatever happens.
	Ends time.Time
}

// touchEvery keeps a busy page from writing its session with every request.
const touchEvery = time.Minute

// kept is what a session row holds besides the user.
type kept struct {
	Org     id.ID     `json:"org"`
	Started time.Time `json:"started"`
	Seen    time.Time `json:"seen"`
}

// newToken is 256 random bits in the URL's own alphabet.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // crypto/rand does not fail: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// digest is what is kept of a token: a stolen table opens no session. A plain hash is enough for 256
// random bits.
func digest(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// open starts a session with a token of its own, so that a token planted before log-in opens nothing.
func (s *Service) open(ctx context.Context, user org.StaffUser) (Session, error) {
	now := s.machine.Now()
	token := newToken()
	row, err := s.row(digest(token), user.ID, kept{Org: user.Org, Started: now, Seen: now})
	if err != nil {
		return Session{}, err
	}
	scope := access.ForUser(user.Org, user.ID, user.Role)
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Users().DropSessionsBefore(ctx, now); err != nil {
			return err
		}
		if err := tx.Users().PutSession(ctx, row); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "login", "user", user.ID, ""))
	})
	if err != nil {
		return Session{}, err
	}
	return Session{Token: token, User: user, Scope: scope, Ends: now.Add(s.opt.Absolute)}, nil
}

func (s *Service) row(hash []byte, user id.ID, k kept) (store.Session, error) {
	data, err := json.Marshal(k)
	if err != nil {
		return store.Session{}, errs.Wrap(errs.Internal, "the session could not be kept", err)
	}
	ends := k.Seen.Add(s.opt.Idle)
	if last := k.Started.Add(s.opt.Absolute); last.Before(ends) {
		ends = last
	}
	return store.Session{TokenHash: hash, User: user, Data: data, ExpiresAt: ends}, nil
}

// Resume finds the session of a cookie's token. A request that a person caused keeps it alive (active);
// one that a page made by itself does not. Unknown, ended and disabled are errs.Unauthenticated.
func (s *Service) Resume(ctx context.Context, token string, active bool) (Session, error) {
	over := errs.New(errs.Unauthenticated, "your session has ended: log in again")
	if token == "" {
		return Session{}, over
	}
	now := s.machine.Now()
	hash := digest(token)
	user, k, err := s.find(ctx, hash, now)
	switch {
	case errs.Is(err, errs.NotFound):
		return Session{}, over
	case err != nil:
		return Session{}, err
	case user.Disabled:
		return Session{}, over
	}
	if active && now.Sub(k.Seen) >= min(touchEvery, s.opt.Idle/4) {
		k.Seen = now
		if err := s.keep(ctx, hash, user.ID, k); err != nil {
			return Session{}, err
		}
	}
	return Session{User: user, Scope: access.ForUser(user.Org, user.ID, user.Role), Ends: k.Started.Add(s.opt.Absolute)}, nil
}

// find reads a session that has not ended and its user.
func (s *Service) find(ctx context.Context, hash []byte, now time.Time) (user org.StaffUser, k kept, err error) {
	var row store.Session
	err = s.store.Read(ctx, system(), func(tx store.Tx) error {
		row, err = tx.Users().Session(ctx, hash, now)
		return err
	})
	if err != nil {
		return user, k, err
	}
	if err := json.Unmarshal(row.Data, &k); err != nil {
		return user, k, errs.Wrap(errs.Internal, "the session cannot be read", err)
	}
	err = s.store.Read(ctx, system().Within(k.Org), func(tx store.Tx) error {
		user, err = tx.Users().Get(ctx, row.User)
		return err
	})
	return user, k, err
}

// keep writes the session's last use, unless it was ended meanwhile.
func (s *Service) keep(ctx context.Context, hash []byte, user id.ID, k kept) error {
	row, err := s.row(hash, user, k)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, system(), func(tx store.Tx) error {
		if _, err := tx.Users().Session(ctx, hash, s.machine.Now()); err != nil {
			if errs.Is(err, errs.NotFound) {
				return errs.New(errs.Unauthenticated, "your session has ended: log in again")
			}
			return err
		}
		return tx.Users().PutSession(ctx, row)
	})
}

// SignOut ends a session at once; an unknown token is no error.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.store.InTx(ctx, system(), func(tx store.Tx) error {
		return tx.Users().DropSession(ctx, digest(token))
	})
}
