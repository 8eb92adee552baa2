package login

import (
	"context"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
)

// NewUser is what it takes to add somebody who logs in.
type NewUser struct {
	Login    string
	Name     string
	Password string
	Role     access.Role
	Locale   string
}

// prepare checks a new user and makes its row.
func (s *Service) prepare(ctx context.Context, o id.ID, n NewUser, now time.Time) (org.StaffUser, error) {
	n.Login, n.Name = strings.ToLower(strings.TrimSpace(n.Login)), strings.TrimSpace(n.Name)
	switch {
	case n.Login == "" || len(n.Login) > 100 || strings.ContainsAny(n.Login, " \t\n"):
		return org.StaffUser{}, errs.New(errs.Invalid, "give a log-in name without spaces, such as j.nowak").At("login")
	case n.Name == "" || len(n.Name) > 200:
		return org.StaffUser{}, errs.New(errs.Invalid, "give the person's name as colleagues know it").At("name")
	case !knownRole(n.Role):
		return org.StaffUser{}, errs.New(errs.Invalid, "choose a role: admin, manager, receptionist or viewer").At("role")
	}
	if err := CheckPassword(n.Login, n.Password); err != nil {
		return org.StaffUser{}, err
	}
	hash, err := s.kiln.hash(ctx, n.Password)
	if err != nil {
		return org.StaffUser{}, err
	}
	return org.StaffUser{ID: id.New(), Org: o, Login: n.Login, Name: n.Name, Role: n.Role, Locale: n.Locale,
		PasswordHash: hash, CreatedAt: now}, nil
}

func knownRole(r access.Role) bool {
	switch r {
	case access.Admin, access.Manager, access.Receptionist, access.Viewer:
		return true
	}
	return false
}

// AddUser lets somebody in; the scope needs access.ManageUsers.
func (s *Service) AddUser(ctx context.Context, scope access.Scope, n NewUser) (org.StaffUser, error) {
	if !scope.Allows(access.ManageUsers) {
		return org.StaffUser{}, errs.New(errs.Forbidden, "only an administrator may add users")
	}
	user, err := s.prepare(ctx, scope.Org(), n, s.machine.Now())
	if err != nil {
		return org.StaffUser{}, err
	}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if user, err = tx.Users().Save(ctx, user); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "user.add", "user", user.ID, "role="+string(user.Role)))
	})
	if errs.Is(err, errs.Conflict) {
		return org.StaffUser{}, errs.New(errs.Conflict, "this log-in name is taken: choose another").At("login")
	}
	return user, err
}

// ListUsers lists who may log in; the scope needs access.ManageUsers.
func (s *Service) ListUsers(ctx context.Context, scope access.Scope) (users []org.StaffUser, err error) {
	if !scope.Allows(access.ManageUsers) {
		return nil, errs.New(errs.Forbidden, "only an administrator may see the users")
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		users, err = tx.Users().List(ctx)
		return err
	})
	return users, err
}

// SetDisabled locks somebody out at once, or lets them in again; the scope needs access.ManageUsers.
func (s *Service) SetDisabled(ctx context.Context, scope access.Scope, user id.ID, disabled bool) error {
	if !scope.Allows(access.ManageUsers) {
		return errs.New(errs.Forbidden, "only an administrator may change users")
	}
	if disabled && user == scope.Actor().ID() {
		return errs.New(errs.Precondition, "you cannot lock yourself out: ask another administrator")
	}
	action := "user.enable"
	if disabled {
		action = "user.disable"
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		u, err := tx.Users().Get(ctx, user)
		if err != nil {
			return err
		}
		u.Disabled = disabled
		if _, err = tx.Users().Save(ctx, u); err != nil {
			return err
		}
		if err = tx.Users().DropSessionsOf(ctx, user); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), action, "user", user, ""))
	})
}

// SetPassword gives somebody a new password and ends their sessions; the scope needs access.ManageUsers.
func (s *Service) SetPassword(ctx context.Context, scope access.Scope, user id.ID, password string) error {
	if !scope.Allows(access.ManageUsers) {
		return errs.New(errs.Forbidden, "only an administrator may set another's password")
	}
	return s.replacePassword(ctx, scope, user, password, "user.password_set")
}

// ChangePassword changes the actor's own password, who must know the old one. Every session of theirs ends.
func (s *Service) ChangePassword(ctx context.Context, scope access.Scope, old, password, address string) error {
	if scope.Actor().Kind() != access.User {
		return errs.New(errs.Forbidden, "only a person has a password")
	}
	var user org.StaffUser
	err := s.store.Read(ctx, scope, func(tx store.Tx) (err error) {
		user, err = tx.Users().Get(ctx, scope.Actor().ID())
		return err
	})
	if err != nil {
		return err
	}
	if _, err := s.SignIn(ctx, user.Login, old, address); err != nil {
		if errs.Is(err, errs.Unauthenticated) {
			return errs.New(errs.Invalid, "the old password is not right").At("old")
		}
		return err
	}
	return s.replacePassword(ctx, scope, user.ID, password, "user.password_change")
}

func (s *Service) replacePassword(ctx context.Context, scope access.Scope, user id.ID, password, action string) error {
	if err := CheckPassword("", password); err != nil {
		return err
	}
	hash, err := s.kiln.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		u, err := tx.Users().Get(ctx, user)
		if err != nil {
			return err
		}
		if err := CheckPassword(u.Login, password); err != nil {
			return err
		}
		u.PasswordHash = hash
		if _, err := tx.Users().Save(ctx, u); err != nil {
			return err
		}
		if err := tx.Users().DropSessionsOf(ctx, user); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), action, "user", user, ""))
	})
}

// Prefer keeps a person's own language and theme; empty fields stay as they are.
func (s *Service) Prefer(ctx context.Context, scope access.Scope, locale, theme string) error {
	if scope.Actor().Kind() != access.User {
		return errs.New(errs.Forbidden, "only a person has preferences")
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		u, err := tx.Users().Get(ctx, scope.Actor().ID())
		if err != nil {
			return err
		}
		if locale != "" {
			u.Locale = locale
		}
		if theme != "" {
			u.Theme = theme
		}
		_, err = tx.Users().Save(ctx, u)
		return err
	})
}
