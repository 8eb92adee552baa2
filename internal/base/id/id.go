// Package id makes and parses the identifiers of every row: UUID version 7 (RFC 9562), which rise with
// time, so that inserts land at the end of an index. It refuses to carry meaning: nothing may be read out
// of an id but its identity.
package id

import (
	"encoding/hex"

	"github.com/google/uuid"

	"carillon.dev/carillon/internal/base/errs"
)

// ID names one row. The zero ID names nothing.
type ID [16]byte

// New returns a fresh rising id. Ids made by one process never repeat and rise in the order they were made.
func New() ID {
	u, err := uuid.NewV7()
	if err != nil {
		// The system's random source is gone: no id, key or nonce made from here on could be trusted.
		panic("id: no randomness: " + err.Error())
	}
	return ID(u)
}

// Parse reads the 36-character form. Anything else is an errs.Invalid.
func Parse(s string) (ID, error) {
	if len(s) != 36 {
		return ID{}, errs.New(errs.Invalid, "this is not an id: expected 36 characters such as 018f4e6a-…")
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return ID{}, errs.New(errs.Invalid, "this is not an id: expected 36 characters such as 018f4e6a-…")
	}
	return ID(u), nil
}

// FromBytes reads the 16 raw bytes that a database returns.
func FromBytes(b []byte) (ID, error) {
	if len(b) != 16 {
		return ID{}, errs.New(errs.Internal, "an id column does not hold 16 bytes")
	}
	return ID(b), nil
}

// IsZero reports whether the id names nothing.
func (i ID) IsZero() bool { return i == ID{} }

// String returns the 36-character form; the zero id is the empty string.
func (i ID) String() string {
	if i.IsZero() {
		return ""
	}
	return uuid.UUID(i).String()
}

// Short is the last eight hexadecimal characters, for people to tell rows apart in a log.
func (i ID) Short() string { return hex.EncodeToString(i[12:]) }

// MarshalText writes the 36-character form.
func (i ID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads the 36-character form; the empty text is the zero id.
func (i *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*i = ID{}
		return nil
	}
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*i = v
	return nil
}
