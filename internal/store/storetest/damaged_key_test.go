package storetest_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// ward is an organization with two persons who have a row of every sealed kind; the key of the first is damaged.
type ward struct {
	*burgled
	desk       storetest.Desk
	sick, well id.ID
	visits     map[id.ID]schedule.Appointment
}

func TestADamagedKeyCostsOnlyItsPerson(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *burgled{"sqlite": overSQLite, "postgres": overPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &ward{burgled: open(t), visits: map[id.ID]schedule.Appointment{}}
			w.fill(t)
			w.reopen(t) // forgets the keys that it holds in memory
			t.Run("reads show the others and mark the one", w.reads)
			t.Run("writes that would lose something are refused", w.refused)
			t.Run("what needs no key goes on", w.goesOn)
			t.Run("the person is named", w.named)
			t.Run("a key that is put back opens everything again", w.mended)
		})
	}
}

func (w *ward) fill(t *testing.T) {
	w.desk = storetest.NewDesk(t, w)
	w.scope = w.desk.Scope
	made := storetest.AddPeople(t, w, w.scope, storetest.Person("Zofia", "Sowa", "21"), storetest.Person("Ewa", "Lis", "22"))
	w.sick, w.well = made[0].ID, made[1].ID
	storetest.Write(t, w, w.scope, func(ctx context.Context, tx store.Tx) error {
		for i, p := range []id.ID{w.sick, w.well} {
			v, err := tx.Visits().Create(ctx, []schedule.Appointment{{Person: p, Status: schedule.Booked, Start: storetest.Start.Add(48 * time.Hour),
				Zone: "Europe/Warsaw", Wall: "2026-03-04T10:00", Reason: phi.T("a reason")}})
			if err != nil {
				return err
			}
			w.visits[p] = v[0]
			if err := tx.Tasks().Add(ctx, []conversation.Task{{Kind: conversation.CallPatient, Person: p, Appointment: v[0].ID, Note: phi.T("a note")}}); err != nil {
				return err
			}
			if _, err := tx.Consents().Append(ctx, []consent.Entry{w.grant(p)}); err != nil {
				return err
			}
			if err := tx.Imports().AddWrites(ctx, []feed.Write{{Import: w.visits[w.sick].ID, Line: i + 1, Row: feed.PersonRow, ID: p, Person: p, Version: 1, Before: phi.T("before")}}); err != nil {
				return err
			}
			if _, err := tx.Messages().Insert(ctx, []store.Draft{w.text(p)}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	w.must(t, `CREATE TABLE safe AS SELECT person_id, wrapped FROM data_keys`,
		`UPDATE data_keys SET wrapped = (SELECT k.wrapped FROM data_keys k ORDER BY k.person_id DESC LIMIT 1) WHERE person_id = `+w.literal(w.sick))
}

func (w *ward) grant(p id.ID) consent.Entry {
	return consent.Entry{Person: p, Channel: patient.SMS, Purpose: purpose.Appointment, Status: consent.Granted, Method: consent.Form,
		Shown: phi.T("May we text you?"), By: access.Command, At: storetest.Start}
}

func (w *ward) text(p id.ID) store.Draft {
	d := w.desk.Draft(storetest.Start)
	d.Person = p
	return d
}

func (w *ward) reads(t *testing.T) {
	storetest.Read(t, w, w.scope, func(ctx context.Context, tx store.Tx) error {
		all, err := tx.People().List(ctx, store.Page{})
		if err != nil {
			return err
		}
		for _, p := range all {
			if p.Unreadable != (p.ID == w.sick) || p.Facts.FamilyName.IsEmpty() != p.Unreadable {
				t.Errorf("the damaged one is %t: unreadable %t", p.ID == w.sick, p.Unreadable)
			}
		}
		visits := must(tx.Visits().ByIDs(ctx, []id.ID{w.visits[w.sick].ID, w.visits[w.well].ID}))
		if len(visits) != 2 || !visits[0].Unreadable || visits[1].Unreadable || visits[1].Reason != phi.T("a reason") {
			t.Errorf("visits %+v", visits)
		}
		entries := must(tx.Consents().For(ctx, []id.ID{w.sick, w.well}, nil))
		if len(entries) != 2 || !entries[0].Unreadable || entries[1].Unreadable || entries[1].Shown.IsEmpty() || entries[0].Status != consent.Granted {
			t.Errorf("consents %+v", entries)
		}
		tasks := must(tx.Tasks().List(ctx, store.TaskFilter{}, store.Page{}))
		if len(tasks) != 2 || !tasks[0].Note.IsEmpty() || tasks[1].Note != phi.T("a note") {
			t.Errorf("tasks %+v", tasks)
		}
		writes := must(tx.Imports().Writes(ctx, w.visits[w.sick].ID, 0, 10))
		if len(writes) != 2 || writes[0].Before != phi.T("before") || !writes[1].Before.IsEmpty() {
			t.Errorf("writes %+v", writes)
		}
		drafts := must(tx.Messages().Due(ctx, w.desk.Route.ID, storetest.Start, 10))
		if len(drafts) != 2 || drafts[0].Unreadable != (drafts[0].Person == w.sick) || drafts[1].Unreadable == drafts[0].Unreadable {
			t.Errorf("messages %+v", drafts)
		}
		found := must(tx.People().Search(ctx, store.PersonQuery{Words: []string{"sowa"}}))
		if len(found) != 1 || !found[0].Unreadable {
			t.Errorf("found %+v", found)
		}
		seen, last := 0, w.well
		if bytes.Compare(w.sick[:], last[:]) > 0 {
			last = w.sick
		}
		must(0, tx.Audiences().Scan(ctx, store.PersonRange{Upto: last, Need: audience.NeedBirth}, func(p id.ID, x *audience.Person) error {
			if seen++; x.Unreadable != (p == w.sick) {
				t.Errorf("a rule's scan: the damaged one is %t: unreadable %t", p == w.sick, x.Unreadable)
			}
			return nil
		}))
		if seen < 2 {
			t.Errorf("a rule's scan saw %d persons", seen)
		}
		return nil
	})
}

func (w *ward) try(do func(ctx context.Context, tx store.Tx) error) error {
	ctx := context.Background()
	return w.InTx(ctx, w.scope, func(tx store.Tx) error { return do(ctx, tx) })
}

func (w *ward) refused(t *testing.T) {
	for name, write := range map[string]func(context.Context, store.Tx) error{
		"new facts": func(ctx context.Context, tx store.Tx) error {
			p, err := tx.People().Get(ctx, w.sick)
			if err != nil {
				return err
			}
			_, err = tx.People().Update(ctx, []patient.Person{p})
			return err
		},
		"a grant with its proof": func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Consents().Append(ctx, []consent.Entry{w.grant(w.sick)})
			return err
		},
		"a note": func(ctx context.Context, tx store.Tx) error {
			return tx.Tasks().Add(ctx, []conversation.Task{{Kind: conversation.CallPatient, Person: w.sick, Note: phi.T("x")}})
		},
	} {
		if err := w.try(write); !errs.Is(err, errs.Precondition) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (w *ward) goesOn(t *testing.T) {
	for name, write := range map[string]func(context.Context, store.Tx) error{
		"a no": func(ctx context.Context, tx store.Tx) error {
			no := w.grant(w.sick)
			no.Status = consent.Revoked
			_, err := tx.Consents().Append(ctx, []consent.Entry{no})
			return err
		},
		"a visit that moves": func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Visits().ByIDs(ctx, []id.ID{w.visits[w.sick].ID})
			if err != nil {
				return err
			}
			all[0].Start = all[0].Start.Add(time.Hour)
			_, err = tx.Visits().Update(ctx, all)
			return err
		},
		"texts to both": func(ctx context.Context, tx store.Tx) error {
			kept, err := tx.Messages().Insert(ctx, []store.Draft{w.text(w.sick), w.text(w.well)}, nil)
			if !slices.Equal(kept, []bool{true, true}) {
				t.Errorf("kept %v", kept)
			}
			return err
		},
	} {
		if err := w.try(write); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (w *ward) named(t *testing.T) {
	storetest.Read(t, w, w.scope, func(ctx context.Context, tx store.Tx) error {
		var all []id.ID
		for p := (store.Page{Limit: 1}); ; {
			bad, next, err := tx.Keys().Damaged(ctx, p)
			all = append(all, bad...)
			if p.After = next; err != nil || next.IsZero() {
				if !slices.Equal(all, []id.ID{w.sick}) {
					t.Errorf("named %v, want %v", all, w.sick)
				}
				return err
			}
		}
	})
}

func (w *ward) mended(t *testing.T) {
	w.must(t, `UPDATE data_keys SET wrapped = (SELECT s.wrapped FROM safe s WHERE s.person_id = data_keys.person_id)`)
	storetest.Read(t, w, w.scope, func(ctx context.Context, tx store.Tx) error {
		p, err := tx.People().Get(ctx, w.sick)
		if p.Unreadable || p.Facts.FamilyName != phi.T("Sowa") {
			t.Error("the person stays unreadable")
		}
		v := must(tx.Visits().ByIDs(ctx, []id.ID{w.visits[w.sick].ID}))
		if v[0].Unreadable || v[0].Reason != phi.T("a reason") || v[0].Version != 2 {
			t.Errorf("the visit that moved meanwhile: %+v", v[0])
		}
		return err
	})
}

// must is a value that a transaction of this test cannot do without.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
