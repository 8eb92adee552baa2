package console

import (
	"net/http"
	"strings"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/engine/desk"
)

type callsView struct {
	List []desk.Call
	Next id.ID
	Done bool
}

// callOutcomes in the order they are offered.
var callOutcomes = []conversation.TaskOutcome{conversation.Reached, conversation.LeftWord, conversation.NotReached,
	conversation.DoneOther, conversation.NotNeeded}

func (c *Console) calls(w http.ResponseWriter, r *http.Request, p *Page) {
	v := callsView{Done: r.URL.Query().Get("done_rows") == "yes"}
	after, err := id.Parse(r.URL.Query().Get("after"))
	if err != nil {
		after = id.ID{}
	}
	if v.List, v.Next, err = c.need.Desk.Calls(r.Context(), p.Scope, p.Site, v.Done, after); err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, callsPage(p, v))
}

func (c *Console) endCall(w http.ResponseWriter, r *http.Request, p *Page) {
	task, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err == nil {
		err = c.need.Record.CompleteTask(r.Context(), p.Scope, task, conversation.TaskOutcome(r.PostForm.Get("outcome")),
			phi.T(strings.TrimSpace(r.PostForm.Get("note"))))
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/calls", "call")
}

// callWhy says in words what made a row of the call list.
func callWhy(w *Words, t conversation.Task) string {
	if key := "call.why." + t.Reason; t.Reason != "" && w.Has(key) {
		return w.T(key)
	}
	if key := "reason." + t.Reason; t.Reason != "" && w.Has(key) {
		return w.T(key)
	}
	return ""
}
