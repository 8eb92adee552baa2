package record

import (
	"context"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/store"
)

var _ inbound.Desk = (*Service)(nil)

// PatientAnswered keeps a patient's answer as a row of its own, bound to the version of the visit that was asked
// about, and does what follows: where the calendar is ours "cancel" cancels the visit, elsewhere it stops the
// reminders and a person cancels it there; "another time" becomes a task. It runs in the caller's transaction.
func (s *Service) PatientAnswered(ctx context.Context, tx store.Tx, a inbound.PatientAnswer) (inbound.Told, error) {
	if a.Intent == reply.Question {
		return inbound.QuestionKept, nil
	}
	v, err := tx.Visits().Get(ctx, a.Visit)
	if err != nil {
		if errs.Is(err, errs.NotFound) {
			return inbound.TooLate, nil
		}
		return "", err
	}
	same, err := stillSo(ctx, tx, &v, a.Version)
	if err != nil || !same {
		return inbound.TooLate, err
	}
	answer, ok := answers[a.Intent]
	if !ok {
		return inbound.QuestionKept, nil
	}
	if err := s.keep(ctx, tx, &v, answer, a.Person, a.Inbound); err != nil {
		return "", err
	}
	return follow(ctx, tx, &v, answer, a.Thread)
}

var answers = map[reply.Intent]schedule.Answer{
	reply.Confirm: schedule.Accepted, reply.Cancel: schedule.Declined, reply.Reschedule: schedule.Tentative,
}

// stillSo: the visit is ahead, expected, and stands as the text that asked stated it. A change that no text
// states, such as another practitioner, leaves the answer good.
func stillSo(ctx context.Context, tx store.Tx, v *schedule.Appointment, asked int64) (bool, error) {
	if !v.Status.Expected() || !v.Start.After(tx.Now()) {
		return false, nil
	}
	if asked == v.Version {
		return true, nil
	}
	all, err := tx.Journeys().EnrollmentsOf(ctx, []id.ID{v.ID})
	if err != nil {
		return false, err
	}
	now := journey.Fact{Start: v.Start, Location: v.Location}
	for i := range all {
		for _, t := range all[i].Texts {
			if t.Version == asked && !t.States.Cancelled && t.States.Start.Equal(now.Start) && t.States.Location == now.Location {
				return true, nil
			}
		}
	}
	return false, nil
}

// keep writes the answer, bound to the visit as it stands, and touches the journeys.
func (s *Service) keep(ctx context.Context, tx store.Tx, v *schedule.Appointment, answer schedule.Answer, person, inboundText id.ID) error {
	r := schedule.Response{Appointment: v.ID, Version: v.Version, Person: person, Answer: answer, Inbound: inboundText, At: tx.Now()}
	if _, err := tx.Visits().Answer(ctx, r); err != nil {
		return err
	}
	if err := tx.Journeys().Touch(ctx, []store.Touch{{Visit: v.ID}}); err != nil {
		return err
	}
	return note(ctx, tx, "visit.answer", "appointment", v.ID, "answer="+string(answer))
}

// follow does what an answer means for the calendar. A task is linked to the conversation that it came by, if it did.
func follow(ctx context.Context, tx store.Tx, v *schedule.Appointment, answer schedule.Answer, thread id.ID) (inbound.Told, error) {
	task := conversation.Task{Conversation: thread, Person: v.Person, Location: v.Location, Appointment: v.ID, Reason: string(answer), DueAt: tx.Now()}
	switch answer {
	case schedule.Declined:
		owner, err := calendarOf(ctx, tx, v)
		if err != nil {
			return "", err
		}
		if owner == org.OwnCalendar {
			v.Status = schedule.Cancelled
			_, err := update(ctx, tx, *v, "visit.cancel", true)
			return inbound.CancelledNow, err
		}
		task.Kind = conversation.CancelVisit
		return inbound.CancelRequested, tx.Tasks().Add(ctx, []conversation.Task{task})
	case schedule.Tentative:
		task.Kind = conversation.MoveVisit
		return inbound.WillCall, tx.Tasks().Add(ctx, []conversation.Task{task})
	}
	// Who confirms after all needs nobody to move or cancel the visit.
	for _, kind := range []conversation.TaskKind{conversation.CancelVisit, conversation.MoveVisit} {
		if _, err := tx.Tasks().Drop(ctx, kind, []id.ID{v.ID}); err != nil {
			return "", err
		}
	}
	return inbound.Confirmed, nil
}

// calendarOf says who keeps the calendar of a visit: a visit that was made here is ours.
func calendarOf(ctx context.Context, tx store.Tx, v *schedule.Appointment) (org.CalendarOwner, error) {
	if v.Source.IsZero() {
		return org.OwnCalendar, nil
	}
	o, err := tx.Orgs().Get(ctx)
	return o.CalendarOwner, err
}

// Answer records what a patient said by phone or at the desk about a visit as it stands.
func (s *Service) Answer(ctx context.Context, scope access.Scope, visit id.ID, version int64, answer schedule.Answer) error {
	return s.write(ctx, scope, func(tx store.Tx) error {
		v, err := tx.Visits().Get(ctx, visit)
		if err != nil {
			return err
		}
		if v.Version != version {
			return errs.New(errs.Conflict, "the visit was changed meanwhile; look again")
		}
		if !v.Status.Expected() || !v.Start.After(tx.Now()) {
			return errs.New(errs.Precondition, "the visit is over or cancelled")
		}
		if err := s.keep(ctx, tx, &v, answer, v.Person, id.ID{}); err != nil {
			return err
		}
		_, err = follow(ctx, tx, &v, answer, id.ID{})
		return err
	})
}
