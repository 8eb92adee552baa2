package console

import (
	"net/http"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/selftest"
)

type carriersView struct {
	List   []desk.Carrier
	Errors map[string]fieldErrors // by route
	Typed  string

	Tests      []selftest.Test
	Test       id.ID // the route whose test form was wrong
	TestTyped  string
	TestErrors fieldErrors
}

func (c *Console) carriers(w http.ResponseWriter, r *http.Request, p *Page) {
	c.showCarriers(w, r, p, http.StatusOK, carriersView{})
}

func (c *Console) showCarriers(w http.ResponseWriter, r *http.Request, p *Page, status int, v carriersView) {
	var err error
	if v.List, err = c.need.Desk.Carriers(r.Context(), p.Scope); err == nil {
		v.Tests, err = c.need.SelfTest.Status(r.Context(), p.Scope)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, status, carriersPage(p, v))
}

// setRoute opens, stops or puts a route on trial.
func (c *Console) setRoute(w http.ResponseWriter, r *http.Request, p *Page) {
	route, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err == nil {
		err = c.need.Routes.SetState(r.Context(), p.Scope, route, desk.RouteState(r.PostForm.Get("state")))
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/carriers", "route")
}

// setGuests reads the guest list of a route on trial: one number a line.
func (c *Console) setGuests(w http.ResponseWriter, r *http.Request, p *Page) {
	route, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	typed := r.PostForm.Get("guests")
	numbers, err := guestNumbers(typed, p.Org.Region)
	if errs.Is(err, errs.Invalid) {
		c.guestsAgain(w, r, p, route.String(), typed)
		return
	}
	if err := c.need.Routes.SetGuests(r.Context(), p.Scope, route, numbers); err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/carriers", "guests")
}

// guestsAgain shows the page again with what was typed and which line is wrong.
func (c *Console) guestsAgain(w http.ResponseWriter, r *http.Request, p *Page, route, typed string) {
	v := carriersView{Typed: typed, Errors: map[string]fieldErrors{route: {"guests": p.W.T("carriers.guests.wrong")}}}
	c.showCarriers(w, r, p, http.StatusUnprocessableEntity, v)
}

func guestNumbers(typed, region string) (out []phone.Number, err error) {
	for _, line := range strings.Split(typed, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		n, err := phone.Parse(phi.T(line), region)
		if err != nil {
			return nil, errs.New(errs.Invalid, "one of the lines is no phone number").At("guests")
		}
		out = append(out, n)
	}
	return out, nil
}

func routeChip(w *Words, s desk.RouteState) chip {
	c := chip{toneQuiet, "info-circle", w.Enum("route.", string(s))}
	switch s {
	case desk.RouteOpen:
		c.Tone, c.Icon = toneGood, "circle-check"
	case desk.RouteStopped:
		c.Tone, c.Icon = toneBad, "hand-stop"
	case desk.RouteTrial, desk.RouteDraining:
		c.Tone, c.Icon = toneWait, "hourglass"
	}
	return c
}

// atLeast is a count that was read up to a bound.
func atLeast(w *Words, n int) string {
	if n >= desk.Bound {
		return w.Int(n) + "+"
	}
	return w.Int(n)
}

// receiptsText says how receipts come, in numbers of texts.
func receiptsText(w *Words, r desk.Receipts) string {
	switch {
	case !r.Known:
		return w.T("carriers.receipts.unknown")
	case r.Usual == 0:
		return w.T("carriers.receipts.never")
	}
	return w.T("carriers.receipts.usual", "Usual", w.Int(r.Usual), "Had", w.Int(r.Texts-r.Missing), "Texts", w.Int(r.Texts))
}

// guestLines is the guest list as it is typed.
func guestLines(numbers []phone.Number) string {
	lines := make([]string, len(numbers))
	for i, n := range numbers {
		lines[i] = n.Display()
	}
	return strings.Join(lines, "\n")
}

func guestsTyped(c desk.Carrier, v carriersView) string {
	if v.Errors[c.ID.String()] != nil {
		return v.Typed
	}
	return guestLines(c.Guests)
}

func senderSite(p *Page, s desk.Sender) string {
	if s.Location.IsZero() {
		return p.W.T("carriers.sender.everywhere")
	}
	return p.Location(s.Location).Name
}

func senderWays(w *Words, s desk.Sender) string {
	switch {
	case s.Disabled:
		return w.T("carriers.sender.off")
	case s.TwoWay:
		return w.T("carriers.sender.two_way")
	}
	return w.T("carriers.sender.one_way")
}

func lineChip(w *Words, state string) chip {
	c := chip{toneBad, "circle-x", w.Enum("line.", state)}
	switch state {
	case "up":
		c.Tone, c.Icon = toneGood, "circle-check"
	case "stopping", "stopped":
		c.Tone, c.Icon = toneQuiet, "player-pause"
	}
	return c
}
