package patient

import (
	"slices"

	"carillon.dev/carillon/internal/base/phi"
)

// SetIdentifier sets how one system names the person; an empty value takes the name away.
func (p *Person) SetIdentifier(system string, value phi.Text) {
	at := slices.IndexFunc(p.Facts.Identifiers, func(i Identifier) bool { return i.System == system })
	switch {
	case value.IsEmpty() && at >= 0:
		p.Facts.Identifiers = slices.Delete(p.Facts.Identifiers, at, at+1)
	case value.IsEmpty():
	case at >= 0:
		p.Facts.Identifiers[at].Value = value
	default:
		p.Facts.Identifiers = append(p.Facts.Identifiers, Identifier{System: system, Value: value})
	}
}

// Identifier is how one system names the person; empty when it does not.
func (p *Person) Identifier(system string) phi.Text {
	for _, i := range p.Facts.Identifiers {
		if i.System == system {
			return i.Value
		}
	}
	return phi.Text{}
}
