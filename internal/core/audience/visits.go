package audience

import (
	"slices"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/schedule"
)

// ofType lists the kinds of visit with a name; nil for the empty name, which is every kind.
func (v *view) ofType(name string) []id.ID {
	if name == "" {
		return nil
	}
	return v.world.Names.Types[name]
}

func fits(visit *Visit, name string, kinds []id.ID) bool {
	return name == "" || slices.Contains(kinds, visit.Type)
}

// seen: a visit took place within the last days.
func (v *view) seen(days int64, name string) ref.Val {
	if !v.p.Loaded.Has(NeedVisits) {
		return unread
	}
	last, ok := v.last(name)
	return types.Bool(ok && !last.Before(v.world.Now.Add(-daysOf(days))))
}

// booked: the patient is expected within the next days.
func (v *view) booked(days int64, name string) ref.Val {
	if !v.p.Loaded.Has(NeedVisits) {
		return unread
	}
	next, ok := v.next(name)
	return types.Bool(ok && !next.After(v.world.Now.Add(daysOf(days))))
}

func (v *view) sinceLast(name string) ref.Val {
	if !v.p.Loaded.Has(NeedVisits) {
		return unread
	}
	last, ok := v.last(name)
	if !ok {
		return lacks[FactLastVisit]
	}
	return types.Int(v.world.Now.Sub(last) / (24 * time.Hour))
}

func (v *view) untilNext(name string) ref.Val {
	if !v.p.Loaded.Has(NeedVisits) {
		return unread
	}
	next, ok := v.next(name)
	if !ok {
		return lacks[FactNextVisit]
	}
	return types.Int(next.Sub(v.world.Now) / (24 * time.Hour))
}

// noShows counts visits within the last days that the patient missed.
func (v *view) noShows(days int64) ref.Val {
	if !v.p.Loaded.Has(NeedVisits) {
		return unread
	}
	since, n := v.world.Now.Add(-daysOf(days)), 0
	for i := range v.p.Rows.Visits {
		x := &v.p.Rows.Visits[i]
		if x.Status == schedule.NoShow && !x.Start.Before(since) && !x.Start.After(v.world.Now) {
			n++
		}
	}
	return types.Int(n)
}

func (v *view) last(name string) (at time.Time, ok bool) {
	kinds := v.ofType(name)
	for i := range v.p.Rows.Visits {
		x := &v.p.Rows.Visits[i]
		if fits(x, name, kinds) && x.came(v.world.Now) && (!ok || x.Start.After(at)) {
			at, ok = x.Start, true
		}
	}
	return at, ok
}

func (v *view) next(name string) (at time.Time, ok bool) {
	kinds := v.ofType(name)
	for i := range v.p.Rows.Visits {
		x := &v.p.Rows.Visits[i]
		if fits(x, name, kinds) && x.ahead(v.world.Now) && (!ok || x.Start.Before(at)) {
			at, ok = x.Start, true
		}
	}
	return at, ok
}
