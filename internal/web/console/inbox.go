package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/inbox"
)

func (c *Console) inbox(w http.ResponseWriter, r *http.Request, p *Page) {
	list, err := c.need.Inbox.List(r.Context(), p.Scope, p.Site)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, inboxPage(p, list))
}

// threadView is one conversation with the answer that is being written.
type threadView struct {
	inbox.Thread
	Coming []desk.Visit // visits that the last text may be about
	Typed  string
	Errors fieldErrors
}

func (c *Console) thread(w http.ResponseWriter, r *http.Request, p *Page) {
	c.showThread(w, r, p, http.StatusOK, threadView{})
}

func (c *Console) showThread(w http.ResponseWriter, r *http.Request, p *Page, status int, v threadView) {
	thread, err := pathID(r, "id")
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	if v.Thread, err = c.need.Inbox.Thread(r.Context(), p.Scope, thread); err != nil {
		c.fail(w, r, p, err)
		return
	}
	people := make([]id.ID, len(v.People))
	for i, x := range v.People {
		people[i] = x.ID
	}
	if v.Coming, err = c.need.Desk.Coming(r.Context(), p.Scope, people); err != nil {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, status, threadPage(p, v))
}

// threadForm reads which conversation a form is about and which version of it the reader saw.
func (c *Console) threadForm(w http.ResponseWriter, r *http.Request) (thread id.ID, version int64, err error) {
	if thread, err = pathID(r, "id"); err != nil {
		return thread, 0, err
	}
	if err = c.smallForm(w, r); err != nil {
		return thread, 0, err
	}
	version, err = strconv.ParseInt(r.PostForm.Get("version"), 10, 64)
	if err != nil {
		return thread, 0, errs.Wrap(errs.Invalid, "the form is not whole: open the conversation again", err)
	}
	return thread, version, nil
}

func (c *Console) claimThread(w http.ResponseWriter, r *http.Request, p *Page) {
	thread, version, err := c.threadForm(w, r)
	if err == nil {
		err = c.need.Inbox.Claim(r.Context(), p.Scope, thread, version)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/inbox/"+thread.String(), "claimed")
}

func (c *Console) closeThread(w http.ResponseWriter, r *http.Request, p *Page) {
	thread, version, err := c.threadForm(w, r)
	if err == nil {
		err = c.need.Inbox.Close(r.Context(), p.Scope, thread, version)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	back(w, r, "/inbox", "closed")
}

func (c *Console) replyThread(w http.ResponseWriter, r *http.Request, p *Page) {
	thread, version, err := c.threadForm(w, r)
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	text := r.PostForm.Get("text")
	done := r.PostForm.Get("keep") == ""
	_, err = c.need.Inbox.Reply(r.Context(), p.Scope, thread, version, phi.T(text), done)
	var refused inbox.Refusal
	switch {
	case err == nil && done:
		back(w, r, "/inbox", "replied")
	case err == nil:
		back(w, r, "/inbox/"+thread.String(), "replied")
	case errors.As(err, &refused):
		c.showThread(w, r, p, http.StatusUnprocessableEntity, threadView{Typed: text,
			Errors: fieldErrors{"text": p.W.Enum("reason.", string(refused))}})
	case errs.Is(err, errs.Invalid):
		c.showThread(w, r, p, http.StatusUnprocessableEntity, threadView{Typed: text, Errors: fieldsOf(p.W, err)})
	default:
		c.fail(w, r, p, err)
	}
}

// meter says while somebody types what the answer would cost and whether it may leave.
func (c *Console) meter(w http.ResponseWriter, r *http.Request, p *Page) {
	thread, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	if err != nil {
		c.fail(w, r, p, err)
		return
	}
	text := r.PostForm.Get("text")
	if strings.TrimSpace(text) == "" {
		c.show(w, r, http.StatusOK, meterLine(p, inbox.Preview{}, 0))
		return
	}
	preview, err := c.need.Inbox.Preview(r.Context(), p.Scope, thread, phi.T(text))
	if err != nil && !errs.Is(err, errs.Invalid) {
		c.fail(w, r, p, err)
		return
	}
	c.show(w, r, http.StatusOK, meterLine(p, preview, len([]rune(text))))
}

// meant keeps what a person says the last text meant, and does what follows from it.
func (c *Console) meant(w http.ResponseWriter, r *http.Request, p *Page) {
	thread, err := pathID(r, "id")
	if err == nil {
		err = c.smallForm(w, r)
	}
	var k inbox.Marking
	if err == nil {
		k, err = marking(r)
	}
	if err == nil {
		_, err = c.need.Meanings.Mark(r.Context(), p.Scope, k)
	}
	switch errs.KindOf(err) {
	case "":
		back(w, r, "/inbox/"+thread.String(), "meant")
	case errs.Invalid:
		c.showThread(w, r, p, http.StatusUnprocessableEntity, threadView{Errors: fieldErrors{"meaning": errs.Safe(err)}})
	default:
		c.fail(w, r, p, err)
	}
}

// marking reads which text, what it meant, and about which visit at which version.
func marking(r *http.Request) (k inbox.Marking, err error) {
	k.Meaning = inbox.Meaning(r.PostForm.Get("meaning"))
	if k.Text, err = id.Parse(r.PostForm.Get("text")); err != nil {
		return k, err
	}
	visit, version, ok := strings.Cut(r.PostForm.Get("visit"), "@")
	if !ok || !needsVisit(k.Meaning) {
		return k, nil
	}
	if k.Visit, err = id.Parse(visit); err != nil {
		return k, err
	}
	k.Version, err = strconv.ParseInt(version, 10, 64)
	if err != nil {
		return k, errs.Wrap(errs.Invalid, "the form is not whole: open the conversation again", err)
	}
	return k, nil
}

// meanings that the page offers: those about a visit only while one is ahead, those about an opt-out that are
// still open.
func meanings(v threadView) (out []inbox.Meaning) {
	if len(v.Coming) > 0 {
		out = append(out, inbox.MeantConfirm, inbox.MeantCancel, inbox.MeantReschedule)
	}
	if v.Waiting.Point.OptedOutAt == nil {
		out = append(out, inbox.MeantOptOut)
	}
	if v.Waiting.Point.Suspended {
		out = append(out, inbox.MeantNoOptOut)
	}
	return append(out, inbox.MeantWrongNumber, inbox.MeantNothing)
}

func needsVisit(m inbox.Meaning) bool {
	return m == inbox.MeantConfirm || m == inbox.MeantCancel || m == inbox.MeantReschedule
}

// talkers is how a conversation is headed: who is on the number, or the number of a stranger.
func talkers(w *Words, t inbox.Waiting) string {
	if len(t.People) == 0 {
		if n := t.Point.Number; !n.IsZero() {
			return n.Display()
		}
		return w.T("inbox.stranger")
	}
	names := make([]string, len(t.People))
	for i, p := range t.People {
		names[i] = w.Name(p)
	}
	return strings.Join(names, ", ")
}

// since is how long somebody waits, in words.
func since(w *Words, from, now time.Time) string {
	d := now.Sub(from)
	switch {
	case from.IsZero() || d < 0:
		return ""
	case d < time.Hour:
		return w.N("since.minutes", max(1, int(d.Minutes())))
	case d < 48*time.Hour:
		return w.N("since.hours", int(d.Hours()))
	}
	return w.N("since.days", int(d.Hours()/24))
}

func outcomeChip(w *Words, in *conversation.Inbound) (chip, bool) {
	switch in.Outcome {
	case conversation.Acted:
		return chip{toneGood, "check", w.Enum("inbound.", in.Intent)}, in.Intent != ""
	case conversation.Incomplete:
		return chip{toneWait, "alert-triangle", w.T("inbound.incomplete")}, true
	case conversation.Closed:
		return chip{toneQuiet, "clock", w.T("inbound.closed")}, true
	}
	return chip{}, false
}

// blocked reports whether the gate would stop an answer.
func blocked(v inbox.Preview) (message.Reason, bool) {
	if len(v.Reasons) == 0 || v.Verdict == gate.Send {
		return "", false
	}
	return v.Reasons[0], true
}
