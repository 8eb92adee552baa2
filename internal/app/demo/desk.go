package demo

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/store"
)

// Desk is the group's front desk: people phone to book, visits are moved and cancelled, patients arrive. It uses
// the same use-cases as the console.
type Desk struct {
	clinic *Clinic
	store  store.Store
	record *record.Service
	domain clock.Clock
	rand   *rand.Rand
	log    *slog.Logger
}

// NewDesk opens the front desk.
func NewDesk(c *Clinic, s store.Store, r *record.Service, domain clock.Clock, seed uint64, log *slog.Logger) *Desk {
	return &Desk{clinic: c, store: s, record: r, domain: domain, rand: rand.New(rand.NewPCG(seed, 0xDE5C)), log: log}
}

// every is how much domain time passes between two things that happen at the desk.
const every = 3 * time.Minute

// Run works until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	next := d.domain.Now()
	for {
		next = next.Add(every)
		t := time.NewTimer(max(clock.Until(d.domain, next), 50*time.Millisecond))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		if err := d.something(ctx); err != nil && ctx.Err() == nil && !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Precondition) && !errs.Is(err, errs.Invalid) {
			d.log.Warn("the demo's front desk met an error", "error", errs.Safe(err))
		}
	}
}

// something lets one thing happen at a site that is open now.
func (d *Desk) something(ctx context.Context) error {
	site := &d.clinic.Sites[pick(d.rand, 30, 22, 16, 16, 8, 8)]
	zone, err := time.LoadLocation(site.Zone)
	if err != nil {
		return err
	}
	now := d.domain.Now().In(zone)
	if err := d.arrivals(ctx, site, now); err != nil {
		return err
	}
	if now.Hour() < 8 || now.Hour() >= 18 || now.Weekday() == time.Saturday || now.Weekday() == time.Sunday {
		return nil
	}
	switch n := d.rand.IntN(100); {
	case n < 55:
		return d.book(ctx, site, now)
	case n < 70:
		return d.change(ctx, site, now, false)
	case n < 80:
		return d.change(ctx, site, now, true)
	}
	return nil
}

func (d *Desk) book(ctx context.Context, site *Placed, now time.Time) error {
	start := d.slot(now, 1+d.rand.IntN(14))
	if start.IsZero() {
		return nil
	}
	_, err := d.record.Book(ctx, scope(d.clinic.Org), record.Booking{Person: site.Patients[d.rand.IntN(len(site.Patients))],
		Location: site.Location, Practitioner: site.Doctors[d.rand.IntN(len(site.Doctors))], Start: start, Length: 20 * time.Minute})
	return err
}

// slot is a time of a working day some days ahead; zero at a week-end.
func (d *Desk) slot(now time.Time, days int) time.Time {
	y, m, day := now.Date()
	t := time.Date(y, m, day+days, 9, 20*d.rand.IntN(24), 0, 0, now.Location())
	if t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		return time.Time{}
	}
	return t
}

// change moves or cancels one of the coming days' visits, as a doctor's illness or a patient's call would.
func (d *Desk) change(ctx context.Context, site *Placed, now time.Time, cancel bool) error {
	all, err := d.between(ctx, site, now.Add(2*time.Hour), now.AddDate(0, 0, 5))
	if err != nil || len(all) == 0 {
		return err
	}
	v := all[d.rand.IntN(len(all))]
	if !v.Status.Expected() {
		return nil
	}
	if cancel {
		_, err = d.record.CancelVisit(ctx, scope(d.clinic.Org), v.ID, v.Version, false)
		return err
	}
	start := d.slot(now, 1+d.rand.IntN(6))
	if start.IsZero() || start.Equal(v.Start) {
		return nil
	}
	_, err = d.record.MoveVisit(ctx, scope(d.clinic.Org), record.Move{Visit: v.ID, Version: v.Version, Start: start})
	return err
}

func (d *Desk) between(ctx context.Context, site *Placed, from, to time.Time) (out []schedule.Appointment, err error) {
	err = d.store.Read(ctx, scope(d.clinic.Org), func(tx store.Tx) error {
		out, err = tx.Visits().Between(ctx, site.Location, from, to, 500)
		return err
	})
	return out, err
}

// arrivals marks visits that have begun: most came, some did not.
func (d *Desk) arrivals(ctx context.Context, site *Placed, now time.Time) error {
	all, err := d.between(ctx, site, now.Add(-12*time.Hour), now)
	if err != nil {
		return err
	}
	for _, v := range all {
		var to schedule.Status
		switch {
		case v.Status == schedule.Booked && now.Sub(v.Start) > 25*time.Minute && noShow(v.ID):
			to = schedule.NoShow
		case v.Status == schedule.Booked && !noShow(v.ID):
			to = schedule.Arrived
		case v.Status == schedule.Arrived && now.Sub(v.Start) > v.Length:
			to = schedule.Fulfilled
		default:
			continue
		}
		if _, err := d.record.MarkVisit(ctx, scope(d.clinic.Org), v.ID, v.Version, to); err != nil {
			return err
		}
	}
	return nil
}

// noShow says, the same each time, whether the patient of a visit stays away: one in nine.
func noShow(v id.ID) bool { return v[14]%9 == 0 }
