package outbox

import (
	"context"
	"strings"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/store"
)

// Every relationship begins with a way out: the first text that leaves to a number ends with a line that says how to get
// no more, and where a country wants it, so does every text of a class. The line is written with the text, so that it is
// counted, stored and written anew like the rest (ADR 15).

// ownWords is the variable that keeps what somebody wrote, without the line that was put behind it.
const ownWords = "own.words"

// mayTell reports whether a text is of a kind that can carry the line: not an alarm, what answers an opt-out or HELP, a
// test, or staff's own words in a conversation that goes on.
func mayTell(d *store.Draft) bool {
	staffAnswer := d.Flags.Has(message.StaffText) && d.Flags&(message.InThread|message.Answers) != 0
	return d.Purpose != purpose.Emergency && d.Exempt.IsZero() && d.Template != string(content.HelpText) &&
		!d.Flags.Has(message.SelfTest) && !staffAnswer && (d.Template != "" || !d.Body.IsEmpty())
}

// loadTold asks which numbers know the way out, once for all items.
func (o *Outbox) loadTold(ctx context.Context, tx store.Tx, items []item) error {
	points := distinct(items, func(it *item) id.ID {
		if it.contact == nil || !mayTell(it.draft) {
			return id.ID{}
		}
		return it.contact.Point.ID
	})
	if len(points) == 0 {
		return nil
	}
	told, err := tx.Messages().Told(ctx, points)
	if err != nil {
		return err
	}
	for i := range items {
		items[i].told = items[i].contact != nil && told[items[i].contact.Point.ID]
	}
	return nil
}

// complete holds a text to what its country asks of it, and puts the line behind it where one is due.
func (o *Outbox) complete(it *item, f *gate.Facts, text phi.Text) phi.Text {
	d := it.draft
	d.Flags &^= message.TellsWayOut | message.WayOutByCall
	it.wayOut, it.wayOutRule = "", ""
	set := o.rulesFor(it)
	twoWay := it.choice.Sender == nil || it.choice.Sender.TwoWay
	owed := set.Owed(d.Purpose.Traits().Class, !twoWay)
	code := owed.Code(text.Reveal()) != nil
	f.Text.StopCode = owed.NoCode != "" && code
	f.Text.NoWayOut = owed.NeedCode != "" && !code
	f.Text.Nameless = owed.Sender != "" && d.Template != "" && !it.named(text)
	if !mayTell(d) || it.told && owed.WayOut == "" {
		return text
	}
	locale := it.locale()
	if code || content.SaysWayOut(text.Reveal(), locale, func(w string) bool { return set.OptsOut(w, locale.Base()) }) {
		d.Flags |= message.TellsWayOut
		it.wayOut = message.WayOutOwn
		return text
	}
	it.wayOut, it.wayOutRule = message.WayOutFirst, owed.WayOut
	if owed.WayOut != "" {
		it.wayOut = message.WayOutDemanded
	}
	return o.withLine(it, f, set, text, twoWay)
}

// withLine puts the line behind a text. Where the sender hears nothing and the site has no number it cannot be written:
// what a country demands then does not leave, a first text leaves without and the next tries again.
func (o *Outbox) withLine(it *item, f *gate.Facts, set *rules.Set, text phi.Text, twoWay bool) phi.Text {
	d, locale := it.draft, it.locale()
	word, call := "", ""
	if twoWay {
		word = set.WayOutWord(locale.Base())
	}
	if p := it.siteOrWhole(); p != nil {
		call = p.phone
	}
	if call == "" {
		call = it.org.place(id.ID{}).phone // another site's is better than none
	}
	line := content.WayOut(locale, word, call)
	if line == "" {
		f.Text.NoWayOut = f.Text.NoWayOut || it.wayOut == message.WayOutDemanded
		it.wayOut, it.wayOutRule = "", ""
		return text
	}
	d.Flags |= message.TellsWayOut
	if word == "" {
		d.Flags |= message.WayOutByCall
	}
	if d.Template == "" {
		keepOwnWords(d, text)
	}
	return phi.T(content.WithLine(text.Reveal(), line))
}

// keepOwnWords keeps what somebody wrote beside what is sent: it is written anew before it leaves.
func keepOwnWords(d *store.Draft, text phi.Text) {
	vars := make(map[string]phi.Text, len(d.Vars)+1)
	for n, v := range d.Vars {
		vars[n] = v
	}
	vars[ownWords] = text
	d.Vars = vars
}

// words are what somebody wrote, without the line.
func words(d *store.Draft) phi.Text {
	if own, ok := d.Vars[ownWords]; ok {
		return own
	}
	return d.Body
}

// rulesFor is what holds where the number is, at the moment that is decided about.
func (o *Outbox) rulesFor(it *item) *rules.Set {
	var l line
	if it.contact != nil {
		l = o.lines.get(it.contact.Point.Number)
	}
	return o.book.For(it.region(l), quiet.DayOf(it.at.Date()))
}

// siteOrWhole is the site, or the organization as a whole for a text of none.
func (it *item) siteOrWhole() *place {
	if it.place != nil {
		return it.place
	}
	return it.org.place(id.ID{})
}

// locale is the language that the text is in: its variant's, else what was said of it, else the reader's.
func (it *item) locale() content.Locale {
	if it.variant != nil {
		return it.variant.locale
	}
	tags, region := []string{it.draft.Locale, it.person.Language}, ""
	if p := it.siteOrWhole(); p != nil {
		region = p.Region
		tags = append(tags, p.Languages...)
	}
	if all := content.Wanted(region, append(tags, it.org.Locale)...); len(all) > 0 {
		return all[0]
	}
	return "en"
}

// named reports whether a text says who writes.
func (it *item) named(text phi.Text) bool {
	lower := strings.ToLower(text.Reveal())
	has := func(name string) bool { return name != "" && strings.Contains(lower, strings.ToLower(name)) }
	return has(it.org.Name) || it.place != nil && has(it.place.Name)
}
