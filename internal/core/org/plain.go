package org

import (
	"slices"
	"strings"
)

// PlainLetters are the languages whose texts somebody chose to have written in plain letters where that costs less:
// primary tags between blanks, in rising order. The zero value is none.
type PlainLetters string

// Has reports whether the texts of a language (a primary tag, such as "pl") are.
func (p PlainLetters) Has(language string) bool { return slices.Contains(p.Languages(), language) }

// Languages are the tags.
func (p PlainLetters) Languages() []string { return strings.Fields(string(p)) }

// With is p with a language added, or without it.
func (p PlainLetters) With(language string, on bool) PlainLetters {
	all := slices.DeleteFunc(p.Languages(), func(l string) bool { return l == language })
	if on {
		all = append(all, language)
	}
	slices.Sort(all)
	return PlainLetters(strings.Join(all, " "))
}
