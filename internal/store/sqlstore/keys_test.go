package sqlstore

import (
	"testing"
	"testing/synctest"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
)

func TestPersonsKeysAreForgottenInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newKeyCache(nil)
		key, first, second := new(seal.Key), id.New(), id.New()
		c.adopt(freshKeys{persons: map[id.ID]*seal.Key{first: key, second: key}})
		if c.person(first) == nil || c.person(second) == nil {
			t.Fatal("forgotten at once")
		}
		c.adopt(freshKeys{gone: []id.ID{second}})
		if c.person(second) != nil {
			t.Fatal("a destroyed key lives on")
		}
		time.Sleep(keptFor + time.Second)
		if c.person(first) != nil || c.recent.Len() != 0 || len(c.persons) != 0 {
			t.Fatal("kept for ever")
		}
	})
}

func TestTheCacheOfKeysIsBounded(t *testing.T) {
	t.Parallel()
	c := newKeyCache(nil)
	first, used := id.New(), id.New()
	many := map[id.ID]*seal.Key{}
	for range personKeys - 2 {
		many[id.New()] = new(seal.Key)
	}
	c.adopt(freshKeys{persons: map[id.ID]*seal.Key{first: new(seal.Key)}})
	c.adopt(freshKeys{persons: map[id.ID]*seal.Key{used: new(seal.Key)}})
	c.adopt(freshKeys{persons: many})
	c.person(used) // now it is the most recent
	for range 2 {
		c.adopt(freshKeys{persons: map[id.ID]*seal.Key{id.New(): new(seal.Key)}})
	}
	if c.recent.Len() != personKeys || len(c.persons) != personKeys || c.person(first) != nil || c.person(used) == nil {
		t.Fatalf("%d keys, first kept %v, used kept %v", c.recent.Len(), c.person(first) != nil, c.person(used) != nil)
	}
}
