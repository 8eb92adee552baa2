// Package errs is the shape of every error that a person or another program may see: a kind, a safe text
// that says what to do next, where it happened, and the wrapped cause. It refuses to show the cause:
// Safe never contains text from below, because that text may hold a name or a number.
package errs

import (
	"errors"
	"fmt"
)

// Kind is what a face needs to know to answer: HTTP status, exit code and job outcome follow from it.
type Kind string

const (
	// Invalid: the input is wrong; Where says which part. Trying again unchanged is useless.
	Invalid Kind = "invalid"
	// NotFound: no such thing within the caller's scope (another organization's row is not found too).
	NotFound Kind = "not_found"
	// Conflict: the thing changed meanwhile, or exists already.
	Conflict Kind = "conflict"
	// Forbidden: known caller, not allowed.
	Forbidden Kind = "forbidden"
	// Unauthenticated: unknown caller.
	Unauthenticated Kind = "unauthenticated"
	// Precondition: right request, wrong state (a stopped route, a held import).
	Precondition Kind = "precondition"
	// TooMany: a rate or size limit was met; later may work.
	TooMany Kind = "too_many"
	// Unavailable: something outside does not answer; later may work.
	Unavailable Kind = "unavailable"
	// Internal: our own fault.
	Internal Kind = "internal"
)

// Error is an error with a kind and a text that is safe to show.
type Error struct {
	Kind  Kind
	Safe  string // lower case sentence for people, free of PHI, says what to do next
	Where string // field, column, line or flag, when one is to blame
	Err   error  // cause, never shown
}

// Error is the safe text with its place; the cause is left out on purpose.
func (e *Error) Error() string {
	if e.Where != "" {
		return e.Where + ": " + e.Safe
	}
	return e.Safe
}

// Unwrap gives errors.Is and errors.As the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error. safe must not contain anything a patient said or is.
func New(k Kind, safe string) *Error { return &Error{Kind: k, Safe: safe} }

// Newf is New with a format; arguments must be ids, counts, enums or column names, never PHI.
func Newf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Safe: fmt.Sprintf(format, args...)}
}

// At says which field, column, line or flag is to blame.
func (e *Error) At(where string) *Error {
	c := *e
	c.Where = where
	return &c
}

// Wrap puts a kind and a safe text before a cause. A nil cause stays nil.
func Wrap(k Kind, safe string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: k, Safe: safe, Err: err}
}

// KindOf finds the first kind in the chain; an error without one is Internal, nil is the empty kind.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether the first kind in the chain is k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// Safe is the text that may be shown or stored for any error: its own safe text, or a fixed sentence.
func Safe(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Error()
	}
	return "something went wrong inside; the log has the details under this request's id"
}
