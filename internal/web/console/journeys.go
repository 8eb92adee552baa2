package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/engine/desk"
)

func (c *Console) journeys(w http.ResponseWriter, r *http.Request, p *Page) {
	list, err := c.need.Desk.Journeys(r.Context(), p.Scope)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, journeysPage(p, list))
}

// journeyName is the definition's own name in the reader's language.
func journeyName(w *Words, d *journey.Definition) string {
	for _, code := range []string{w.Code, "en"} {
		if n := d.Names[code]; n != "" {
			return n
		}
	}
	return d.Key
}

// stepWhen says in words when a step goes.
func stepWhen(w *Words, s journey.Step) string {
	if s.From == journey.FromBooking && s.Offset.IsZero() {
		return w.T("step.when.at_booking")
	}
	before := s.Offset.Days < 0 || s.Offset.Time < 0
	span := offsetWords(w, s.Offset)
	switch {
	case s.From == journey.FromBooking:
		return w.T("step.when.after_booking", "Span", span)
	case before:
		return w.T("step.when.before_visit", "Span", span)
	}
	return w.T("step.when.after_visit", "Span", span)
}

// offsetWords is a span without its direction: whole days, hours or minutes.
func offsetWords(w *Words, o journey.Offset) string {
	abs := func(n int) int { return max(n, -n) }
	var parts []string
	if o.Days != 0 {
		parts = append(parts, w.N("span.days", abs(o.Days)))
	}
	minutes := abs(int(o.Time / time.Minute))
	if h := minutes / 60; h > 0 {
		parts = append(parts, w.N("span.hours", h))
	}
	if m := minutes % 60; m > 0 {
		parts = append(parts, w.N("span.minutes", m))
	}
	return strings.Join(parts, " ")
}

// stepIf are a step's conditions in words.
func stepIf(w *Words, s journey.Step) (out []string) {
	c := s.OnlyIf
	if !c.BookedMoreThan.IsZero() {
		out = append(out, w.T("step.if.booked_more_than", "Span", offsetWords(w, c.BookedMoreThan)))
	}
	if c.BookedWithin > 0 {
		out = append(out, w.T("step.if.booked_within", "Span", offsetWords(w, journey.Offset{Time: c.BookedWithin})))
	}
	if c.NotConfirmed {
		out = append(out, w.T("step.if.not_confirmed"))
	}
	if c.QuietFor > 0 {
		out = append(out, w.T("step.if.quiet_for", "Span", offsetWords(w, journey.Offset{Time: c.QuietFor})))
	}
	if s.Asks {
		out = append(out, w.T("step.asks"))
	}
	if s.CallIfUnreached {
		out = append(out, w.T("step.calls"))
	}
	return append(out, w.Enum("step.quiet.", string(s.Quiet)))
}

// older are the versions before the newest.
func older(j desk.Journey) string {
	var out []string
	for _, v := range slices.DeleteFunc(slices.Clone(j.Versions), func(n int) bool { return n == j.Version }) {
		out = append(out, strconv.Itoa(v))
	}
	return strings.Join(out, ", ")
}
