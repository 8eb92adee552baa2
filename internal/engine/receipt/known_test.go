package receipt

import (
	"strconv"
	"testing"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/store"
)

func TestFilingIsPressedForBeforeMemoryForgets(t *testing.T) {
	k := newKnown(8)
	put := func(from, to int) {
		for i := from; i < to; i++ {
			k.put(strconv.Itoa(i), store.Part{Number: i})
		}
	}
	put(0, 4)
	if k.pressed() {
		t.Error("half of the room is not more than half")
	}
	put(4, 5)
	if !k.pressed() {
		t.Error("more than half of the room came and nobody is asked to file")
	}
	k.filing()
	if put(5, 9); k.pressed() {
		t.Error("what was filed presses again")
	}
	if _, ok := k.get("0"); ok {
		t.Error("the oldest is still known")
	}
	if p, ok := k.get("1"); !ok || p.Number != 1 {
		t.Error("what fits was forgotten")
	}
}

func TestAnIDThatIsGivenAgainIsKnownAsLongAsAnyOther(t *testing.T) {
	k := newKnown(4)
	k.put("7", store.Part{Message: id.New()})
	k.put("8", store.Part{Message: id.New()})
	newest := id.New()
	k.put("7", store.Part{Message: newest})
	k.put("9", store.Part{Message: id.New()})
	k.put("10", store.Part{Message: id.New()}) // drops the first
	if p, ok := k.get("7"); !ok || p.Message != newest {
		t.Error("the newest text with the id is forgotten with the oldest")
	}
}
