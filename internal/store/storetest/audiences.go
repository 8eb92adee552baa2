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
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

func saveAudience(t *testing.T, s store.Store, scope access.Scope, a audience.Audience) audience.Audience {
	t.Helper()
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
		a, err = tx.Audiences().Save(ctx, a)
		return err
	})
	return a
}

func audiences(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	rule := audience.Audience{Name: "Seniors", Kind: audience.ByRule, Rule: "age >= 65", Purpose: purpose.Recall, By: access.Command}

	t.Run("a change is a new version, and the old one stays", func(t *testing.T) {
		first := saveAudience(t, s, scope, rule)
		next := first
		next.Name, next.Rule = "Elders", "age >= 70"
		second := saveAudience(t, s, scope, next)
		if first.Version != 1 || second.Version != 2 || second.ID != first.ID {
			t.Fatalf("versions %d and %d", first.Version, second.Version)
		}
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			old, err := tx.Audiences().Get(ctx, first.ID, 1)
			if err != nil || old.Rule != "age >= 65" || old.Name != "Seniors" || !old.CreatedAt.Equal(Start) {
				t.Errorf("the first version is %+v, %v", old, err)
			}
			newest, err := tx.Audiences().Get(ctx, first.ID, 0)
			if err != nil || newest.Rule != "age >= 70" {
				t.Errorf("the newest is %+v, %v", newest, err)
			}
			all, err := tx.Audiences().Versions(ctx, first.ID)
			if err != nil || len(all) != 2 || all[0].Version != 2 {
				t.Errorf("versions %+v, %v", all, err)
			}
			return nil
		})
		if err := s.InTx(ctx, scope, func(tx store.Tx) error { _, err := tx.Audiences().Save(ctx, next); return err }); !errs.Is(err, errs.Conflict) {
			t.Errorf("saved over a newer version: %v", err)
		}
		taken := rule
		taken.Name = "Elders"
		if err := s.InTx(ctx, scope, func(tx store.Tx) error { _, err := tx.Audiences().Save(ctx, taken); return err }); !errs.Is(err, errs.Conflict) {
			t.Errorf("two have one name: %v", err)
		}
		if err := s.InTx(ctx, other, func(tx store.Tx) error { _, err := tx.Audiences().Save(ctx, second); return err }); err == nil {
			t.Error("another organization saved over it")
		}
	})

	t.Run("others see nothing, and the archived is off the list", func(t *testing.T) {
		a := rule
		a.Name = "Archived"
		a = saveAudience(t, s, scope, a)
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Audiences().Archive(ctx, a.ID, true) })
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Audiences().List(ctx)
			for _, x := range all {
				if x.ID == a.ID {
					t.Error("the archived one is listed")
				}
			}
			return err
		})
		Read(t, s, other, func(ctx context.Context, tx store.Tx) error {
			if all, err := tx.Audiences().List(ctx); err != nil || len(all) != 0 {
				t.Errorf("another organization lists %+v, %v", all, err)
			}
			if _, err := tx.Audiences().Get(ctx, a.ID, 0); !errs.Is(err, errs.NotFound) {
				t.Errorf("another organization reads it: %v", err)
			}
			return nil
		})
	})

	t.Run("members are seen with the version that is saved after them", func(t *testing.T) { members(t, s, scope, other) })
	t.Run("a version is found by the request that saved it", func(t *testing.T) { byRequest(t, s, scope, other) })
	t.Run("a count goes on until it ends or is cancelled", func(t *testing.T) { runs(t, s, scope, other) })

	t.Run("places are replaced together", func(t *testing.T) {
		site := id.New()
		want := []store.Place{{Location: site, Area: audience.Area{At: audience.Coord{Lat: 52.23, Lon: -21.01}}},
			{Area: audience.Area{Country: "PL", Prefix: "02", At: audience.Coord{Lat: 52.1, Lon: 21}}}}
		for range 2 {
			Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Audiences().SetPlaces(ctx, want) })
		}
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Audiences().Places(ctx)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v", got)
			}
			return err
		})
	})

	t.Run("one open call for a person and an audience", func(t *testing.T) {
		p, a := AddPeople(t, s, scope, Person("Anna", "Nowak", "C1"))[0], id.New()
		call := conversation.Task{Kind: conversation.CallPatient, Person: p.ID, Audience: a, Reason: string(message.ReasonNoNumber)}
		for range 2 {
			Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Tasks().Add(ctx, []conversation.Task{call}) })
		}
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Tasks().List(ctx, store.TaskFilter{Person: p.ID}, store.Page{})
			if len(got) != 1 || got[0].Audience != a {
				t.Errorf("calls: %+v", got)
			}
			return err
		})
	})
}

func members(t *testing.T, s store.Store, scope, other access.Scope) {
	ctx := context.Background()
	people := AddPeople(t, s, scope, Person("Anna", "Nowak", "M1"), Person("Jan", "Nowak", "M2"))
	a := audience.Audience{ID: id.New(), Name: "Gym", Kind: audience.ByList, Purpose: purpose.Event, By: access.Command, Size: 1, Roll: id.New()}
	roll := a.Roll
	put := func(version int64, people ...id.ID) error {
		return s.InTx(ctx, scope, func(tx store.Tx) error { return tx.Audiences().PutMembers(ctx, roll, version, people) })
	}
	on := func() (out []id.ID) {
		Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
			rows, err := tx.Audiences().Rows(ctx, []id.ID{people[0].ID, people[1].ID}, audience.NeedLists, Start)
			for _, p := range people {
				if slices.Contains(rows[p.ID].Lists, a.Roll) {
					out = append(out, p.ID)
				}
			}
			return err
		})
		return out
	}
	if err := put(1, people[0].ID, people[0].ID); err != nil {
		t.Fatal(err)
	}
	if got := on(); len(got) != 0 {
		t.Errorf("on a list that is not saved: %v", got)
	}
	a = saveAudience(t, s, scope, a)
	if got := on(); len(got) != 1 || got[0] != people[0].ID {
		t.Errorf("on the list: %v", got)
	}
	if err := put(1, people[1].ID); !errs.Is(err, errs.Conflict) {
		t.Errorf("a saved version took another member: %v", err)
	}
	err := s.InTx(ctx, other, func(tx store.Tx) error { return tx.Audiences().DropMembers(ctx, roll, 1) })
	if !errs.Is(err, errs.Conflict) || len(on()) != 1 {
		t.Errorf("another organization emptied a list: %v", err)
	}
	t.Run("uploads that overlap do not mix", func(t *testing.T) {
		mine, theirs := id.New(), id.New()
		for _, up := range []struct {
			to id.ID
			p  id.ID
		}{{mine, people[0].ID}, {theirs, people[1].ID}} {
			Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
				return tx.Audiences().PutMembers(ctx, up.to, 2, []id.ID{up.p})
			})
		}
		Write(t, s, other, func(ctx context.Context, tx store.Tx) error { return tx.Audiences().DropMembers(ctx, theirs, 2) })
		first := a
		first.Roll = theirs
		a = saveAudience(t, s, scope, first)
		if got := on(); len(got) != 1 || got[0] != people[1].ID {
			t.Errorf("on the second version: %v", got)
		}
		late := first
		late.Roll = mine
		err := s.InTx(ctx, scope, func(tx store.Tx) error {
			_, err := tx.Audiences().Save(ctx, late)
			return err
		})
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("the overtaken upload was saved: %v", err)
		}
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.Audiences().DropMembers(ctx, mine, 2) })
		if got := on(); len(got) != 1 || got[0] != people[1].ID {
			t.Errorf("dropping the overtaken upload changed the list: %v", got)
		}
	})
}

func byRequest(t *testing.T, s store.Store, scope, other access.Scope) {
	a := audience.Audience{Name: "By request", Kind: audience.ByList, Purpose: purpose.Event, By: access.Command, Size: 1, Roll: id.New(), Request: id.New()}
	a = saveAudience(t, s, scope, a)
	next := a
	next.Roll, next.Request = id.New(), id.ID{}
	saveAudience(t, s, scope, next)
	for name, c := range map[string]struct {
		scope   access.Scope
		request id.ID
		want    bool
	}{"its own": {scope, a.Request, true}, "another request": {scope, id.New(), false}, "another organization": {other, a.Request, false}} {
		Read(t, s, c.scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Audiences().ByRequest(ctx, c.request)
			if c.want && (err != nil || got.ID != a.ID || got.Version != 1 || got.Request != a.Request) || !c.want && !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			return nil
		})
	}
}

func runs(t *testing.T, s store.Store, scope, other access.Scope) {
	var run audience.Run
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
		run, err = tx.Audiences().AddRun(ctx, audience.Run{Rule: "age > 1", Purpose: purpose.Event, Total: 10, By: access.Command, SeenAt: Start})
		return err
	})
	set := func(to audience.Run) (on bool) {
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			on, err = tx.Audiences().SetRun(ctx, to)
			return err
		})
		return on
	}
	run.State, run.Result = audience.Counting, audience.Count{Looked: 5, Matched: 2, LeftOut: map[message.Reason]int{message.ReasonOptedOut: 1}, Sample: []id.ID{id.New()}}
	if !set(run) {
		t.Error("a count that goes on was not written")
	}
	end := Start.Add(time.Minute)
	ended := run
	ended.State, ended.EndedAt = audience.Cancelled, &end
	if !set(ended) || set(run) {
		t.Error("a count went on after its end")
	}
	Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Audiences().Run(ctx, run.ID)
		if err != nil || got.State != audience.Cancelled || !reflect.DeepEqual(got.Result, run.Result) || got.Total != 10 {
			t.Errorf("read %+v, %v", got, err)
		}
		all, err := tx.Audiences().Runs(ctx, id.ID{}, store.Page{})
		if len(all) != 1 {
			t.Errorf("%d counts", len(all))
		}
		return err
	})
	t.Run("a silent count begins anew, and its earlier worker writes nothing", func(t *testing.T) { silentRuns(t, s, scope, other) })
	Read(t, s, other, func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.Audiences().Run(ctx, run.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another organization reads a count: %v", err)
		}
		return nil
	})
}

func silentRuns(t *testing.T, s store.Store, scope, other access.Scope) {
	add := func(seen time.Time) (r audience.Run) {
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			r, err = tx.Audiences().AddRun(ctx, audience.Run{Rule: "age > 2", Purpose: purpose.Event, By: access.Command, SeenAt: seen})
			return err
		})
		return r
	}
	run, living := add(Start.Add(-time.Minute)), add(Start)
	silent := func() (ids []id.ID) {
		Read(t, s, access.System("test"), func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Audiences().SilentRuns(ctx, Start, 10)
			for _, r := range all {
				ids = append(ids, r.ID)
			}
			return err
		})
		return ids
	}
	if got := silent(); len(got) != 1 || got[0] != run.ID {
		t.Errorf("silent: %v, not %s; %s was heard of", got, run.ID, living.ID)
	}
	Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.Audiences().SilentRuns(ctx, Start, 10); !errs.Is(err, errs.Forbidden) {
			t.Errorf("an organization reads all counts: %v", err)
		}
		return nil
	})
	move := func(scope access.Scope, do func(ctx context.Context, tx store.Tx) (bool, error)) (done bool) {
		Write(t, s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			done, err = do(ctx, tx)
			return err
		})
		return done
	}
	next := run
	next.SeenAt = Start
	again := func(ctx context.Context, tx store.Tx) (bool, error) { return tx.Audiences().AgainRun(ctx, next) }
	if !move(scope, again) || len(silent()) != 0 {
		t.Error("a count that waits does not wait on")
	}
	begun := next
	begun.State = audience.Counting
	set := func(ctx context.Context, tx store.Tx) (bool, error) { return tx.Audiences().SetRun(ctx, begun) }
	if !move(scope, set) || move(scope, again) {
		t.Error("a count that waited kept no try, or one that a worker has begun was thrown back")
	}
	next.State = audience.Counting
	if move(other, again) || !move(scope, again) || move(scope, again) {
		t.Error("the next try was not begun once, by its organization")
	}
	begun.Result.Looked = 7
	if move(scope, set) {
		t.Error("the worker of an earlier try wrote")
	}
	begun.Tries = 2
	if len(silent()) != 0 || !move(scope, set) {
		t.Error("the second try does not go on")
	}
	Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Audiences().Run(ctx, run.ID)
		if got.Tries != 2 || got.Result.Looked != 7 || !got.SeenAt.Equal(Start) {
			t.Errorf("read %+v", got)
		}
		return err
	})
}

func audienceFacts(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	scope, other := NewOrg(t, s), NewOrg(t, s)
	AddPeople(t, s, other, Person("Else", "Where", "X"))
	var people []patient.Person
	for i := range 7 {
		p := Person("Anna", "Nowak", "F"+string(rune('0'+i)))
		p.Language = []string{"pl", "en"}[i%2]
		p.Facts.Medications = []patient.Code{{System: "atc", Code: phi.T("A10")}}
		people = append(people, AddPeople(t, s, scope, p)[0])
	}
	AddPeople(t, s, other, Person("Else", "Where", "Y"))
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error { return tx.People().Erase(ctx, people[6].ID) })

	t.Run("pages hold everybody once, and nobody else", func(t *testing.T) {
		var got []id.ID
		var after id.ID
		for {
			n := 0
			Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
				upto, found, err := tx.Audiences().NextRange(ctx, after, 4)
				if n = found; err != nil || found == 0 {
					return err
				}
				r := store.PersonRange{After: after, Upto: upto, Need: audience.NeedBirth | audience.NeedMedications}
				after = upto
				return tx.Audiences().Scan(ctx, r, func(person id.ID, p *audience.Person) error {
					got = append(got, person)
					if f := p.Facts; f.BirthDate.Reveal() != "1980-02-29" || len(f.Medications) != 1 || f.Sex != "" || !f.GivenName.IsEmpty() {
						t.Error("other facts were opened than needed")
					}
					return nil
				})
			})
			if n < 4 {
				break
			}
		}
		if len(got) != 6 || !slices.IsSortedFunc(got, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) }) {
			t.Errorf("%d persons", len(got))
		}
	})

	t.Run("the plain part is answered by the database", func(t *testing.T) {
		english := audience.Plain{Op: audience.Is, Column: audience.ColumnLanguage, Values: []string{"en"}}
		nowhere := audience.Plain{Op: audience.Is, Column: audience.ColumnLocation, None: true}
		for name, c := range map[string]struct {
			plain audience.Plain
			want  int
		}{
			"a language":              {english, 3},
			"another language":        {audience.Plain{Op: audience.Not, Kids: []audience.Plain{english}}, 3},
			"no location":             {nowhere, 6},
			"not without a location":  {audience.Plain{Op: audience.Not, Kids: []audience.Plain{nowhere}}, 0},
			"not at a location":       {audience.Plain{Op: audience.Not, Kids: []audience.Plain{{Op: audience.Is, Column: audience.ColumnLocation, IDs: []id.ID{id.New()}}}}, 6},
			"both":                    {audience.Plain{Op: audience.And, Kids: []audience.Plain{english, nowhere}}, 3},
			"either":                  {audience.Plain{Op: audience.Or, Kids: []audience.Plain{english, nowhere}}, 6},
			"one of no values at all": {audience.Plain{Op: audience.Is, Column: audience.ColumnStatus}, 0},
			"not on a list":           {audience.Plain{Op: audience.Not, Kids: []audience.Plain{{Op: audience.OnList, IDs: []id.ID{id.New()}, Version: 1}}}, 6},
		} {
			n := 0
			Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
				return tx.Audiences().Scan(ctx, store.PersonRange{Upto: people[6].ID, Plain: c.plain}, func(id.ID, *audience.Person) error { n++; return nil })
			})
			if n != c.want {
				t.Errorf("%s: %d persons", name, n)
			}
		}
	})

	t.Run("texts that arrived and questions that were answered", func(t *testing.T) { arrivals(t, open) })
	t.Run("rows are read by person", func(t *testing.T) { factRows(t, s, scope, people[0], people[1]) })
}

func factRows(t *testing.T, s store.Store, scope access.Scope, p, stranger patient.Person) {
	point := AddPoint(t, s, scope, p.ID, Number(t, "+48601222333"))
	Append(t, s, scope, consent.Entry{Person: p.ID, Channel: patient.SMS, Purpose: purpose.Recall, Status: consent.Granted, Method: consent.Form, By: access.Command, At: Start},
		consent.Entry{Point: point.ID, Channel: patient.SMS, Purpose: consent.AllPurposes, Status: consent.Revoked, Method: consent.Keyword, By: access.Carrier, At: Start})
	kind := id.New()
	Write(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Visits().Create(ctx, []schedule.Appointment{{Person: p.ID, Type: kind, Status: schedule.NoShow, Start: Start.Add(-time.Hour), Zone: "UTC", Wall: "2026-03-02T08:00"}})
		return err
	})
	Read(t, s, scope, func(ctx context.Context, tx store.Tx) error {
		all := audience.NeedVisits | audience.NeedConsents | audience.NeedTexts | audience.NeedAnswers | audience.NeedLists
		rows, err := tx.Audiences().Rows(ctx, []id.ID{p.ID, stranger.ID}, all, Start.Add(-time.Hour))
		if err != nil {
			return err
		}
		got := rows[p.ID]
		if len(got.Visits) != 1 || got.Visits[0] != (audience.Visit{Type: kind, Status: schedule.NoShow, Start: Start.Add(-time.Hour)}) {
			t.Errorf("visits %+v", got.Visits)
		}
		if len(got.Points) != 1 || got.Points[0] != (audience.Point{ID: point.ID, Channel: patient.SMS}) || len(got.Entries) != 2 {
			t.Errorf("points %+v and %d entries", got.Points, len(got.Entries))
		}
		if x := rows[stranger.ID]; x == nil || len(x.Visits)+len(x.Points)+len(x.Entries)+len(x.Texts)+len(x.Answers) != 0 {
			t.Errorf("somebody else has %+v", x)
		}
		none, err := tx.Audiences().Rows(ctx, []id.ID{p.ID}, audience.NeedVisits, Start)
		if len(none[p.ID].Points) != 0 {
			t.Error("rows were read that nobody needs")
		}
		return err
	})
}

// arrivals: of a person's texts those count that the carrier took, and of the questions those that were answered.
func arrivals(t *testing.T, open Open) {
	s := open(t, clock.NewFixed(Start))
	d := NewDesk(t, s)
	queued, taken := d.Draft(Start), d.Draft(Start)
	d.Insert(t, s, queued, taken)
	d.lease(t, s, 1, taken.ID)
	d.answer(t, s, store.Answered{Message: taken.ID, Attempt: 1, To: message.Accepted, ProviderID: "1", Route: d.Route.ID})
	answered := conversation.Question{ID: id.New(), Org: d.Scope.Org(), Point: d.Point.ID, Person: d.Person.ID, Message: taken.ID, Appointment: id.New(), Purpose: purpose.Appointment,
		Codes: map[string]string{"1": "confirm"}, AskedAt: Start}
	waits := answered
	waits.ID, waits.Appointment, waits.Codes = id.New(), id.New(), map[string]string{"2": "confirm"}
	Write(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.Conversations().AskQuestions(ctx, []conversation.Question{answered, waits}); err != nil {
			return err
		}
		_, err := tx.Conversations().CloseQuestion(ctx, answered.ID, "confirm")
		return err
	})
	Read(t, s, d.Scope, func(ctx context.Context, tx store.Tx) error {
		rows, err := tx.Audiences().Rows(ctx, []id.ID{d.Person.ID}, audience.NeedTexts|audience.NeedAnswers, Start.Add(-time.Hour))
		if err != nil {
			return err
		}
		got := rows[d.Person.ID]
		if len(got.Texts) != 1 || got.Texts[0].Purpose != taken.Purpose || got.Texts[0].At.IsZero() {
			t.Errorf("texts %+v", got.Texts)
		}
		if len(got.Answers) != 1 || !got.Answers[0].Equal(Start) {
			t.Errorf("answers %v", got.Answers)
		}
		return nil
	})
}
