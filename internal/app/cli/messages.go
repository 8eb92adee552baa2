package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/web/api"
	"carillon.dev/carillon/internal/web/words"
)

type messageCmd struct {
	List messageListCmd `cmd:"" help:"List messages, newest first."`
	Show messageShowCmd `cmd:"" help:"Say why a message was or was not sent, how that was decided, and what would happen now."`
	Send messageSendCmd `cmd:"" help:"Send a text to a patient; it is read from standard input."`
}

type messageListCmd struct {
	storage
	State    []string `help:"States, such as held or refused; may be given several times. Every one when left out." placeholder:"STATE"`
	Since    string   `help:"Due since then: a span such as 2h or 7d, or a day." placeholder:"SPAN|DAY"`
	Location string   `help:"Location (name, code or id)." placeholder:"NAME"`
	Purpose  string   `help:"What it is for, such as appointment." placeholder:"PURPOSE"`
	Reason   string   `help:"Reason, such as no_consent." placeholder:"REASON"`
	After    string   `help:"Go on after this message: the last one of the page before." placeholder:"ID"`
	JSON     bool     `help:"Print JSON."`
}

// Run lists a page of messages.
func (l messageListCmd) Run(c *console) error {
	return l.tell(c, "message list", func(t *teller) error {
		f, after, err := l.filter(t)
		if err != nil {
			return err
		}
		list, next, err := t.desk.Messages(c.ctx, t.scope, f, after)
		if err != nil {
			return err
		}
		if err := t.looked(desk.Look{Action: "message.list", Kind: "message", Found: len(list)}); err != nil {
			return err
		}
		if l.JSON {
			return pageJSON(c, list, next)
		}
		for i := range list {
			t.message(&list[i].Line, t.w.Name(list[i].Who))
		}
		switch {
		case len(list) == 0:
			c.printf("no such messages\n")
		case !next.IsZero():
			_, _ = fmt.Fprintf(c.err, "there are more: --after=%s\n", next)
		}
		return nil
	})
}

func pageJSON(c *console, list []desk.Addressed, next id.ID) error {
	out := struct {
		Items []api.Message `json:"items"`
		Next  id.ID         `json:"next,omitzero"`
	}{Items: make([]api.Message, len(list)), Next: next}
	for i := range list {
		out.Items[i] = api.ShowMessage(&list[i].Line)
	}
	return json.NewEncoder(c.out).Encode(out)
}

func (l messageListCmd) filter(t *teller) (f desk.Filter, after id.ID, err error) {
	known := map[string]message.State{}
	var names []string
	for _, s := range message.States() {
		known[string(s)] = s
		names = append(names, string(s))
	}
	for _, s := range l.State {
		if known[s] == "" {
			return f, after, errs.New(errs.Invalid, "there is no such state; the states are "+strings.Join(names, ", ")).At("--state")
		}
		f.States = append(f.States, known[s])
	}
	if f.Purpose = purpose.Purpose(l.Purpose); l.Purpose != "" && !f.Purpose.Valid() {
		return f, after, errs.New(errs.Invalid, "there is no such purpose").At("--purpose")
	}
	if f.Reason = message.Reason(l.Reason); l.Reason != "" && !t.w.Has("reason."+l.Reason) {
		return f, after, errs.New(errs.Invalid, "there is no such reason; carillon message list --json names those that occur").At("--reason")
	}
	if l.After != "" {
		if after, err = idArg(l.After, "--after"); err != nil {
			return f, after, err
		}
	}
	site, err := t.site(l.Location)
	if err != nil {
		return f, after, err
	}
	f.Location = site.ID
	f.From, err = l.since(t, site.ID)
	return f, after, err
}

// since reads a span before now, or a day.
func (l messageListCmd) since(t *teller, site id.ID) (time.Time, error) {
	if l.Since == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(l.Since, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n < 10_000 {
			return t.around.Now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(l.Since); err == nil && d > 0 {
		return t.around.Now.Add(-d), nil
	}
	at, err := t.day(l.Since, t.zone(site), "--since")
	if err != nil {
		return at, errs.New(errs.Invalid, "write a span such as 2h or 7d, or a day such as 2026-03-04").At("--since")
	}
	return at, nil
}

type messageShowCmd struct {
	storage
	ID   string `arg:"" name:"message" help:"The message's id." placeholder:"MESSAGE"`
	JSON bool   `help:"Print JSON."`
}

// Run says why, and what would happen now by the code that decides for real.
func (s messageShowCmd) Run(c *console) error {
	return s.on(c, "message show", s.ID, "message", func(t *teller, at id.ID) error {
		m, err := t.desk.Message(c.ctx, t.scope, at)
		if err != nil {
			return err
		}
		now, err := t.sys.Explain.Now(c.ctx, t.scope, at)
		if err != nil {
			return err
		}
		if err := t.looked(desk.Look{Action: "message.open", Kind: "message", Object: at}); err != nil {
			return err
		}
		if s.JSON {
			return json.NewEncoder(c.out).Encode(struct {
				api.Told
				Now api.Now `json:"now"`
			}{api.ShowTold(&m), api.ShowNow(&now)})
		}
		t.told(&m)
		t.now(&m, &now)
		t.decision(&m)
		t.history(&m)
		return nil
	})
}

func (t *teller) told(m *desk.Told) {
	t.printf("%s  %s\n%s\n", m.ID, t.w.State(m.Line), t.w.Why(m.Line))
	if explain.Why(&m.Message) != message.ReasonNone {
		t.printf("%s\n", t.w.Next(m.Line))
	}
	if m.Resent {
		t.printf("%s\n", t.w.T("message.resent"))
	}
	t.printf("\n    %s\n", row(t.w.Enum("purpose.", string(m.Purpose)), t.w.Enum("origin.", string(m.Origin.Kind)), m.Origin.Step))
	to := ""
	if !m.To.IsZero() {
		to = m.To.Display()
	}
	t.printf("    to %s\n", row(t.w.Name(m.Who), m.Person.String(), to))
	if from := row(m.Sender, m.Route); from != "" {
		t.printf("    from %s\n", from)
	}
	if !m.Appointment.IsZero() {
		t.printf("    about the appointment %s, %s\n", m.Appointment, row(t.when(m.Visit.Start, m.Visit.Location), t.w.Enum("visit.", string(m.Visit.Status))))
	}
	t.printf("    due %s, of use until %s\n", t.when(m.DueAt, m.Location), t.when(m.ExpiresAt, m.Location))
	if !m.Body.IsEmpty() {
		t.printf("    %s, %s\n%s\n", t.w.N("message.segments", m.Segments), t.w.Enum("coding.", m.Coding), quoted(m.Body.Reveal()))
	}
}

func (t *teller) now(m *desk.Told, now *explain.Now) {
	t.printf("\n%s\n    %s\n", t.w.T("now.title"), t.w.Now(*now, t.zone(m.Location)))
	for _, r := range now.Reasons {
		t.printf("    - %s\n", t.w.Enum("reason.", string(r)))
	}
	if !m.Waits() {
		t.printf("    %s\n", t.w.T("now.gone"))
	}
}

// decision prints the record that was kept when the message was decided.
func (t *teller) decision(m *desk.Told) {
	d := &m.Decision
	t.printf("\n%s\n", t.w.T("decision.title"))
	if d.At.IsZero() {
		t.printf("    %s\n", t.w.T("decision.none"))
		return
	}
	line := func(key, value string) {
		if value != "" {
			t.printf("    %-14s %s\n", t.w.T(key), value)
		}
	}
	line("decision.at", t.when(d.At, m.Location))
	line("decision.verdict", t.w.Enum("verdict.", d.Verdict))
	for _, r := range d.Reasons {
		line("decision.reasons", t.w.Enum("reason.", string(r)))
	}
	consent := t.w.T("decision.consent.none")
	if !d.Consent.IsZero() {
		consent = t.w.T("decision.consent.entry", "Entry", d.Consent.String())
	}
	line("decision.consent", consent)
	line("decision.zone", row(d.Zone, t.w.Enum("zone_from.", d.ZoneFrom)))
	if d.Moved {
		line("decision.moved", t.w.T("decision.moved.text"))
	}
	if d.WayOut != "" {
		line("decision.way_out", row(t.w.Enum("way_out.", string(d.WayOut)), d.WayOutRule))
	}
	line("decision.counts", t.w.T("decision.counts.text", "Day", d.DayCount, "Week", d.WeekCount))
}

func (t *teller) history(m *desk.Told) {
	t.printf("\n%s\n", t.w.T("message.history"))
	for _, s := range t.w.History(m) {
		t.step(s, m.Location)
	}
	for _, p := range m.Parts {
		if len(m.Parts) > 1 {
			t.printf("    %s %d: %s\n", "part", p.Number, t.w.Enum("state.", string(p.State)))
		}
	}
}

func (t *teller) step(s words.Step, site id.ID) {
	t.printf("    %s  %s\n", t.when(s.At, site), row(t.w.Enum("state.", string(s.State)), s.Code))
	if s.Detail != "" {
		t.printf("      %s\n", s.Detail)
	}
}

type messageSendCmd struct {
	onPatient
	Contact string `help:"Id of the number, as patient show prints it; the patient's best when left out." placeholder:"ID"`
	File    string `help:"File with the text; standard input when left out." default:"-" placeholder:"FILE"`
}

// Run sends a text. What the gate refuses is not written, and the reason is said.
func (s messageSendCmd) Run(c *console) error {
	return s.on(c, "message send", s.ID, "patient", func(t *teller, who id.ID) error {
		note := inbox.Note{Person: who}
		var err error
		if s.Contact != "" {
			if note.Point, err = idArg(s.Contact, "--contact"); err != nil {
				return err
			}
		}
		if note.Text, err = c.askText(s.File, "The text"); err != nil {
			return err
		}
		d, err := t.sys.Inbox.Write(c.ctx, t.scope, note)
		if err != nil {
			return err
		}
		l := desk.Line{Message: d.Message, Flags: d.Flags, HeldUntil: d.HeldUntil}
		c.printf("%s  %s, %s\n  %s\n", d.ID, t.w.State(l), t.w.N("message.segments", d.Segments), t.w.Why(l))
		return nil
	})
}
