package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/ehr/table"
	audiences "carillon.dev/carillon/internal/engine/audience"
)

type audienceCmd struct {
	List    audienceListCmd    `cmd:"" help:"List audiences."`
	Show    audienceShowCmd    `cmd:"" help:"Show an audience and its versions."`
	Save    audienceSaveCmd    `cmd:"" help:"Save a rule: a new audience, or a new version of the one with this name."`
	Upload  audienceUploadCmd  `cmd:"" help:"Keep a list of patients from a CSV file as an audience."`
	Count   audienceCountCmd   `cmd:"" help:"Count who is meant, and say why some get no text."`
	Calls   audienceCallsCmd   `cmd:"" help:"Put on the call list whom no text reaches."`
	Letters audienceLettersCmd `cmd:"" help:"Write whom a letter reaches to a CSV file for mail merge."`
	Words   audienceWordsCmd   `cmd:"" help:"List the words of rules."`
	Places  audiencePlacesCmd  `cmd:"" help:"Say where locations and postal areas are, from a CSV file, for rules about distance."`
}

type audienceListCmd struct {
	storage
	JSON bool `help:"Print JSON."`
}

// audienceLine is an audience as it is printed.
type audienceLine struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Version int64  `json:"version"`
	Purpose string `json:"purpose"`
	Rule    string `json:"rule,omitempty"`
	Size    int    `json:"size,omitempty"`
}

func lineOf(a *audience.Audience) audienceLine {
	return audienceLine{a.ID.String(), a.Name, string(a.Kind), a.Version, string(a.Purpose), a.Rule, a.Size}
}

// Run lists.
func (l audienceListCmd) Run(c *console) error {
	sys, scope, err := l.open(c, "audience list")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	all, err := sys.Audiences.List(c.ctx, scope)
	if err != nil {
		return err
	}
	return printAudiences(c, all, l.JSON)
}

func printAudiences(c *console, all []audience.Audience, asJSON bool) error {
	if asJSON {
		out := make([]audienceLine, len(all))
		for i := range all {
			out[i] = lineOf(&all[i])
		}
		return json.NewEncoder(c.out).Encode(out)
	}
	if len(all) == 0 {
		c.printf("no audience is saved yet: carillon audience save makes one from a rule, carillon audience upload from a list\n")
	}
	for i := range all {
		a := &all[i]
		what := a.Rule
		if a.Kind == audience.ByList {
			what = fmt.Sprintf("%d patients", a.Size)
		}
		c.printf("%s  v%d  %-11s %s: %s\n", a.ID, a.Version, a.Purpose, a.Name, what)
	}
	return nil
}

// onAudience is a command about one audience, by name or id.
type onAudience struct {
	storage
	Audience string `arg:"" help:"Name or id of the audience." placeholder:"AUDIENCE"`
}

func (o onAudience) with(c *console, command string, do func(*app.System, access.Scope, audience.Audience) error) error {
	sys, scope, err := o.open(c, command)
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	a, err := audienceNamed(c, sys, scope, o.Audience)
	if err == nil && a.ID.IsZero() {
		err = errs.New(errs.NotFound, "no audience has this name or id; carillon audience list shows them").At("audience")
	}
	if err != nil {
		return err
	}
	return do(sys, scope, a)
}

// audienceNamed finds an audience; the zero one when there is none.
func audienceNamed(c *console, sys *app.System, scope access.Scope, name string) (audience.Audience, error) {
	all, err := sys.Audiences.List(c.ctx, scope)
	for _, a := range all {
		if a.Name == name || a.ID.String() == name {
			return a, nil
		}
	}
	return audience.Audience{}, err
}

type audienceShowCmd struct {
	onAudience
	JSON bool `help:"Print JSON."`
}

// Run shows every version.
func (s audienceShowCmd) Run(c *console) error {
	return s.with(c, "audience show", func(sys *app.System, scope access.Scope, a audience.Audience) error {
		all, _, err := sys.Audiences.Versions(c.ctx, scope, a.ID)
		if err != nil {
			return err
		}
		return printAudiences(c, all, s.JSON)
	})
}

type audienceSaveCmd struct {
	storage
	Name    string `arg:"" help:"Name." placeholder:"NAME"`
	Rule    string `arg:"" help:"Rule, such as 'age >= 50 && sex == \"female\"'; docs/audiences.md lists the words." placeholder:"RULE"`
	Purpose string `help:"What it is for, such as recall, event or emergency." required:"" placeholder:"PURPOSE"`
}

// Run saves.
func (s audienceSaveCmd) Run(c *console) error {
	sys, scope, err := s.open(c, "audience save")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	a, err := audienceNamed(c, sys, scope, s.Name)
	if err != nil {
		return err
	}
	a.Name, a.Rule, a.Purpose = s.Name, s.Rule, purpose.Purpose(s.Purpose)
	if a, err = sys.Audiences.Save(c.ctx, scope, a); err == nil {
		c.printf("%s is version %d\n", a.ID, a.Version)
	}
	return err
}

type audienceUploadCmd struct {
	storage
	Name     string `arg:"" help:"Name." placeholder:"NAME"`
	File     string `arg:"" help:"CSV file with a column of patient ids, record numbers or phone numbers." type:"existingfile" placeholder:"FILE"`
	Purpose  string `help:"What it is for." required:"" placeholder:"PURPOSE"`
	Encoding string `help:"Encoding of the file, when it is not UTF-8." placeholder:"NAME"`
}

// Run uploads a list and names the lines that match nobody.
func (u audienceUploadCmd) Run(c *console) error {
	f, err := os.Open(u.File)
	if err != nil {
		return errs.Wrap(errs.Invalid, "the file cannot be read", err)
	}
	defer func() { _ = f.Close() }()
	refs, err := table.List(f, table.Options{Encoding: u.Encoding})
	if err != nil {
		return err
	}
	sys, scope, err := u.open(c, "audience upload")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	a, err := audienceNamed(c, sys, scope, u.Name)
	if err != nil {
		return err
	}
	a.Name, a.Purpose = u.Name, purpose.Purpose(u.Purpose)
	up, err := sys.Audiences.Upload(c.ctx, scope, audiences.Upload{Audience: a, Refs: refs})
	if err != nil {
		return err
	}
	c.printf("%s is version %d: %d patients from %d lines\n", up.Audience.ID, up.Audience.Version, up.People, up.Lines)
	for _, x := range up.Unmatched {
		c.printf("line %d: %s\n", x.Line, unmatchedWords[x.Why])
	}
	return nil
}

var unmatchedWords = map[string]string{"nobody": "no patient here has this id or number", "several": "several patients have this id or number",
	"bad_number": "this is no phone number", "empty": "the line names nobody"}

type audienceCountCmd struct {
	storage
	Audience string `arg:"" optional:"" help:"Name or id of the audience." placeholder:"AUDIENCE"`
	Rule     string `help:"Count this rule instead." placeholder:"RULE"`
	Purpose  string `help:"What a rule is for." default:"recall" placeholder:"PURPOSE"`
	JSON     bool   `help:"Print JSON."`
}

// Run counts here and now, and keeps nothing.
func (k audienceCountCmd) Run(c *console) error {
	if (k.Audience == "") == (k.Rule == "") {
		return errs.New(errs.Invalid, "name an audience, or give a rule with --rule")
	}
	sys, scope, err := k.open(c, "audience count")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	q := audiences.Question{Rule: k.Rule, Purpose: purpose.Purpose(k.Purpose)}
	if k.Audience != "" {
		a, err := audienceNamed(c, sys, scope, k.Audience)
		if err == nil && a.ID.IsZero() {
			err = errs.New(errs.NotFound, "no audience has this name or id; carillon audience list shows them").At("audience")
		}
		if err == nil {
			q, err = audiences.QuestionOf(&a)
		}
		if err != nil {
			return err
		}
	}
	if !q.Purpose.Valid() {
		return errs.New(errs.Invalid, "there is no such purpose").At("--purpose")
	}
	count, err := sys.Audiences.Evaluate(c.ctx, scope, q, audiences.Sinks{Progress: func(so audience.Count) error {
		if !k.JSON {
			_, _ = fmt.Fprintf(c.err, "\r%d patients looked at, %d match", so.Looked, so.Matched)
		}
		return nil
	}})
	if err != nil {
		return err
	}
	if k.JSON {
		count.Sample = nil
		return json.NewEncoder(c.out).Encode(&count)
	}
	printCount(c, &count)
	return nil
}

func printCount(c *console, n *audience.Count) {
	c.printf("%d patients, %d match\n  %d by text\n  %d by call\n  %d by letter\n  %d left out\n", n.Looked, n.Matched, n.Reachable, n.Calls, n.Letters, n.Left())
	for _, r := range slices.Sorted(maps.Keys(n.LeftOut)) {
		c.printf("    %d %s\n", n.LeftOut[r], r)
	}
	if n.Undecided() > 0 {
		c.printf("%d cannot be decided\n", n.Undecided())
	}
	for _, f := range slices.Sorted(maps.Keys(n.Unknown)) {
		c.printf("    %d %s is missing\n", n.Unknown[f], f)
	}
}

type audienceCallsCmd struct{ onAudience }

// Run fills the call list.
func (k audienceCallsCmd) Run(c *console) error {
	return k.with(c, "audience calls", func(sys *app.System, scope access.Scope, a audience.Audience) error {
		n, err := sys.Audiences.Calls(c.ctx, scope, a.ID)
		if err == nil {
			c.printf("%d people are on the call list for this audience\n", n)
		}
		return err
	})
}

type audienceLettersCmd struct {
	onAudience
	Out string `help:"File to write, readable by its owner only; the screen when it is left out." type:"path" placeholder:"FILE"`
}

// Run writes the letter file.
func (k audienceLettersCmd) Run(c *console) error {
	return k.with(c, "audience letters", func(sys *app.System, scope access.Scope, a audience.Audience) (err error) {
		to := c.out
		if k.Out != "" {
			f, err := os.OpenFile(k.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return errs.Wrap(errs.Invalid, "the file cannot be made; it may exist already", err)
			}
			defer func() { err = firstError(err, f.Close()) }()
			to = f
		}
		b := bufio.NewWriter(to)
		n, err := sys.Audiences.Letters(c.ctx, scope, a.ID, b)
		if err = firstError(err, b.Flush()); err == nil && k.Out != "" {
			c.printf("%d letters\n", n)
		}
		return err
	})
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return errs.Wrap(errs.Unavailable, "the file could not be written", b)
}

type audienceWordsCmd struct{}

// Run lists the language.
func (audienceWordsCmd) Run(c *console) error {
	for _, w := range audience.Words() {
		c.printf("%-40s %-9s %s\n", w.Usage(), w.Result, w.About)
	}
	return nil
}

type audiencePlacesCmd struct {
	storage
	File string `arg:"" help:"CSV file: location, or country and postal_code (its beginning), latitude, longitude." type:"existingfile" placeholder:"FILE"`
}

// Run replaces all places.
func (p audiencePlacesCmd) Run(c *console) error {
	f, err := os.Open(p.File)
	if err != nil {
		return errs.Wrap(errs.Invalid, "the file cannot be read", err)
	}
	defer func() { _ = f.Close() }()
	places, err := table.Places(f)
	if err != nil {
		return err
	}
	sys, scope, err := p.open(c, "audience places")
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close() }()
	if err := sys.Audiences.SetPlaces(c.ctx, scope, places); err != nil {
		return err
	}
	c.printf("%d places\n", len(places))
	return nil
}
