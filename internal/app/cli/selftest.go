package cli

import (
	"encoding/json"
	"time"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/incident"
	"carillon.dev/carillon/internal/core/phone"
	rules "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/engine/selftest"
	"carillon.dev/carillon/internal/store"
)

type selfTestCmd struct {
	Set    selfTestSetCmd    `cmd:"" help:"Set the phone that a route is tested with, and how often."`
	Run    selfTestRunCmd    `cmd:"" help:"Send a route's test text now and wait for its end; a node must be serving."`
	Status selfTestStatusCmd `cmd:"" help:"Show routes' last test and what is wrong."`
}

type selfTestSetCmd struct {
	onRoute
	Phone   string        `help:"A phone of your own that can take texts; needed once." placeholder:"NUMBER"`
	Every   time.Duration `help:"How often, from 1m to 24h; 0 switches the test off." default:"1h"`
	Answers bool          `help:"The phone sends the code of each text back."`
}

// Run sets how a route is tested.
func (s selfTestSetCmd) Run(c *console) error {
	return s.with(c, "selftest set", func(sys *app.System, scope access.Scope, r store.Route) error {
		w := selftest.Wish{Route: r.ID, Every: s.Every, Answers: s.Answers}
		if s.Phone != "" {
			n, err := phone.Parse(phi.T(s.Phone), "")
			if err != nil {
				return err
			}
			w.Phone = n
		}
		if err := sys.SelfTest.Set(c.ctx, scope, w); err != nil {
			return err
		}
		if s.Every == 0 {
			c.printf("%s is not tested any more\n", r.Name)
			return nil
		}
		c.printf("%s is tested every %s\n", r.Name, s.Every)
		return nil
	})
}

type selfTestRunCmd struct {
	onRoute
	Wait time.Duration `help:"How long to wait for the end; 0 does not wait." default:"30m"`
}

// Run sends one test text. One that does not pass is an error.
func (s selfTestRunCmd) Run(c *console) error {
	return s.with(c, "selftest run", func(sys *app.System, scope access.Scope, r store.Route) error {
		run, err := sys.SelfTest.Run(c.ctx, scope, r.ID)
		if err != nil {
			return err
		}
		if s.Wait <= 0 {
			c.printf("%s is on its way\n", run.ID)
			return nil
		}
		end := time.Now().Add(s.Wait)
		for run.Ended.IsZero() {
			if !pause(c, time.Second) || time.Now().After(end) {
				return errs.New(errs.Unavailable, "the test has not ended yet; carillon selftest status shows it later")
			}
			if run, err = theRun(c, sys, scope, run); err != nil {
				return err
			}
		}
		if !run.Passed() {
			return errs.Newf(errs.Unavailable, "%s: %s", r.Name, remedies[run.Cause])
		}
		c.printf("%s works: %s\n", r.Name, legs(run))
		return nil
	})
}

// pause waits for d; false when the command is stopped.
func pause(c *console, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func theRun(c *console, sys *app.System, scope access.Scope, was rules.Run) (rules.Run, error) {
	tests, err := sys.SelfTest.Status(c.ctx, scope)
	for _, t := range tests {
		for _, r := range t.Runs {
			if r.ID == was.ID {
				return r, err
			}
		}
	}
	return was, err
}

type selfTestStatusCmd struct {
	storage
	JSON bool `help:"Print JSON."`
}

// Run shows every route's test; an open incident is an error, so that scripts can tell.
func (s selfTestStatusCmd) Run(c *console) error {
	sys, scope, err := s.open(c, "selftest status")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	tests, err := sys.SelfTest.Status(c.ctx, scope)
	if err != nil {
		return err
	}
	bad := 0
	for _, t := range tests {
		if t.Incident != nil {
			bad++
		}
	}
	if s.JSON {
		err = json.NewEncoder(c.out).Encode(statusLines(tests))
	} else {
		if len(tests) == 0 {
			c.printf("no route has a self-test yet: carillon selftest set ROUTE sets one\n")
		}
		for _, t := range tests {
			c.printf("%s\n", statusText(&t))
		}
	}
	if err == nil && bad > 0 {
		err = errs.Newf(errs.Unavailable, "routes that do not work: %d", bad)
	}
	return err
}

func statusText(t *selftest.Test) string {
	out := t.Name + "  "
	switch {
	case !t.Set:
		return out + "no test phone is set"
	case t.Next.IsZero():
		out += "off"
	default:
		out += "every " + t.Every.String()
	}
	if len(t.Runs) > 0 {
		r := &t.Runs[0]
		switch {
		case r.Ended.IsZero():
			out += "; a test is on its way"
		case r.Passed():
			out += "; the last one passed: " + legs(*r)
		default:
			out += "; the last one did not pass: " + remedies[r.Cause]
		}
	}
	if t.Incident != nil {
		out += "\n  INCIDENT since " + t.Incident.Since.Format(time.RFC3339) + ": " + remedies[t.Incident.Cause]
	}
	return out
}

type statusLine struct {
	Route    id.ID          `json:"route"`
	Name     string         `json:"name"`
	Every    string         `json:"every,omitempty"`
	LastEnd  *time.Time     `json:"last_end,omitempty"`
	Passed   *bool          `json:"passed,omitempty"`
	Cause    incident.Cause `json:"cause,omitempty"`
	Incident incident.Cause `json:"incident,omitempty"`
}

func statusLines(tests []selftest.Test) []statusLine {
	out := make([]statusLine, len(tests))
	for i, t := range tests {
		out[i] = statusLine{Route: t.Route, Name: t.Name}
		if !t.Next.IsZero() {
			out[i].Every = t.Every.String()
		}
		for _, r := range t.Runs {
			if !r.Ended.IsZero() {
				end, passed := r.Ended, r.Passed()
				out[i].LastEnd, out[i].Passed, out[i].Cause = &end, &passed, r.Cause
				break
			}
		}
		if t.Incident != nil {
			out[i].Incident = t.Incident.Cause
		}
	}
	return out
}

// legs are how long each leg of a run took, in seconds.
func legs(r rules.Run) string {
	out, last := "", r.Planned
	for _, leg := range []struct {
		name string
		at   time.Time
	}{{"handed over", r.Handed}, {"accepted", r.Taken}, {"receipt", r.Receipt}, {"answer", r.Reply}} {
		if leg.at.IsZero() {
			continue
		}
		if out != "" {
			out += ", "
		}
		out += leg.name + " +" + max(leg.at.Sub(last), 0).Round(100*time.Millisecond).String()
		last = leg.at
	}
	return out
}

// remedies are causes in words for a terminal.
var remedies = map[incident.Cause]string{
	rules.CauseStopped:   "sending is stopped, or the route is: carillon resume, carillon route state",
	rules.CauseOptedOut:  "the test phone has sent STOP: send START from it, or set another phone",
	rules.CauseRefused:   "our own rules refuse the text: look at the message in the console",
	rules.CauseLineDown:  "the line is down: look at the connection's error on the page of carriers",
	rules.CauseThrottled: "the operator turns texts away as too many: ask for a higher rate, or set a lower one",
	rules.CauseRejected:  "the operator refuses the text: look at its code in the console and ask the operator",
	rules.CauseNoAnswer:  "the operator does not answer: the line breaks while texts are on it",
	rules.CauseNoReceipt: "texts are accepted but no receipts come: ask the operator about the receipt stream",
	rules.CauseHandset:   "the receipt says that the phone was not reached: look whether the test phone is on",
	rules.CauseLate:      "receipts come late: the operator is slow",
	rules.CauseNoReply:   "the text arrived but no answer came back: look at the test phone, then at the inbound number",
}
