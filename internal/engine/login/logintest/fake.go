// Package logintest is a store in memory that holds just what log-ins need: users, sessions, keys,
// organizations and audit events. It is for tests and refuses everything else by panicking.
package logintest

import (
	"context"
	"strings"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/store"
)

// Store is the fake. Its transactions hold one lock and do not roll back.
type Store struct {
	store.Store
	mu       sync.Mutex
	users    map[id.ID]org.StaffUser
	sessions map[string]store.Session
	keys     map[string]store.APIKey
	orgs     []org.Organization
	events   []audit.Event
}

// New is an empty store.
func New() *Store {
	return &Store{users: map[id.ID]org.StaffUser{}, sessions: map[string]store.Session{}, keys: map[string]store.APIKey{}}
}

// Actions lists the audit actions in the order they were recorded.
func (s *Store) Actions() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		out = append(out, e.Action)
	}
	return out
}

// Holds reports whether any kept session or key contains the text.
func (s *Store) Holds(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, row := range s.sessions {
		if strings.Contains(hash+string(row.Data), text) {
			return true
		}
	}
	for hash, k := range s.keys {
		if strings.Contains(hash+k.Name+k.Prefix, text) {
			return true
		}
	}
	return false
}

// InTx runs do under the lock.
func (s *Store) InTx(_ context.Context, scope access.Scope, do func(store.Tx) error, _ ...store.TxOption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return do(&tx{s: s, scope: scope})
}

// Read runs do under the lock.
func (s *Store) Read(ctx context.Context, scope access.Scope, do func(store.Tx) error) error {
	return s.InTx(ctx, scope, do)
}

type tx struct {
	store.Tx
	s     *Store
	scope access.Scope
}

func (t *tx) Scope() access.Scope { return t.scope }
func (t *tx) Now() time.Time      { return time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC) }
func (t *tx) Users() store.Users  { return users{s: t.s, scope: t.scope} }
func (t *tx) Orgs() store.Orgs    { return orgs{s: t.s, scope: t.scope} }
func (t *tx) Audit() store.Audit  { return log{s: t.s} }
func (t *tx) Publish(store.Topic) {}

type log struct {
	store.Audit
	s *Store
}

func (l log) Record(_ context.Context, events ...audit.Event) error {
	l.s.events = append(l.s.events, events...)
	return nil
}

type orgs struct {
	store.Orgs
	s     *Store
	scope access.Scope
}

func (o orgs) Create(_ context.Context, n org.Organization) (org.Organization, error) {
	n.ID = id.New()
	o.s.orgs = append(o.s.orgs, n)
	return n, nil
}

func (o orgs) All(context.Context) ([]org.Organization, error) { return o.s.orgs, nil }

type users struct {
	s     *Store
	scope access.Scope
}

func (u users) missing() error { return errs.New(errs.NotFound, "there is no such user") }

func (u users) Save(_ context.Context, n org.StaffUser) (org.StaffUser, error) {
	for _, x := range u.s.users {
		if strings.EqualFold(x.Login, n.Login) && x.ID != n.ID {
			return n, errs.New(errs.Conflict, "the login is taken")
		}
	}
	if n.ID.IsZero() {
		n.ID = id.New()
	}
	u.s.users[n.ID] = n
	return n, nil
}

func (u users) Get(_ context.Context, user id.ID) (org.StaffUser, error) {
	x, ok := u.s.users[user]
	if !ok || x.Org != u.scope.Org() { // a system scope has no organization and finds nobody
		return org.StaffUser{}, u.missing()
	}
	return x, nil
}

func (u users) ByLogin(_ context.Context, login string) (org.StaffUser, error) {
	for _, x := range u.s.users {
		if strings.EqualFold(x.Login, login) {
			return x, nil
		}
	}
	return org.StaffUser{}, u.missing()
}

func (u users) List(context.Context) (out []org.StaffUser, err error) {
	for _, x := range u.s.users {
		if x.Org == u.scope.Org() {
			out = append(out, x)
		}
	}
	return out, nil
}

func (u users) Count(context.Context) (int, error) { return len(u.s.users), nil }

func (u users) PutSession(_ context.Context, row store.Session) error {
	u.s.sessions[string(row.TokenHash)] = row
	return nil
}

func (u users) Session(_ context.Context, hash []byte, now time.Time) (store.Session, error) {
	row, ok := u.s.sessions[string(hash)]
	if !ok || !row.ExpiresAt.After(now) {
		return store.Session{}, u.missing()
	}
	return row, nil
}

func (u users) DropSession(_ context.Context, hash []byte) error {
	delete(u.s.sessions, string(hash))
	return nil
}

func (u users) DropSessionsOf(_ context.Context, user id.ID) error {
	for hash, row := range u.s.sessions {
		if row.User == user {
			delete(u.s.sessions, hash)
		}
	}
	return nil
}

func (u users) DropSessionsBefore(_ context.Context, now time.Time) error {
	for hash, row := range u.s.sessions {
		if row.ExpiresAt.Before(now) {
			delete(u.s.sessions, hash)
		}
	}
	return nil
}

func (u users) SaveKey(_ context.Context, k store.APIKey) (store.APIKey, error) {
	u.s.keys[string(k.Hash)] = k
	return k, nil
}

func (u users) KeyByHash(_ context.Context, hash []byte) (store.APIKey, error) {
	k, ok := u.s.keys[string(hash)]
	if !ok {
		return k, u.missing()
	}
	return k, nil
}

func (u users) Keys(context.Context) (out []store.APIKey, err error) {
	for _, k := range u.s.keys {
		out = append(out, k)
	}
	return out, nil
}

func (u users) RevokeKey(_ context.Context, key id.ID, at time.Time) error {
	for hash, k := range u.s.keys {
		if k.ID == key {
			k.RevokedAt = &at
			u.s.keys[hash] = k
			return nil
		}
	}
	return u.missing()
}
