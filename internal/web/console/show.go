package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/web/words"
)

// looks of a message's states: tone and icon; the word comes from the catalogue.
var stateLooks = map[message.State]chip{
	message.Planned:     {toneQuiet, "clock", ""},
	message.Held:        {toneWait, "player-pause", ""},
	message.Queued:      {toneInfo, "clock", ""},
	message.Sending:     {toneInfo, "send", ""},
	message.Accepted:    {toneInfo, "check", ""},
	message.Delivered:   {toneGood, "circle-check", ""},
	message.Undelivered: {toneBad, "circle-x", ""},
	message.Unknown:     {toneWait, "help-circle", ""},
	message.Failed:      {toneBad, "circle-x", ""},
	message.Expired:     {toneQuiet, "hourglass", ""},
	message.Refused:     {toneWait, "ban", ""},
	message.Cancelled:   {toneQuiet, "ban", ""},
}

func stateChip(w *Words, s message.State) chip {
	c := stateLooks[s]
	c.Text = w.Enum("state.", string(s))
	return c
}

// messageChip is the state of a message: one that ran out of time at the carrier's is another thing than one
// that was dropped here before it left.
func messageChip(w *Words, l desk.Line) chip {
	c := stateLooks[l.State]
	switch {
	case words.GaveUp(&l.Message) && l.Reason == message.ReasonNoReceipt:
		c = chip{toneWait, "help-circle", ""}
	case words.GaveUp(&l.Message):
		c = chip{toneBad, "circle-x", ""}
	case words.NotNeeded(&l.Message):
		c = chip{toneQuiet, "ban", ""}
	}
	c.Text = w.State(l)
	return c
}

func answerChip(w *Words, a schedule.Answer) chip {
	switch a {
	case schedule.Accepted:
		return chip{toneGood, "circle-check", w.T("answer.accepted")}
	case schedule.Declined:
		return chip{toneBad, "circle-x", w.T("answer.declined")}
	case schedule.Tentative:
		return chip{toneWait, "message-reply", w.T("answer.tentative")}
	}
	return chip{toneQuiet, "circle-dashed", w.T("answer.none")}
}

func visitChip(w *Words, s schedule.Status) chip {
	c := chip{toneInfo, "calendar-event", w.Enum("visit.", string(s))}
	switch s {
	case schedule.Cancelled, schedule.EnteredInError:
		c.Tone, c.Icon = toneQuiet, "calendar-off"
	case schedule.NoShow:
		c.Tone, c.Icon = toneBad, "circle-x"
	case schedule.Arrived, schedule.Fulfilled, schedule.CheckedIn:
		c.Tone, c.Icon = toneGood, "check"
	case schedule.Waitlist, schedule.Proposed, schedule.Pending:
		c.Tone, c.Icon = toneQuiet, "clock"
	}
	return c
}

// number is a phone number in groups, as people read one out.
func number(n phone.Number) string {
	if n.IsZero() {
		return ""
	}
	return n.Display()
}

// when is a time on a site's clock: hours on the same day, with the date otherwise.
func (p *Page) when(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	if sameDay(t, p.Now.In(zone)) {
		return p.W.Clock(t)
	}
	return p.W.Moment(t)
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// birth is the birth date as precisely as it is known.
func (p *Page) birth(f patient.Facts) string {
	s := f.BirthDate.Reveal()
	if s == "" {
		return ""
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		s = p.W.Date(t)
	}
	return p.W.T("person.born", "When", s)
}

// languageName is a language in the reader's own, with its region where one is given: "English (US)".
func (p *Page) languageName(code string) string {
	base, region, _ := strings.Cut(code, "-")
	name := p.W.Enum("language.", base)
	if region != "" {
		name += " (" + region + ")"
	}
	return name
}

// languageNames lists languages in the reader's own.
func (p *Page) languageNames(codes []string) string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = p.languageName(c)
	}
	return strings.Join(names, ", ")
}

// classHours are the hours in which a class of texts may leave, one line for days that are alike.
type classHours struct {
	Class string
	Lines []string
}

// openHours puts a site's own hours into words; a class without an entry follows the country's rules.
func openHours(w *Words, q quiet.Policy) (out []classHours) {
	for _, class := range []purpose.Class{purpose.ClassCare, purpose.ClassMarketing} {
		h, ok := q.Classes[class]
		if !ok || h.AnyTime {
			continue
		}
		ch := classHours{Class: w.Enum("class.", string(class))}
		for first := 0; first < 7; {
			last := first
			for last < 6 && slices.Equal(h.Week[weekday(last+1)], h.Week[weekday(first)]) {
				last++
			}
			days := w.Weekday(weekday(first))
			if last > first {
				days += "–" + w.Weekday(weekday(last))
			}
			ch.Lines = append(ch.Lines, days+" "+spanWords(w, h.Week[weekday(first)]))
			first = last + 1
		}
		out = append(out, ch)
	}
	return out
}

// weekday counts from Monday.
func weekday(n int) time.Weekday { return time.Weekday((n + 1) % 7) }

func spanWords(w *Words, windows []quiet.Window) string {
	if len(windows) == 0 {
		return w.T("hours.closed")
	}
	parts := make([]string, len(windows))
	for i, x := range windows {
		parts[i] = fmt.Sprintf("%02d:%02d–%02d:%02d", x.From/60, x.From%60, x.To/60, x.To%60)
	}
	return strings.Join(parts, ", ")
}
