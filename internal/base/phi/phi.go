// Package phi keeps what identifies a patient (names, numbers, texts, birth dates) from being printed by
// accident. A value shows itself as [redacted] to every formatter, logger and encoder; whoever truly
// needs the content calls Reveal, which is easy to find in a review. It refuses to encrypt: that is seal.
package phi

import (
	"fmt"
	"log/slog"
)

// Redacted is what every printed value looks like.
const Redacted = "[redacted]"

// Text is a piece of text about a person. The zero value is the empty text. Texts compare with ==.
type Text struct{ s string }

// T wraps s.
func T(s string) Text { return Text{s} }

// Reveal returns the content. Never pass it to a log, an error, a metric, a trace or a URL.
func (t Text) Reveal() string { return t.s }

// IsEmpty reports whether there is no content; that much may be known.
func (t Text) IsEmpty() bool { return t.s == "" }

// String is [redacted], or nothing for the empty text.
func (t Text) String() string {
	if t.s == "" {
		return ""
	}
	return Redacted
}

// Format redacts under every verb, %#v and %q included.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// LogValue redacts in structured logs.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText redacts in JSON, XML and the like: a face that shows the content asks for it by Reveal.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
