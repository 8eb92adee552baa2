package outbox

import (
	"context"
	"strings"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/store"
)

// orgFacts is one organization with its sites and texts at one revision; computed timetables are kept with it.
type orgFacts struct {
	org.Organization
	places        map[id.ID]*place
	practitioners map[id.ID]string
	texts         map[content.Key]*Text

	mu     sync.Mutex
	tables map[tableKey]quiet.Timetable
}

// place is a site with its clock; the zero place stands for texts of no site.
type place struct {
	org.Location
	zone  *time.Location
	cal   *quiet.Calendar
	phone string // as people of the place write it: formatting takes longer than a decision
}

type tableKey struct {
	place  *place
	class  purpose.Class
	region string
	zone   string
	day    quiet.Day
}

// place finds a site; a text without one speaks for the organization as a whole.
func (f *orgFacts) place(location id.ID) *place { return f.places[location] }

// maxOrgs bounds the organizations that are kept with their texts and sites.
const maxOrgs = 512

// orgCache keeps organizations by revision.
type orgCache struct {
	mu sync.Mutex
	of map[id.ID]*orgFacts
}

// get reads the transaction's organization and, when its revision is new, its sites.
func (c *orgCache) get(ctx context.Context, tx store.Tx, o *Outbox) (*orgFacts, error) {
	got, err := tx.Orgs().Get(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	have := c.of[got.ID]
	c.mu.Unlock()
	if have != nil && have.Revision == got.Revision {
		return have, nil
	}
	fresh, err := o.readOrg(ctx, tx, got)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil || len(c.of) >= maxOrgs {
		c.of = map[id.ID]*orgFacts{}
	}
	c.of[got.ID] = fresh
	return fresh, nil
}

func (o *Outbox) readOrg(ctx context.Context, tx store.Tx, got org.Organization) (*orgFacts, error) {
	f := &orgFacts{Organization: got, places: map[id.ID]*place{}, practitioners: map[id.ID]string{}, tables: map[tableKey]quiet.Timetable{}}
	locations, err := tx.Orgs().Locations(ctx)
	if err != nil {
		return nil, err
	}
	year := tx.Now().Year()
	whole := &place{Location: org.Location{Region: got.Region}, cal: o.holidays.Calendar([]string{got.Region}, nil, year-1, year+3)}
	for _, l := range locations {
		cal := o.holidays.Calendar(l.Hours.Regions(l.Region, l.Subregion), l.Hours.Closures, year-1, year+3)
		f.places[l.ID] = &place{Location: l, zone: o.zones.get(l.Zone), cal: cal,
			phone: l.Phone.DisplayIn(l.Region)}
		if whole.phone == "" { // who writes to a number of no site still gets a number to call
			whole.phone = f.places[l.ID].phone
		}
	}
	f.places[id.ID{}] = whole
	practitioners, err := tx.Orgs().Practitioners(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range practitioners {
		f.practitioners[p.ID] = p.Name
	}
	if o.templates != nil {
		f.texts, err = o.templates.All(ctx, tx)
	}
	return f, err
}

// zoneCache keeps loaded time zones: reading one from disk takes longer than a whole decision.
type zoneCache struct{ of sync.Map }

// get is a zone by its IANA name, nil for one that does not exist.
func (c *zoneCache) get(name string) *time.Location {
	if name == "" {
		return nil
	}
	if z, ok := c.of.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		z = nil
	}
	c.of.Store(name, z)
	return z
}

// line is what the numbering plan says of a number.
type line struct {
	kind   phone.Kind
	text   bool
	region string
	zones  []string
	zone   string // every zone as one key: two numbers may share the first only
}

// lineCache keeps what numbering plans say of blocks of a thousand numbers: no plan tells numbers of one block
// apart, and asking takes twenty microseconds.
type lineCache struct {
	mu sync.RWMutex
	of map[string]line
}

const (
	lineBlocks = 1 << 13
	blockTail  = 3 // digits that differ within a block
)

func (c *lineCache) ask(n phone.Number) line {
	zones := n.TimeZones()
	return line{kind: n.Kind(), text: n.CanText(), region: n.Region(), zones: zones, zone: strings.Join(zones, " ")}
}

func (c *lineCache) get(n phone.Number) line {
	s := n.Reveal()
	if len(s) <= blockTail {
		return line{}
	}
	// Blocks of plans with numbers of several lengths are kept apart by the length.
	block := s[:len(s)-blockTail] + string(rune('a'+len(s)))
	c.mu.RLock()
	l, ok := c.of[block]
	c.mu.RUnlock()
	if ok {
		return l
	}
	l = c.ask(n)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil || len(c.of) >= lineBlocks {
		c.of = make(map[string]line, lineBlocks/8)
	}
	c.of[block] = l
	return l
}
