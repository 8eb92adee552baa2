package smpp_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"

	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// FuzzSession feeds a carrier's bytes into a bound session with submits open: no panic, no hang, and still exactly
// one outcome a submit beside the late ones.
func FuzzSession(f *testing.F) {
	ok := pdu.AppendMessageResp(nil, pdu.Header{ID: pdu.SubmitSM.Resp(), Seq: 2}, []byte("a1"))
	m := pdu.Message{Source: pdu.Addr{Addr: []byte("48600100200")}, Dest: pdu.Addr{Addr: []byte("4455")}, ESMClass: 4, Short: []byte("id:a1 stat:DELIVRD")}
	f.Add(append(ok, pdu.AppendMessage(nil, pdu.Header{ID: pdu.DeliverSM, Seq: 9}, &m)...))
	m.ESMClass, m.Short = pdu.ESMUDHI, []byte("\x05\x00\x03\x01\x02\x01hi")
	f.Add(pdu.AppendMessage(nil, pdu.Header{ID: pdu.DataSM, Seq: 9}, &m))
	f.Add(pdu.AppendEmpty(nil, pdu.Header{ID: pdu.GenericNack, Seq: 3}))
	f.Add(pdu.AppendEmpty(nil, pdu.Header{ID: pdu.Unbind, Seq: 3}))
	f.Add(pdu.AppendEmpty(nil, pdu.Header{ID: pdu.SubmitSM.Resp(), Status: 0x58, Seq: 3}))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		near, far := net.Pipe()
		first := make(chan net.Conn, 1)
		first <- near
		dial := func(context.Context) (net.Conn, error) {
			select {
			case c := <-first:
				return c, nil
			default:
				return nil, io.ErrClosedPipe
			}
		}
		c, err := smpp.New(smpp.Config{Host: "x", SystemID: "y"}, slog.New(slog.DiscardHandler), dial)
		if err != nil {
			t.Fatal(err)
		}
		up, h := make(chan struct{}, 1), &desk{}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { _ = c.Run(ctx, &risen{desk: h, up: up}); close(done) }()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		_, _ = far.Write(pdu.AppendBindResp(nil, pdu.Header{ID: pdu.BindTransceiver.Resp(), Seq: 1}, "far", 0))
		<-up
		c.Submit(ctx, texts(3))
		_, _ = far.Write(stream)
		_ = far.Close()
		cancel()
		<-done
		once := map[uint64]int{}
		for _, o := range h.seen() {
			if !o.Late {
				once[o.Ref]++
			}
		}
		if len(once) != 3 || once[1] != 1 || once[2] != 1 || once[3] != 1 {
			t.Fatalf("outcomes %+v", h.seen())
		}
	})
}

// risen tells when the line is up for the first time.
type risen struct {
	*desk
	up chan struct{}
}

func (r *risen) HandleState(h carrier.Health) {
	if h.State == carrier.StateUp {
		select {
		case r.up <- struct{}{}:
		default:
		}
	}
}
