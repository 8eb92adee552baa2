package receipt

import (
	"fmt"
	"testing"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/store"
)

func TestKnownIDsAreBounded(t *testing.T) {
	t.Parallel()
	k := newKnown(3)
	for i := range 5 {
		k.put(fmt.Sprint(i), store.Part{Number: i})
	}
	for i := range 5 {
		if p, ok := k.get(fmt.Sprint(i)); ok != (i >= 2) || (ok && p.Number != i) {
			t.Errorf("id %d: %v, %v", i, p, ok)
		}
	}
	if len(k.of) != 3 {
		t.Errorf("%d are kept", len(k.of))
	}
}

func TestOneReceiptAMessageInABatch(t *testing.T) {
	t.Parallel()
	m, other := id.New(), id.New()
	at := func(m id.ID, part int, s message.State) located {
		return located{Receipted: store.Receipted{Part: store.Part{Message: m, Number: part}, State: s}}
	}
	got := distinct([]located{at(m, 0, message.Undelivered), at(other, 1, message.Delivered), at(m, 0, message.Delivered),
		at(other, 2, message.Delivered), at(m, 0, message.Expired), at(other, 1, message.Undelivered)})
	if len(got) != 3 || got[0].State != message.Delivered || got[1].State != message.Delivered || got[2].Number != 2 {
		t.Errorf("kept %+v", got)
	}
}

func TestWhatCarriersReport(t *testing.T) {
	t.Parallel()
	for s, want := range map[carrier.ReceiptState]message.State{
		carrier.ReceiptDelivered: message.Delivered, carrier.ReceiptUndelivered: message.Undelivered, carrier.ReceiptExpired: message.Expired,
		carrier.ReceiptDeleted: message.Undelivered, carrier.ReceiptRejected: message.Undelivered,
		carrier.ReceiptEnroute: "", carrier.ReceiptAccepted: "", carrier.ReceiptUnknown: "",
	} {
		r := &carrier.Receipt{ProviderID: "x", State: s}
		if got := counts(r); got != (want != "") {
			t.Errorf("%s counts: %v", s, got)
		}
		if want != "" && stateOf(s) != want {
			t.Errorf("%s makes it %s", s, stateOf(s))
		}
	}
	if counts(&carrier.Receipt{ProviderID: "x", State: carrier.ReceiptDelivered, Intermediate: true}) {
		t.Error("an intermediate notice moved a message")
	}
	if counts(&carrier.Receipt{State: carrier.ReceiptDelivered}) {
		t.Error("a receipt without an id moved a message")
	}
}

func TestAReferenceIsNeverZero(t *testing.T) {
	t.Parallel()
	if UserRef(id.ID{}) == 0 || UserRef(id.ID{14: 1, 15: 2}) != 0x0102 {
		t.Error("wrong reference")
	}
}
