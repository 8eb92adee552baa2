package desk

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audit"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
)

// maxFound bounds a search: whoever finds more types more.
const maxFound = 50

// Found is one person of a search with the numbers that reach them.
type Found struct {
	patient.Person
	Contacts []patient.Contact
}

// Search finds persons by what staff typed in one field: words of the name, a birth date (YYYY-MM-DD), a
// phone number, or an identifier. Every search leaves an audit row with the count, never the words.
func (d *Desk) Search(ctx context.Context, scope access.Scope, typed phi.Text) ([]Found, error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, err
	}
	var home string
	err := d.store.Read(ctx, scope, func(tx store.Tx) error {
		o, err := tx.Orgs().Get(ctx)
		home = o.Region
		return err
	})
	if err != nil {
		return nil, err
	}
	queries := guess(typed, home)
	if len(queries) == 0 {
		return nil, errs.New(errs.Invalid, "type at least three letters of a name (two characters of a Chinese one), a phone number, a birth date or a patient number").At("q")
	}
	var found []Found
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		found, err = search(ctx, tx, queries)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, d.note(ctx, scope, "person.search", "search", id.ID{}, "found="+band(len(found)))
}

func search(ctx context.Context, tx store.Tx, queries []store.PersonQuery) ([]Found, error) {
	var found []Found
	var ids distinct
	for _, q := range queries {
		q.Limit = maxFound
		people, err := tx.People().Search(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			if n := len(ids.ids); n < maxFound {
				if ids.add(p.ID); len(ids.ids) > n {
					found = append(found, Found{Person: p})
				}
			}
		}
	}
	contacts, err := tx.People().ContactsOf(ctx, ids.ids)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Contacts = contacts[found[i].ID]
	}
	return found, nil
}

// guess reads one typed line in every way that it can be meant.
func guess(typed phi.Text, region string) (out []store.PersonQuery) {
	s := strings.TrimSpace(typed.Reveal())
	if n := len([]rune(s)); n < 2 || n < 3 && !han(s) {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		return []store.PersonQuery{{BirthDate: phi.T(s)}}
	}
	if n, err := phone.Parse(phi.T(s), region); err == nil {
		out = append(out, store.PersonQuery{Number: n})
	}
	if strings.ContainsAny(s, "0123456789") {
		return append(out, store.PersonQuery{Identifier: phi.T(s)})
	}
	for _, words := range spellings(s) {
		out = append(out, store.PersonQuery{Words: words})
	}
	return out
}

// spellings are the words that a name was typed in. A Han name is written without a space: it is one word, or a family
// name of one or two characters and the rest.
func spellings(typed string) [][]string {
	words := strings.Fields(typed)
	out := [][]string{words}
	if len(words) != 1 || !han(words[0]) {
		return out
	}
	c := []rune(words[0])
	for n := 1; n <= 2 && n < len(c) && len(c) <= 4; n++ {
		out = append(out, []string{string(c[:n]), string(c[n:])})
	}
	return out
}

func han(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return !unicode.Is(unicode.Han, c) })
}

func band(n int) string {
	switch {
	case n == 0:
		return "0"
	case n < 10:
		return "1-9"
	}
	return "10+"
}

// note leaves an audit row for something that was only looked at.
func (d *Desk) note(ctx context.Context, scope access.Scope, action, kind string, object id.ID, detail string) error {
	return d.store.InTx(ctx, scope, func(tx store.Tx) error {
		return tx.Audit().Record(ctx, audit.Of(scope, tx.Now(), action, kind, object, detail))
	})
}

// Person is everything about one person that staff may need while somebody waits.
type Person struct {
	patient.Person
	Contacts []patient.Contact
	Ledger   []consent.Entry // oldest first
	Visits   []Visit         // latest start first
	Messages []Line          // newest first, waiting ones included
	Inbound  []conversation.Inbound
	Threads  map[id.ID]id.ID // conversation by contact point
}

// Person reads one person's story. again is true when a page reads itself anew: the audit row of the first
// reading stands for it.
func (d *Desk) Person(ctx context.Context, scope access.Scope, person id.ID, again bool) (p Person, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return p, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		if p.Person, err = tx.People().Get(ctx, person); err != nil {
			return err
		}
		contacts, err := tx.People().ContactsOf(ctx, []id.ID{person})
		if err != nil {
			return err
		}
		p.Contacts = contacts[person]
		return p.story(ctx, tx)
	})
	if err != nil || again {
		return p, err
	}
	return p, d.note(ctx, scope, "person.open", "person", person, "")
}

func (p *Person) story(ctx context.Context, tx store.Tx) (err error) {
	var points distinct
	for _, c := range p.Contacts {
		points.add(c.Point.ID)
	}
	if p.Ledger, err = tx.Consents().For(ctx, []id.ID{p.ID}, points.ids); err != nil {
		return err
	}
	visits, err := tx.Visits().OfPerson(ctx, p.ID, 100)
	if err != nil {
		return err
	}
	if p.Visits, err = dress(ctx, tx, visits); err != nil {
		return err
	}
	drafts, err := tx.Messages().List(ctx, store.MessageFilter{Person: p.ID}, store.Page{Limit: 200})
	if err != nil {
		return err
	}
	p.Messages = linesOf(drafts)
	return p.inbound(ctx, tx, points.ids)
}

// inbound reads what came from the person's numbers; on a shared phone others may have written it.
func (p *Person) inbound(ctx context.Context, tx store.Tx, points []id.ID) error {
	p.Threads = map[id.ID]id.ID{}
	for _, point := range points {
		texts, err := tx.Conversations().InboundOf(ctx, point, store.Page{Limit: 100})
		if err != nil {
			return err
		}
		p.Inbound = append(p.Inbound, texts...)
		for _, t := range texts {
			if !t.Conversation.IsZero() {
				p.Threads[point] = t.Conversation
			}
		}
	}
	return nil
}

// State is what the ledger says for one number and purpose at now.
func (p *Person) State(q consent.Query) consent.State { return consent.Fold(p.Ledger, q) }

// Right is what the ledger says of one purpose.
type Right struct {
	Purpose purpose.Purpose
	State   consent.State
}

// Rights are what the ledger says at now for the person's first number: appointments first, then every purpose that the
// ledger speaks of.
func (p *Person) Rights(now time.Time) []Right {
	speaks := func(of purpose.Purpose) bool {
		return slices.ContainsFunc(p.Ledger, func(e consent.Entry) bool { return e.Purpose == of })
	}
	shown := []purpose.Purpose{purpose.Appointment}
	for _, x := range append([]purpose.Purpose{consent.AllCare}, purpose.All()...) {
		if x != purpose.Appointment && speaks(x) {
			shown = append(shown, x)
		}
	}
	q := consent.Query{Person: p.ID, Channel: patient.SMS, At: now}
	if len(p.Contacts) > 0 {
		q.Point = p.Contacts[0].Point.ID
	}
	out := make([]Right, len(shown))
	for i, x := range shown {
		q.Purpose = x
		out[i] = Right{x, p.State(q)}
	}
	return out
}

// Coming lists the visits that these persons are still expected to, soonest first.
func (d *Desk) Coming(ctx context.Context, scope access.Scope, people []id.ID) (out []Visit, err error) {
	if err := may(scope, access.ReadPatients); err != nil {
		return nil, err
	}
	err = d.store.Read(ctx, scope, func(tx store.Tx) error {
		var coming []schedule.Appointment
		for _, p := range people {
			visits, err := tx.Visits().OfPerson(ctx, p, 50)
			if err != nil {
				return err
			}
			for _, v := range visits {
				if v.Status.Expected() && v.Start.After(tx.Now()) {
					coming = append(coming, v)
				}
			}
		}
		slices.SortFunc(coming, func(a, b schedule.Appointment) int { return a.Start.Compare(b.Start) })
		out, err = dress(ctx, tx, coming)
		return err
	})
	return out, err
}
