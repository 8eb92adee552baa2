package sqlstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/store"
)

// Web gives access to the rows of store.Web.
func (t *Tx) Web() store.Web { return web{t} }

type web struct{ *Tx }

var _ store.Web = web{}

func replayPlace(org, caller id.ID) seal.Place {
	return seal.Place{Table: "idempotency_records", Column: "sealed", Org: org, Row: caller}
}

// marks are what is kept of the caller's key and of the request: neither can be read or guessed from the row.
func (s web) marks(ctx context.Context, r store.Replay) (org id.ID, keys *seal.Org, key, request []byte, err error) {
	if org, err = s.org(); err != nil {
		return org, nil, nil, nil, err
	}
	if keys, err = s.orgKeys(ctx, org); err != nil {
		return org, nil, nil, nil, err
	}
	x := keys.Index()
	return org, keys, x.Opaque("idempotency key", r.Key.Reveal()), x.Opaque("idempotent request", hex.EncodeToString(r.Request)), nil
}

// effectMark names a request in the rows that it writes.
func effectMark(keys *seal.Org, r store.Replay, key, request []byte) (id.ID, error) {
	return id.FromBytes(keys.Index().Opaque("idempotent effect", r.Caller.String()+hex.EncodeToString(key)+hex.EncodeToString(request)))
}

func (s web) Reserve(ctx context.Context, r store.Replay) (out store.Reserved, err error) {
	org, keys, key, request, err := s.marks(ctx, r)
	if err != nil {
		return out, err
	}
	if _, err := s.Exec(ctx, `DELETE FROM idempotency_records
		WHERE org_id = $1 AND caller_id = $2 AND key_mark = $3 AND until_at <= $4`, org, r.Caller, key, r.At); err != nil {
		return out, err
	}
	if out.Mark, err = effectMark(keys, r, key, request); err != nil {
		return out, err
	}
	n, err := s.Exec(ctx, `INSERT INTO idempotency_records (org_id, caller_id, key_mark, request_mark, status, sealed, created_at, until_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT DO NOTHING`, org, r.Caller, key, request, 0, nil, r.At, r.Until)
	if err != nil || n == 1 {
		out.Fresh, out.Same, out.At = true, true, r.At
		return out, err
	}
	var mark, sealed []byte
	err = one(ctx, s.Conn, `SELECT request_mark, status, sealed, created_at FROM idempotency_records
		WHERE org_id = $1 AND caller_id = $2 AND key_mark = $3`, args(org, r.Caller, key), &mark, &out.Status, &sealed, &out.At)
	if err != nil {
		return out, found(err, "earlier request")
	}
	out.Same = bytes.Equal(mark, request)
	if out.Status == 0 || !out.Same {
		return out, nil
	}
	out.Response, err = keys.Key().Open(sealed, replayPlace(org, r.Caller))
	return out, err
}

func (s web) AnswerReplay(ctx context.Context, r store.Replay, status int, response []byte) error {
	org, keys, key, request, err := s.marks(ctx, r)
	if err != nil {
		return err
	}
	n, err := s.Exec(ctx, `UPDATE idempotency_records SET status = $1, sealed = $2, until_at = $7
		WHERE org_id = $3 AND caller_id = $4 AND key_mark = $5 AND request_mark = $6`,
		status, keys.Key().Seal(response, replayPlace(org, r.Caller)), org, r.Caller, key, request, r.Until)
	if err == nil && n == 0 {
		err = errs.New(errs.NotFound, "this request was not reserved")
	}
	return err
}

func (s web) RenewReplay(ctx context.Context, r store.Replay) error {
	org, _, key, request, err := s.marks(ctx, r)
	if err != nil {
		return err
	}
	_, err = s.Exec(ctx, `UPDATE idempotency_records SET until_at = $5
		WHERE org_id = $1 AND caller_id = $2 AND key_mark = $3 AND request_mark = $4 AND status = 0`, org, r.Caller, key, request, r.Until)
	return err
}

func (s web) ForgetReplay(ctx context.Context, r store.Replay) error {
	org, _, key, request, err := s.marks(ctx, r)
	if err != nil {
		return err
	}
	_, err = s.Exec(ctx, `DELETE FROM idempotency_records
		WHERE org_id = $1 AND caller_id = $2 AND key_mark = $3 AND request_mark = $4`, org, r.Caller, key, request)
	return err
}

func (s web) DropReplays(ctx context.Context, now time.Time) (int, error) {
	if err := s.system(); err != nil {
		return 0, err
	}
	n, err := s.Exec(ctx, `DELETE FROM idempotency_records WHERE until_at <= $1`, now)
	return int(n), err
}

func cursorPlace(org id.ID, list string) seal.Place {
	return seal.Place{Table: "cursors", Column: list, Org: org}
}

func (s web) SealCursor(ctx context.Context, list string, place []byte) ([]byte, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	return keys.Key().Seal(place, cursorPlace(org, list)), nil
}

func (s web) OpenCursor(ctx context.Context, list string, sealed []byte) ([]byte, error) {
	org, err := s.org()
	if err != nil {
		return nil, err
	}
	keys, err := s.orgKeys(ctx, org)
	if err != nil {
		return nil, err
	}
	place, err := keys.Key().Open(sealed, cursorPlace(org, list))
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "this cursor does not belong to this list: begin again without one", err)
	}
	return place, nil
}
