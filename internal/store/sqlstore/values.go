package sqlstore

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/phone"
)

// Kind is the type of a column as both databases know it.
type Kind int

const (
	ID    Kind = iota + 1 // uuid, 16-byte blob; the zero id is NULL
	Text                  // text
	Int                   // bigint; times are microseconds UTC and the zero time is NULL
	Bytes                 // bytea, blob; nil is NULL
	Bool                  // boolean, 0 or 1
)

// Value brings an argument to one of the few types that a database package converts: nil, id.ID, string,
// int64, float64, bool, []byte, []id.ID, []string, []int64, [][]byte.
//
// The zero id, the zero time and nil pointers are NULL. Text about a person is refused: it must be sealed.
func Value(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, int64, bool, []id.ID, []string, []int64, [][]byte, float64:
		return v, nil
	case []byte:
		if v == nil {
			return nil, nil
		}
		return v, nil
	case id.ID:
		if v.IsZero() {
			return nil, nil
		}
		return v, nil
	case time.Time:
		if v.IsZero() {
			return nil, nil
		}
		return v.UnixMicro(), nil
	case *time.Time:
		if v == nil || v.IsZero() {
			return nil, nil
		}
		return v.UnixMicro(), nil
	case int:
		return int64(v), nil
	case time.Duration:
		return v.Microseconds(), nil
	case phi.Text, phone.Number:
		return nil, errs.New(errs.Internal, "text about a person must be sealed before it is stored")
	}
	return valueByKind(v)
}

// valueByKind handles named strings, numbers and flags such as enums.
func valueByKind(v any) (any, error) {
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.String:
		return r.String(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int(), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(r.Uint()), nil //nolint:gosec // at most 32 bits
	case reflect.Bool:
		return r.Bool(), nil
	}
	return nil, errs.Newf(errs.Internal, "an argument of type %T cannot be stored", v)
}

// Values is Value over a list, in place of a copy.
func Values(in []any) ([]any, error) {
	out := make([]any, len(in))
	for i, v := range in {
		c, err := Value(v)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// JSONList writes a list argument as the JSON array that json_each reads; bytes and ids in hexadecimal.
func JSONList(v any) (string, error) {
	var out any = v
	switch v := v.(type) {
	case []id.ID:
		hexed := make([]string, len(v))
		for i := range v {
			hexed[i] = hex.EncodeToString(v[i][:])
		}
		out = hexed
	case [][]byte:
		hexed := make([]string, len(v))
		for i := range v {
			hexed[i] = hex.EncodeToString(v[i])
		}
		out = hexed
	}
	b, err := json.Marshal(out)
	return string(b), err
}

// The scan* types take a column into a Go value; NULL gives the zero value.
type (
	scanID       struct{ to *id.ID }
	scanTime     struct{ to *time.Time }
	scanTimePtr  struct{ to **time.Time }
	scanDuration struct{ to *time.Duration }
)

// Dest is what to scan into for a destination: ids, times and durations get a wrapper that both drivers know.
func Dest(v any) any {
	switch v := v.(type) {
	case *id.ID:
		return &scanID{v}
	case *time.Time:
		return &scanTime{v}
	case **time.Time:
		return &scanTimePtr{v}
	case *time.Duration:
		return &scanDuration{v}
	}
	return v
}

// Dests is Dest over a list, in place.
func Dests(in []any) []any {
	for i, v := range in {
		in[i] = Dest(v)
	}
	return in
}

func (s *scanID) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*s.to = id.ID{}
		return nil
	case []byte:
		v, err := id.FromBytes(src)
		*s.to = v
		return err
	}
	return fmt.Errorf("an id column holds %T", src)
}

func (s *scanTime) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*s.to = time.Time{}
		return nil
	case int64:
		*s.to = time.UnixMicro(src).UTC()
		return nil
	}
	return fmt.Errorf("a time column holds %T", src)
}

func (s *scanTimePtr) Scan(src any) error {
	if src == nil {
		*s.to = nil
		return nil
	}
	var t time.Time
	err := (&scanTime{&t}).Scan(src)
	*s.to = &t
	return err
}

func (s *scanDuration) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*s.to = 0
		return nil
	case int64:
		*s.to = time.Duration(src) * time.Microsecond
		return nil
	}
	return fmt.Errorf("a duration column holds %T", src)
}
