package reply

import (
	"slices"
	"strconv"
	"time"

	"carillon.dev/carillon/internal/core/fold"
)

// OpenQuestion is something that a number was asked and may still answer, or (closed) might have.
type OpenQuestion struct {
	ID string
	// Subject is what it is about, such as an appointment; two questions about one subject are one question.
	Subject string
	Choices []Choice
	AskedAt time.Time
	// ClosedAt is set on a closed question: its answer never acts.
	ClosedAt time.Time
}

// Choice is one code of the menu, a digit (or a short word) and what it means.
type Choice struct {
	Code   string
	Intent Intent
}

// choice finds a folded code.
func (q OpenQuestion) choice(code string) (Choice, bool) {
	for _, c := range q.Choices {
		if fold.Key(c.Code) == code {
			return c, true
		}
	}
	return Choice{}, false
}

// Offers reports whether the question can be answered by the intent.
func (q OpenQuestion) Offers(i Intent) bool {
	for _, c := range q.Choices {
		if c.Intent == i {
			return true
		}
	}
	return false
}

// Assigned says what became of a request for codes.
type Assigned string

const (
	CodesFresh  Assigned = "fresh"        // digits that nothing else uses
	CodesReused Assigned = "same_subject" // the codes the same subject already has
	CodesClosed Assigned = "recently_closed_reused"
	CodesNone   Assigned = "no_digits_left"
)

// AssignCodes gives a new question digits of 1 to 9 that no open question of the number uses, one for each that is
// wanted: the wanted ones when all of them are free, else low ones first; digits of recently closed questions come last,
// for a late answer to those must not act: a visit that moved is asked about with other digits than before. A subject
// that already has an open question with the same answers keeps its codes, each with its meaning. With too few digits left nothing is given.
func AssignCodes(open, closed []OpenQuestion, subject string, choices []Choice) ([]string, Assigned) {
	wanted := make([]string, len(choices))
	for i, c := range choices {
		wanted[i] = c.Code
	}
	n := len(wanted)
	taken, late := map[string]bool{}, map[string]bool{}
	for _, q := range open {
		if q.Subject == subject && subject != "" {
			if codes := q.codesFor(choices); codes != nil {
				return codes, CodesReused
			}
		}
		mark(taken, q)
	}
	for _, q := range closed {
		mark(late, q)
	}
	var fresh, reused []string
	for d := 1; d <= 9; d++ {
		s := strconv.Itoa(d)
		switch {
		case taken[s]:
		case late[s]:
			reused = append(reused, s)
		default:
			fresh = append(fresh, s)
		}
	}
	unfree := func(code string) bool { return !slices.Contains(fresh, code) }
	switch {
	case n == 0 || n > len(fresh)+len(reused):
		return nil, CodesNone
	case !slices.ContainsFunc(wanted, unfree):
		return slices.Clone(wanted), CodesFresh
	case n <= len(fresh):
		return fresh[:n], CodesFresh
	}
	return append(fresh, reused...)[:n], CodesClosed
}

func mark(set map[string]bool, q OpenQuestion) {
	for _, c := range q.Choices {
		set[fold.Key(c.Code)] = true
	}
}

// codesFor are the codes that a question has for the same answers, in the order of choices; nil when it offers others.
func (q OpenQuestion) codesFor(choices []Choice) []string {
	if len(q.Choices) != len(choices) || len(choices) == 0 {
		return nil
	}
	out := make([]string, len(choices))
	for i, want := range choices {
		at := slices.IndexFunc(q.Choices, func(c Choice) bool { return c.Intent == want.Intent })
		if at < 0 {
			return nil
		}
		out[i] = q.Choices[at].Code
	}
	return out
}

// Outcome says what to do with a reading.
type Outcome string

const (
	Answers  Outcome = "answers"  // it answers QuestionID with Intent
	ToPerson Outcome = "person"   // somebody must look
	TooLate  Outcome = "closed"   // it answers a closed question: tell the truth, change nothing
	ToInbox  Outcome = "inbox"    // nothing is asked; show it
	Reserved Outcome = "reserved" // opt-out, help, start: not about a question
	Nothing  Outcome = "nothing"  // thanks, or a machine's answer: keep it, do nothing
)

// MatchReason says why.
type MatchReason string

const (
	OneQuestion    MatchReason = "one_question"
	SeveralOpen    MatchReason = "several_open"
	SharedWithLate MatchReason = "code_also_of_closed"
	NotOffered     MatchReason = "not_offered"
	NotRead        MatchReason = "not_read"
	NoQuestion     MatchReason = "no_question"
	ClosedQuestion MatchReason = "question_closed"
	NeedsPerson    MatchReason = "needs_person"
	NoAnswerNeeded MatchReason = "no_answer_needed"
)

// Decision is which question a reading answers.
type Decision struct {
	Outcome    Outcome
	Reason     MatchReason
	QuestionID string // open for Answers, closed for TooLate
	Intent     Intent
}

// Match finds the one open question that a reading answers. A code belongs to the question that gave it; a
// word fits only when a single subject is open and its question offers that meaning. What could answer two
// goes to a person, and what answers a closed question never acts.
func Match(r Result, open, closed []OpenQuestion) Decision {
	switch {
	case r.Intent == OptOut, r.Intent == Help, r.Intent == Start:
		if r.Intent == OptOut && r.OptOut != Sure {
			return Decision{Outcome: ToPerson, Reason: NeedsPerson, Intent: r.Intent}
		}
		return Decision{Outcome: Reserved, Reason: NoAnswerNeeded, Intent: r.Intent}
	case r.Intent == Urgent, r.Intent == WrongNumber:
		return Decision{Outcome: ToPerson, Reason: NeedsPerson, Intent: r.Intent}
	case r.Intent == Thanks, r.Intent == AutoReply:
		return Decision{Outcome: Nothing, Reason: NoAnswerNeeded, Intent: r.Intent}
	case r.Code != "":
		return matchCode(r, open, closed)
	case !r.Acts():
		return unread(r, open)
	}
	return matchWord(r, open, closed)
}

func unread(r Result, open []OpenQuestion) Decision {
	if len(open) == 0 {
		return Decision{Outcome: ToInbox, Reason: NoQuestion, Intent: r.Intent}
	}
	return Decision{Outcome: ToPerson, Reason: NotRead, Intent: r.Intent}
}

func matchCode(r Result, open, closed []OpenQuestion) Decision {
	if r.Evidence == Mixed {
		return Decision{Outcome: ToPerson, Reason: NotRead, Intent: r.Intent}
	}
	now, late := givers(r.Code, open), givers(r.Code, closed)
	switch {
	case len(now) > 1 && !(oneSubject(now) && oneMeaning(r.Code, now)):
		return Decision{Outcome: ToPerson, Reason: SeveralOpen, Intent: r.Intent}
	case len(now) > 0 && len(late) > 0:
		return Decision{Outcome: ToPerson, Reason: SharedWithLate, Intent: r.Intent}
	case len(now) > 0:
		q := newest(now)
		c, _ := q.choice(fold.Key(r.Code))
		return Decision{Outcome: Answers, Reason: OneQuestion, QuestionID: q.ID, Intent: c.Intent}
	case len(late) > 0:
		return Decision{Outcome: TooLate, Reason: ClosedQuestion, QuestionID: newest(late).ID, Intent: r.Intent}
	case len(open) > 0:
		return Decision{Outcome: ToPerson, Reason: NotOffered, Intent: r.Intent}
	}
	return Decision{Outcome: ToInbox, Reason: NoQuestion, Intent: r.Intent}
}

func matchWord(r Result, open, closed []OpenQuestion) Decision {
	switch {
	case len(open) > 1 && !oneSubject(open):
		return Decision{Outcome: ToPerson, Reason: SeveralOpen, Intent: r.Intent}
	case len(open) > 0 && r.Intent == Question:
		return Decision{Outcome: ToPerson, Reason: NeedsPerson, QuestionID: newest(open).ID, Intent: Question}
	case len(open) > 0 && !newest(open).Offers(r.Intent):
		return Decision{Outcome: ToPerson, Reason: NotOffered, Intent: r.Intent}
	case len(open) > 0:
		return Decision{Outcome: Answers, Reason: OneQuestion, QuestionID: newest(open).ID, Intent: r.Intent}
	case len(closed) > 0 && r.Intent != Question && newest(closed).Offers(r.Intent):
		return Decision{Outcome: TooLate, Reason: ClosedQuestion, QuestionID: newest(closed).ID, Intent: r.Intent}
	}
	return Decision{Outcome: ToInbox, Reason: NoQuestion, Intent: r.Intent}
}

func givers(code string, qs []OpenQuestion) []OpenQuestion {
	var out []OpenQuestion
	for _, q := range qs {
		if _, ok := q.choice(fold.Key(code)); ok {
			out = append(out, q)
		}
	}
	return out
}

// oneMeaning reports that a code means the same to all questions that gave it.
func oneMeaning(code string, qs []OpenQuestion) bool {
	first, _ := qs[0].choice(fold.Key(code))
	for _, q := range qs[1:] {
		if c, _ := q.choice(fold.Key(code)); c.Intent != first.Intent {
			return false
		}
	}
	return true
}

// oneSubject reports that all questions are about one named thing.
func oneSubject(qs []OpenQuestion) bool {
	for _, q := range qs {
		if q.Subject == "" || q.Subject != qs[0].Subject {
			return false
		}
	}
	return true
}

func newest(qs []OpenQuestion) OpenQuestion {
	last := qs[0]
	for _, q := range qs[1:] {
		if q.AskedAt.After(last.AskedAt) {
			last = q
		}
	}
	return last
}
