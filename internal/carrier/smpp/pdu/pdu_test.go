package pdu_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// The octets of section 4.1.1's example exchange, checked by hand against the tables of the standard.
func TestBindMatchesTheStandardsOctets(t *testing.T) {
	t.Parallel()
	want := "0000002f000000020000000000000001" + // length 47, bind_transmitter, ok, 1
		"534d50503354455354" + "00" + // SMPP3TEST
		"7365637265743038" + "00" + // secret08
		"5355424d495431" + "00" + // SUBMIT1
		"34" + "01" + "01" + "00"
	b := pdu.AppendBind(nil, pdu.Header{ID: pdu.BindTransmitter, Seq: 1}, &pdu.Bind{
		SystemID: "SMPP3TEST", Password: "secret08", SystemType: "SUBMIT1", Version: 0x34, AddrTON: 1, AddrNPI: 1})
	if got := hex.EncodeToString(b); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	m, err := pdu.ParseBind(b[16:])
	if err != nil || m.SystemID != "SMPP3TEST" || m.Password != "secret08" || m.SystemType != "SUBMIT1" || m.Version != 0x34 {
		t.Fatalf("parsed %+v, %v", m, err)
	}
}

func TestMessagesRoundTrip(t *testing.T) {
	t.Parallel()
	full := pdu.Message{
		ServiceType: []byte("WAP"), Source: pdu.Addr{TON: 5, Addr: []byte("CLINIC")},
		Dest: pdu.Addr{TON: 1, NPI: 1, Addr: []byte("48600100200")}, ESMClass: 0x43, ProtocolID: 1, Priority: 2,
		ScheduleDelivery: []byte{}, Validity: []byte("000001000000000R"), RegisteredDelivery: 17, ReplaceIfPresent: 1,
		DataCoding: 8, DefaultMsgID: 3, Short: []byte{5, 0, 3, 1, 2, 1, 0x04, 0x10},
		Params: pdu.AppendParam16(pdu.AppendParam8(nil, pdu.TagMessageState, 2), pdu.TagUserMessageReference, 0xbeef),
	}
	short := pdu.Message{ServiceType: []byte{}, Source: full.Source, Dest: full.Dest, ESMClass: 4, RegisteredDelivery: 1,
		DataCoding: 8, Params: pdu.AppendParam(nil, pdu.TagMessagePayload, []byte("hello"))}
	for name, c := range map[string]struct {
		id pdu.ID
		m  pdu.Message
	}{"submit_sm": {pdu.SubmitSM, full}, "deliver_sm": {pdu.DeliverSM, full}, "data_sm": {pdu.DataSM, short}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := pdu.AppendMessage([]byte("before"), pdu.Header{ID: c.id, Seq: 7}, &c.m)[6:]
			if int(binary.BigEndian.Uint32(b)) != len(b) {
				t.Fatal("command_length is not the PDU's length")
			}
			var got pdu.Message
			if err := pdu.ParseMessage(c.id, b[16:], &got); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.m, got); d != "" {
				t.Fatal(d)
			}
			for cut := 16; cut < len(b)-1; cut++ { // no proper prefix panics; most are errors
				_ = pdu.ParseMessage(c.id, b[16:cut], &got)
			}
		})
	}
	if v := short.UserData(); string(v) != "hello" {
		t.Fatalf("user data %q", v)
	}
	if v, ok := full.Params.Uint16(pdu.TagUserMessageReference); !ok || v != 0xbeef {
		t.Fatal("user_message_reference lost")
	}
}

func TestResponsesOfCarelessCarriersAreRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"regular":            {"abc\x00", "abc"},
		"body left out":      {"", ""},
		"terminator missing": {"abc", "abc"},
		"parameters follow":  {"abc\x00\x04\x24\x00\x01x", "abc"},
	} {
		if got := string(pdu.ParseMessageResp([]byte(c.body))); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestQueryRoundTrips(t *testing.T) {
	t.Parallel()
	q := pdu.Query{MessageID: []byte("1f"), Source: pdu.Addr{TON: 1, NPI: 1, Addr: []byte("4860")}}
	got, err := pdu.ParseQuery(pdu.AppendQuery(nil, pdu.Header{ID: pdu.QuerySM, Seq: 1}, &q)[16:])
	if err != nil || !cmp.Equal(q, got) {
		t.Fatalf("%+v %v", got, err)
	}
	r := pdu.QueryResp{MessageID: []byte("1f"), FinalDate: []byte("260101120000000+"), State: 2, Error: 0}
	gr, err := pdu.ParseQueryResp(pdu.AppendQueryResp(nil, pdu.Header{ID: pdu.QuerySM.Resp(), Seq: 1}, &r)[16:])
	if err != nil || !cmp.Equal(r, gr) {
		t.Fatalf("%+v %v", gr, err)
	}
}

func TestReaderCutsTheStream(t *testing.T) {
	t.Parallel()
	var stream []byte
	for seq := uint32(1); seq <= 3; seq++ {
		stream = pdu.AppendMessageResp(stream, pdu.Header{ID: pdu.SubmitSM.Resp(), Seq: seq}, []byte(strings.Repeat("x", int(seq))))
	}
	r := pdu.NewReader(iotest.OneByteReader(bytes.NewReader(stream)))
	for seq := uint32(1); seq <= 3; seq++ {
		h, body, err := r.Next()
		if err != nil || h.Seq != seq || len(body) != int(seq)+1 {
			t.Fatalf("pdu %d: %+v %q %v", seq, h, body, err)
		}
		if r.Ready() {
			t.Fatal("ready although nothing is buffered")
		}
	}
	if _, _, err := r.Next(); err != io.EOF {
		t.Fatalf("at the end: %v", err)
	}

	r = pdu.NewReader(bytes.NewReader(stream))
	_, _, _ = r.Next()
	if !r.Ready() {
		t.Fatal("not ready although two more are buffered")
	}
	_, _, _ = r.Next()
	_, _, _ = r.Next()
	if r.Ready() {
		t.Fatal("ready at the end")
	}
	if _, _, err := pdu.NewReader(bytes.NewReader(stream[:17])).Next(); err != io.ErrUnexpectedEOF {
		t.Fatalf("inside a PDU: %v", err)
	}
}

func TestReaderRefusesImpossibleLengths(t *testing.T) {
	t.Parallel()
	for _, n := range []uint32{0, 15, pdu.MaxLen + 1, 1 << 31, 1<<32 - 1} {
		b := binary.BigEndian.AppendUint32(nil, n)
		b = append(b, make([]byte, 64)...)
		if _, _, err := pdu.NewReader(bytes.NewReader(b)).Next(); !errors.Is(err, pdu.ErrLength) {
			t.Errorf("length %d: %v", n, err)
		}
	}
}

func TestCodecDoesNotAllocate(t *testing.T) {
	m := pdu.Message{Source: pdu.Addr{Addr: []byte("CLINIC")}, Dest: pdu.Addr{Addr: []byte("48600100200")}, Short: []byte("hello")}
	buf := make([]byte, 0, 512)
	var got pdu.Message
	if n := testing.AllocsPerRun(100, func() {
		b := pdu.AppendMessage(buf, pdu.Header{ID: pdu.SubmitSM, Seq: 1}, &m)
		if err := pdu.ParseMessage(pdu.SubmitSM, b[16:], &got); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Fatalf("%v allocations a message", n)
	}
}
