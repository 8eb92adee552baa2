// Package custody is what the person who runs the machine does with the keys that seal everything: it says which
// key-encryption key wraps what, moves everything to a new one, takes old ones out of the key file, and names the
// persons whose key is damaged. It refuses to make a key unusable that something still needs, and to show any key.
package custody

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/store"
)

// Service is the use-cases over one database and the key file of this machine.
type Service struct {
	store store.Store
	file  string
}

// New makes the service. file is the key file's path.
func New(s store.Store, file string) *Service { return &Service{store: s, file: file} }

// may lets the machine's own commands in: who can run them can read the key file anyway.
func may(scope access.Scope) error {
	if !scope.IsSystem() {
		return errs.New(errs.Forbidden, "keys are looked after on the machine that has them: run carillon key there")
	}
	return nil
}

// Status says which key-encryption key wraps what.
func (s *Service) Status(ctx context.Context, scope access.Scope) (now store.KeyState, err error) {
	if err := may(scope); err != nil {
		return now, err
	}
	err = s.store.Read(ctx, scope, func(tx store.Tx) error { now, err = tx.Keys().Wraps(ctx); return err })
	return now, err
}

// Add puts a fresh key-encryption key into the key file and moves nothing yet. While an earlier one is not in use
// everywhere it adds none, and says false: that one is gone on with.
func (s *Service) Add(ctx context.Context, scope access.Scope) (bool, error) {
	now, err := s.Status(ctx, scope)
	if err != nil || !now.Moved() {
		return false, err
	}
	if err := s.record(ctx, scope, now.Orgs, "key.add"); err != nil {
		return false, err
	}
	return true, seal.Extend(s.file)
}

// Move wraps every organization's keys by the newest key-encryption key, one transaction for each, and says how many
// there were to move. Called again after a crash it goes on with the rest. Nodes that run meanwhile read the key file
// again when they meet the new key.
func (s *Service) Move(ctx context.Context, scope access.Scope) (int, error) {
	now, err := s.Status(ctx, scope)
	if err != nil {
		return 0, err
	}
	n := 0
	orgs := make([]id.ID, len(now.Orgs))
	for i, o := range now.Orgs {
		orgs[i] = o.Org
		if o.By == now.Newest {
			continue
		}
		if err := s.move(ctx, scope.Within(o.Org)); err != nil {
			return n, err
		}
		n++
	}
	if now.Settled {
		return n, nil
	}
	return n, s.store.InTx(ctx, scope, func(tx store.Tx) error {
		if err := tx.Keys().Settle(ctx); err != nil {
			return err
		}
		return tx.Audit().Record(ctx, audit.Across(scope, tx.Now(), orgs, "key.rotate", "")...)
	})
}

func (s *Service) move(ctx context.Context, scope access.Scope) error {
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		moved, err := tx.Keys().Rewrap(ctx)
		if err != nil || !moved {
			return err
		}
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), "key.rewrap", "organization", scope.Org(), ""))
	})
}

// Retire takes the older key-encryption keys out of the key file; errs.Precondition while one still wraps something.
// A backup from before the move cannot be read with the new file alone.
func (s *Service) Retire(ctx context.Context, scope access.Scope) (gone []uint32, err error) {
	now, err := s.Status(ctx, scope)
	if err != nil {
		return nil, err
	}
	if !now.Moved() {
		return nil, errs.New(errs.Precondition, "an older key is still in use: finish with carillon key rotate first")
	}
	for _, n := range now.File {
		if n != now.Newest {
			gone = append(gone, n)
		}
	}
	if len(gone) == 0 {
		return nil, nil
	}
	if err := s.record(ctx, scope, now.Orgs, "key.retire"); err != nil {
		return nil, err
	}
	return gone, seal.Retire(s.file)
}

func (s *Service) record(ctx context.Context, scope access.Scope, orgs []store.KeyWrap, action string) error {
	ids := make([]id.ID, len(orgs))
	for i, o := range orgs {
		ids[i] = o.Org
	}
	return s.store.InTx(ctx, scope, func(tx store.Tx) error {
		return tx.Audit().Record(ctx, audit.Across(scope, tx.Now(), ids, action, "")...)
	})
}

// Damage is one organization's persons whose key does not open.
type Damage struct {
	Org    id.ID
	Broken bool // the organization's own keys do not open, so nothing can be said of its persons
	People []id.ID
}

// page is how many keys are looked at in one transaction.
const page = 500

// Damaged looks at every person's key. It reads nothing else of them.
func (s *Service) Damaged(ctx context.Context, scope access.Scope) ([]Damage, error) {
	now, err := s.Status(ctx, scope)
	if err != nil {
		return nil, err
	}
	var out []Damage
	for _, o := range now.Orgs {
		d := Damage{Org: o.Org, Broken: !o.Opens}
		if o.Opens {
			if d.People, err = s.damagedOf(ctx, scope.Within(o.Org)); err != nil {
				return nil, err
			}
		}
		if d.Broken || len(d.People) > 0 {
			out = append(out, d)
		}
	}
	return out, nil
}

func (s *Service) damagedOf(ctx context.Context, scope access.Scope) (all []id.ID, err error) {
	for p := (store.Page{Limit: page}); ; {
		var bad []id.ID
		err := s.store.Read(ctx, scope, func(tx store.Tx) (err error) {
			bad, p.After, err = tx.Keys().Damaged(ctx, p)
			return err
		})
		all = append(all, bad...)
		if err != nil || p.After.IsZero() {
			return all, err
		}
	}
}
