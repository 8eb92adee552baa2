package store

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/org"
)

// Users keeps staff users, their sessions and API keys. Look-ups that authenticate (ByLogin, Session, KeyByHash)
// need a system scope, because nobody is known yet.
type Users interface {
	// Save inserts or updates by ID; a login is unique in the whole installation, without regard to case
	// (errs.Conflict). A missing ID is filled in.
	Save(ctx context.Context, u org.StaffUser) (org.StaffUser, error)
	Get(ctx context.Context, user id.ID) (org.StaffUser, error)
	ByLogin(ctx context.Context, login string) (org.StaffUser, error)
	List(ctx context.Context) ([]org.StaffUser, error)
	// Count is how many users the installation has; system scope. Zero means that nobody can log in yet.
	Count(ctx context.Context) (int, error)

	// Sessions hold opaque bytes under the hash of a token. PutSession inserts or replaces. Expiry is machine
	// time, given by the caller.
	PutSession(ctx context.Context, s Session) error
	// Session finds a session that ends after now; errs.NotFound otherwise.
	Session(ctx context.Context, tokenHash []byte, now time.Time) (Session, error)
	DropSession(ctx context.Context, tokenHash []byte) error
	// DropSessionsOf ends every session of a user (password change, disabling).
	DropSessionsOf(ctx context.Context, user id.ID) error
	// DropSessionsBefore removes sessions that ended before now.
	DropSessionsBefore(ctx context.Context, now time.Time) error

	// SaveKey inserts an API key; only its hash is kept.
	SaveKey(ctx context.Context, k APIKey) (APIKey, error)
	KeyByHash(ctx context.Context, hash []byte) (APIKey, error)
	Keys(ctx context.Context) ([]APIKey, error)
	RevokeKey(ctx context.Context, key id.ID, at time.Time) error
}

// Session is a log-in in progress. Data is what the session library keeps, free of PHI.
type Session struct {
	TokenHash []byte
	User      id.ID // zero before log-in
	Data      []byte
	ExpiresAt time.Time
}

// APIKey lets a program in. Prefix is what people recognise it by.
type APIKey struct {
	ID        id.ID
	Org       id.ID
	Name      string
	Prefix    string
	Hash      []byte
	Role      access.Role
	CreatedAt time.Time
	RevokedAt *time.Time
}
