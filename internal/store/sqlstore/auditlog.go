package sqlstore

import (
	"bytes"
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/store"
)

// unnumbered is how long a row may wait for its number.
const unnumbered = 10 * time.Second

var (
	numberEvents = NewBulk(`UPDATE audit_events SET seq = r.seq FROM {rows} WHERE audit_events.id = r.id AND audit_events.seq IS NULL`,
		Column{"id", ID}, Column{"seq", Int})
	insertHashes = NewInsert("audit_hashes", "", Column{"position", Int}, Column{"hash", Bytes})
)

// treeSize is how many rows have a number.
func (s audits) treeSize(ctx context.Context) (n int64, err error) {
	err = one(ctx, s, `SELECT coalesce(max(seq) + 1, 0) FROM audit_events`, nil, &n)
	return n, err
}

// reader reads stored tree hashes, those of this transaction first.
func (s audits) reader(ctx context.Context, fresh map[int64]tlog.Hash) tlog.HashReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		var missing []int64
		for i, at := range indexes {
			h, ok := fresh[at]
			if !ok {
				missing = append(missing, at)
			}
			out[i] = h
		}
		if len(missing) == 0 {
			return out, nil
		}
		stored := make(map[int64]tlog.Hash, len(missing))
		err := each(ctx, s, `SELECT position, hash FROM audit_hashes WHERE `+s.In("position", "$1", Int), args(missing), func(r Rows) error {
			var at int64
			var b []byte
			if err := r.Scan(&at, &b); err != nil {
				return err
			}
			if len(b) == tlog.HashSize {
				stored[at] = tlog.Hash(b)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for i, at := range indexes {
			if _, ok := fresh[at]; ok {
				continue
			}
			h, ok := stored[at]
			if !ok {
				return nil, errs.Newf(errs.Internal, "the audit log lacks hash %d", at)
			}
			out[i] = h
		}
		return out, nil
	}
}

// Sequence numbers waiting rows in the order of their ids. Nodes take turns.
func (s audits) Sequence(ctx context.Context, limit int) (int, error) {
	if err := s.system(); err != nil {
		return 0, err
	}
	if err := s.Lock(ctx, "audit"); err != nil {
		return 0, err
	}
	type waiting struct {
		id   id.ID
		leaf []byte
	}
	rows, err := list(ctx, s, `SELECT id, canonical FROM audit_events WHERE seq IS NULL ORDER BY id LIMIT $1`, args(limit),
		func(r Rows) (w waiting, err error) { err = r.Scan(&w.id, &w.leaf); return w, err })
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	size, err := s.treeSize(ctx)
	if err != nil {
		return 0, err
	}
	fresh := map[int64]tlog.Hash{}
	reader := s.reader(ctx, fresh)
	numbers, hashes := make([][]any, len(rows)), [][]any{}
	for i, w := range rows {
		n := size + int64(i)
		made, err := tlog.StoredHashes(n, w.leaf, reader)
		if err != nil {
			return 0, err
		}
		for j, h := range made {
			at := tlog.StoredHashIndex(0, n) + int64(j)
			fresh[at] = h
			hashes = append(hashes, args(at, h[:]))
		}
		numbers[i] = args(w.id, n)
	}
	done, err := s.Bulk(ctx, numberEvents, numbers) // first: on PostgreSQL this is what makes a second sequencer run again
	if err != nil {
		return 0, err
	}
	if done != int64(len(rows)) {
		return 0, errs.New(errs.Conflict, "another node numbered the same audit rows")
	}
	_, err = s.Bulk(ctx, insertHashes, hashes)
	return len(rows), err
}

// Verify recomputes every leaf and every tree hash from the rows and compares.
func (s audits) Verify(ctx context.Context, now time.Time) (store.AuditReport, error) {
	var rep store.AuditReport
	if err := s.system(); err != nil {
		return rep, err
	}
	if err := one(ctx, s, `SELECT count(*) FROM audit_events WHERE seq IS NULL AND inserted < $1`, args(now.Add(-unnumbered)), &rep.Waiting); err != nil {
		return rep, err
	}
	var err error
	if rep.Size, err = s.treeSize(ctx); err != nil {
		return rep, err
	}
	v := &verifier{report: &rep, tree: treeBuilder{}}
	err = each(ctx, s, `SELECT seq, canonical, `+eventColumns+` FROM audit_events WHERE seq IS NOT NULL ORDER BY seq`, nil, v.row)
	if err != nil {
		return rep, err
	}
	v.missing(rep.Size)
	if err := s.compareHashes(ctx, v); err != nil {
		return rep, err
	}
	root := v.tree.root()
	rep.Root = root[:]
	return rep, nil
}

// verifier walks the rows in order of their numbers.
type verifier struct {
	report *store.AuditReport
	next   int64
	tree   treeBuilder
	hashes []tlog.Hash // every hash that the tree stores, in order of position
}

func (v *verifier) broken(seq int64, why store.AuditFault) {
	v.report.Broken = append(v.report.Broken, store.AuditBreak{Seq: seq, Why: why})
}

func (v *verifier) missing(until int64) {
	for ; v.next < until; v.next++ {
		v.broken(v.next, store.AuditRowMissing)
		v.hashes = append(v.hashes, v.tree.add(tlog.Hash{})...)
	}
}

func (v *verifier) row(r Rows) error {
	var seq int64
	var leaf []byte
	var e audit.Event
	if err := r.Scan(&seq, &leaf, &e.ID, &e.Org, &e.At, &e.Actor, &e.By, &e.Name, &e.Action, &e.Kind, &e.Object, &e.Detail); err != nil {
		return err
	}
	v.missing(seq)
	if !bytes.Equal(leaf, e.Canonical()) {
		v.broken(seq, store.AuditRowChanged)
	}
	v.hashes = append(v.hashes, v.tree.add(tlog.RecordHash(leaf))...)
	v.next = seq + 1
	return nil
}

// compareHashes says where a stored hash is not the one that the rows give. A changed row shows itself here too,
// because its leaf no longer gives the hash that was stored when it was numbered.
func (s audits) compareHashes(ctx context.Context, v *verifier) error {
	var at int64
	err := each(ctx, s, `SELECT position, hash FROM audit_hashes ORDER BY position`, nil, func(r Rows) error {
		var pos int64
		var b []byte
		if err := r.Scan(&pos, &b); err != nil {
			return err
		}
		for ; at < pos && at < int64(len(v.hashes)); at++ {
			v.broken(at, store.AuditHashChanged)
		}
		if at >= int64(len(v.hashes)) || !bytes.Equal(b, v.hashes[at][:]) {
			v.broken(pos, store.AuditHashChanged)
		}
		at = pos + 1
		return nil
	})
	for ; at < int64(len(v.hashes)); at++ {
		v.broken(at, store.AuditHashChanged)
	}
	return err
}

// treeBuilder builds an RFC 6962 tree leaf by leaf, independently of what is stored: peaks[i] is the root of a
// perfect subtree of 2^i leaves, when there is one.
type treeBuilder struct {
	peaks []*tlog.Hash
}

// add takes a leaf hash and returns the hashes that it completes, the leaf's own first: what tlog stores for it.
func (b *treeBuilder) add(h tlog.Hash) []tlog.Hash {
	made := []tlog.Hash{h}
	for i := 0; ; i++ {
		if i == len(b.peaks) {
			b.peaks = append(b.peaks, nil)
		}
		if b.peaks[i] == nil {
			b.peaks[i] = &h
			return made
		}
		h = tlog.NodeHash(*b.peaks[i], h)
		made = append(made, h)
		b.peaks[i] = nil
	}
}

// root is the tree's hash over all leaves so far; the empty tree's is zero.
func (b *treeBuilder) root() (root tlog.Hash) {
	first := true
	for _, p := range b.peaks {
		if p == nil {
			continue
		}
		if first {
			root, first = *p, false
		} else {
			root = tlog.NodeHash(*p, root)
		}
	}
	return root
}
