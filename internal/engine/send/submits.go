package send

import (
	"context"
	"slices"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/sms"
	"carillon.dev/carillon/internal/engine/receipt"
	"carillon.dev/carillon/internal/store"
)

// resume finds, for texts that are tried again, the parts that a carrier has accepted. The others follow them under the
// same reference, if the text, its parts and its way are what they were; else the whole text goes afresh.
func (l *Loop) resume(ctx context.Context, drafts []store.Draft, rulings []Ruling) error {
	var ids []id.ID
	for i := range drafts {
		if rulings[i].Send && drafts[i].Attempts > 0 && drafts[i].Segments > 1 {
			ids = append(ids, drafts[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var sent map[id.ID]store.Sent
	err := l.node.Store.Read(ctx, l.scope, func(tx store.Tx) (err error) {
		sent, err = tx.Messages().SentParts(ctx, ids)
		return err
	})
	for i := range drafts {
		s, some := sent[drafts[i].ID]
		if r := &rulings[i]; some && r.Send {
			same := s.Route == l.route.ID && s.Total == len(r.Encoded.Segments) && len(s.Numbers) < s.Total && r.Rewrite == nil
			if r.afresh = !same || l.conn.Traits().Concat == carrier.ConcatWhole; !r.afresh {
				r.resume = &s
			}
		}
	}
	return err
}

// missing is how many segments of the text are yet to leave.
func (r *Ruling) missing() int {
	n := len(r.Encoded.Segments)
	if r.resume != nil {
		n -= len(r.resume.Numbers)
	}
	return n
}

// submits adds a leased message to a batch, one submit a part that has not left.
func (l *Loop) submits(batch []carrier.Submit, d *store.Draft, r *Ruling) []carrier.Submit {
	segments := r.Encoded.Segments
	if l.conn.Traits().Concat == carrier.ConcatWhole && len(segments) > 1 {
		segments = []sms.Segment{r.Encoded.Whole()}
	}
	fl := &flight{message: d.ID, org: d.Org, point: d.Point, attempt: d.Attempts + 1, immune: r.Immune, leased: l.leasedAt, total: len(segments)}
	if len(segments) > 1 {
		fl.ref = l.reference(r)
		r.Encoded.SetRef(fl.ref)
	}
	for i := range segments {
		if r.resume == nil || !slices.Contains(r.resume.Numbers, i+1) {
			fl.parts = append(fl.parts, store.PartAnswer{Number: i + 1})
		}
	}
	fl.open = len(fl.parts)
	ref := l.flights.add(fl)
	validity := clock.Until(l.domain, d.ExpiresAt)
	if d.ExpiresAt.IsZero() {
		validity = 0
	}
	for k, p := range fl.parts {
		s := segments[p.Number-1]
		batch = append(batch, carrier.Submit{Ref: ref + uint64(k), Message: d.ID, From: r.From, To: d.To.Text(), //nolint:gosec // an index
			Coding: codingOf(r.Encoded.Coding), UDH: s.UDH(), Payload: s.Payload(),
			Validity: validity, Priority: uint8(max(3-int(d.Priority), 0)), UserRef: receipt.UserRef(d.ID), DueAt: d.DueAt}) //nolint:gosec // 0 to 3
	}
	return batch
}

// reference is what joins the parts: the one of those that left before, else the next.
func (l *Loop) reference(r *Ruling) uint16 {
	if r.resume != nil {
		return r.resume.Ref
	}
	l.concat++
	return l.concat
}

func codingOf(c sms.Coding) carrier.Coding {
	if c == sms.UCS2 {
		return carrier.UCS2
	}
	return carrier.GSM7
}
