package seal

import (
	"crypto/rand"

	"carillon.dev/carillon/internal/base/id"
)

// Kinds of keys that an organization has, as its rows name them.
const (
	kindData  = "data"
	kindIndex = "index"
)

// WrappedOrg is what the database keeps of an organization's keys.
type WrappedOrg struct {
	Data  []byte // wraps persons' keys and seals what belongs to no single person
	Index []byte // blind indexes
}

// Org holds one organization's keys. It is safe for concurrent use.
type Org struct {
	id    id.ID
	data  *Key
	index *Index
}

// NewOrg makes fresh keys for an organization and returns them with what to store.
func (r *Keyring) NewOrg(org id.ID) (*Org, WrappedOrg, error) {
	var raw [2 * keySize]byte
	_, _ = rand.Read(raw[:])
	_ = r.Reload() // a key that was retired meanwhile must wrap nothing new; without a file the known ones serve
	s := r.set()
	k := s.keys[s.primary]
	w := WrappedOrg{
		Data:  k.Seal(raw[:keySize], wrapped(org, kindData)),
		Index: k.Seal(raw[keySize:], wrapped(org, kindIndex)),
	}
	o, err := r.OpenOrg(org, w)
	return o, w, err
}

// OpenOrg unwraps an organization's keys.
func (r *Keyring) OpenOrg(org id.ID, w WrappedOrg) (*Org, error) {
	data, err := r.unwrap(w.Data, wrapped(org, kindData))
	if err != nil {
		return nil, err
	}
	index, err := r.unwrap(w.Index, wrapped(org, kindIndex))
	if err != nil {
		return nil, err
	}
	k, err := newKey(1, data)
	if err != nil {
		return nil, err
	}
	return &Org{id: org, data: k, index: newIndex(index)}, nil
}

// Key seals what belongs to the organization and to no single person, such as a shared number.
func (o *Org) Key() *Key { return o.data }

// Index makes the organization's blind indexes.
func (o *Org) Index() *Index { return o.index }

func (o *Org) personPlace(person id.ID) Place {
	return Place{Table: "data_keys", Column: "wrapped", Org: o.id, Row: person}
}

// NewPerson makes a fresh key for a person and returns it with what to store. Destroying what is stored makes
// everything sealed with it unreadable for good.
func (o *Org) NewPerson(person id.ID) (*Key, []byte, error) {
	var raw [keySize]byte
	_, _ = rand.Read(raw[:])
	k, err := newKey(1, raw[:])
	if err != nil {
		return nil, nil, err
	}
	return k, o.data.Seal(raw[:], o.personPlace(person)), nil
}

// OpenPerson unwraps a person's key.
func (o *Org) OpenPerson(person id.ID, stored []byte) (*Key, error) {
	raw, err := o.data.Open(stored, o.personPlace(person))
	if err != nil {
		return nil, err
	}
	return newKey(1, raw)
}
