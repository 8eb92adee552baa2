package sqlstore

import (
	lru "container/list"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
)

// personKeys is how many persons' keys stay in memory, each about a kilobyte; keptFor is how long, so that a key
// that another node destroyed does not live on here.
const (
	personKeys = 16384
	keptFor    = 5 * time.Minute
)

// NewBase makes the common part of a store.
func NewBase(c clock.Clock, ring *seal.Keyring, hub *Hub) *Base {
	return &Base{Clock: c, Hub: hub, keys: newKeyCache(ring), due: newRecent()}
}

// keyCache keeps unwrapped keys: every organization's, and the last used persons'.
type keyCache struct {
	ring *seal.Keyring

	mu      sync.Mutex
	orgs    map[id.ID]*seal.Org
	persons map[id.ID]*lru.Element
	recent  *lru.List // of personKey, most recent first
}

type personKey struct {
	person id.ID
	key    *seal.Key
	until  time.Time
}

// freshKeys were made in a transaction and join the cache when it commits.
type freshKeys struct {
	orgs    map[id.ID]*seal.Org
	persons map[id.ID]*seal.Key
	gone    []id.ID // destroyed
}

func (f freshKeys) clone() freshKeys {
	return freshKeys{orgs: maps.Clone(f.orgs), persons: maps.Clone(f.persons), gone: slices.Clone(f.gone)}
}

func newKeyCache(ring *seal.Keyring) *keyCache {
	return &keyCache{ring: ring, orgs: map[id.ID]*seal.Org{}, persons: map[id.ID]*lru.Element{}, recent: lru.New()}
}

func (c *keyCache) org(org id.ID) *seal.Org {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.orgs[org]
}

func (c *keyCache) person(p id.ID) *seal.Key {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.persons[p]
	if e == nil {
		return nil
	}
	k := e.Value.(personKey)
	if time.Now().After(k.until) {
		c.drop(p)
		return nil
	}
	c.recent.MoveToFront(e)
	return k.key
}

func (c *keyCache) put(p id.ID, k *seal.Key) {
	c.drop(p)
	c.persons[p] = c.recent.PushFront(personKey{p, k, time.Now().Add(keptFor)})
	if c.recent.Len() > personKeys {
		c.drop(c.recent.Back().Value.(personKey).person)
	}
}

func (c *keyCache) drop(p id.ID) {
	if e := c.persons[p]; e != nil {
		c.recent.Remove(e)
		delete(c.persons, p)
	}
}

func (c *keyCache) adopt(f freshKeys) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for o, k := range f.orgs {
		c.orgs[o] = k
	}
	for p, k := range f.persons {
		c.put(p, k)
	}
	for _, p := range f.gone {
		c.drop(p)
	}
}

// orgKeys are the keys of an organization.
func (t *Tx) orgKeys(ctx context.Context, org id.ID) (*seal.Org, error) {
	if k := t.freshKeys.orgs[org]; k != nil {
		return k, nil
	}
	if k := t.base.keys.org(org); k != nil {
		return k, nil
	}
	var w seal.WrappedOrg
	err := one(ctx, t, `SELECT data_key, index_key FROM org_keys WHERE org_id = $1`, args(org), &w.Data, &w.Index)
	if err != nil {
		return nil, found(err, "organization's key")
	}
	k, err := t.base.keys.ring.OpenOrg(org, w)
	if err != nil {
		return nil, err
	}
	t.base.keys.adopt(freshKeys{orgs: map[id.ID]*seal.Org{org: k}})
	return k, nil
}

// newOrgKeys makes and stores the keys of a new organization.
func (t *Tx) newOrgKeys(ctx context.Context, org id.ID) error {
	k, w, err := t.base.keys.ring.NewOrg(org)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `INSERT INTO org_keys (org_id, data_key, index_key, created_at) VALUES ($1, $2, $3, $4)`, org, w.Data, w.Index, t.now)
	if t.freshKeys.orgs == nil {
		t.freshKeys.orgs = map[id.ID]*seal.Org{}
	}
	t.freshKeys.orgs[org] = k
	return err
}

// errErased: the person's key was destroyed.
var errErased = errs.New(errs.NotFound, "this person's data was erased")

// errDamaged: the person's key does not open, so nothing may be written that only this key could open again.
var errDamaged = errs.New(errs.Precondition, "this person's stored key is damaged, so their data can be neither read nor changed: carillon doctor names it, docs/upgrade.md says how to put it back")

// keysOf are the keys of persons of one organization; a person whose key was destroyed is left out, and one whose
// key is damaged has a lost one.
func (t *Tx) keysOf(ctx context.Context, org id.ID, people []id.ID) (map[id.ID]*seal.Key, error) {
	out := make(map[id.ID]*seal.Key, len(people))
	var missing []id.ID
	for _, p := range people {
		if p.IsZero() || out[p] != nil {
			continue
		}
		k := t.freshKeys.persons[p]
		if k == nil {
			k = t.base.keys.person(p)
		}
		if k == nil {
			missing = append(missing, p)
			continue
		}
		out[p] = k
	}
	if len(missing) == 0 {
		return out, nil
	}
	return out, t.loadKeys(ctx, org, missing, out)
}

func (t *Tx) loadKeys(ctx context.Context, org id.ID, people []id.ID, out map[id.ID]*seal.Key) error {
	ok, err := t.orgKeys(ctx, org)
	if err != nil {
		return err
	}
	loaded := map[id.ID]*seal.Key{}
	err = each(ctx, t, `SELECT person_id, wrapped FROM data_keys WHERE org_id = $1 AND `+t.In("person_id", "$2", ID),
		args(org, people), func(r Rows) error {
			var p id.ID
			var w []byte
			if err := r.Scan(&p, &w); err != nil {
				return err
			}
			if k, err := ok.OpenPerson(p, w); err == nil {
				loaded[p], out[p] = k, k
			} else {
				out[p] = seal.Lost() // looked at again each time: somebody may put the key back
			}
			return nil
		})
	if err != nil {
		return err
	}
	t.base.keys.adopt(freshKeys{persons: loaded})
	return nil
}

// keyOf is one person's key; errErased when it was destroyed, errDamaged when it does not open. The zero person has the
// organization's key.
func (t *Tx) keyOf(ctx context.Context, org, person id.ID) (*seal.Key, error) {
	if person.IsZero() {
		o, err := t.orgKeys(ctx, org)
		if err != nil {
			return nil, err
		}
		return o.Key(), nil
	}
	keys, err := t.keysOf(ctx, org, []id.ID{person})
	if err != nil {
		return nil, err
	}
	switch k := keys[person]; {
	case k == nil:
		return nil, errErased
	case k.IsLost():
		return nil, errDamaged
	default:
		return k, nil
	}
}

var insertDataKeys = NewInsert("data_keys", "",
	Column{"org_id", ID}, Column{"person_id", ID}, Column{"wrapped", Bytes}, Column{"created_at", Int})

// newPersonKeys makes and stores the keys of new persons.
func (t *Tx) newPersonKeys(ctx context.Context, org id.ID, people []id.ID) error {
	o, err := t.orgKeys(ctx, org)
	if err != nil {
		return err
	}
	if t.freshKeys.persons == nil {
		t.freshKeys.persons = make(map[id.ID]*seal.Key, len(people))
	}
	rows := make([][]any, len(people))
	for i, p := range people {
		k, w, err := o.NewPerson(p)
		if err != nil {
			return err
		}
		t.freshKeys.persons[p] = k
		rows[i] = args(org, p, w, t.now)
	}
	_, err = t.Bulk(ctx, insertDataKeys, rows)
	return err
}

// dropPersonKey destroys a person's key.
func (t *Tx) dropPersonKey(ctx context.Context, org, person id.ID) error {
	_, err := t.Exec(ctx, `DELETE FROM data_keys WHERE org_id = $1 AND person_id = $2`, org, person)
	t.freshKeys.gone = append(t.freshKeys.gone, person)
	return err
}

// sealText seals text for a place under a key; empty text is NULL, and so is what a lost key would seal.
func sealText(k *seal.Key, text string, at seal.Place) []byte {
	if text == "" || k.IsLost() {
		return nil
	}
	return k.Seal([]byte(text), at)
}

// openText opens what sealText made. A key that was destroyed gives the empty text; one that is damaged, an error.
func openText(k *seal.Key, sealed []byte, at seal.Place) (string, error) {
	if sealed == nil || k == nil {
		return "", nil
	}
	b, err := k.Open(sealed, at)
	return string(b), err
}
