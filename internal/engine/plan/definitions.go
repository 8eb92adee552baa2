package plan

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/store"
)

// definitions keeps parsed journeys; a version never changes, so none is ever read twice.
type definitions struct {
	mu sync.Mutex
	of map[fileKey]*journey.Definition
}

type fileKey struct {
	org     id.ID
	key     string
	version int
}

// journeys are an organization's journeys: every version that enrollments may run on, and the newest of each.
type journeys struct {
	all    map[fileKey]*journey.Definition
	newest []*journey.Definition
	// fresh are shipped versions that the organization's rows do not hold yet; the commit adds them.
	fresh []store.JourneyFile
	// unread are stored versions that this release cannot read. What runs on them waits; new visits take the newest that
	// can be read.
	unread []fileKey
}

func (j *journeys) isUnread(org id.ID, key string, version int) bool {
	return slices.Contains(j.unread, fileKey{org, key, version})
}

func (j *journeys) version(org id.ID, key string, version int) *journey.Definition {
	return j.all[fileKey{org, key, version}]
}

// read gathers the organization's journeys and what ships with this release.
func (d *definitions) read(ctx context.Context, tx store.Tx) (*journeys, error) {
	files, err := tx.Journeys().DefinitionFiles(ctx)
	if err != nil {
		return nil, err
	}
	org := tx.Scope().Org()
	shipped, err := d.shipped(files)
	if err != nil {
		return nil, err
	}
	j := &journeys{all: map[fileKey]*journey.Definition{}, fresh: shipped}
	newest := map[string]*journey.Definition{}
	for _, f := range append(files, shipped...) {
		def, err := d.parse(org, f)
		if err != nil { // it costs its own visits only: they wait, and the page of journeys says so
			j.unread = append(j.unread, fileKey{org, f.Key, f.Version})
			continue
		}
		j.all[fileKey{org, f.Key, f.Version}] = def
		if n := newest[f.Key]; n == nil {
			newest[f.Key] = def
			j.newest = append(j.newest, def)
		} else if def.Version > n.Version {
			*j.at(n) = def
			newest[f.Key] = def
		}
	}
	return j, nil
}

func (j *journeys) at(d *journey.Definition) **journey.Definition {
	for i := range j.newest {
		if j.newest[i] == d {
			return &j.newest[i]
		}
	}
	return nil
}

// shipped lists the product's journeys that are not among the files. A newer release's version does not take the
// place of what an organization wrote itself.
func (d *definitions) shipped(have []store.JourneyFile) ([]store.JourneyFile, error) {
	var out []store.JourneyFile
	for _, src := range journey.ShippedFiles() {
		def, err := d.parse(id.ID{}, store.JourneyFile{Source: string(src)})
		if err != nil {
			return nil, err
		}
		known := slices.ContainsFunc(have, func(f store.JourneyFile) bool {
			return f.Key == def.Key && (f.Version == def.Version || !f.Shipped && f.Version < def.Version)
		})
		if !known {
			out = append(out, store.JourneyFile{Key: def.Key, Version: def.Version, Source: string(src), Shipped: true})
		}
	}
	return out, nil
}

// parse reads a file once. Shipped sources are kept under their own text.
func (d *definitions) parse(org id.ID, f store.JourneyFile) (*journey.Definition, error) {
	k := fileKey{org, f.Key, f.Version}
	if f.Key == "" {
		k.key = f.Source
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if def := d.of[k]; def != nil {
		return def, nil
	}
	def, err := journey.Parse([]byte(f.Source))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "a stored journey cannot be read; restore its file or take the shipped one", err)
	}
	if d.of == nil {
		d.of = map[fileKey]*journey.Definition{}
	}
	d.of[k] = def
	return def, nil
}

// WithShipped adds to an organization's files what ships with this release and is not among them, newest first within
// a journey.
func WithShipped(have []store.JourneyFile) ([]store.JourneyFile, error) {
	var none definitions
	more, err := none.shipped(have)
	all := append(slices.Clone(have), more...)
	slices.SortStableFunc(all, func(a, b store.JourneyFile) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(b.Version, a.Version))
	})
	return all, err
}
