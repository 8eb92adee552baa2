// Package rules reads dated rule files, one per country, into a Book: reserved words, default hours, what
// senders can do, how opt-outs are confirmed, how far they reach, caps and duties of a text. Each rule says
// its source, the dates it holds between, and when somebody last compared it with that source. The package
// refuses to decide about a message, and to know any rule that is not in a file: where nothing is known the
// strict default of default.yaml holds. It is not legal advice.
package rules

import (
	"cmp"
	"slices"

	"carillon.dev/carillon/internal/core/quiet"
)

// Book is all rules of all countries. It is immutable; pass it as a value's pointer.
type Book struct {
	rules  []Rule
	epochs map[string][]epoch // by country, "" for the default; sorted by from
	// digest tells books apart: eight hexadecimal digits of what they were read from.
	digest string
}

// Version names what was read, for the record of a decision: the country whose rules hold and the book.
func (b *Book) Version(country string) string { return country + "@" + b.digest }

// epoch is a stretch of days in which one country's rules do not change.
type epoch struct {
	from quiet.Day
	set  *Set
}

// Snapshot is the book on one day.
type Snapshot struct {
	book *Book
	day  quiet.Day
}

// At is the book as it reads on a day (a local date, where the text would be received).
func (b *Book) At(day quiet.Day) Snapshot { return Snapshot{b, day} }

// For is the set of a country (ISO 3166-1 alpha-2) on the snapshot's day.
func (s Snapshot) For(country string) *Set { return s.book.For(country, s.day) }

// For is what holds in a country on a day. An unknown country gets the default. The set is shared and
// immutable; a look-up costs a map access and a short search.
func (b *Book) For(country string, day quiet.Day) *Set {
	epochs, ok := b.epochs[country]
	if !ok {
		epochs = b.epochs[""]
	}
	i, found := slices.BinarySearchFunc(epochs, day, func(e epoch, d quiet.Day) int { return cmp.Compare(e.from, d) })
	if !found {
		i--
	}
	return epochs[max(i, 0)].set
}

// Countries lists the countries with a file of their own, sorted.
func (b *Book) Countries() []string {
	var out []string
	for c := range b.epochs {
		if c != "" {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}

// Rules lists every rule, for showing sources and for tests.
func (b *Book) Rules() []Rule { return slices.Clone(b.rules) }

// compile cuts time at every date on which a rule begins or ends and makes one Set for each stretch.
func compile(all []Rule) *Book {
	b := &Book{rules: all, epochs: map[string][]epoch{}}
	countries := map[string]bool{"": true}
	for _, r := range all {
		countries[r.Country] = true
	}
	for c := range countries {
		var mine []Rule
		for _, r := range all {
			if r.Country == "" || r.Country == c {
				mine = append(mine, r)
			}
		}
		// The default comes first, so that the country's own word is the last.
		slices.SortStableFunc(mine, func(x, y Rule) int { return cmp.Compare(x.Country, y.Country) })
		for _, from := range edges(mine) {
			b.epochs[c] = append(b.epochs[c], epoch{from, newSet(c, mine, from)})
		}
	}
	return b
}

func edges(rs []Rule) []quiet.Day {
	out := []quiet.Day{-1 << 30}
	for _, r := range rs {
		out = append(out, r.From)
		if r.To != nil {
			out = append(out, *r.To+1)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
