package content

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"carillon.dev/carillon/internal/core/sms"
)

// Code says what a finding is about.
type Code string

const (
	BadSyntax       Code = "bad_syntax"       // Liquid that cannot be read, or a tag or filter that is not allowed
	StrayBrace      Code = "stray_brace"      // a brace that belongs to nothing: {clinic.name}
	UnknownVariable Code = "unknown_variable" // no such variable
	MissingVariant  Code = "missing_variant"  // a wanted language has no text
	ReplyOneWay     Code = "reply_on_one_way" // asks for an answer that cannot come
	ReservedWord    Code = "reserved_word"    // asks to answer with a word that means stop, help or start
	StopCode        Code = "stop_code"        // names an opt-out short code where that is forbidden
	CostlyCharacter Code = "costly_character" // makes the text dearer and has a plain twin
	HiddenCharacter Code = "hidden_character" // nobody sees it: bidirectional controls, zero-width signs
	SenderUnknown   Code = "sender_unknown"   // does not say who writes
	UnsafeLink      Code = "unsafe_link"      // not plain https to a named host
	TooLong         Code = "too_long"         // more segments than allowed
	NoCalendar      Code = "no_calendar"      // dates cannot be written in this language
	TimeUnknown     Code = "time_unknown"     // does not say on which day and at what time
	PhoneMissing    Code = "phone_missing"    // gives no number to call
	DigitsMissing   Code = "digits_missing"   // goes with a question, but does not offer the digits of its answers
	DigitsUnasked   Code = "digits_unasked"   // offers digits that nothing gives it
	FixedDigit      Code = "fixed_digit"      // asks for a digit by its figure instead of its variable
	NotAlwaysKnown  Code = "not_always_known" // a variable that some patients have no value for, without a default
)

// Severity says whether a template with the finding may be used.
type Severity string

const (
	// Block: the template cannot be used.
	Block Severity = "block"
	// Warn: it can; a person has seen it.
	Warn Severity = "warn"
)

// Finding is one thing that is wrong with a template. The words for people are the console's.
type Finding struct {
	Code     Code
	Severity Severity
	Locale   Locale
	Line     int    // from 1; 0 when it is about the whole text
	Offset   int    // bytes before it
	Length   int    // bytes of it; 0 when it is about the whole text
	Text     string // the piece of the template, the reserved word, or the link
	Twin     string // plain replacement of a costly character; empty removes it
	Nearest  Name   // for an unknown variable
	Segments int    // for length and cost: segments with example values
	Plain    int    // for cost: segments with the twins taken
}

// LintOptions say what a template is for.
type LintOptions struct {
	Allowed     Vars     // variables that the template may use
	Wanted      []Locale // languages of the organization's patients
	OneWay      bool     // the sender cannot receive: an alphanumeric sender ID
	NoSender    bool     // the text need not name the clinic: an answer within a conversation
	MaxSegments int      // budget; 0 means 3
	SMS         sms.Options
	Need        *Need // what the text is for; nil leaves that out
	// Reserved reports a word that the country, a carrier or the language keeps for opting out, help or
	// re-consent. nil means that there are none.
	Reserved func(word string, l Locale) bool
	// StopCode finds an opt-out short code that a country forbids in such a text: its place in bytes, or nil. nil means that
	// none is forbidden.
	StopCode func(text string) []int
	// Example gives the values that lengths are measured with; nil means Example of this package.
	Example func(Locale) Values
}

// Lint checks every variant of a template, in order of locale. No finding means that it can be used.
func Lint(v Variants, o LintOptions) []Finding {
	var all []Finding
	for _, wanted := range o.Wanted {
		if _, ok := v.Choose(wanted); !ok {
			all = append(all, Finding{Code: MissingVariant, Severity: Warn, Locale: wanted})
		}
	}
	for _, l := range v.Locales() {
		c := check{body: v[l], locale: l, o: o}
		c.run()
		all = append(all, c.found...)
	}
	return all
}

// Blocks reports whether a finding forbids use.
func Blocks(findings []Finding) bool {
	for _, f := range findings {
		if f.Severity == Block {
			return true
		}
	}
	return false
}

// check is the lint of one variant.
type check struct {
	body   string
	locale Locale
	o      LintOptions
	found  []Finding
}

func (c *check) run() {
	c.hidden()
	c.links()
	t, faults := compile(c.body, c.o.Allowed)
	if !slices.ContainsFunc(faults, func(f *Fault) bool { return f.Code == StrayBrace }) {
		c.braces()
	}
	for _, f := range faults {
		c.found = append(c.found, Finding{Code: f.Code, Severity: Block, Locale: c.locale, Line: f.Line, Offset: f.Offset,
			Text: string(f.Name), Nearest: f.Nearest})
	}
	if t == nil {
		return
	}
	if !c.o.NoSender && !t.Uses(ClinicName) {
		c.whole(SenderUnknown, Block)
	}
	if c.o.OneWay && t.Invites(c.locale) {
		c.whole(ReplyOneWay, Block)
	}
	if c.o.Reserved != nil {
		c.reserved()
	}
	if c.o.StopCode != nil {
		c.stopCode(t)
	}
	if c.o.Need != nil {
		c.needs(t)
	}
	c.price(t)
}

func (c *check) whole(code Code, s Severity) {
	c.found = append(c.found, Finding{Code: code, Severity: s, Locale: c.locale})
}

func (c *check) at(code Code, s Severity, offset, length int) *Finding {
	c.found = append(c.found, Finding{Code: code, Severity: s, Locale: c.locale, Offset: offset, Length: length,
		Line: 1 + strings.Count(c.body[:offset], "\n"), Text: c.body[offset : offset+length]})
	return &c.found[len(c.found)-1]
}

// hidden finds signs that nobody sees; the marks that right-to-left scripts need are let through there.
func (c *check) hidden() {
	for i, r := range c.body {
		directional := r == '\u200e' || r == '\u200f' || r == '\u061c'
		if isHidden(r) && !(directional && c.locale.rightToLeft()) || unicode.IsControl(r) && r != '\n' {
			c.at(HiddenCharacter, Block, i, len(string(r)))
		}
	}
}

// braces finds single braces outside {{ }} and {% %}: a variable that was meant, or a sign that costs two.
func (c *check) braces() {
	for _, s := range fixed(c.body) {
		text := strings.NewReplacer("{{", "  ", "}}", "  ", "{%", "  ", "%}", "  ").Replace(s.text)
		if i := strings.IndexAny(text, "{}"); i >= 0 {
			c.at(StrayBrace, Block, s.offset+i, 1)
		}
	}
}

// stopCode looks for a forbidden short code in the template's own words, and in what its variables make of them.
func (c *check) stopCode(t *Template) {
	if at := c.o.StopCode(withoutVariables(c.body)); at != nil {
		c.at(StopCode, Block, at[0], at[1]-at[0])
		return
	}
	text, err := t.Render(c.sample(t))
	if err != nil {
		return // the check of the price says so
	}
	if at := c.o.StopCode(text.Reveal()); at != nil {
		c.whole(StopCode, Block)
		c.found[len(c.found)-1].Text = text.Reveal()[at[0]:at[1]]
	}
}

// sample are example values for everything that the template mentions.
func (c *check) sample(t *Template) Values {
	example := Example
	if c.o.Example != nil {
		example = c.o.Example
	}
	v := example(c.locale)
	v.Text = maps.Clone(v.Text)
	for _, n := range t.names {
		if _, ok, _ := v.get(n); !ok { // a variable of another journey: its own name is as good a length as any
			v.Text[n] = string(n)
		}
	}
	return v
}

// price measures the text with example values.
func (c *check) price(t *Template) {
	text, err := t.Render(c.sample(t))
	if err != nil {
		c.whole(NoCalendar, Block)
		return
	}
	m, err := sms.Measure(text.Reveal(), string(c.locale), c.o.SMS)
	if err != nil {
		c.whole(BadSyntax, Block)
		return
	}
	limit := c.o.MaxSegments
	if limit == 0 {
		limit = 3
	}
	if m.Segments > limit {
		c.whole(TooLong, Block)
		c.found[len(c.found)-1].Segments = m.Segments
	}
	if m.Coding == sms.UCS2 && !c.locale.rightToLeft() {
		c.costly(m)
	}
}

// costly points at the template's own characters that force UCS-2 although a twin exists: quotation marks
// and dashes always, letters when their twins would save a segment. A language that 7 bits cannot carry
// has nothing to save.
func (c *check) costly(m sms.Meter) {
	body := strings.Builder{}
	stretches := fixed(c.body)
	for _, s := range stretches {
		body.WriteString(s.text)
	}
	if plain := sms.Transliterate(body.String(), string(c.locale)); !plain.Complete() || len(plain.Changes) == 0 {
		return
	}
	seen := map[string]bool{}
	for _, s := range stretches {
		for _, ch := range sms.Transliterate(s.text, string(c.locale)).Changes {
			letter := strings.ContainsFunc(ch.From, unicode.IsLetter)
			if seen[ch.From] || letter && m.PlainSegments >= m.Segments {
				continue
			}
			seen[ch.From] = true
			f := c.at(CostlyCharacter, Warn, s.offset+ch.Offset, len(ch.From))
			f.Twin, f.Segments, f.Plain = ch.To, m.Segments, m.PlainSegments
		}
	}
}

// Plain is a body with the signs of its fixed text that the 7-bit alphabet lacks replaced by their twins; variables
// and tags stay as they are.
func Plain(body string, l Locale) string {
	var b strings.Builder
	at := 0
	for _, s := range fixed(body) {
		b.WriteString(body[at:s.offset])
		b.WriteString(sms.Transliterate(s.text, string(l)).Text)
		at = s.offset + len(s.text)
	}
	b.WriteString(body[at:])
	return b.String()
}
