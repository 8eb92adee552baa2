package store

import "carillon.dev/carillon/internal/base/id"

// Page asks for rows after a row, in rising or falling order of ids. The zero value is the first page.
type Page struct {
	After id.ID // zero for the start
	Limit int   // 0 is DefaultLimit; more than MaxLimit is cut
}

// Sizes of pages.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
)

// Size is the limit that applies.
func (p Page) Size() int {
	switch {
	case p.Limit <= 0:
		return DefaultLimit
	case p.Limit > MaxLimit:
		return MaxLimit
	}
	return p.Limit
}
