package pdu_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// FuzzPDU feeds a byte stream to the reader and every parser: nothing panics, a body never exceeds the
// longest PDU, and what parses round-trips through the appender.
func FuzzPDU(f *testing.F) {
	f.Add(pdu.AppendBind(nil, pdu.Header{ID: pdu.BindTransceiver, Seq: 1}, &pdu.Bind{SystemID: "a", Password: "b", Version: 0x34}))
	m := pdu.Message{Source: pdu.Addr{Addr: []byte("CLINIC")}, Dest: pdu.Addr{TON: 1, NPI: 1, Addr: []byte("48600100200")},
		Short: []byte("id:1 stat:DELIVRD"), Params: pdu.AppendParam8(nil, pdu.TagMessageState, 2)}
	for _, id := range []pdu.ID{pdu.SubmitSM, pdu.DeliverSM, pdu.DataSM} {
		f.Add(pdu.AppendMessage(nil, pdu.Header{ID: id, Seq: 2}, &m))
	}
	f.Add(pdu.AppendQuery(nil, pdu.Header{ID: pdu.QuerySM, Seq: 3}, &pdu.Query{MessageID: []byte("1")}))
	f.Add(pdu.AppendQueryResp(nil, pdu.Header{ID: pdu.QuerySM.Resp(), Seq: 3}, &pdu.QueryResp{MessageID: []byte("1"), State: 2}))
	f.Add(pdu.AppendEmpty(nil, pdu.Header{ID: pdu.EnquireLink, Seq: 4}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := pdu.NewReader(bytes.NewReader(stream))
		for {
			h, body, err := r.Next()
			if err != nil {
				return
			}
			if len(body) > pdu.MaxLen-pdu.HeaderLen {
				t.Fatal("body longer than the longest PDU")
			}
			roundTrip(t, h, body)
		}
	})
}

func roundTrip(t *testing.T, h pdu.Header, body []byte) {
	t.Helper()
	switch h.ID {
	case pdu.SubmitSM, pdu.DeliverSM, pdu.DataSM:
		var a, b pdu.Message
		if pdu.ParseMessage(h.ID, body, &a) != nil {
			return
		}
		if err := pdu.ParseMessage(h.ID, pdu.AppendMessage(nil, h, &a)[pdu.HeaderLen:], &b); err != nil {
			t.Fatalf("own encoding does not parse: %v", err)
		}
		_ = a.UserData()
		if d := cmp.Diff(a, b, cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
	case pdu.BindReceiver, pdu.BindTransmitter, pdu.BindTransceiver:
		a, err := pdu.ParseBind(body)
		if err != nil {
			return
		}
		if b, err := pdu.ParseBind(pdu.AppendBind(nil, h, &a)[pdu.HeaderLen:]); err != nil || a != b {
			t.Fatalf("bind %+v became %+v, %v", a, b, err)
		}
	case pdu.QuerySM:
		a, err := pdu.ParseQuery(body)
		if err != nil {
			return
		}
		if b, err := pdu.ParseQuery(pdu.AppendQuery(nil, h, &a)[pdu.HeaderLen:]); err != nil || !cmp.Equal(a, b) {
			t.Fatalf("query %+v became %+v, %v", a, b, err)
		}
	case pdu.QuerySM.Resp():
		a, err := pdu.ParseQueryResp(body)
		if err != nil {
			return
		}
		if b, err := pdu.ParseQueryResp(pdu.AppendQueryResp(nil, h, &a)[pdu.HeaderLen:]); err != nil || !cmp.Equal(a, b) {
			t.Fatalf("query response %+v became %+v, %v", a, b, err)
		}
	default:
		_ = pdu.ParseMessageResp(body)
	}
}
