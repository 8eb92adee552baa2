package sqlstore

import (
	"context"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
)

// Users gives access to the rows of store.Users.
func (t *Tx) Users() store.Users { return users{t} }

type users struct{ *Tx }

const userColumns = `id, org_id, login, name, role, locale, theme, password_hash, disabled, created_at`

func scanUser(r Rows) (u org.StaffUser, err error) {
	err = r.Scan(&u.ID, &u.Org, &u.Login, &u.Name, &u.Role, &u.Locale, &u.Theme, &u.PasswordHash, &u.Disabled, &u.CreatedAt)
	return u, err
}

func foldLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// Save inserts or updates a user.
func (s users) Save(ctx context.Context, u org.StaffUser) (org.StaffUser, error) {
	own, err := s.org()
	if err != nil {
		return u, err
	}
	if u.ID.IsZero() {
		u.ID, u.CreatedAt = id.New(), s.now
	}
	u.Org = own
	n, err := s.Exec(ctx, `INSERT INTO users (`+userColumns+`, login_folded) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (id) DO UPDATE SET login = excluded.login, login_folded = excluded.login_folded, name = excluded.name,
			role = excluded.role, locale = excluded.locale, theme = excluded.theme, password_hash = excluded.password_hash,
			disabled = excluded.disabled
		WHERE users.org_id = excluded.org_id`,
		u.ID, own, u.Login, u.Name, u.Role, u.Locale, u.Theme, u.PasswordHash, u.Disabled, u.CreatedAt, foldLogin(u.Login))
	if err == nil && n == 0 {
		err = found(ErrNone, "user")
	}
	s.Publish(store.TopicOrgs)
	return u, err
}

// Get reads a user of the scope's organization.
func (s users) Get(ctx context.Context, user id.ID) (org.StaffUser, error) {
	own, err := s.org()
	if err != nil {
		return org.StaffUser{}, err
	}
	return s.oneUser(ctx, `org_id = $1 AND id = $2`, own, user)
}

// ByLogin finds a user of any organization.
func (s users) ByLogin(ctx context.Context, login string) (org.StaffUser, error) {
	if err := s.system(); err != nil {
		return org.StaffUser{}, err
	}
	return s.oneUser(ctx, `login_folded = $1`, foldLogin(login))
}

func (s users) oneUser(ctx context.Context, where string, a ...any) (org.StaffUser, error) {
	all, err := list(ctx, s, `SELECT `+userColumns+` FROM users WHERE `+where, a, scanUser)
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "user")
	}
	if err != nil {
		return org.StaffUser{}, err
	}
	return all[0], nil
}

// List lists the organization's users.
func (s users) List(ctx context.Context) ([]org.StaffUser, error) {
	own, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+userColumns+` FROM users WHERE org_id = $1 ORDER BY id`, args(own), scanUser)
}

// Count counts the installation's users.
func (s users) Count(ctx context.Context) (n int, err error) {
	if err := s.system(); err != nil {
		return 0, err
	}
	err = one(ctx, s, `SELECT count(*) FROM users`, nil, &n)
	return n, err
}

// PutSession inserts or replaces a session.
func (s users) PutSession(ctx context.Context, v store.Session) error {
	_, err := s.Exec(ctx, `INSERT INTO sessions (token_hash, org_id, user_id, data, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (token_hash) DO UPDATE SET org_id = excluded.org_id, user_id = excluded.user_id, data = excluded.data, expires_at = excluded.expires_at`,
		v.TokenHash, s.scope.Org(), v.User, v.Data, v.ExpiresAt)
	return err
}

// Session finds a session that has not ended.
func (s users) Session(ctx context.Context, tokenHash []byte, now time.Time) (v store.Session, err error) {
	if err := s.system(); err != nil {
		return v, err
	}
	v.TokenHash = tokenHash
	err = one(ctx, s, `SELECT user_id, data, expires_at FROM sessions WHERE token_hash = $1 AND expires_at > $2`,
		args(tokenHash, now), &v.User, &v.Data, &v.ExpiresAt)
	return v, found(err, "session")
}

// DropSession ends one session.
func (s users) DropSession(ctx context.Context, tokenHash []byte) error {
	_, err := s.Exec(ctx, `DELETE FROM sessions WHERE token_hash = $1`, tokenHash)
	return err
}

// DropSessionsOf ends a user's sessions.
func (s users) DropSessionsOf(ctx context.Context, user id.ID) error {
	_, err := s.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, user)
	return err
}

// DropSessionsBefore removes what has ended.
func (s users) DropSessionsBefore(ctx context.Context, now time.Time) error {
	_, err := s.Exec(ctx, `DELETE FROM sessions WHERE expires_at <= $1`, now)
	return err
}

const keyColumns = `id, org_id, name, prefix, hash, role, created_at, revoked_at`

func scanKey(r Rows) (k store.APIKey, err error) {
	err = r.Scan(&k.ID, &k.Org, &k.Name, &k.Prefix, &k.Hash, &k.Role, &k.CreatedAt, &k.RevokedAt)
	return k, err
}

// SaveKey inserts a key.
func (s users) SaveKey(ctx context.Context, k store.APIKey) (store.APIKey, error) {
	own, err := s.org()
	if err != nil {
		return k, err
	}
	if k.ID.IsZero() {
		k.ID = id.New()
	}
	k.Org, k.CreatedAt = own, s.now
	_, err = s.Exec(ctx, `INSERT INTO api_keys (`+keyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		k.ID, own, k.Name, k.Prefix, k.Hash, k.Role, k.CreatedAt, k.RevokedAt)
	return k, err
}

// KeyByHash finds a key of any organization.
func (s users) KeyByHash(ctx context.Context, hash []byte) (store.APIKey, error) {
	if err := s.system(); err != nil {
		return store.APIKey{}, err
	}
	all, err := list(ctx, s, `SELECT `+keyColumns+` FROM api_keys WHERE hash = $1`, args(hash), scanKey)
	if err == nil && len(all) == 0 {
		err = found(ErrNone, "key")
	}
	if err != nil {
		return store.APIKey{}, err
	}
	return all[0], nil
}

// Keys lists the organization's keys.
func (s users) Keys(ctx context.Context) ([]store.APIKey, error) {
	own, err := s.org()
	if err != nil {
		return nil, err
	}
	return list(ctx, s, `SELECT `+keyColumns+` FROM api_keys WHERE org_id = $1 ORDER BY id`, args(own), scanKey)
}

// RevokeKey ends a key.
func (s users) RevokeKey(ctx context.Context, key id.ID, at time.Time) error {
	own, err := s.org()
	if err != nil {
		return err
	}
	n, err := s.Exec(ctx, `UPDATE api_keys SET revoked_at = $3 WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL`, own, key, at)
	if err == nil && n == 0 {
		err = found(ErrNone, "key")
	}
	return err
}
