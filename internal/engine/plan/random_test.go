package plan_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/plan/plantest"
	"carillon.dev/carillon/internal/store"
)

// I4 on real rows: random days of one visit. No text states what is not so when it leaves, no news is told twice
// in a row, and in the end the patient knows what is true or somebody is to call.
func TestRandomDaysOfAVisitOnRealRows(t *testing.T) {
	onBoth(t, func(t *testing.T, k *plantest.Clinic) {
		for seed := range uint64(12) {
			d := &days{Clinic: k, t: t, r: rand.New(rand.NewPCG(seed, 11)), checked: map[string]bool{}}
			d.visit = k.Book(k.Person(true).ID, k.Clock.Now().Add(time.Duration(20+d.r.IntN(200))*time.Hour), k.Clock.Now())
			for range 14 {
				d.step()
			}
			d.rest(seed)
		}
	})
}

type days struct {
	*plantest.Clinic
	t       *testing.T
	r       *rand.Rand
	visit   schedule.Appointment
	checked map[string]bool
}

func (d *days) step() {
	switch d.r.IntN(7) {
	case 0, 1:
		d.visit = d.Change(d.visit, func(v *schedule.Appointment) {
			v.Start, v.Status = d.Clock.Now().Add(time.Duration(10+d.r.IntN(200))*time.Hour), schedule.Booked
		})
	case 2:
		d.visit = d.Change(d.visit, func(v *schedule.Appointment) {
			if v.Status = schedule.Cancelled; d.r.IntN(2) == 0 {
				v.Status = schedule.Booked
			}
		})
	case 3:
		d.Sweep()
	case 4:
		d.Clock.Advance(time.Duration(d.r.IntN(200)) * time.Second)
		d.Sweep()
	case 5:
		d.Deliver()
		d.check()
	case 6:
		d.Clock.Advance(time.Duration(d.r.IntN(9)) * time.Hour)
		d.Sweep()
		if d.r.IntN(4) == 0 {
			d.Lose()
		} else {
			d.Deliver()
		}
		d.check()
	}
}

// check looks at what has just left.
func (d *days) check() {
	e, ok := d.enrollment()
	if !ok {
		return
	}
	for _, m := range d.Messages(d.visit.ID) {
		if m.SentAt.IsZero() || d.checked[m.ID.String()] {
			continue
		}
		d.checked[m.ID.String()] = true
		i := slices.IndexFunc(e.Texts, func(x journey.Text) bool { return x.Message == m.ID })
		if i < 0 {
			d.t.Errorf("%s left and the journey does not know it", m.Origin.Step)
			continue
		}
		if s := e.Texts[i].States; s.Cancelled != (d.visit.Status == schedule.Cancelled) || !s.Cancelled && !s.Start.Equal(d.visit.Start) {
			d.t.Errorf("%s stated %v of a visit that is %s at %v", m.Origin.Step, s, d.visit.Status, d.visit.Start)
		}
	}
}

func (d *days) enrollment() (e journey.Enrollment, ok bool) {
	d.Read(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Journeys().EnrollmentsOf(ctx, []id.ID{d.visit.ID})
		if ok = len(all) == 1; ok {
			e = all[0]
		}
		return err
	})
	return e, ok
}

// rest lets half an hour pass by day and looks whether the patient knows.
func (d *days) rest(seed uint64) {
	for range 20 {
		d.Clock.Advance(90 * time.Second)
		d.Sweep()
		d.Deliver()
		d.check()
	}
	d.Clock.Advance(12 * time.Hour) // past the night
	for range 3 {
		d.Sweep()
		d.Deliver()
		d.check()
		d.Clock.Advance(10 * time.Minute)
	}
	d.Change(d.visit, func(*schedule.Appointment) {}) // a touch: the journey hears what became of its texts
	d.Sweep()
	e, ok := d.enrollment()
	if !ok || !d.visit.Start.After(d.Clock.Now()) {
		return
	}
	told, by := e.Told()
	cancelled := d.visit.Status == schedule.Cancelled
	if told.Cancelled == cancelled && (cancelled || told.Start.Equal(d.visit.Start)) {
		d.once(seed)
		return
	}
	var calls []conversation.Task
	d.Read(func(ctx context.Context, tx store.Tx) (err error) {
		calls, err = tx.Tasks().List(ctx, store.TaskFilter{Visit: d.visit.ID}, store.Page{})
		return err
	})
	if len(calls) == 0 {
		d.t.Errorf("seed %d: told %v by %v, the visit is %s at %v, and nobody calls: %s", seed, told, by, d.visit.Status, d.visit.Start,
			strings.Join(lines(d.Clinic, d.visit), "; "))
	}
}

// once: of two notices that arrived one after the other, the second said something else.
func (d *days) once(seed uint64) {
	e, _ := d.enrollment()
	var last journey.Fact
	for _, m := range d.Messages(d.visit.ID) {
		i := slices.IndexFunc(e.Texts, func(x journey.Text) bool { return x.Message == m.ID })
		if m.Origin.Kind != message.FromChange || m.State != message.Delivered || i < 0 {
			continue
		}
		if s := e.Texts[i].States; s == last {
			d.t.Errorf("seed %d: told %v twice", seed, s)
		} else {
			last = s
		}
	}
}
