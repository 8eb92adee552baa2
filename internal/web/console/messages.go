package console

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/explain"
)

// group is a set of states that people think of together.
type group struct {
	Name   string
	States []message.State
}

// groups are the choices of the message list's first filter.
var groups = []group{
	{"waiting", []message.State{message.Planned, message.Queued, message.Sending}},
	{"held", []message.State{message.Held}},
	{"sent", []message.State{message.Accepted, message.Delivered}},
	{"problem", []message.State{message.Undelivered, message.Failed, message.Unknown}},
	{"not_sent", []message.State{message.Refused, message.Expired, message.Cancelled}},
}

// messagesView is the list with what it is narrowed to. Filters are enums and ids, so they may stand in
// the address.
type messagesView struct {
	Group   string
	Purpose purpose.Purpose
	Reason  message.Reason
	Counts  desk.Counts
	List    []desk.Addressed
	Next    id.ID
	First   bool
}

func (c *Console) messages(w http.ResponseWriter, r *http.Request, p *Page) {
	q := r.URL.Query()
	v := messagesView{Group: q.Get("group"), Reason: message.Reason(q.Get("reason")), First: true}
	f := desk.Filter{Location: p.Site, Reason: v.Reason}
	if i := slices.IndexFunc(groups, func(g group) bool { return g.Name == v.Group }); i >= 0 {
		f.States = groups[i].States
	} else {
		v.Group = ""
	}
	if x := purpose.Purpose(q.Get("purpose")); x.Valid() {
		v.Purpose, f.Purpose = x, x
	}
	after, err := id.Parse(q.Get("after"))
	v.First = err != nil
	if v.Counts, err = c.need.Desk.Counts(r.Context(), p.Scope, p.Now.Add(-7*24*time.Hour)); err != nil {
		c.fail(w, r, p, err)
		return
	}
	if v.List, v.Next, err = c.need.Desk.Messages(r.Context(), p.Scope, f, after); err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, messagesPage(p, v))
}

// with is the list's address with one filter changed.
func (v *messagesView) with(name, value string) string {
	q := url.Values{}
	set := func(k, val string) {
		if val != "" {
			q.Set(k, val)
		}
	}
	set("group", v.Group)
	set("purpose", string(v.Purpose))
	set("reason", string(v.Reason))
	q.Del(name)
	set(name, value)
	if len(q) == 0 {
		return "/messages"
	}
	return "/messages?" + q.Encode()
}

// messageView is one message's page.
type messageView struct {
	desk.Told
	Zone *time.Location
	Now  *explain.Now // when it was asked
}

func (c *Console) message(w http.ResponseWriter, r *http.Request, p *Page) {
	m, err := pathID(r, "id")
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	told, err := c.need.Desk.Message(r.Context(), p.Scope, m)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, messagePage(p, messageView{Told: told, Zone: p.Zone(told.Location)}))
}

// messageNow answers "what would happen now?" with the code that decides for real.
func (c *Console) messageNow(w http.ResponseWriter, r *http.Request, p *Page) {
	m, err := pathID(r, "id")
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	told, err := c.need.Desk.Message(r.Context(), p.Scope, m)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	now, err := c.need.Explain.Now(r.Context(), p.Scope, m)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	v := messageView{Told: told, Zone: p.Zone(told.Location), Now: &now}
	if r.Header.Get("HX-Request") != "" {
		c.show(w, r, http.StatusOK, nowCard(p, v))
		return
	}
	c.show(w, r, http.StatusOK, messagePage(p, v))
}

// says reports whether what the state means adds something to the reason.
func says(l desk.Line) bool { return explain.Why(&l.Message) != message.ReasonNone }

// excerpt is a text cut for a list; a message without one is named by its purpose.
func excerpt(w *Words, l desk.Line) string {
	text := []rune(l.Body.Reveal())
	if len(text) == 0 {
		return w.Enum("purpose.", string(l.Purpose))
	}
	if len(text) > 110 {
		return string(text[:109]) + "…"
	}
	return string(text)
}
