package api

import (
	"bytes"
	"errors"
	"maps"

	"github.com/danielgtaylor/huma/v2"
)

var errNUL = errors.New("the character U+0000 is no text: leave it out")

// withoutNUL refuses bodies whose texts hold U+0000: PostgreSQL keeps no such text, and no text means anything by it.
func withoutNUL(formats map[string]huma.Format) map[string]huma.Format {
	out := maps.Clone(formats)
	for kind, f := range out {
		read := f.Unmarshal
		if read == nil {
			continue
		}
		f.Unmarshal = func(b []byte, v any) error {
			if holdsNUL(b) {
				return errNUL
			}
			return read(b, v)
		}
		out[kind] = f
	}
	return out
}

// holdsNUL finds the escape of U+0000 in JSON. A backslash that is itself escaped begins none.
func holdsNUL(b []byte) bool {
	escape := []byte(`\u0000`)
	for from := 0; ; {
		i := bytes.Index(b[from:], escape)
		if i < 0 {
			return false
		}
		at := from + i
		if before := b[:at]; (len(before)-len(bytes.TrimRight(before, `\`)))%2 == 0 {
			return true
		}
		from = at + 1
	}
}
