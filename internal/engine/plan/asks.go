package plan

import (
	"context"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/reply"
	"carillon.dev/carillon/internal/engine/outbox"
)

// replan is how soon a text is planned again whose plan met facts that had just moved.
const replan = time.Minute

// askFor is the text that an action wants.
func askFor(pc *piece, a journey.Action) outbox.Ask {
	ask := outbox.Ask{
		ID:      id.New(),
		Origin:  message.Origin{Kind: message.FromJourney, Enrollment: pc.e.ID, Step: a.Ref.Step, Occurrence: a.Ref.Occurrence},
		Purpose: pc.def.Purpose, Person: pc.e.Person, Appointment: pc.e.Appointment, AppointmentVersion: a.Version,
		Location: pc.visit.Location, Template: content.Key(a.Template), DueAt: a.Due, ExpiresAt: a.Expires, Direction: a.Quiet,
	}
	if a.NotAgain {
		ask.Flags |= message.NotAfterAnswer
	}
	if a.KeepsRoom {
		ask.Flags |= message.KeepsRoom
	}
	if a.Asks {
		ask.Codes = codes(pc.def)
	}
	if a.Kind == journey.Notify {
		notice(pc, a, &ask)
	}
	return ask
}

// codes are the answers with a digit, in the order of the file.
func codes(d *journey.Definition) (out []reply.Choice) {
	for _, r := range d.Replies {
		if r.Digit != "" {
			out = append(out, reply.Choice{Code: r.Digit, Intent: reply.Intent(r.Intent)})
		}
	}
	return out
}

// notice adds what only news of a change has: the old time, and the text that it puts right.
func notice(pc *piece, a journey.Action, ask *outbox.Ask) {
	ask.Origin.Kind = message.FromChange
	ask.Flags |= message.ToldChange
	if a.States.Cancelled {
		ask.Flags |= message.VisitEnded
	}
	if !a.Old.Cancelled {
		ask.Old = a.Old.Start
	}
	if !a.Corrects.IsZero() {
		ask.Flags |= message.Correction
		if t, ok := pc.e.Text(a.Corrects); ok {
			ask.Corrects = t.Message
		}
	}
}

// urgency lets notices break quiet hours that cannot wait for the next window.
func (p *Planner) urgency(ctx context.Context, scope access.Scope, f *facts, open []place) error {
	var notices []place
	var asks []outbox.Ask
	for _, o := range open {
		if o.asked().action.Kind == journey.Notify {
			notices, asks = append(notices, o), append(asks, o.asked().ask)
		}
	}
	if len(notices) == 0 {
		return nil
	}
	hours, err := p.outbox.Hours(ctx, scope, asks)
	if err != nil {
		return err
	}
	for i, o := range notices {
		if breaksQuiet(hours[i], f.now, o.asked().action.Begins, travelTo(f.places[o.piece.e.Visit.Location])) {
			o.asked().ask.Flags |= message.BreaksQuiet
		}
	}
	return nil
}

func travelTo(l org.Location) time.Duration {
	if l.Travel > 0 {
		return l.Travel
	}
	return org.DefaultTravel
}

// soon is how near a visit must be for its news not to wait where the hours never open.
const soon = 24 * time.Hour

// breaksQuiet: news of a visit that begins before the next window's end plus the way there would come too late
// in that window. Where there is no window at all, only news of a visit within a day does not wait.
func breaksQuiet(tt quiet.Timetable, now, begins time.Time, travel time.Duration) bool {
	if open, _ := tt.At(now); open {
		return false
	}
	var end time.Time
	next, ok := tt.NextOpen(now)
	if ok {
		end, ok = tt.WindowEnd(next)
	}
	if !ok || end.IsZero() {
		return begins.Before(now.Add(soon))
	}
	return begins.Before(end.Add(travel))
}
