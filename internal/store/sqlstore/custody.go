package sqlstore

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/store"
)

// Keys gives access to the rows of store.Keys. What seals and opens by them is in keys.go.
func (t *Tx) Keys() store.Keys { return custody{t} }

type custody struct{ *Tx }

var _ store.Keys = custody{}

// Wraps reads every organization's wrapped keys: there are few.
func (s custody) Wraps(ctx context.Context) (out store.KeyState, err error) {
	if err := s.system(); err != nil {
		return out, err
	}
	ring := s.base.keys.ring
	if err := ring.Reload(); err != nil {
		return out, err
	}
	out.Newest, out.File = ring.Newest(), ring.Numbers()
	var check string
	if err := one(ctx, s, `SELECT key_check FROM instance WHERE id = 1`, nil, &check); err != nil {
		return out, found(err, "instance")
	}
	out.Settled = check == ring.Check()
	out.Orgs, err = list(ctx, s, `SELECT org_id, data_key, index_key FROM org_keys ORDER BY org_id`, nil, func(r Rows) (k store.KeyWrap, err error) {
		var w seal.WrappedOrg
		if err := r.Scan(&k.Org, &w.Data, &w.Index); err != nil {
			return k, err
		}
		k.By = w.By()
		_, err = ring.OpenOrg(k.Org, w)
		k.Opens = err == nil
		return k, nil
	})
	return out, err
}

// Rewrap replaces an organization's wrapped keys.
func (s custody) Rewrap(ctx context.Context) (bool, error) {
	org, err := s.org()
	if err != nil {
		return false, err
	}
	var w seal.WrappedOrg
	if err := one(ctx, s, `SELECT data_key, index_key FROM org_keys WHERE org_id = $1`, args(org), &w.Data, &w.Index); err != nil {
		return false, found(err, "organization's key")
	}
	fresh, moved, err := s.base.keys.ring.Rewrap(org, w)
	if err != nil || !moved {
		return false, err
	}
	_, err = s.Exec(ctx, `UPDATE org_keys SET data_key = $2, index_key = $3 WHERE org_id = $1`, org, fresh.Data, fresh.Index)
	return err == nil, err
}

// Settle writes the newest key's check value.
func (s custody) Settle(ctx context.Context) error {
	now, err := s.Wraps(ctx)
	if err != nil {
		return err
	}
	now.Settled = true
	if !now.Moved() {
		return errs.New(errs.Precondition, "an older key still wraps an organization's keys: carillon key rotate goes on with them")
	}
	_, err = s.Exec(ctx, `UPDATE instance SET key_check = $1 WHERE id = 1`, s.base.keys.ring.Check())
	return err
}

// Damaged opens every key of a page.
func (s custody) Damaged(ctx context.Context, p store.Page) (bad []id.ID, next id.ID, err error) {
	org, err := s.org()
	if err != nil {
		return nil, next, err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, next, err
	}
	seen := 0
	err = each(ctx, s, `SELECT person_id, wrapped FROM data_keys WHERE `+mine+` AND person_id > $2 ORDER BY person_id LIMIT $3`,
		args(org, after(p.After), p.Size()), func(r Rows) error {
			var who id.ID
			var w []byte
			if err := r.Scan(&who, &w); err != nil {
				return err
			}
			seen++
			next = who
			if _, err := keys.OpenPerson(who, w); err != nil {
				bad = append(bad, who)
			}
			return nil
		})
	if seen < p.Size() {
		next = id.ID{}
	}
	return bad, next, err
}
