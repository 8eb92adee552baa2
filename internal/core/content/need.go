package content

import (
	"regexp"
	"slices"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
)

// Need says what a text is for, as far as a check of its words must know.
type Need struct {
	// When: the text is about a visit and must say on which day and at what time.
	When bool
	// Phone: a number to call should stand in it; it must when the text asks for no answer.
	Phone bool
	// Digits are the variables of the reply map that the text is sent with, in the order in which they are offered;
	// empty when nothing gives it digits. Asks: the text must offer at least the first.
	Digits []Name
	Asks   bool
	// Sure are the variables that always have a value. Any other needs a default or a condition.
	Sure Vars
}

// visitVars are known of every visit.
var visitVars = Vars{VisitDate, VisitDay, VisitOnDay, VisitWeekday, VisitTime, VisitRelative, VisitZone}

var oldVars = Vars{OldDate, OldDay, OldWeekday, OldTime}

// NeedOf is what a text that ships needs; any other key is a text about a visit. Digits and Asks are the journeys'
// to say, and whether each site has an address and a phone is the organization's: sure lists what is known of both.
func NeedOf(k Key, sure ...Name) Need {
	n := Need{When: true, Phone: true, Sure: append(Vars{ClinicName, LocationName}, sure...)}
	switch k {
	case ReplyConfirmed, ReplyCancelled, ReplyCancelRequested, ReplyRescheduleNoted:
		n.When = false
		n.Sure = append(n.Sure, visitVars...)
	case ReplyQuestionNoted, ReplyNotUnderstood, ReplyAfterClose, OptOutConfirmation, OptOutQuestion, HelpText, StartConfirmation:
		n.When = false
	default:
		n.Sure = append(n.Sure, visitVars...)
	}
	if k == VisitMoved {
		n.Sure = append(n.Sure, oldVars...)
	}
	if k == ReplyNotUnderstood {
		n.Digits = []Name{ReplyConfirm, ReplyCancel, ReplyReschedule} // those of the question that is open, if one is
	}
	return n
}

// needs checks a text that compiles against what it is for.
func (c *check) needs(t *Template) {
	n := c.o.Need
	if n.When && (!usesAny(t, VisitDate, VisitDay, VisitOnDay, VisitRelative) || !t.Uses(VisitTime)) {
		c.whole(TimeUnknown, Block)
	}
	if n.Phone && !t.Uses(ClinicPhone) {
		severity := Block
		if n.Asks || !n.When {
			severity = Warn
		}
		c.whole(PhoneMissing, severity)
	}
	if n.Asks && len(n.Digits) > 0 && !t.Uses(n.Digits[0]) {
		c.whole(DigitsMissing, Block)
		c.found[len(c.found)-1].Nearest = n.Digits[0]
	}
	for _, name := range t.names {
		if strings.HasPrefix(string(name), "reply.") && !slices.Contains(n.Digits, name) {
			c.atName(DigitsUnasked, name)
		}
	}
	c.fixedDigits()
	c.unsure(t)
}

func usesAny(t *Template, names ...Name) bool { return slices.ContainsFunc(names, t.Uses) }

// atName points at the first place where the template mentions a variable.
func (c *check) atName(code Code, n Name) {
	i := strings.Index(c.body, string(n))
	severity := Block
	if code == NotAlwaysKnown && (n == ClinicPhone || n == LocationAddress) {
		severity = Warn // a site lacks it: that is mended at the site
	}
	if i < 0 {
		c.whole(code, severity)
		return
	}
	c.at(code, severity, i, len(n))
}

// unsure finds variables without a value for some patients, by writing the text with what is always known.
func (c *check) unsure(t *Template) {
	known := Example(c.locale)
	known.Text = map[Name]string{}
	for n, text := range Example(c.locale).Text {
		if c.o.Need.Sure.Has(n) || c.o.Need.Asks && slices.Contains(c.o.Need.Digits, n) {
			known.Text[n] = text
		}
	}
	if !c.o.Need.Sure.Has(VisitTime) {
		known.Visit = Moment{}
	}
	if !c.o.Need.Sure.Has(OldTime) {
		known.Old = Moment{}
	}
	all := Example(c.locale)
	for range t.names {
		_, err := t.Render(known)
		if !errs.Is(err, errs.Precondition) {
			return
		}
		missing := Name(whereOf(err))
		if !t.Uses(missing) {
			return
		}
		if !strings.HasPrefix(string(missing), "reply.") || slices.Contains(c.o.Need.Digits, missing) { // the rest is told already
			c.atName(NotAlwaysKnown, missing)
		}
		switch group, _, _ := strings.Cut(string(missing), "."); group {
		case "visit":
			known.Visit = all.Visit
		case "old":
			known.Old = all.Old
		default:
			known.Text[missing] = "x"
		}
	}
}

func whereOf(err error) string {
	if e, ok := err.(*errs.Error); ok { //nolint:errorlint // Render's own, never wrapped
		return e.Where
	}
	return ""
}

// digitAfter is a digit that stands where an invited answer does.
var digitAfter = regexp.MustCompile(`^[\s:]*(?:with |by texting |wpisując |z |con |avec |mit |par )?["'„“«]?([0-9])(?:[^0-9]|$)`)

// fixedDigits finds "reply 1": which digit means what is decided when a text leaves, because two questions may be
// open on one phone.
func (c *check) fixedDigits() {
	lower := strings.ToLower(withoutVariables(c.body))
	if len(lower) != len(c.body) {
		return
	}
	for _, lang := range [...]string{c.locale.Base(), "en"} {
		for _, p := range phrasesOf[lang].invites {
			for at := findPhrase(lower, p, 0); at >= 0; at = findPhrase(lower, p, at+len(p)) {
				from := at + len(p)
				m := digitAfter.FindStringSubmatchIndex(lower[from:])
				if m != nil && !strings.Contains(c.body[from:from+m[2]], "{{") {
					c.at(FixedDigit, Block, from+m[2], m[3]-m[2])
				}
			}
		}
		if c.locale.Base() == "en" {
			return
		}
	}
}
