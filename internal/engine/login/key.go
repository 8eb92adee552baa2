package login

import (
	"context"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/store"
)

// keyMark starts every API key, so that people and secret scanners recognise one.
const keyMark = "carillon_"

// Key finds the scope of a bearer key. Unknown and revoked keys are the same errs.Unauthenticated.
func (s *Service) Key(ctx context.Context, bearer string) (access.Scope, error) {
	wrong := errs.New(errs.Unauthenticated, "this API key is not valid: check it, or make a new one in the console's settings")
	if !strings.HasPrefix(bearer, keyMark) || len(bearer) > 200 {
		return access.Scope{}, wrong
	}
	var key store.APIKey
	err := s.store.Read(ctx, system(), func(tx store.Tx) (err error) {
		key, err = tx.Users().KeyByHash(ctx, digest(bearer))
		return err
	})
	switch {
	case errs.Is(err, errs.NotFound):
		return access.Scope{}, wrong
	case err != nil:
		return access.Scope{}, err
	case key.RevokedAt != nil:
		return access.Scope{}, wrong
	}
	return access.ForKey(key.Org, key.ID, key.Role), nil
}

// NewKey makes an API key and returns its secret, which is shown once and kept as a hash only.
func (s *Service) NewKey(ctx context.Context, scope access.Scope, name string, role access.Role) (secret string, key store.APIKey, err error) {
	name = strings.TrimSpace(name)
	switch {
	case !scope.Allows(access.ManageUsers):
		return "", key, errs.New(errs.Forbidden, "only an administrator may make API keys")
	case name == "" || len(name) > 100:
		return "", key, errs.New(errs.Invalid, "name the program that will use the key").At("name")
	case !knownRole(role):
		return "", key, errs.New(errs.Invalid, "choose a role: admin, manager, receptionist or viewer").At("role")
	}
	secret = keyMark + newToken()
	key = store.APIKey{ID: id.New(), Org: scope.Org(), Name: name, Prefix: secret[:len(keyMark)+6],
		Hash: digest(secret), Role: role, CreatedAt: s.machine.Now()}
	err = s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if key, err = tx.Users().SaveKey(ctx, key); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "key.add", "key", key.ID, "role="+string(role)))
	})
	if err != nil {
		return "", store.APIKey{}, err
	}
	return secret, key, nil
}

// Keys lists the organization's API keys without their secrets.
func (s *Service) Keys(ctx context.Context, scope access.Scope) (keys []store.APIKey, err error) {
	if !scope.Allows(access.ManageUsers) {
		return nil, errs.New(errs.Forbidden, "only an administrator may see API keys")
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error {
		keys, err = tx.Users().Keys(ctx)
		return err
	})
	return keys, err
}

// RevokeKey ends a key at once.
func (s *Service) RevokeKey(ctx context.Context, scope access.Scope, key id.ID) error {
	if !scope.Allows(access.ManageUsers) {
		return errs.New(errs.Forbidden, "only an administrator may revoke API keys")
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Users().RevokeKey(ctx, key, s.machine.Now()); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "key.revoke", "key", key, ""))
	})
}
