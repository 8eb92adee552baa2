package reply_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/rules"
)

func ask(id, subject string, codes ...string) reply.OpenQuestion {
	q := reply.OpenQuestion{ID: id, Subject: subject}
	for i, c := range codes {
		q.Choices = append(q.Choices, reply.Choice{Code: c, Intent: []reply.Intent{reply.Confirm, reply.Cancel, reply.Reschedule}[i%3]})
	}
	return q
}

func TestOpenQuestionsNeverShareDigits(t *testing.T) {
	t.Parallel()
	type qs = []reply.OpenQuestion
	for _, c := range []struct {
		name         string
		open, closed qs
		subject      string
		want         string
		codes        []string
		why          reply.Assigned
	}{
		{"the first question gets the low digits", nil, nil, "a", "123", []string{"1", "2", "3"}, reply.CodesFresh},
		{"a second visit gets others", qs{ask("q", "a", "1", "2", "3")}, nil, "b", "123", []string{"4", "5", "6"}, reply.CodesFresh},
		{"the same visit keeps its own", qs{ask("q", "a", "4", "5", "6")}, nil, "a", "123", []string{"4", "5", "6"}, reply.CodesReused},
		{"late answers keep their digits free", nil, qs{ask("q", "a", "1", "2", "3")}, "b", "123", []string{"4", "5", "6"}, reply.CodesFresh},
		{"a visit that moved is asked about with new digits", nil, qs{ask("q", "a", "1", "2", "3")}, "a", "123", []string{"4", "5", "6"}, reply.CodesFresh},
		{"closed ones are reused when nothing else is left", qs{ask("q", "a", "1", "2", "3", "4", "5", "6")}, qs{ask("r", "b", "8")}, "c", "123", []string{"7", "9", "8"}, reply.CodesClosed},
		{"none left", qs{ask("q", "a", "1", "2", "3", "4", "5", "6", "7")}, nil, "b", "123", nil, reply.CodesNone},
		{"the wanted digits where they are free", nil, nil, "a", "197", []string{"1", "9", "7"}, reply.CodesFresh},
		{"low ones where one is not", qs{ask("q", "a", "9")}, nil, "b", "197", []string{"1", "2", "3"}, reply.CodesFresh},
		{"the same visit asked about for other answers", qs{{Subject: "a", Choices: []reply.Choice{{Code: "1", Intent: reply.Confirm}, {Code: "2", Intent: reply.Question}}}},
			nil, "a", "12", []string{"3", "4"}, reply.CodesFresh},
		{"digits keep their meaning, whatever their order", qs{{Subject: "a", Choices: []reply.Choice{{Code: "1", Intent: reply.Reschedule},
			{Code: "8", Intent: reply.Confirm}, {Code: "9", Intent: reply.Cancel}}}}, nil, "a", "123", []string{"8", "9", "1"}, reply.CodesReused},
		{"asking for none", nil, nil, "a", "", nil, reply.CodesNone},
	} {
		var want []reply.Choice
		for i, code := range strings.Split(c.want, "")[:len(c.want)] {
			want = append(want, reply.Choice{Code: code, Intent: []reply.Intent{reply.Confirm, reply.Cancel, reply.Reschedule}[i%3]})
		}
		codes, why := reply.AssignCodes(c.open, c.closed, c.subject, want)
		if !slices.Equal(codes, c.codes) || why != c.why {
			t.Errorf("%s: %v %s", c.name, codes, why)
		}
	}
}

func TestAnswersFindTheirQuestion(t *testing.T) {
	t.Parallel()
	r := setup(t)
	a, b := ask("qa", "a", "1", "2", "3"), ask("qb", "b", "4", "5", "6")
	late := ask("ql", "l", "7", "8")
	again := ask("qa2", "a", "1", "2", "3")
	again.AskedAt = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	type qs = []reply.OpenQuestion
	for _, c := range []struct {
		name, text   string
		open, closed qs
		want         reply.Decision
	}{
		{"a digit of one of two", "5", qs{a, b}, nil, reply.Decision{Outcome: reply.Answers, Reason: reply.OneQuestion, QuestionID: "qb", Intent: reply.Cancel}},
		{"a word with two open", "yes", qs{a, b}, nil, reply.Decision{Outcome: reply.ToPerson, Reason: reply.SeveralOpen, Intent: reply.Confirm}},
		{"a word with one open", "yes", qs{a}, qs{late}, reply.Decision{Outcome: reply.Answers, Reason: reply.OneQuestion, QuestionID: "qa", Intent: reply.Confirm}},
		{"asked twice about one visit", "yes", qs{a, again}, nil, reply.Decision{Outcome: reply.Answers, Reason: reply.OneQuestion, QuestionID: "qa2", Intent: reply.Confirm}},
		{"a digit asked twice about one visit", "2", qs{again, a}, nil, reply.Decision{Outcome: reply.Answers, Reason: reply.OneQuestion, QuestionID: "qa2", Intent: reply.Cancel}},
		{"a digit that two visits share", "1", qs{a, ask("qx", "x", "1")}, nil, reply.Decision{Outcome: reply.ToPerson, Reason: reply.SeveralOpen, Intent: reply.Unclear}},
		{"one visit, but the digit changed its meaning", "1", qs{a, {ID: "qz", Subject: "a", Choices: []reply.Choice{{Code: "1", Intent: reply.Cancel}}}}, nil, reply.Decision{Outcome: reply.ToPerson, Reason: reply.SeveralOpen, Intent: reply.Unclear}},
		{"a moved visit's old digit", "1", qs{ask("qn", "a", "4", "5", "6")}, qs{a}, reply.Decision{Outcome: reply.TooLate, Reason: reply.ClosedQuestion, QuestionID: "qa", Intent: reply.Unclear}},
		{"a closed question's digit", "8", qs{a}, qs{late}, reply.Decision{Outcome: reply.TooLate, Reason: reply.ClosedQuestion, QuestionID: "ql", Intent: reply.Unclear}},
		{"a digit of an open and a closed one", "1", qs{a}, qs{ask("ql", "l", "1", "2")}, reply.Decision{Outcome: reply.ToPerson, Reason: reply.SharedWithLate, Intent: reply.Confirm}},
		{"a closed question's word", "tak", nil, qs{late}, reply.Decision{Outcome: reply.TooLate, Reason: reply.ClosedQuestion, QuestionID: "ql", Intent: reply.Confirm}},
		{"a digit nobody gave", "9", qs{a}, nil, reply.Decision{Outcome: reply.ToPerson, Reason: reply.NotOffered, Intent: reply.Unclear}},
		{"a meaning not offered", "another day", qs{ask("q", "a", "1", "2")}, nil, reply.Decision{Outcome: reply.ToPerson, Reason: reply.NotOffered, Intent: reply.Reschedule}},
		{"nothing asked", "yes", nil, nil, reply.Decision{Outcome: reply.ToInbox, Reason: reply.NoQuestion, Intent: reply.Confirm}},
		{"a digit and nothing asked", "1", nil, nil, reply.Decision{Outcome: reply.ToInbox, Reason: reply.NoQuestion, Intent: reply.Unclear}},
		{"not read", "purple monkey", qs{a}, nil, reply.Decision{Outcome: reply.ToPerson, Reason: reply.NotRead, Intent: reply.Unclear}},
		{"an emergency", "I can't breathe", qs{a}, nil, reply.Decision{Outcome: reply.ToPerson, Reason: reply.NeedsPerson, Intent: reply.Urgent}},
		{"a stop", "STOP", qs{a, b}, nil, reply.Decision{Outcome: reply.Reserved, Reason: reply.NoAnswerNeeded, Intent: reply.OptOut}},
		{"half a stop", "too many messages from you people", qs{a}, nil, reply.Decision{Outcome: reply.ToPerson, Reason: reply.NeedsPerson, Intent: reply.OptOut}},
		{"thanks", "thank you!", qs{a}, nil, reply.Decision{Outcome: reply.Nothing, Reason: reply.NoAnswerNeeded, Intent: reply.Thanks}},
		{"a code that disagrees with its word", "1 cancel", qs{a}, nil, reply.Decision{Outcome: reply.ToPerson, Reason: reply.NotRead, Intent: reply.Unclear}},
	} {
		got := reply.Match(r.read(c.text, "GB", "en", c.open...), c.open, c.closed)
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestTextsMustNotInviteReservedWords(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for _, c := range []struct {
		country string
		langs   []string
		invited []string
		hits    []string
	}{
		{"US", []string{"en"}, []string{"CANCEL", "1"}, []string{"CANCEL"}},
		{"PL", []string{"en", "pl"}, []string{"Yes", "TAK", "2"}, []string{"Yes"}},
		{"CN", []string{"zh"}, []string{"R", "C"}, []string{"R"}},
		{"US", []string{"en"}, []string{"R", "C"}, nil},
		{"CA", []string{"fr"}, []string{"Arrêt", "OUI"}, []string{"Arrêt"}},
		{"MX", []string{"es"}, []string{"alto"}, []string{"alto"}},
		{"SA", []string{"ar"}, []string{"إلغاء", "1"}, []string{"إلغاء"}},
		{"GB", []string{"en"}, []string{"1", "2", "3"}, nil},
	} {
		var hits []string
		for _, h := range reply.Collides(c.invited, c.country, c.langs, r.book, r.day) {
			hits = append(hits, h.Invited)
			if h.RuleID == "" || h.Offer == "" || slices.Contains(c.invited, h.Offer) {
				t.Errorf("%s %v: no rule or no safe offer: %+v", c.country, c.invited, h)
			}
			if again := reply.Collides([]string{h.Offer}, c.country, c.langs, r.book, r.day); len(again) > 0 {
				t.Errorf("the offer collides too: %+v", again)
			}
		}
		if !slices.Equal(hits, c.hits) {
			t.Errorf("%s %v: %v, want %v", c.country, c.invited, hits, c.hits)
		}
	}
	if h := reply.Collides([]string{"START"}, "PL", nil, r.book, r.day); len(h) != 1 || h[0].Role != rules.Start {
		t.Errorf("START: %+v", h)
	}
}

func TestInvitationsAreFoundInTexts(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for _, c := range []struct {
		country, lang, text string
		hits                []string
	}{
		{"US", "en", "Visit on Monday. Reply CANCEL to cancel.", []string{"cancel"}},
		{"US", "en", "Reply 1 to confirm or CANCEL to cancel", []string{"CANCEL"}},
		{"US", "en", "Reply 1 to confirm, 2 to cancel your visit. We cancel after 15 minutes.", nil},
		{"GB", "en", "Please respond with yes or no", []string{"yes"}},
		{"PL", "pl", "Odpisz STOP, aby odwołać wizytę", []string{"stop"}},
		{"PL", "pl", "Odpisz 1, aby potwierdzić, 2, aby odwołać", nil},
		{"MX", "es", "Responda BAJA si no puede venir", []string{"baja"}},
		{"CA", "fr", "Répondez ARRÊT pour annuler", []string{"arret"}},
		{"DE", "de", "Antworten Sie mit STOP zum Absagen", []string{"stop"}},
		{"CN", "zh", "回复R改期，回复1确认", []string{"r"}},
		{"CN", "zh", "回复1确认，回复2取消", nil},
		{"SA", "ar", "أرسل إلغاء لإلغاء الموعد", []string{"الغاء"}},
		{"US", "en", "Do not STOP your tablets before the visit", nil},
	} {
		var hits []string
		for _, h := range reply.Collides(r.words.Invited(c.text), c.country, []string{c.lang}, r.book, r.day) {
			hits = append(hits, h.Invited)
		}
		if !slices.Equal(hits, c.hits) {
			t.Errorf("%s %q: %v, want %v", c.country, c.text, hits, c.hits)
		}
	}
}
