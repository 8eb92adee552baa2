package intake

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"time"

	"carillon.dev/carillon/internal/base/errs"
)

// page is how many lines are looked up at once, ahead how many pages are read before they are needed.
const (
	page  = 500
	ahead = 2
)

// batch is a page of rows with what was looked up for it.
type batch[T any] struct {
	rows []Row
	with T
	err  error
}

// pages reads the rows after a line, looks things up for a page of them and calls do, in the order of the file.
// Reading and looking up go on while do works. Lines before are read too: the file's doubles must be known.
func pages[T any](ctx context.Context, rows Rows, after int, prepare func(context.Context, []Row) (T, error), do func([]Row, T) error) error {
	ctx, stop := context.WithCancel(ctx)
	ready := make(chan batch[T], ahead)
	go func() {
		defer close(ready)
		once := newDoubles()
		for more := true; more; {
			var b batch[T]
			if b.rows, more, b.err = once.page(rows, after); b.err == nil && len(b.rows) > 0 {
				b.with, b.err = prepare(ctx, b.rows)
			}
			select {
			case ready <- b:
			case <-ctx.Done():
				return
			}
			more = more && b.err == nil
		}
	}()
	defer func() {
		stop()
		for range ready { // rows belong to the reader until it is gone
			continue
		}
	}()
	for b := range ready {
		if b.err != nil {
			return b.err
		}
		if len(b.rows) == 0 {
			continue
		}
		if err := do(b.rows, b.with); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// doubles finds ids and record numbers that an earlier line of the file has, in bounded memory.
type doubles struct {
	seed maphash.Seed
	seen map[uint64]int // hash to line
}

func newDoubles() *doubles { return &doubles{maphash.MakeSeed(), map[uint64]int{}} }

// page reads up to a page of rows after a line; more is false at the end of the file.
func (d *doubles) page(rows Rows, after int) (out []Row, more bool, err error) {
	for len(out) < page {
		r, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return out, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		r.Bad = append(r.Bad, d.look(r)...)
		if r.Line > after {
			out = append(out, r)
		}
	}
	return out, true, nil
}

// look says which earlier line has the same id: which of the two is true nobody can say.
func (d *doubles) look(r Row) []Problem {
	say := "line %d has the same id; keep one of them"
	first, twice := d.at("id", r.external(), r.Line)
	if !twice && r.Patient != nil {
		say = "line %d has the same record number; it can belong to one patient only"
		first, twice = d.at("mrn", r.Patient.MRN.Reveal(), r.Line)
	}
	if !twice {
		return nil
	}
	return []Problem{{Line: r.Line, Code: TwiceInFile, Say: errs.Newf(errs.Invalid, say, first).Safe}}
}

func (d *doubles) at(what, value string, line int) (first int, twice bool) {
	if value == "" {
		return 0, false
	}
	var h maphash.Hash
	h.SetSeed(d.seed)
	_, _ = h.WriteString(what)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(value)
	key := h.Sum64()
	if first, twice = d.seen[key]; !twice {
		d.seen[key] = line
	}
	return first, twice
}

func (r Row) external() string {
	switch {
	case r.Patient != nil:
		return r.Patient.ExternalID.Reveal()
	case r.Visit != nil:
		return r.Visit.ExternalID.Reveal()
	}
	return ""
}

// good are the rows that have no problem.
func good(rows []Row) []Row {
	out := make([]Row, 0, len(rows))
	for _, r := range rows {
		if len(r.Bad) == 0 {
			out = append(out, r)
		}
	}
	return out
}

// Steps: how many rows a transaction writes follows how long the last ones took to write, so that one stays well
// under 20 ms on any machine. What the disk takes to make it durable is left out: smaller steps would not shorten it.
const (
	firstStep, leastStep, mostStep = 50, 40, 500
	stepTime                       = 7 * time.Millisecond
)

// pace is the present size of a step.
type pace int

// took tells how long the statements of a step of n rows took.
func (p *pace) took(n int, work time.Duration) {
	if work > stepTime {
		*p = pace(max(leastStep, int(int64(n)*int64(stepTime)/int64(work))))
		return
	}
	if n >= int(*p) && work < stepTime*2/3 {
		*p = min(mostStep, *p+max(*p/4, 1))
	}
}
