package carrier_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
)

func TestNothingOfATextIsPrinted(t *testing.T) {
	t.Parallel()
	secret := []byte("CANARY")
	all := []any{
		carrier.Submit{To: phi.T("CANARY"), UDH: secret, Payload: secret},
		&carrier.Inbound{From: phi.T("CANARY"), To: phi.T("CANARY"), Payload: secret},
		carrier.Receipt{From: phi.T("CANARY"), To: phi.T("CANARY")},
		carrier.Octets(secret),
	}
	var out bytes.Buffer
	for _, v := range all {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
			fmt.Fprintf(&out, verb, v)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		if err := json.NewEncoder(&out).Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, shape := range []string{"CANARY", "43414e415259", "67 65 78 65 82 89", "Q0FOQVJZ", "0x43, 0x41"} {
		if strings.Contains(out.String(), shape) {
			t.Errorf("%q was printed", shape)
		}
	}
}

type acks []string

func (a *acks) Ack(token uint64, err error) { *a = append(*a, fmt.Sprint(token, err)) }

func TestDeliveriesAreAcknowledgedByTheirOwner(t *testing.T) {
	t.Parallel()
	var a acks
	d := carrier.NewDelivery(&a, 7)
	d.Ack(nil)
	d.Ack(errors.New("disk full"))
	carrier.Delivery{}.Ack(nil) // nothing to acknowledge
	if len(a) != 2 || a[0] != "7 <nil>" || a[1] != "7 disk full" {
		t.Fatalf("%q", a)
	}
}

func TestFinalStatesOfReceipts(t *testing.T) {
	t.Parallel()
	for s, want := range map[carrier.ReceiptState]bool{
		carrier.ReceiptDelivered: true, carrier.ReceiptUndelivered: true, carrier.ReceiptExpired: true, carrier.ReceiptDeleted: true,
		carrier.ReceiptRejected: true, carrier.ReceiptEnroute: false, carrier.ReceiptAccepted: false, carrier.ReceiptUnknown: false,
	} {
		if s.Final() != want {
			t.Errorf("%s final: %v", s, !want)
		}
	}
}

func TestEveryClassHasAName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for c := carrier.Accepted; c <= carrier.Suppressed; c++ {
		if name := c.String(); name == "none" || seen[name] {
			t.Errorf("class %d is called %q", c, name)
		} else {
			seen[name] = true
		}
	}
	if carrier.Class(0).String() != "none" || carrier.Class(99).String() != "none" {
		t.Error("a class that does not exist has a name")
	}
}
