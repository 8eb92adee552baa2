package texts

import (
	"cmp"
	"context"
	"slices"
	"time"

	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/store"
)

// Use is a place of a journey that sends a text.
type Use struct {
	Journey string
	Step    string // of the journey, or moved, cancelled, correction
	On      bool
	Asks    bool

	class purpose.Class // of the journey
}

// frame is what texts of an organization are judged by.
type frame struct {
	now       time.Time
	oneWay    bool // there are senders, and none can receive
	org       org.Organization
	sites     []org.Location
	languages []content.Locale // in use, the most used first
	people    map[content.Locale]int
	uses      map[content.Key][]Use
	digits    map[content.Key][]content.Name // what the journeys give where they ask
}

// recount is how long a count of languages stands; it reads every person's row.
const recount = 10 * time.Minute

// maxSpoken bounds the counts that are kept.
const maxSpoken = 512

func (s *Service) frame(ctx context.Context, tx store.Tx) (*frame, error) {
	f := &frame{now: tx.Now(), people: map[content.Locale]int{}, uses: map[content.Key][]Use{}, digits: map[content.Key][]content.Name{}}
	var err error
	if f.org, err = tx.Orgs().Get(ctx); err != nil {
		return nil, err
	}
	if f.sites, err = tx.Orgs().Locations(ctx); err != nil {
		return nil, err
	}
	if f.oneWay, err = onlyOneWay(ctx, tx); err != nil {
		return nil, err
	}
	by, err := s.languages(ctx, tx)
	if err != nil {
		return nil, err
	}
	f.count(by)
	files, err := tx.Journeys().DefinitionFiles(ctx)
	if err != nil {
		return nil, err
	}
	if files, err = plan.WithShipped(files); err != nil {
		return nil, err
	}
	for i, file := range files {
		if i > 0 && files[i-1].Key == file.Key { // newest first
			continue
		}
		d, err := journey.Parse([]byte(file.Source))
		if err != nil {
			return nil, err
		}
		f.use(d)
	}
	return f, nil
}

// Warm counts the languages of the organization's people unless that was done a short while ago, so that saving, whose
// transaction others wait for, does not have to.
func (s *Service) Warm(ctx context.Context, scope access.Scope) error {
	return s.store.Read(ctx, scope, func(tx store.Tx) error {
		_, err := s.languages(ctx, tx)
		return err
	})
}

func (s *Service) languages(ctx context.Context, tx store.Tx) (map[string]int, error) {
	own := tx.Scope().Org()
	s.mu.Lock()
	have, ok := s.spoken[own]
	s.mu.Unlock()
	if ok && tx.Now().Sub(have.at).Abs() < recount {
		return have.by, nil
	}
	by, err := tx.People().Languages(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.spoken) >= maxSpoken {
		clear(s.spoken)
	}
	s.spoken[own] = spoken{tx.Now(), by}
	return by, nil
}

// count gathers the languages of patients, locations and the organization.
func (f *frame) count(by map[string]int) {
	add := func(tag string, people int) {
		if l, err := content.ParseLocale(tag); err == nil {
			f.people[l] += people
			if !slices.Contains(f.languages, l) {
				f.languages = append(f.languages, l)
			}
		}
	}
	for tag, n := range by {
		add(tag, n)
	}
	for _, l := range f.sites {
		for _, tag := range l.Languages {
			add(tag, 0)
		}
	}
	add(f.org.Locale, 0)
	slices.SortFunc(f.languages, func(a, b content.Locale) int {
		return cmp.Or(cmp.Compare(f.people[b], f.people[a]), cmp.Compare(a, b))
	})
}

// codeVars are the template's names of answers.
var codeVars = map[journey.Intent]content.Name{journey.Confirm: content.ReplyConfirm, journey.Cancel: content.ReplyCancel,
	journey.Reschedule: content.ReplyReschedule, journey.Question: content.ReplyQuestion}

// use notes what a journey sends. A text that is sent without a question anywhere is written without digits.
func (f *frame) use(d *journey.Definition) {
	var digits []content.Name
	for _, r := range d.Replies {
		if r.Digit != "" {
			digits = append(digits, codeVars[r.Intent])
		}
	}
	for _, u := range d.Texts() {
		k := content.Key(u.Template)
		f.uses[k] = append(f.uses[k], Use{Journey: d.Key, Step: u.Step, On: u.On, Asks: u.Asks, class: d.Purpose.Traits().Class})
		if u.Asks {
			f.digits[k] = digits
		}
	}
}

// need is what a text of the organization must carry.
func (f *frame) need(k content.Key) content.Need {
	var sure []content.Name
	if !slices.ContainsFunc(f.sites, func(l org.Location) bool { return l.Address == "" }) {
		sure = append(sure, content.LocationAddress)
	}
	if !slices.ContainsFunc(f.sites, func(l org.Location) bool { return l.Phone.IsZero() }) {
		sure = append(sure, content.ClinicPhone)
	}
	n := content.NeedOf(k, sure...)
	uses := f.uses[k]
	if len(uses) > 0 && !slices.ContainsFunc(uses, func(u Use) bool { return !u.Asks }) {
		n.Asks, n.Digits = true, f.digits[k]
	}
	return n
}

// wanted is the fallback chain of a reader of l at the organization's first site of that language.
func (f *frame) wanted(l content.Locale) []content.Locale {
	region := f.org.Region
	for _, s := range f.sites {
		if slices.ContainsFunc(s.Languages, func(tag string) bool { return content.Locale(tag).Base() == l.Base() }) {
			region = s.Region
			break
		}
	}
	return content.Wanted(region, string(l))
}

// cover says how every language in use is served.
func (f *frame) cover(own, shipped content.Variants) (out []Coverage) {
	all := own.Over(shipped)
	var others []string
	for _, x := range f.sites {
		others = append(others, x.Languages...)
	}
	rest := content.Wanted(f.org.Region, append(others, f.org.Locale)...)
	for _, l := range f.languages {
		c := Coverage{Language: l, People: f.people[l], State: Nothing}
		if choice, ok := all.Choose(f.wanted(l)...); ok {
			c.Variant, c.State = choice.Variant, Covered
			if _, mine := own[choice.Variant]; !mine && len(own) > 0 {
				c.State = Shipped
			}
		} else if choice, ok := all.Choose(rest...); ok {
			c.Variant, c.State = choice.Variant, Fallback
		}
		out = append(out, c)
	}
	return out
}
