package storetest

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/store"
)

// addImport stores an import of appointments.
func addImport(t testing.TB, s store.Store, scope access.Scope, change func(*feed.Import)) (out feed.Import) {
	t.Helper()
	i := feed.Import{Source: id.New(), Kind: feed.Appointments, State: feed.Uploaded, ByKind: "command", By: id.New(), Created: Start, Bytes: 7,
		Options: feed.Options{Encoding: "windows-1250", Delimiter: ";", Map: map[string]string{"Data": "date"}, Location: id.New(), SkipBad: true}}
	if change != nil {
		change(&i)
	}
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
		out, err = tx.Imports().Create(ctx, i)
		return err
	})
	return out
}

func imports(t *testing.T, open Open) {
	t.Run("runs", func(t *testing.T) { t.Parallel(); importRuns(t, open) })
	t.Run("files", func(t *testing.T) { t.Parallel(); importFiles(t, open) })
	t.Run("reports", func(t *testing.T) { t.Parallel(); importReports(t, open) })
	t.Run("writes", func(t *testing.T) { t.Parallel(); importWrites(t, open) })
}

func importRuns(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	first := addImport(t, s, scope, nil)
	update := func(scope access.Scope, i feed.Import) (out feed.Import, err error) {
		err = s.InTx(context.Background(), scope, func(tx store.Tx) (err error) {
			out, err = tx.Imports().Update(context.Background(), i)
			return err
		})
		return out, err
	}
	get := func(scope access.Scope) (out feed.Import, err error) {
		err = s.Read(context.Background(), scope, func(tx store.Tx) (err error) {
			out, err = tx.Imports().Get(context.Background(), first.ID)
			return err
		})
		return out, err
	}
	t.Run("what was stored comes back", func(t *testing.T) {
		if got, err := get(scope); err != nil || !reflect.DeepEqual(got, first) || got.Version != 1 {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, first)
		}
	})
	t.Run("another organization has no such import", func(t *testing.T) {
		_, err := get(other)
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("get: %v", err)
		}
		if _, err := update(other, first); !errs.Is(err, errs.NotFound) {
			t.Errorf("update: %v", err)
		}
		Read(t, s, other, func(ctx context.Context, tx store.Tx) error {
			if all := must(tx.Imports().List(ctx, store.Page{})); len(all) != 0 {
				t.Errorf("lists %d", len(all))
			}
			return nil
		})
	})
	t.Run("a change needs the stored version and an allowed move", func(t *testing.T) {
		next := first
		next.State, next.Cursor, next.Ended = feed.Checked, 12, Start.Add(time.Minute)
		next.Counts = feed.Counts{Lines: 9, Bad: 2, Absent: 1}
		next.Options.AgreedAbsent = 1
		got, err := update(scope, next)
		next.Version = 2
		if stored, _ := get(scope); err != nil || !reflect.DeepEqual(got, next) || !reflect.DeepEqual(stored, next) {
			t.Fatalf("got %+v, stored %+v, want %+v, %v", got, stored, next, err)
		}
		if _, err := update(scope, first); !errs.Is(err, errs.Conflict) {
			t.Errorf("an old version: %v", err)
		}
		for _, to := range []feed.State{feed.Applied, feed.Undoing, feed.Undone} {
			bad := next
			bad.State = to
			if _, err := update(scope, bad); !errs.Is(err, errs.Precondition) {
				t.Errorf("checked to %s: %v", to, err)
			}
		}
	})
	t.Run("an advance keeps cursor and counts, at its version", func(t *testing.T) {
		advance := func(scope access.Scope, i feed.Import) (out feed.Import, err error) {
			err = s.InTx(context.Background(), scope, func(tx store.Tx) (err error) {
				out, err = tx.Imports().Advance(context.Background(), i)
				return err
			})
			return out, err
		}
		next, _ := get(scope)
		next.Cursor, next.Counts.Created = 99, 98
		got, err := advance(scope, next)
		next.Version++
		if stored, _ := get(scope); err != nil || !reflect.DeepEqual(got, next) || !reflect.DeepEqual(stored, next) {
			t.Fatalf("got %+v, stored %+v, %v", got, stored, err)
		}
		for name, in := range map[string]access.Scope{"an old version": scope, "another organization": other} {
			stale := next
			stale.Version = map[bool]int64{true: next.Version - 1, false: next.Version}[in == scope]
			if _, err := advance(in, stale); !errs.Is(err, errs.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("held and unfinished ones are listed", func(t *testing.T) {
		held := addImport(t, s, scope, func(i *feed.Import) { i.State, i.Held, i.Why = feed.Applied, true, feed.Storm })
		going := addImport(t, s, scope, func(i *feed.Import) { i.State = feed.Applying })
		elsewhere := addImport(t, s, other, func(i *feed.Import) { i.State = feed.Undoing })
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			if got := importIDs(must(tx.Imports().Held(ctx))); !slices.Equal(got, []id.ID{held.ID}) {
				t.Errorf("held %v", got)
			}
			if got := importIDs(must(tx.Imports().Unfinished(ctx))); !slices.Equal(got, []id.ID{going.ID}) {
				t.Errorf("unfinished %v", got)
			}
			if got := importIDs(must(tx.Imports().List(ctx, store.Page{Limit: 2}))); !slices.Equal(got, []id.ID{going.ID, held.ID}) {
				t.Errorf("latest %v", got)
			}
			if got := importIDs(must(tx.Imports().List(ctx, store.Page{After: held.ID}))); !slices.Equal(got, []id.ID{first.ID}) {
				t.Errorf("older %v", got)
			}
			return nil
		})
		Read(t, s, System(), func(ctx context.Context, tx store.Tx) error {
			if got := importIDs(must(tx.Imports().Unfinished(ctx))); !slices.Equal(got, []id.ID{going.ID, elsewhere.ID}) {
				t.Errorf("unfinished anywhere %v", got)
			}
			return nil
		})
	})
}

func importIDs(all []feed.Import) (out []id.ID) {
	for _, i := range all {
		out = append(out, i.ID)
	}
	return out
}

func importFiles(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	i := addImport(t, s, scope, nil)
	piece := func(scope access.Scope, n int) (got []byte, err error) {
		err = s.Read(context.Background(), scope, func(tx store.Tx) (err error) {
			got, err = tx.Imports().Chunk(context.Background(), i.ID, n)
			return err
		})
		return got, err
	}
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		for n, text := range []string{"Anna;Nowak", "Jan;Kowalski"} {
			if err := tx.Imports().PutChunk(ctx, i.ID, n, []byte(text), Start.Add(24*time.Hour)); err != nil {
				return err
			}
		}
		return tx.Imports().AddProblems(ctx, i.ID, 0, []feed.Problem{{Line: 2, Code: "missing"}})
	})
	if got, err := piece(scope, 1); err != nil || string(got) != "Jan;Kowalski" {
		t.Errorf("the second piece: %q, %v", got, err)
	}
	for name, c := range map[string]struct {
		scope access.Scope
		n     int
	}{"after the last": {scope, 2}, "of another organization": {other, 0}} {
		if _, err := piece(c.scope, c.n); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	drop := func(scope access.Scope, now time.Time) (total int, err error) {
		for n := 1; n > 0 && err == nil; total += n {
			err = s.InTx(context.Background(), scope, func(tx store.Tx) (err error) {
				n, err = tx.Imports().DropFiles(context.Background(), now)
				return err
			})
		}
		return total, err
	}
	if _, err := drop(scope, Start); !errs.Is(err, errs.Forbidden) {
		t.Errorf("an organization drops files of all: %v", err)
	}
	if n, err := drop(System(), Start.Add(23*time.Hour)); n != 0 || err != nil {
		t.Errorf("dropped %d within a day, %v", n, err)
	}
	state := func(to feed.State) {
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			i.State = to
			i, err = tx.Imports().Update(ctx, i)
			return err
		})
	}
	state(feed.Checked)
	state(feed.Applying) // cut off half-way: without the file it could never be finished
	if n, err := drop(System(), Start.Add(24*time.Hour)); n != 0 || err != nil {
		t.Errorf("dropped %d of a file that is being applied, %v", n, err)
	}
	state(feed.Applied)
	if n, err := drop(System(), Start.Add(24*time.Hour)); n != 3 || err != nil {
		t.Errorf("dropped %d after a day, %v", n, err)
	}
	if _, err := piece(scope, 0); !errs.Is(err, errs.NotFound) {
		t.Errorf("still there: %v", err)
	}
	Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		if left := must(tx.Imports().Problems(ctx, i.ID, 0, 10)); len(left) != 0 {
			t.Errorf("%d problems are left", len(left))
		}
		return nil
	})
}

func importReports(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	i := addImport(t, s, scope, nil)
	all := []feed.Problem{
		{Line: 3, Column: "Geburtsdatum", Code: "bad_date", Say: "write it like 2026-03-04", Value: phi.T("31.02.1990")},
		{Line: 3, Column: "Handy", Code: "bad_number", Say: "no number", Value: phi.T("12")},
		{Line: 7, Code: "bad_line", Say: "quotes"},
		{Line: 9, Column: "Id", Code: "missing", Say: "the id is missing"},
	}
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		if err := tx.Imports().AddProblems(ctx, i.ID, 0, all[:2]); err != nil {
			return err
		}
		return tx.Imports().AddProblems(ctx, i.ID, 2, all[2:])
	})
	read := func(scope access.Scope, after, limit int) (got []feed.Problem) {
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			got, err = tx.Imports().Problems(ctx, i.ID, after, limit)
			return err
		})
		return got
	}
	for name, c := range map[string]struct{ got, want []feed.Problem }{
		"whole":                      {read(scope, 0, 10), all},
		"a line is never cut in two": {read(scope, 0, 1), all[:2]},
		"the next page":              {read(scope, 3, 1), all[2:3]},
		"after the last":             {read(scope, 9, 1), nil},
		"another organization":       {read(other, 0, 10), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v", name, c.got)
		}
	}
	for want := range []int{4, 0} {
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			n, err := tx.Imports().DropProblems(ctx, i.ID)
			if n != []int{4, 0}[want] {
				t.Errorf("dropped %d", n)
			}
			return err
		})
	}
}

func importWrites(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	i := addImport(t, s, scope, nil)
	who := AddPeople(t, s, scope, Person("Anna", "Nowak", "1"), Person("Jan", "Nowak", "2"))
	all := []feed.Write{
		{Import: i.ID, Line: 2, Row: feed.PersonRow, ID: who[0].ID, Person: who[0].ID, Created: true, Version: 1},
		{Import: i.ID, Line: 3, Row: feed.PersonRow, ID: who[1].ID, Person: who[1].ID, Version: 4, Before: phi.T(`{"family":"Nowak"}`)},
		{Import: i.ID, Line: 3, Row: feed.VisitRow, ID: id.New(), Person: who[1].ID, Version: 2, Before: phi.T(`{"reason":"x"}`)},
		{Import: i.ID, Line: 8, Row: feed.VisitRow, ID: id.New(), Person: who[0].ID, Created: true, Version: 1},
	}
	for range 2 { // a step that runs again writes nothing twice
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Imports().AddWrites(ctx, all) })
	}
	read := func(scope access.Scope, below, limit int) (got []feed.Write) {
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			got, err = tx.Imports().Writes(ctx, i.ID, below, limit)
			return err
		})
		return got
	}
	for name, c := range map[string]struct{ got, want []feed.Write }{
		"from the last line to the first": {read(scope, 0, 10), []feed.Write{all[3], all[1], all[2], all[0]}},
		"below a line":                    {read(scope, 8, 2), []feed.Write{all[1], all[2]}},
		"below the first":                 {read(scope, 2, 2), nil},
		"another organization":            {read(other, 0, 10), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %+v", name, c.got)
		}
	}
	all[0].Outcome, all[1].Outcome, all[3].Outcome = feed.Reverts, feed.Kept, feed.Kept
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		return tx.Imports().SetOutcome(ctx, []feed.Write{all[0], all[1], all[3]})
	})
	Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		if got := must(tx.Imports().KeptWrites(ctx, i.ID, 0, 10)); !slices.Equal(got, []feed.Write{all[1], all[3]}) {
			t.Errorf("kept %+v", got)
		}
		if got := must(tx.Imports().KeptWrites(ctx, i.ID, 3, 10)); !slices.Equal(got, []feed.Write{all[3]}) {
			t.Errorf("kept after line 3 %+v", got)
		}
		return nil
	})
}
