package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

// conversations is the suite of what comes in.
func conversations(t *testing.T, open Open) {
	c := clock.NewFixed(Start)
	s := open(t, c)
	in := &talk{s: s, scope: NewOrg(t, s), other: NewOrg(t, s), clock: c}
	t.Run("parts", func(t *testing.T) { inboundParts(t, in) })
	t.Run("texts", func(t *testing.T) { inboundTexts(t, in) })
	t.Run("answers to a number", func(t *testing.T) { answersTo(t, in) })
	t.Run("threads", func(t *testing.T) { threads(t, in) })
	t.Run("questions", func(t *testing.T) { questions(t, in) })
	t.Run("questions end", func(t *testing.T) { questionsEnd(t, in) })
}

// talk is a store with two organizations.
type talk struct {
	s            store.Store
	scope, other access.Scope
	clock        *clock.Fixed
}

const samesFor = 10 * time.Minute

func mustNumber(t *testing.T, e164 string) phone.Number {
	t.Helper()
	n, err := phone.FromStored(e164)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (k *talk) put(t *testing.T, scope access.Scope, p store.InboundPart) (out store.InboundPart, fresh bool) {
	t.Helper()
	Write(t, k.s, scope, func(ctx context.Context, tx store.Tx) (err error) {
		out, fresh, err = tx.Conversations().PutPart(ctx, p, samesFor)
		return err
	})
	return out, fresh
}

func inboundParts(t *testing.T, k *talk) {
	part := store.InboundPart{Route: id.New(), From: mustNumber(t, "+48500600701"), To: "48500100200", Body: phi.T("tak"),
		Raw: phi.T("\x00tak"), ReceivedAt: Start, At: Start}

	t.Run("an event is stored once however often it comes", func(t *testing.T) {
		first, fresh := k.put(t, k.scope, part)
		if !fresh || first.ID.IsZero() || first.Org != k.scope.Org() {
			t.Fatalf("first: %+v, fresh %v", first, fresh)
		}
		for _, after := range []time.Duration{0, time.Second, samesFor - time.Second} {
			again := part
			again.ReceivedAt = Start.Add(after)
			got, fresh := k.put(t, k.scope, again)
			if fresh || got.ID != first.ID || got.Body.Reveal() != "tak" || got.From != part.From || got.To != part.To {
				t.Errorf("after %v: %+v, fresh %v", after, got, fresh)
			}
		}
	})
	t.Run("what differs is another event", func(t *testing.T) {
		p := part
		p.Route = id.New()
		k.put(t, k.scope, p)
		for name, change := range map[string]func(*store.InboundPart){
			"ten minutes later":         func(p *store.InboundPart) { p.ReceivedAt = Start.Add(samesFor) },
			"after another question":    func(p *store.InboundPart) { p.Question = id.New() },
			"other octets":              func(p *store.InboundPart) { p.Raw = phi.T("\x00nie") },
			"to another number":         func(p *store.InboundPart) { p.To = "48500100201" },
			"from another number":       func(p *store.InboundPart) { p.From = mustNumber(t, "+48500600702") },
			"over another route":        func(p *store.InboundPart) { p.Route = id.New() },
			"from nobody in particular": func(p *store.InboundPart) { p.From = phone.Number{} },
		} {
			q := p
			change(&q)
			if _, fresh := k.put(t, k.scope, q); !fresh {
				t.Errorf("%s: taken for the same event", name)
			}
		}
		if _, fresh := k.put(t, k.other, p); !fresh {
			t.Error("another organization's event was taken for ours")
		}
	})
	t.Run("a rolled-back part was never stored", func(t *testing.T) {
		p := part
		p.Raw = phi.T("\x00rolled back")
		_ = k.s.InTx(context.Background(), k.scope, func(tx store.Tx) error {
			if _, _, err := tx.Conversations().PutPart(context.Background(), p, samesFor); err != nil {
				t.Error(err)
			}
			return errs.New(errs.Unavailable, "no")
		})
		if _, fresh := k.put(t, k.scope, p); !fresh {
			t.Error("the carrier's second try was dropped")
		}
	})
	t.Run("parts of one text find each other until they are joined", func(t *testing.T) { partsOfOneText(t, k, part) })
}

func partsOfOneText(t *testing.T, k *talk, part store.InboundPart) {
	part.Route, part.Ref, part.Total = id.New(), 77, 2
	var ids []id.ID
	for n := 2; n >= 1; n-- { // changed order
		p := part
		p.Number, p.Raw, p.Body = n, phi.T(string(rune('a'+n))), phi.T(string(rune('a'+n)))
		stored, _ := k.put(t, k.scope, p)
		ids = append(ids, stored.ID)
	}
	stranger := part
	stranger.Number, stranger.From = 1, mustNumber(t, "+48500600709")
	k.put(t, k.scope, stranger)
	like := func(scope access.Scope) (all []store.InboundPart) {
		Read(t, k.s, scope, func(ctx context.Context, tx store.Tx) (err error) {
			all, err = tx.Conversations().PartsLike(ctx, part)
			return err
		})
		return all
	}
	if got := like(k.scope); len(got) != 2 || got[0].Number != 1 || got[1].Number != 2 || got[0].Body.Reveal() != "b" {
		t.Fatalf("parts: %+v", got)
	}
	if got := like(k.other); len(got) != 0 {
		t.Errorf("another organization sees %d parts", len(got))
	}
	loose := func(before time.Time) int {
		n := 0
		Read(t, k.s, System(), func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Conversations().LooseParts(ctx, before, 100)
			for _, p := range all {
				if p.Route == part.Route && p.From == part.From && p.Org == k.scope.Org() {
					n++
				}
			}
			return err
		})
		return n
	}
	if loose(Start) != 0 || loose(Start.Add(time.Second)) != 2 {
		t.Error("loose parts are those received before then")
	}
	err := k.s.Read(context.Background(), k.scope, func(tx store.Tx) error {
		_, err := tx.Conversations().LooseParts(context.Background(), Start, 1)
		return err
	})
	if !errs.Is(err, errs.Forbidden) {
		t.Errorf("loose parts of every organization: %v", err)
	}
	text := id.New()
	Write(t, k.s, k.other, func(ctx context.Context, tx store.Tx) error { return tx.Conversations().JoinParts(ctx, ids, id.New()) })
	Write(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) error { return tx.Conversations().JoinParts(ctx, ids, text) })
	if len(like(k.scope)) != 0 || loose(Start.Add(time.Hour)) != 0 {
		t.Error("joined parts are still loose")
	}
	again := part
	again.Number, again.Raw = 1, phi.T("b")
	if got, fresh := k.put(t, k.scope, again); fresh || got.Text != text {
		t.Errorf("a joined part came again: %+v, fresh %v", got, fresh)
	}
}

func inboundTexts(t *testing.T, k *talk) {
	point, thread, sender := id.New(), id.New(), id.New()
	var all []conversation.Inbound
	for i := range 3 {
		text := conversation.Inbound{Route: id.New(), Sender: sender, Point: point, From: mustNumber(t, "+48500600703"),
			Text: phi.T("czy mogę zmienić?"), Parts: 2, Missing: 1, ReceivedAt: Start.Add(time.Duration(i) * time.Minute),
			Intent: "unclear", OptOut: "no", Outcome: conversation.ToPerson}
		Write(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) (err error) {
			text, err = tx.Conversations().PutInbound(ctx, text)
			return err
		})
		all = append(all, text)
	}
	t.Run("a text comes back as it was, and its meaning may be corrected", func(t *testing.T) {
		changed := all[0]
		changed.Intent, changed.OptOut, changed.Outcome = "cancel", "likely", conversation.Acted
		changed.Question, changed.Conversation = id.New(), thread
		Write(t, k.s, k.other, func(ctx context.Context, tx store.Tx) error {
			stranger := changed
			stranger.Intent = "stolen"
			return tx.Conversations().SetMeaning(ctx, stranger)
		})
		Write(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) error { return tx.Conversations().SetMeaning(ctx, changed) })
		Read(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Conversations().Inbound(ctx, all[0].ID)
			if got != changed {
				t.Errorf("got %+v\nwant %+v", got, changed)
			}
			return err
		})
	})
	t.Run("a number's texts are paged newest first", func(t *testing.T) {
		Read(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) error {
			page, err := tx.Conversations().InboundOf(ctx, point, store.Page{Limit: 2})
			if err != nil || len(page) != 2 || page[0].ID != all[2].ID || page[1].ID != all[1].ID {
				t.Fatalf("page %+v, %v", page, err)
			}
			rest, err := tx.Conversations().InboundOf(ctx, point, store.Page{After: page[1].ID})
			if len(rest) != 1 || rest[0].ID != all[0].ID {
				t.Errorf("rest %+v", rest)
			}
			return err
		})
	})
	t.Run("another organization sees nothing", func(t *testing.T) {
		Read(t, k.s, k.other, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Conversations().Inbound(ctx, all[0].ID)
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("by id: %v", err)
			}
			page, err := tx.Conversations().InboundOf(ctx, point, store.Page{})
			if len(page) != 0 {
				t.Errorf("by number: %d", len(page))
			}
			return err
		})
	})
}

func threads(t *testing.T, k *talk) {
	site := id.New()
	thread := func(point, location id.ID) (c conversation.Conversation) {
		Write(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) (err error) {
			c, err = tx.Conversations().Thread(ctx, point, location)
			return err
		})
		return c
	}
	update := func(scope access.Scope, c conversation.Conversation) (out conversation.Conversation, err error) {
		err = k.s.InTx(context.Background(), scope, func(tx store.Tx) (err error) {
			out, err = tx.Conversations().UpdateThread(context.Background(), c)
			return err
		})
		return out, err
	}
	quiet := thread(id.New(), site)
	if quiet.State != conversation.Quiet || quiet.Version != 1 || quiet.Location != site {
		t.Fatalf("a new thread: %+v", quiet)
	}
	if again := thread(quiet.Point, id.New()); again != quiet {
		t.Errorf("found again: %+v, was %+v", again, quiet)
	}

	t.Run("who comes second is told", func(t *testing.T) {
		mine := quiet
		mine.State, mine.Claimed, mine.Urgent = conversation.Open, id.New(), true
		mine.LastIn, mine.LastOut, mine.WaitsFrom = Start, Start.Add(time.Second), Start.Add(time.Minute)
		kept, err := update(k.scope, mine)
		if err != nil || kept.Version != 2 {
			t.Fatalf("kept %+v, %v", kept, err)
		}
		if _, err := update(k.scope, quiet); !errs.Is(err, errs.Conflict) {
			t.Errorf("with the old version: %v", err)
		}
		if _, err := update(k.other, kept); !errs.Is(err, errs.Conflict) {
			t.Errorf("by another organization: %v", err)
		}
		Read(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Conversations().ThreadByID(ctx, quiet.ID)
			if got != kept {
				t.Errorf("got %+v\nwant %+v", got, kept)
			}
			return err
		})
	})
	t.Run("urgent ones first, then who waits longest", func(t *testing.T) {
		waits := func(location id.ID, after time.Duration, urgent bool) id.ID {
			c := thread(id.New(), location)
			c.State, c.WaitsFrom, c.Urgent = conversation.Open, Start.Add(after), urgent
			if _, err := update(k.scope, c); err != nil {
				t.Fatal(err)
			}
			return c.ID
		}
		here := id.New()
		late, early := waits(here, time.Hour, false), waits(here, time.Minute, false)
		urgent := waits(here, 2*time.Hour, true)
		Read(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Conversations().WaitingThreads(ctx, here, 10)
			if len(all) != 3 || all[0].ID != urgent || all[1].ID != early || all[2].ID != late {
				t.Errorf("order %+v", all)
			}
			if err != nil {
				return err
			}
			if all, err = tx.Conversations().WaitingThreads(ctx, id.ID{}, 1); len(all) != 1 || !all[0].Urgent {
				t.Errorf("everywhere: %+v", all)
			}
			n, _ := tx.Conversations().CountWaiting(ctx)
			if n != 4 {
				t.Errorf("%d wait", n)
			}
			return err
		})
		Read(t, k.s, k.other, func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Conversations().WaitingThreads(ctx, id.ID{}, 10)
			n, _ := tx.Conversations().CountWaiting(ctx)
			if _, e := tx.Conversations().ThreadByID(ctx, urgent); len(all) != 0 || n != 0 || !errs.Is(e, errs.NotFound) {
				t.Errorf("another organization sees %d, counts %d, finds %v", len(all), n, e)
			}
			return err
		})
	})
}

func (k *talk) question(point, visit id.ID, codes map[string]string) conversation.Question {
	return conversation.Question{ID: id.New(), Org: k.scope.Org(), Point: point, Person: id.New(), Message: id.New(), Appointment: visit,
		Version: 3, Enrollment: id.New(), Purpose: purpose.Appointment, Codes: codes, AskedAt: Start, ClosesAt: Start.Add(time.Hour)}
}

func (k *talk) ask(scope access.Scope, all ...conversation.Question) error {
	return k.s.InTx(context.Background(), scope, func(tx store.Tx) error {
		asked, err := tx.Conversations().AskQuestions(context.Background(), all)
		if err == nil && slices.Contains(asked, false) {
			return errTaken // rolls back, but nothing was written anyway
		}
		return err
	})
}

// errTaken: another question has a digit.
var errTaken = errors.New("a digit is taken")

// questionsOf splits what a number was asked.
func (k *talk) questionsOf(t *testing.T, scope access.Scope, point id.ID) (open, closed []conversation.Question) {
	t.Helper()
	Read(t, k.s, scope, func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Conversations().QuestionsOf(ctx, []id.ID{point, id.New()}, Start)
		for _, q := range all {
			if q.ClosedAt == nil {
				open = append(open, q)
			} else {
				closed = append(closed, q)
			}
		}
		return err
	})
	return open, closed
}

func questions(t *testing.T, k *talk) {
	codes := map[string]string{"1": "confirm", "2": "cancel"}
	t.Run("a question comes back as it was asked", func(t *testing.T) {
		q := k.question(id.New(), id.New(), codes)
		if err := k.ask(k.scope, q); err != nil {
			t.Fatal(err)
		}
		open, _ := k.questionsOf(t, k.scope, q.Point)
		if len(open) != 1 || !maps.Equal(open[0].Codes, codes) || open[0].Message != q.Message || open[0].Version != 3 ||
			!open[0].ClosesAt.Equal(q.ClosesAt) || open[0].Enrollment != q.Enrollment || open[0].Purpose != q.Purpose {
			t.Errorf("open %+v", open)
		}
		if seen, _ := k.questionsOf(t, k.other, q.Point); len(seen) != 0 {
			t.Errorf("another organization sees %+v", seen)
		}
	})
	t.Run("two open questions of a number never share a digit", func(t *testing.T) {
		q := k.question(id.New(), id.New(), codes)
		clash := k.question(q.Point, id.New(), map[string]string{"2": "confirm", "3": "cancel"})
		apart := k.question(q.Point, id.New(), map[string]string{"4": "confirm", "5": "cancel"})
		if err := k.ask(k.scope, q); err != nil {
			t.Fatal(err)
		}
		Write(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) error {
			beside := k.question(id.New(), id.New(), codes)
			asked, err := tx.Conversations().AskQuestions(ctx, []conversation.Question{clash, beside})
			if len(asked) != 2 || asked[0] || !asked[1] {
				t.Errorf("a shared digit, and none: %v", asked)
			}
			return err
		})
		if err := k.ask(k.scope, k.question(q.Point, id.New(), map[string]string{"3": "confirm"})); err != nil {
			t.Errorf("a digit of the question that was not opened: %v", err)
		}
		if err := k.ask(k.scope, apart); err != nil {
			t.Errorf("other digits: %v", err)
		}
		if open, _ := k.questionsOf(t, k.scope, q.Point); len(open) != 3 {
			t.Errorf("%d are open", len(open))
		}
	})
	t.Run("a text that leaves again asks anew, with other digits", func(t *testing.T) {
		q := k.question(id.New(), id.New(), codes)
		again := k.question(q.Point, q.Appointment, map[string]string{"7": "confirm"})
		again.Message = q.Message
		for _, q := range []conversation.Question{q, again} {
			if err := k.ask(k.scope, q); err != nil {
				t.Fatal(err)
			}
		}
		if open, _ := k.questionsOf(t, k.scope, q.Point); len(open) != 1 || open[0].ID != again.ID {
			t.Errorf("open are %+v", open)
		}
		if err := k.ask(k.scope, k.question(q.Point, id.New(), codes)); err != nil {
			t.Errorf("the first digits are not free: %v", err)
		}
	})
	t.Run("two questions about one visit share their digits, and one answer closes both", func(t *testing.T) {
		old := k.question(id.New(), id.New(), codes)
		fresh := k.question(old.Point, old.Appointment, codes)
		for _, q := range []conversation.Question{old, fresh} {
			if err := k.ask(k.scope, q); err != nil {
				t.Fatal(err)
			}
		}
		if open, closed := k.questionsOf(t, k.scope, old.Point); len(open) != 2 || len(closed) != 0 {
			t.Fatalf("open %d, closed %d", len(open), len(closed))
		}
		Write(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Conversations().CloseQuestion(ctx, old.ID, "confirm")
			return err
		})
		if open, closed := k.questionsOf(t, k.scope, old.Point); len(open) != 0 || len(closed) != 2 {
			t.Errorf("after the answer: open %d, closed %d", len(open), len(closed))
		}
		if err := k.ask(k.scope, k.question(old.Point, id.New(), codes)); err != nil {
			t.Errorf("the digits are not free: %v", err)
		}
	})
}

func questionsEnd(t *testing.T, k *talk) {
	codes := map[string]string{"1": "confirm"}
	t.Run("the first answer closes, and frees the digits", func(t *testing.T) {
		q := k.question(id.New(), id.New(), codes)
		if err := k.ask(k.scope, q); err != nil {
			t.Fatal(err)
		}
		for i, scope := range []access.Scope{k.other, k.scope, k.scope} {
			Write(t, k.s, scope, func(ctx context.Context, tx store.Tx) error {
				closed, err := tx.Conversations().CloseQuestion(ctx, q.ID, "confirm")
				if closed != (i == 1) {
					t.Errorf("try %d: %v", i, closed)
				}
				return err
			})
		}
		if _, closed := k.questionsOf(t, k.scope, q.Point); len(closed) != 1 || closed[0].Answer != "confirm" || !closed[0].ClosedAt.Equal(Start) {
			t.Errorf("closed %+v", closed)
		}
		if err := k.ask(k.scope, k.question(q.Point, id.New(), codes)); err != nil {
			t.Errorf("the digit is not free: %v", err)
		}
	})
	t.Run("questions end with their visit", func(t *testing.T) {
		q, stays := k.question(id.New(), id.New(), codes), k.question(id.New(), id.New(), codes)
		if err := k.ask(k.scope, q, stays); err != nil {
			t.Fatal(err)
		}
		for i, scope := range []access.Scope{k.other, k.scope, k.scope} {
			Write(t, k.s, scope, func(ctx context.Context, tx store.Tx) error {
				n, err := tx.Conversations().CloseQuestionsAbout(ctx, []id.ID{q.Appointment, id.New()})
				if want := map[int]int{1: 1}[i]; n != want {
					t.Errorf("try %d: %d closed", i, n)
				}
				return err
			})
		}
		if open, _ := k.questionsOf(t, k.scope, stays.Point); len(open) != 1 {
			t.Errorf("another visit's question: %+v", open)
		}
		if err := k.ask(k.scope, k.question(q.Point, id.New(), codes)); err != nil {
			t.Errorf("the digit is not free: %v", err)
		}
	})
	t.Run("questions end with their time", func(t *testing.T) {
		q := k.question(id.New(), id.New(), codes)
		endless := k.question(id.New(), id.New(), codes)
		endless.ClosesAt = time.Time{}
		if err := k.ask(k.scope, q, endless); err != nil {
			t.Fatal(err)
		}
		expire := func(now time.Time) {
			Write(t, k.s, System(), func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Conversations().ExpireQuestions(ctx, now, 1000)
				return err
			})
		}
		expire(q.ClosesAt.Add(-time.Second))
		if open, _ := k.questionsOf(t, k.scope, q.Point); len(open) != 1 {
			t.Error("closed too early")
		}
		expire(q.ClosesAt)
		if open, closed := k.questionsOf(t, k.scope, q.Point); len(open) != 0 || len(closed) != 1 {
			t.Error("still open after its time")
		}
		if open, _ := k.questionsOf(t, k.scope, endless.Point); len(open) != 1 {
			t.Error("a question without an end ended")
		}
		if err := k.ask(k.scope, k.question(q.Point, id.New(), codes)); err != nil {
			t.Errorf("the digit is not free: %v", err)
		}
		err := k.s.InTx(context.Background(), k.scope, func(tx store.Tx) error {
			_, err := tx.Conversations().ExpireQuestions(context.Background(), Start, 1)
			return err
		})
		if !errs.Is(err, errs.Forbidden) {
			t.Errorf("by one organization: %v", err)
		}
	})
}

func answersTo(t *testing.T, k *talk) {
	point, stranger := id.New(), id.New()
	var want []id.ID
	Write(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) error {
		var drafts []store.Draft
		for i, kind := range []message.OriginKind{message.FromJourney, message.FromReply, message.FromStaff, message.FromReply} {
			d := store.Draft{Message: message.Message{ID: id.New(), Purpose: purpose.Operational, Channel: patient.SMS, State: message.Queued,
				Origin: message.Origin{Kind: kind}, Point: point, Body: phi.T("hello"), DueAt: Start, PlannedAt: Start.Add(time.Duration(i) * time.Minute)}}
			if kind != message.FromJourney {
				want = append([]id.ID{d.ID}, want...)
			}
			drafts = append(drafts, d)
		}
		drafts[3].State = message.Refused
		_, err := tx.Messages().Insert(ctx, drafts, nil)
		return err
	})
	Read(t, k.s, k.scope, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Messages().AnswersTo(ctx, point, 10)
		if err != nil || len(got) != 3 || got[0].ID != want[0] || got[1].ID != want[1] || got[2].ID != want[2] || got[2].Body.Reveal() != "hello" {
			t.Errorf("%d answers, %v", len(got), err)
		}
		n, err := tx.Messages().AutoReplies(ctx, []id.ID{point, stranger}, Start.Add(time.Minute))
		if len(n) != 1 || n[point] != 1 {
			t.Errorf("a number of nobody got %v automatic answers", n)
		}
		if n, _ := tx.Messages().AutoReplies(ctx, []id.ID{point}, Start.Add(2*time.Minute)); n[point] != 0 {
			t.Errorf("an old answer counts: %v", n)
		}
		return err
	})
	Read(t, k.s, k.other, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Messages().AnswersTo(ctx, point, 10)
		n, _ := tx.Messages().AutoReplies(ctx, []id.ID{point}, Start)
		if len(got) != 0 || len(n) != 0 {
			t.Errorf("another organization sees %d answers, counts %v", len(got), n)
		}
		return err
	})
}
