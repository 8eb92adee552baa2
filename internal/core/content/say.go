package content

import (
	"fmt"
	"strings"
)

// sentences are what a finding says to people where no catalogue speaks, such as a program's log or a shell. They
// name pieces of the template only, never a value.
var sentences = map[Code]string{
	BadSyntax:       "the template cannot be read here: check what stands in {{ }} and that each if is closed",
	StrayBrace:      "a brace belongs to nothing: a variable is written {{ clinic.name }}",
	UnknownVariable: "there is no variable %q",
	MissingVariant:  "no text in a language that patients use: they get the one of the location or the organization",
	ReplyOneWay:     "asks for an answer that this sender cannot receive",
	ReservedWord:    "asks to answer with %q, which carriers or the law take for stop, help or start: offer a digit instead",
	StopCode:        "%q is an opt-out short code: in this country it turns a text about care into advertising, so remove it",
	CostlyCharacter: "%q makes the text dearer and has a plain twin",
	HiddenCharacter: "a sign that nobody sees stands here: remove it",
	SenderUnknown:   "does not say who writes: use {{ clinic.name }}",
	UnsafeLink:      "%q is not a plain https address of a named host",
	TooLong:         "takes too many segments",
	NoCalendar:      "dates cannot be written in this language yet",
	TimeUnknown:     "does not say when: use a day such as {{ visit.on_day }} and {{ visit.time }}",
	PhoneMissing:    "gives no number to call: use {{ clinic.phone }}",
	DigitsMissing:   "the journey asks for an answer with this text: offer the digits, such as {{ reply.confirm }}",
	DigitsUnasked:   "%q has no digit here, because no journey asks with this text",
	FixedDigit:      "write the variable, such as {{ reply.confirm }}, and not the figure %q: digits change when two questions are open on one phone",
	NotAlwaysKnown:  "%q is not known of every patient: give it a default or put it into an if",
}

// Sentence is the finding in plain English, lower case, without its place.
func (f Finding) Sentence() string {
	s := sentences[f.Code]
	if s == "" {
		return string(f.Code)
	}
	if strings.Contains(s, "%q") {
		s = fmt.Sprintf(s, f.Text)
	}
	if f.Nearest != "" && f.Code == UnknownVariable {
		s += fmt.Sprintf("; did you mean %q?", string(f.Nearest))
	}
	if f.Code == CostlyCharacter && f.Twin != "" {
		s += fmt.Sprintf(" %q: %d segments instead of %d", f.Twin, f.Plain, f.Segments)
	}
	if f.Code == TooLong {
		s += fmt.Sprintf(": %d", f.Segments)
	}
	return s
}
