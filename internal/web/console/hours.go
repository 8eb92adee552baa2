package console

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

// siteClasses are the kinds of texts that a site has hours for.
var siteClasses = []purpose.Class{purpose.ClassCare, purpose.ClassMarketing}

// hoursForm is a week of one class as a form shows it.
type hoursForm struct {
	Class  purpose.Class
	Own    bool
	Closed bool // on public holidays
	Week   [7][]spanForm
}

// spanForm is one stretch of a day, as time fields have it; a day ends at 00:00.
type spanForm struct{ From, To string }

// leastSpans is how many stretches of a day a form has room for: a morning and an afternoon.
const leastSpans = 2

func hoursForms(p quiet.Policy) (out []hoursForm) {
	for _, class := range siteClasses {
		h, own := p.Classes[class]
		f := hoursForm{Class: class, Own: own, Closed: own && !h.OnHolidays && !h.AnyTime}
		for d := range f.Week {
			for _, w := range h.Week[d] {
				f.Week[d] = append(f.Week[d], spanForm{clockField(w.From), clockField(w.To)})
			}
			for len(f.Week[d]) < leastSpans {
				f.Week[d] = append(f.Week[d], spanForm{})
			}
		}
		out = append(out, f)
	}
	return out
}

func clockField(minute int) string {
	minute %= 24 * 60
	return fmt.Sprintf("%02d:%02d", minute/60, minute%60)
}

// spanField is the name of a time field: class, day from Sunday, which stretch, and its end.
func spanField(class purpose.Class, day, span int, end string) string {
	return string(class) + "-" + strconv.Itoa(day) + "-" + strconv.Itoa(span) + "-" + end
}

// mostSpans bounds what a form may bring for a day.
const mostSpans = 12

// hoursTyped reads a week back; the second is false when the country's rules are to hold.
func hoursTyped(r *http.Request, class purpose.Class) (f hoursForm, h quiet.Hours, err error) {
	f = hoursForm{Class: class, Own: r.PostForm.Get(string(class)) == "own", Closed: r.PostForm.Get(string(class)+"-holidays") == "closed"}
	h.OnHolidays = !f.Closed
	for d := range f.Week {
		for n := range mostSpans {
			span := spanForm{r.PostForm.Get(spanField(class, d, n, "from")), r.PostForm.Get(spanField(class, d, n, "to"))}
			if n >= leastSpans && span == (spanForm{}) {
				break
			}
			f.Week[d] = append(f.Week[d], span)
			if span == (spanForm{}) {
				continue
			}
			from, ok1 := quiet.ParseClock(span.From)
			to, ok2 := quiet.ParseClock(span.To)
			if to == 0 {
				to = 24 * 60
			}
			if !ok1 || !ok2 {
				err = errs.New(errs.Invalid, "give both times of each stretch, or none").At("hours." + string(class))
				continue
			}
			h.Week[d] = append(h.Week[d], quiet.Window{From: from, To: to})
		}
	}
	if f.Own && err == nil && h.Check() != nil {
		err = errs.New(errs.Invalid, "the stretches of a day must be in order and apart").At("hours." + string(class))
	}
	return f, h, err
}

// saveHours keeps when a location writes: hours, holidays and closed days.
func (c *Console) saveHours(w http.ResponseWriter, r *http.Request, p *Page) {
	v, err := c.siteOf(r, p)
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	next := quiet.Policy{Classes: map[purpose.Class]quiet.Hours{}, Holidays: codesTyped(r.PostForm.Get("holidays"))}
	v.More = r.PostForm.Get("holidays")
	var wrong error
	for i, class := range siteClasses {
		f, h, err := hoursTyped(r, class)
		if v.Hours[i] = f; !f.Own {
			continue
		}
		if next.Classes[class] = h; err != nil && wrong == nil {
			wrong = err
		}
	}
	if next.Closures, err = closuresTyped(r, v.Location.Hours.Closures); err != nil && wrong == nil {
		wrong = err
	}
	if wrong == nil {
		wrong = c.need.Settings.SetHours(r.Context(), p.Scope, v.ID, next)
	}
	c.siteSaved(w, r, p, v, v.ID, "hours", wrong)
}

// closuresTyped are the closed days that stay, and those from one date to another that come to them.
func closuresTyped(r *http.Request, have []quiet.Day) ([]quiet.Day, error) {
	keep := r.PostForm["closed"]
	out := slices.DeleteFunc(slices.Clone(have), func(d quiet.Day) bool { return !slices.Contains(keep, d.String()) })
	from, to := strings.TrimSpace(r.PostForm.Get("close-from")), strings.TrimSpace(r.PostForm.Get("close-to"))
	if from == "" && to == "" {
		return out, nil
	}
	if to == "" {
		to = from
	}
	days, err := quiet.ParseDays(from, to)
	if err != nil {
		return out, errs.Wrap(errs.Invalid, "give the first and the last closed day in order, at most a year apart", err).(*errs.Error).At("close")
	}
	return append(out, days...), nil
}
