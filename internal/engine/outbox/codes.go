package outbox

import (
	"maps"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// Digits of a reply map are given when a text leaves, not when it is planned: a visit would hold them for days during
// which nobody can answer, and nine digits are soon gone. What a waiting text shows is how it would read now.

// wantedCodes is the variable that keeps which answers a text offers, with the digits that its journey wants for them:
// "confirm=1,cancel=2".
const wantedCodes = "reply.wanted"

func wantedText(choices []reply.Choice) string {
	all := make([]string, len(choices))
	for i, c := range choices {
		all[i] = string(c.Intent) + "=" + c.Code
	}
	return strings.Join(all, ",")
}

// wanted reads it back.
func wanted(d *store.Draft) (choices []reply.Choice) {
	for pair := range strings.SplitSeq(d.Vars[wantedCodes].Reveal(), ",") {
		intent, code, _ := strings.Cut(pair, "=")
		choices = append(choices, reply.Choice{Code: code, Intent: reply.Intent(intent)})
	}
	return choices
}

// questionDraft is what a text with reply codes will open.
type questionDraft struct {
	open  reply.OpenQuestion
	codes map[string]string
	none  bool // no digit of the number is free
}

func (q *questionDraft) failed() bool { return q != nil && q.none }

// codeVars are the template's names of reply codes.
var codeVars = map[reply.Intent]content.Name{
	reply.Confirm: content.ReplyConfirm, reply.Cancel: content.ReplyCancel,
	reply.Reschedule: content.ReplyReschedule, reply.Question: content.ReplyQuestion,
}

// assignCodes gives the text digits that no other open question of the number uses.
func assignCodes(it *item, open, closed []reply.OpenQuestion) {
	subject := it.draft.Appointment.String()
	choices := wanted(it.draft)
	codes, _ := reply.AssignCodes(open, closed, subject, choices)
	q := &questionDraft{codes: map[string]string{}, none: len(codes) == 0}
	it.question = q
	it.draft.Vars = maps.Clone(it.draft.Vars) // the stored draft keeps its own
	for _, n := range codeVars {
		delete(it.draft.Vars, string(n))
	}
	if q.none {
		return
	}
	q.open = reply.OpenQuestion{ID: it.draft.ID.String(), Subject: subject, AskedAt: it.at}
	for i, c := range choices {
		intent := c.Intent
		q.codes[codes[i]] = string(intent)
		q.open.Choices = append(q.open.Choices, reply.Choice{Code: codes[i], Intent: intent})
		if n, ok := codeVars[intent]; ok {
			setVar(it.draft, string(n), phi.T(codes[i]))
		}
	}
}

// asStands is the question of a stored text whose digits are still those that the number has free for it; nil when it would
// get others.
func asStands(d *store.Draft, visit *schedule.Appointment, open, closed []reply.OpenQuestion, now time.Time) *conversation.Question {
	choices := wanted(d)
	digits, _ := reply.AssignCodes(open, closed, d.Appointment.String(), choices)
	if len(digits) == 0 {
		return nil
	}
	codes := make(map[string]string, len(digits))
	for i, c := range choices {
		if n, shown := codeVars[c.Intent]; shown && d.Vars[string(n)].Reveal() != digits[i] {
			return nil
		}
		codes[digits[i]] = string(c.Intent)
	}
	return question(d, d.Point, visit, codes, now)
}

// questionOf is the question that the message opens as it leaves.
func questionOf(it *item) *conversation.Question {
	if it.question == nil || it.question.none || it.contact == nil {
		return nil
	}
	return question(it.draft, it.contact.Point.ID, it.visit, it.question.codes, it.at)
}

// question is open until the visit begins, where there is one.
func question(d *store.Draft, point id.ID, visit *schedule.Appointment, codes map[string]string, at time.Time) *conversation.Question {
	closes := d.ExpiresAt
	if visit != nil && !visit.ID.IsZero() {
		closes = visit.Start
	}
	return &conversation.Question{ID: id.New(), Org: d.Org, Point: point, Person: d.Person, Message: d.ID, Appointment: d.Appointment,
		Version: d.AppointmentVersion, Enrollment: d.Origin.Enrollment, Purpose: d.Purpose, Codes: codes, AskedAt: at, ClosesAt: closes}
}

// callOf is the call that is due beside a text which leaves without digits: its reader cannot answer it.
func callOf(it *item) *conversation.Task {
	if !it.question.failed() {
		return nil
	}
	return &conversation.Task{Kind: conversation.CallPatient, Person: it.draft.Person, Location: it.draft.Location,
		Appointment: it.draft.Appointment, Message: it.draft.ID, Reason: string(message.ReasonNoFreeCodes)}
}
