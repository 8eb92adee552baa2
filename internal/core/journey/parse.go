package journey

import (
	_ "embed"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

// maxFile is more than any journey a person writes; a larger file is a mistake.
const maxFile = 64 << 10

//go:embed appointment-reminder.yaml
var appointmentReminder []byte

// ShippedFiles are the sources of the journeys that come with the product.
func ShippedFiles() [][]byte { return [][]byte{appointmentReminder} }

// Shipped reads them.
func Shipped() ([]*Definition, error) {
	var out []*Definition
	for _, f := range ShippedFiles() {
		d, err := Parse(f)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// file is a journey as it is written.
type file struct {
	Journey   string            `yaml:"journey"`
	Version   int               `yaml:"version"`
	Name      map[string]string `yaml:"name"`
	Purpose   string            `yaml:"purpose"`
	Trigger   string            `yaml:"trigger"`
	Anchor    string            `yaml:"anchor"`
	PlanAhead string            `yaml:"plan_ahead"`
	Settle    string            `yaml:"settle"`
	Steps     []fileStep        `yaml:"steps"`
	Replies   yaml.Node         `yaml:"replies"`
	Changes   struct {
		Moved      fileNotice `yaml:"moved"`
		Cancelled  fileNotice `yaml:"cancelled"`
		Correction fileNotice `yaml:"correction"`
	} `yaml:"changes"`
	EndsWhen []string `yaml:"ends_when"`
}

// allEnds is how many ends of a visit there are. The word ends_when is read for files that name all of them, as the first
// that shipped did; it cannot keep a journey running on a visit that is over.
const allEnds = 4

type fileStep struct {
	ID          string `yaml:"id"`
	Enabled     *bool  `yaml:"enabled"`
	From        string `yaml:"from"`
	At          string `yaml:"at"`
	Template    string `yaml:"template"`
	Asks        bool   `yaml:"asks"`
	Quiet       string `yaml:"quiet"`
	UseUntil    string `yaml:"use_until"`
	IfUnreached string `yaml:"if_unreached"`
	OnlyIf      struct {
		BookedMoreThan string `yaml:"booked_more_than"`
		BookedWithin   string `yaml:"booked_within"`
		NotConfirmed   bool   `yaml:"not_confirmed"`
		NoTextFor      string `yaml:"no_text_for"`
	} `yaml:"only_if"`
}

type fileNotice struct {
	Template string `yaml:"template"`
	Asks     bool   `yaml:"asks"`
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// Parse reads a journey file. What is wrong comes back as Problems (errors.As) with lines, all at once.
func Parse(src []byte) (*Definition, error) {
	if len(src) > maxFile {
		return nil, Problems{{Text: "is larger than 64 kB; a journey file has one journey"}}.AsError()
	}
	if n := unreadableLine(src); n > 0 {
		return nil, Problems{{Line: n, Text: "holds bytes that are no text: save the file as UTF-8"}}.AsError()
	}
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil {
		return nil, Problems{{Line: yamlErrorLine(err), Text: "is not YAML: check the indentation and the colons around here"}}.AsError()
	}
	if root.Kind == 0 {
		return nil, Problems{{Text: "the file is empty"}}.AsError()
	}
	ps, err := checkSchema(&root)
	if err != nil {
		return nil, err
	}
	if len(ps) > 0 {
		return nil, ps.AsError()
	}
	var f file
	if err := root.Decode(&f); err != nil {
		return nil, errs.Wrap(errs.Invalid, "the journey file cannot be read", err)
	}
	b := builder{root: &root}
	d := b.definition(f)
	b.check(d)
	if len(b.problems) > 0 {
		return nil, b.problems.AsError()
	}
	return d, nil
}

// unreadableLine is the first line with bytes that are no UTF-8 or with control characters; 0 when there is none.
func unreadableLine(src []byte) int {
	line := 1
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && n == 1, unicode.IsControl(r) && r != '\t' && r != '\r' && r != '\u0085':
			return line
		}
		src = src[n:]
	}
	return 0
}

func yamlErrorLine(err error) int {
	var typed *yaml.TypeError
	text := err.Error()
	if errors.As(err, &typed) && len(typed.Errors) > 0 {
		text = typed.Errors[0]
	}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

// builder turns a file that fits the schema into a definition and collects what the schema cannot see.
type builder struct {
	root     *yaml.Node
	problems Problems
}

func (b *builder) bad(text string, path ...string) {
	b.problems = append(b.problems, Problem{Line: lineOf(b.root, path), Path: pathText(path), Text: text})
}

func (b *builder) offset(s, unset string, path ...string) Offset {
	if s == "" {
		s = unset
	}
	o, err := ParseOffset(s)
	if err != nil {
		b.bad("must be a distance in time such as -24h, -7d or 0", path...)
	}
	return o
}

func (b *builder) span(s, unset string, path ...string) time.Duration {
	return b.offset(s, unset, path...).approx()
}

func (b *builder) definition(f file) *Definition {
	d := &Definition{Key: f.Journey, Version: f.Version, Names: f.Name, Purpose: purpose.Purpose(f.Purpose),
		Trigger: Trigger(f.Trigger), Anchor: Base(f.Anchor),
		PlanAhead: b.span(f.PlanAhead, "4d", "plan_ahead"), Settle: b.span(f.Settle, "2m", "settle")}
	for i, s := range f.Steps {
		d.Steps = append(d.Steps, b.step(s, "steps", strconv.Itoa(i)))
	}
	d.Replies = b.replies(&f.Replies)
	d.Notices = Notices{Moved: Notice(f.Changes.Moved), Cancelled: Notice(f.Changes.Cancelled),
		Correction: Notice(f.Changes.Correction)}
	if n := len(f.EndsWhen); n > 0 && n < allEnds {
		b.bad("a journey always ends when its visit is cancelled, fulfilled, noshow or arrived: leave the line out", "ends_when")
	}
	return d
}

func (b *builder) step(s fileStep, at ...string) Step {
	here := func(p ...string) []string { return append(slices.Clone(at), p...) }
	out := Step{ID: s.ID, Enabled: s.Enabled == nil || *s.Enabled, From: Base(s.From), Template: s.Template,
		Asks: s.Asks, Quiet: quiet.Direction(s.Quiet), CallIfUnreached: s.IfUnreached == "call"}
	if out.From == "" {
		out.From = FromStart
	}
	if out.Quiet == "" {
		out.Quiet = quiet.Pull
	}
	out.Offset = b.offset(s.At, "0", here("at")...)
	out.UseUntil = b.offset(s.UseUntil, "0", here("use_until")...)
	out.OnlyIf = Conditions{
		BookedMoreThan: b.offset(s.OnlyIf.BookedMoreThan, "0", here("only_if", "booked_more_than")...),
		BookedWithin:   b.span(s.OnlyIf.BookedWithin, "0", here("only_if", "booked_within")...),
		NotConfirmed:   s.OnlyIf.NotConfirmed,
		QuietFor:       b.span(s.OnlyIf.NoTextFor, "0", here("only_if", "no_text_for")...),
	}
	return out
}

// replies keeps the order of the file: the first answer is offered first.
func (b *builder) replies(n *yaml.Node) []Reply {
	var out []Reply
	for i := 0; i+1 < len(n.Content); i += 2 {
		digit := ""
		if v, _ := child(n.Content[i+1], "digit"); v != nil {
			digit = v.Value
		}
		out = append(out, Reply{Intent: Intent(n.Content[i].Value), Digit: digit})
	}
	return out
}

// check finds what a schema cannot: things that contradict each other.
func (b *builder) check(d *Definition) {
	seen := map[string]bool{stepMoved: true, stepCancelled: true, stepCorrection: true}
	for i, s := range d.Steps {
		at := []string{"steps", strconv.Itoa(i)}
		if seen[s.ID] {
			b.bad("two steps have this name, or it is one of moved, cancelled and correction", append(at, "id")...)
		}
		seen[s.ID] = true
		if s.From == FromStart && s.Offset.approx() >= s.UseUntil.approx() {
			b.bad("the text would be of no use when it goes: use_until must come after at", append(at, "use_until")...)
		}
		if s.From == FromBooking && s.Offset.approx() < 0 {
			b.bad("nothing can go before the booking", append(at, "at")...)
		}
		if s.UseUntil.approx() > 0 {
			b.bad("a text about a visit has no use once the visit has begun", append(at, "use_until")...)
		}
		if s.Asks && len(d.Codes()) == 0 {
			b.bad("asks for an answer, but replies offers no digit", append(at, "asks")...)
		}
	}
	digits := map[string]bool{}
	for _, r := range d.Replies {
		if r.Digit != "" && digits[r.Digit] {
			b.bad("two answers have the same digit", "replies", string(r.Intent), "digit")
		}
		digits[r.Digit] = true
	}
	if d.Settle > time.Hour {
		b.bad("a change may wait for an hour at most", "settle")
	}
	if d.PlanAhead > 14*24*time.Hour || d.PlanAhead < time.Hour {
		b.bad("must lie between 1h and 14d", "plan_ahead")
	}
}
