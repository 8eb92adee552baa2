package rules

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/fold"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

//go:embed data/*.yaml
var shipped embed.FS

// Load reads the shipped rule files.
func Load() (*Book, error) {
	dir, err := fs.Sub(shipped, "data")
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the shipped rule files are missing", err)
	}
	return Parse(dir)
}

// Parse reads every .yaml of a folder: default.yaml and one file per country, named by its code. Errors name
// the file and the rule.
func Parse(dir fs.FS) (*Book, error) {
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the rule folder cannot be listed", err)
	}
	var all []Rule
	sum := sha256.New()
	for _, name := range names {
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, errs.Wrap(errs.Unavailable, "the rule file "+name+" cannot be read", err)
		}
		_, _ = sum.Write(b) // a hash takes everything
		country := strings.ToUpper(strings.TrimSuffix(path.Base(name), ".yaml"))
		if country == "DEFAULT" {
			country = ""
		}
		rs, err := ParseFile(country, b)
		if err != nil {
			return nil, errs.Wrap(errs.KindOf(err), name+": "+errs.Safe(err), err)
		}
		all = append(all, rs...)
	}
	if err := unique(all); err != nil {
		return nil, err
	}
	book := compile(all)
	book.digest = hex.EncodeToString(sum.Sum(nil)[:4])
	return book, nil
}

func unique(all []Rule) error {
	seen := map[string]bool{}
	for _, r := range all {
		if seen[r.ID] {
			return errs.New(errs.Invalid, "the rule id is used twice").At(r.ID)
		}
		seen[r.ID] = true
	}
	return nil
}

// ParseFile reads one country's file.
func ParseFile(country string, b []byte) ([]Rule, error) {
	var f file
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		return nil, errs.Wrap(errs.Invalid, "the file is not a rule file: unknown field, or broken YAML", err)
	}
	if country != "" && f.Country != country {
		return nil, errs.New(errs.Invalid, "the country inside the file and its name differ")
	}
	var out []Rule
	for _, raw := range f.Rules {
		r, err := raw.rule(country)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// file is the shape of a rule file.
type file struct {
	Country string    `yaml:"country"`
	Name    string    `yaml:"name"`
	Rules   []rawRule `yaml:"rules"`
}

type rawRule struct {
	ID           string           `yaml:"id"`
	From         string           `yaml:"effective_from"`
	To           string           `yaml:"effective_to"`
	Source       string           `yaml:"source"`
	CheckedOn    string           `yaml:"checked_on"`
	Checked      string           `yaml:"checked"` // only "no"
	Note         string           `yaml:"note"`
	Keywords     *rawKeywords     `yaml:"keywords"`
	Hours        *rawHours        `yaml:"hours"`
	Sender       *rawSender       `yaml:"sender"`
	Confirmation *rawConfirmation `yaml:"confirmation"`
	Scope        *rawScope        `yaml:"opt_out_scope"`
	Cap          *rawCap          `yaml:"cap"`
	Duty         *rawDuty         `yaml:"duty"`
}

type rawKeywords struct {
	Role             Role     `yaml:"role"`
	Languages        []string `yaml:"languages"`
	Words            []string `yaml:"words"`
	StaffTask        bool     `yaml:"staff_task"`
	YieldsToQuestion bool     `yaml:"yields_to_question"`
	Examples         struct {
		Hit  []rawExample `yaml:"hit"`
		Miss []rawExample `yaml:"miss"`
	} `yaml:"examples"`
}

type rawExample struct {
	Language string `yaml:"language"`
	Text     string `yaml:"text"`
}

type rawHours struct {
	Class purpose.Class `yaml:"class"`
	Open  string        `yaml:"open"`
}

type rawSender struct {
	Alpha     Support `yaml:"alpha"`
	Numeric   Support `yaml:"numeric"`
	ShortCode Support `yaml:"short_code"`
	Receipt   string  `yaml:"receipt"`
	AlphaMax  int     `yaml:"alpha_max"`
}

type rawConfirmation struct {
	Allowed bool          `yaml:"allowed"`
	Every   time.Duration `yaml:"every"`
	Within  time.Duration `yaml:"within"`
}

type rawScope struct {
	Default   Reach `yaml:"default"`
	MayNarrow bool  `yaml:"may_narrow"`
}

type rawCap struct {
	Class      purpose.Class `yaml:"class"`
	Max        int           `yaml:"max"`
	Per        time.Duration `yaml:"per"`
	OnlyExempt bool          `yaml:"only_exempt"`
	Chars      int           `yaml:"chars"`
}

type rawDuty struct {
	Class   purpose.Class `yaml:"class"`
	OneWay  bool          `yaml:"one_way"`
	Exempt  bool          `yaml:"exempt"`
	Demands []Demand      `yaml:"demands"`
	Pattern string        `yaml:"pattern"`
}

func (w rawRule) rule(country string) (Rule, error) {
	fail := func(text string) (Rule, error) { return Rule{}, errs.New(errs.Invalid, text).At("rule " + w.ID) }
	r := Rule{ID: w.ID, Country: country, Source: w.Source, Checked: w.CheckedOn, Note: w.Note}
	if r.ID == "" || r.Source == "" {
		return fail("a rule needs an id and a source")
	}
	if w.Checked == "no" && r.Checked == "" {
		r.Checked = "no"
	} else if _, err := quiet.ParseDay(r.Checked); err != nil || w.Checked != "" {
		return fail("a rule says checked_on with a date, or checked: no")
	}
	var err error
	if r.From, err = quiet.ParseDay(w.From); err != nil {
		return fail("effective_from must be a date such as 2026-11-23")
	}
	if w.To != "" {
		to, err := quiet.ParseDay(w.To)
		if err != nil || to < r.From {
			return fail("effective_to must be a date not before effective_from")
		}
		r.To = &to
	}
	if err := w.content(&r); err != nil {
		return Rule{}, err.At("rule " + w.ID)
	}
	return r, nil
}

// filler is one kind of content.
type filler interface{ fill(r *Rule) *errs.Error }

// content fills the one thing that the rule is about.
func (w rawRule) content(r *Rule) *errs.Error {
	var found []filler
	for _, f := range []struct {
		set bool
		filler
	}{{w.Keywords != nil, w.Keywords}, {w.Hours != nil, w.Hours}, {w.Sender != nil, w.Sender},
		{w.Confirmation != nil, w.Confirmation}, {w.Scope != nil, w.Scope}, {w.Cap != nil, w.Cap}, {w.Duty != nil, w.Duty}} {
		if f.set {
			found = append(found, f.filler)
		}
	}
	if len(found) != 1 {
		return errs.New(errs.Invalid, "a rule is about exactly one thing: keywords, hours, sender, confirmation, opt_out_scope, cap or duty")
	}
	return found[0].fill(r)
}

func (h *rawHours) fill(r *Rule) *errs.Error {
	open, err := quiet.ParseHours(h.Open)
	if err != nil || h.Class == "" {
		return errs.New(errs.Invalid, "hours need a class and an open time such as Mon-Sat 09:00-20:00")
	}
	r.Hours = &Hours{h.Class, open}
	return nil
}

func (s *rawSender) fill(r *Rule) *errs.Error {
	for _, v := range []Support{s.Alpha, s.Numeric, s.ShortCode} {
		if !v.valid() {
			return errs.New(errs.Invalid, "a sender is yes, no, register, limited or unknown")
		}
	}
	r.Sender = &Sender{s.Alpha, s.Numeric, s.ShortCode, s.Receipt, s.AlphaMax}
	return nil
}

func (c *rawConfirmation) fill(r *Rule) *errs.Error {
	if c.Allowed && (c.Every <= 0 || c.Within <= 0) {
		return errs.New(errs.Invalid, "a confirmation needs every and within")
	}
	r.Confirmation = &Confirmation{c.Allowed, c.Every, c.Within}
	return nil
}

func (s *rawScope) fill(r *Rule) *errs.Error {
	if s.Default != AllButEmergency {
		return errs.New(errs.Invalid, "the default scope of an opt-out is all_non_emergency")
	}
	r.Scope = &Scope{s.Default, s.MayNarrow}
	return nil
}

func (c *rawCap) fill(r *Rule) *errs.Error {
	if c.Class == "" || (c.Max <= 0 || c.Per <= 0) == (c.Chars <= 0) {
		return errs.New(errs.Invalid, "a cap needs a class and either max and per, or chars")
	}
	r.Cap = &Cap{c.Class, c.Max, c.Per, c.OnlyExempt, c.Chars}
	return nil
}

func (s Support) valid() bool {
	switch s {
	case Yes, No, Register, Limited, Unknown:
		return true
	}
	return false
}

// fill refuses single letters without country and language: a world-wide R swallows every menu with an R.
func (k *rawKeywords) fill(r *Rule) *errs.Error {
	switch k.Role {
	case OptOut, Help, Start, Provider:
	default:
		return errs.New(errs.Invalid, "the role of keywords is opt_out, help, start or provider")
	}
	if len(k.Words) == 0 {
		return errs.New(errs.Invalid, "keywords need words")
	}
	for _, w := range k.Words {
		key := fold.Key(w)
		if key == "" {
			return errs.New(errs.Invalid, "a keyword has no letters")
		}
		if len([]rune(key)) == 1 && (r.Country == "" || len(k.Languages) == 0) {
			return errs.New(errs.Invalid, "a single letter needs a country and a language")
		}
	}
	r.Keywords = &Keywords{Role: k.Role, Languages: k.Languages, Words: k.Words, StaffTask: k.StaffTask,
		YieldsToQuestion: k.YieldsToQuestion, Examples: Examples{examples(k.Examples.Hit), examples(k.Examples.Miss)}}
	return nil
}

func examples(raw []rawExample) []Example {
	out := make([]Example, len(raw))
	for i, e := range raw {
		out[i] = Example(e)
	}
	return out
}

func (d *rawDuty) fill(r *Rule) *errs.Error {
	if d.Class == "" || len(d.Demands) == 0 {
		return errs.New(errs.Invalid, "a duty needs a class and demands")
	}
	r.Duty = &Duty{Class: d.Class, OneWay: d.OneWay, Exempt: d.Exempt, Demands: d.Demands}
	for _, dm := range d.Demands {
		switch dm {
		case OptOutLine, HelpLine, OtherWay, SenderName, NoStopCode, NeedsStop, NoPromotion:
		default:
			return errs.New(errs.Invalid, "a duty demands something unknown")
		}
	}
	if d.Pattern != "" {
		p, err := regexp.Compile(d.Pattern)
		if err != nil {
			return errs.New(errs.Invalid, "the pattern is not a regular expression")
		}
		r.Duty.Pattern = p
	}
	return nil
}
