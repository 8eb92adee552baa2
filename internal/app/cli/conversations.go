package cli

import (
	"encoding/json"
	"strings"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/web/api"
)

type conversationCmd struct {
	List    conversationListCmd    `cmd:"" help:"List what waits for a person: urgent first, then who waits longest."`
	Show    conversationShowCmd    `cmd:"" help:"Show a conversation, both ways."`
	Reply   conversationReplyCmd   `cmd:"" help:"Answer; the text is read from standard input."`
	Close   conversationCloseCmd   `cmd:"" help:"Say that nothing waits any more."`
	Release conversationReleaseCmd `cmd:"" help:"Give a conversation back that somebody has taken."`
}

type conversationListCmd struct {
	storage
	Location string `help:"Location (name, code or id); every one when left out." placeholder:"NAME"`
	JSON     bool   `help:"Print JSON."`
}

// Run lists what waits.
func (l conversationListCmd) Run(c *console) error {
	return l.tell(c, "conversation list", func(t *teller) error {
		site, err := t.site(l.Location)
		if err != nil {
			return err
		}
		all, err := t.sys.Inbox.List(c.ctx, t.scope, site.ID)
		if err != nil {
			return err
		}
		if err := t.looked(desk.Look{Action: "conversation.list", Kind: "conversation", Found: len(all)}); err != nil {
			return err
		}
		if l.JSON {
			out := make([]api.Conversation, len(all))
			for i := range all {
				out[i] = api.ShowWaiting(&all[i])
			}
			return json.NewEncoder(c.out).Encode(out)
		}
		for i := range all {
			t.thread(&all[i])
			if text := all[i].Last.Text; !text.IsEmpty() {
				c.printf("%s\n", quoted(text.Reveal()))
			}
		}
		if len(all) == 0 {
			c.printf("nothing waits for a person\n")
		}
		return nil
	})
}

// thread prints a conversation's head.
func (t *teller) thread(x *inbox.Waiting) {
	urgent, taken := "", ""
	if x.Urgent {
		urgent = "urgent"
	}
	if x.By != "" {
		taken = "taken by " + x.By
	}
	since := ""
	if !x.WaitsFrom.IsZero() {
		since = "waits since " + t.when(x.WaitsFrom, x.Location)
	}
	t.printf("%s  v%d  %s\n", x.ID, x.Version, row(t.talkers(x), string(x.State), urgent, since, taken))
}

// talkers is who is on the number.
func (t *teller) talkers(x *inbox.Waiting) string {
	var names []string
	for _, p := range x.People {
		names = append(names, t.w.Name(p))
	}
	if number := x.Point.Number; !number.IsZero() {
		names = append(names, number.Display())
	}
	return strings.Join(names, ", ")
}

// onThread is a command about one conversation.
type onThread struct {
	storage
	ID string `arg:"" name:"conversation" help:"The conversation's id." placeholder:"CONVERSATION"`
}

type conversationShowCmd struct {
	onThread
	JSON bool `help:"Print JSON."`
}

// Run shows a conversation, oldest text first.
func (s conversationShowCmd) Run(c *console) error {
	return s.on(c, "conversation show", s.ID, "conversation", func(t *teller, at id.ID) error {
		x, err := t.sys.Inbox.Thread(c.ctx, t.scope, at)
		if err != nil {
			return err
		}
		if err := t.looked(desk.Look{Action: "conversation.open", Kind: "conversation", Object: at}); err != nil {
			return err
		}
		if s.JSON {
			return json.NewEncoder(c.out).Encode(api.ShowThread(&x))
		}
		t.thread(&x.Waiting)
		for _, p := range x.People {
			c.printf("    patient %s  %s\n", p.ID, t.w.Name(p))
		}
		for i := range x.Said {
			t.said(&x, &x.Said[i])
		}
		return nil
	})
}

// said prints one text of a conversation, with what became of it.
func (t *teller) said(x *inbox.Thread, s *inbox.Said) {
	who, became := "they", ""
	switch {
	case s.Message != nil:
		who, became = "we", t.w.State(desk.Line{Message: *s.Message})
	case s.Inbound != nil && s.Inbound.Intent != "":
		became = t.w.Enum("inbound.", s.Inbound.Intent)
	}
	t.printf("    %s  %s\n%s\n", t.when(s.At, x.Location), row(who, became), quoted(s.Text.Reveal()))
}

type conversationReplyCmd struct {
	onThread
	versioned
	Patient string `help:"Who of the people on the number is answered; whoever was asked last when left out." placeholder:"ID"`
	Done    bool   `help:"Nothing waits any more after it."`
	File    string `help:"File with the text; standard input when left out." default:"-" placeholder:"FILE"`
}

// Run answers. What the gate refuses is not written, and the reason is said.
func (r conversationReplyCmd) Run(c *console) error {
	return r.on(c, "conversation reply", r.ID, "conversation", func(t *teller, at id.ID) error {
		a := inbox.Answer{Thread: at, Version: r.Version, Done: r.Done}
		var err error
		if r.Patient != "" {
			if a.Person, err = idArg(r.Patient, "--patient"); err != nil {
				return err
			}
		}
		if a.Text, err = c.askText(r.File, "The answer"); err != nil {
			return err
		}
		m, err := t.sys.Inbox.ReplyTo(c.ctx, t.scope, a)
		if err == nil {
			c.printf("%s; carillon message show %s says what becomes of it\n", m, m)
		}
		return err
	})
}

type conversationCloseCmd struct {
	onThread
	versioned
}

// Run ends the waiting.
func (x conversationCloseCmd) Run(c *console) error {
	return x.on(c, "conversation close", x.ID, "conversation", func(t *teller, at id.ID) error {
		err := t.sys.Inbox.Close(c.ctx, t.scope, at, x.Version)
		if err == nil {
			c.printf("%s waits no more\n", at)
		}
		return err
	})
}

type conversationReleaseCmd struct {
	onThread
	versioned
}

// Run gives a conversation back.
func (x conversationReleaseCmd) Run(c *console) error {
	return x.on(c, "conversation release", x.ID, "conversation", func(t *teller, at id.ID) error {
		err := t.sys.Inbox.Release(c.ctx, t.scope, at, x.Version)
		if err == nil {
			c.printf("%s waits for anybody again\n", at)
		}
		return err
	})
}
