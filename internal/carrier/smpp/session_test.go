package smpp_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

func TestAcceptedTextsAndTheirReceipts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far, h := &smsc{}, &desk{keep: true}
		c, stop := start(t, far, h, nil)
		defer stop()
		synctest.Wait()
		if got := c.Health(); got.State != carrier.StateUp || got.Binds != 1 {
			t.Fatalf("health %+v", got)
		}
		c.Submit(t.Context(), texts(3))
		synctest.Wait()
		outs := h.seen()
		if len(outs) != 3 || count(outs, carrier.Accepted) != 3 || outs[0].Ref != 1 || outs[2].Ref != 3 || outs[0].ProviderID != "id-2" {
			t.Fatalf("outcomes %+v", outs)
		}
		far.last().receipt(77, "id:ID-2 sub:001 dlvrd:001 submit date:2601021505 done date:2601021506 stat:DELIVRD err:000 text:hello")
		synctest.Wait()
		rs := h.gotReceipts()
		if len(rs) != 1 || rs[0].ProviderID != outs[0].ProviderID || rs[0].State != carrier.ReceiptDelivered {
			t.Fatalf("receipts %+v", rs)
		}
		if n := far.last().sent(pdu.DeliverSM.Resp()); len(n) != 0 {
			t.Fatal("acknowledged before the engine did")
		}
		rs[0].Ack(nil)
		rs[0].Ack(nil)
		synctest.Wait()
		if n := far.last().sent(pdu.DeliverSM.Resp()); len(n) != 1 || n[0].Seq != 77 || n[0].Status != 0 {
			t.Fatalf("acknowledgements %+v", n)
		}
	})
}

func TestRefusedAcknowledgementAsksForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far, h := &smsc{}, &desk{keep: true}
		_, stop := start(t, far, h, nil)
		defer stop()
		synctest.Wait()
		far.last().receipt(1, "id:1 stat:DELIVRD")
		far.last().receipt(2, "id:2 stat:DELIVRD")
		synctest.Wait()
		rs := h.gotReceipts()
		rs[0].Ack(errors.New("disk full"))
		rs[1].Ack(errs.New(errs.Invalid, "never"))
		synctest.Wait()
		n := far.last().sent(pdu.DeliverSM.Resp())
		if len(n) != 2 || n[0].Status != 0x64 || n[1].Status != 0x65 {
			t.Fatalf("acknowledgements %+v", n)
		}
	})
}

func TestWindowIsNeverExceeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var open, most atomic.Int64
		far := &smsc{}
		far.onSubmit = func(c *smscConn, seq uint32, _ *pdu.Message) {
			most.Store(max(most.Load(), open.Add(1)))
			time.AfterFunc(20*time.Millisecond, func() { open.Add(-1); c.accept(seq, "x") })
		}
		h := &desk{}
		c, stop := start(t, far, h, func(c *smpp.Config) { c.Window = 7 })
		defer stop()
		synctest.Wait()
		began := time.Now()
		c.Submit(t.Context(), texts(70))
		time.Sleep(settle)
		if most.Load() != 7 {
			t.Fatalf("%d open at once in a window of 7", most.Load())
		}
		if n := count(h.seen(), carrier.Accepted); n != 70 {
			t.Fatalf("%d of 70 accepted", n)
		}
		if d := time.Since(began) - settle; d > 250*time.Millisecond {
			t.Fatalf("70 texts through a window of 7 at 20 ms took %v, not 200 ms", d)
		}
	})
}

func TestGuardIsAskedAtTheHandOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far, asked := &smsc{}, 0
		h := &desk{guard: func(s *carrier.Submit) carrier.Permit {
			asked++
			return [3]carrier.Permit{carrier.PermitSend, carrier.PermitSuppressed, carrier.PermitHeld}[s.Ref%3]
		}}
		c, stop := start(t, far, h, nil)
		defer stop()
		synctest.Wait()
		c.Submit(t.Context(), texts(9))
		synctest.Wait()
		outs := h.seen()
		if asked != 9 || len(outs) != 9 || count(outs, carrier.Accepted) != 3 || count(outs, carrier.Suppressed) != 3 || count(outs, carrier.NotHandedOver) != 3 {
			t.Fatalf("asked %d times, outcomes %+v", asked, outs)
		}
		if n := len(far.last().sent(pdu.SubmitSM)); n != 3 {
			t.Fatalf("%d of 3 permitted submits were sent", n)
		}
	})
}

func TestSuppressionReachesTextsThatWaitForASlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far, stopped := &smsc{}, atomic.Bool{}
		far.onSubmit = func(c *smscConn, seq uint32, _ *pdu.Message) {
			time.AfterFunc(time.Second, func() { c.accept(seq, "x") })
		}
		h := &desk{}
		h.guard = func(*carrier.Submit) carrier.Permit {
			if stopped.Load() {
				return carrier.PermitSuppressed
			}
			return carrier.PermitSend
		}
		c, stop := start(t, far, h, func(c *smpp.Config) { c.Window = 2 })
		defer stop()
		synctest.Wait()
		go c.Submit(t.Context(), texts(5))
		synctest.Wait()
		stopped.Store(true) // while three wait
		time.Sleep(3 * time.Second)
		if outs := h.seen(); count(outs, carrier.Accepted) != 2 || count(outs, carrier.Suppressed) != 3 {
			t.Fatalf("outcomes %+v", outs)
		}
	})
}

func TestCutLineMakesOpenSubmitsUnknownAndTheRestNotHandedOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{}
		far.onSubmit = func(c *smscConn, seq uint32, _ *pdu.Message) {
			switch seq {
			case 2: // the bind took 1
				c.accept(seq, "x")
			case 5:
				time.AfterFunc(settle, func() { _ = c.conn.Close() })
			}
		}
		h := &desk{}
		c, stop := start(t, far, h, func(c *smpp.Config) { c.Window = 4 })
		defer stop()
		synctest.Wait()
		c.Submit(t.Context(), texts(20))
		synctest.Wait()
		outs := h.seen()
		if len(outs) != 20 || count(outs, carrier.Accepted) != 1 {
			t.Fatalf("%d outcomes, %d accepted", len(outs), count(outs, carrier.Accepted))
		}
		unknown := count(outs, carrier.Unknown)
		if unknown < 3 || unknown > 4 || unknown+count(outs, carrier.NotHandedOver) != 19 {
			t.Fatalf("%d unknown of a window of 4; %+v", unknown, outs)
		}
		for _, o := range outs {
			if o.Class == carrier.Unknown && o.Reason != carrier.ReasonLineCut {
				t.Fatalf("unknown because of %s", o.Reason)
			}
		}
	})
}

func TestNothingIsHandedOverWithoutALine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &desk{}
		c, stop := start(t, &smsc{fail: 1000}, h, nil)
		defer stop()
		synctest.Wait()
		c.Submit(t.Context(), texts(4))
		outs := h.seen()
		if len(outs) != 4 || count(outs, carrier.NotHandedOver) != 4 || outs[0].Reason != carrier.ReasonLineDown {
			t.Fatalf("outcomes %+v", outs)
		}
		if got := c.Health(); got.State != carrier.StateDown || got.LastError == "" {
			t.Fatalf("health %+v", got)
		}
	})
}

func TestNoAnswerIsUnknownAndALateOneSettlesIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{}
		far.onSubmit = func(c *smscConn, seq uint32, _ *pdu.Message) {
			time.AfterFunc(10*time.Second, func() { c.accept(seq, "late") })
		}
		h := &desk{}
		c, stop := start(t, far, h, func(c *smpp.Config) { c.SubmitTimeout = 4 * time.Second })
		defer stop()
		synctest.Wait()
		c.Submit(t.Context(), texts(2))
		time.Sleep(6 * time.Second)
		if outs := h.seen(); len(outs) != 2 || outs[1].Class != carrier.Unknown || outs[1].Reason != carrier.ReasonNoAnswer {
			t.Fatalf("after the deadline: %+v", outs)
		}
		if n := c.Health().Open; n != 0 {
			t.Fatalf("%d slots still taken", n)
		}
		time.Sleep(6 * time.Second)
		outs := h.seen()
		if len(outs) != 4 || outs[2].Class != carrier.Accepted || !outs[2].Late || outs[2].ProviderID != "late" || outs[2].Ref+outs[3].Ref != 3 {
			t.Fatalf("after the late answer: %+v", outs)
		}
	})
}

func TestAWholeWindowWithoutAnAnswerEndsTheSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{onSubmit: func(*smscConn, uint32, *pdu.Message) {}}
		h := &desk{}
		c, stop := start(t, far, h, func(c *smpp.Config) { c.SubmitTimeout = 4 * time.Second; c.Window = 5 })
		defer stop()
		synctest.Wait()
		c.Submit(t.Context(), texts(5))
		time.Sleep(10 * time.Second)
		if outs := h.seen(); count(outs, carrier.Unknown) != 5 || len(outs) != 5 {
			t.Fatalf("outcomes %+v", outs)
		}
		if n := c.Health().Binds; n != 2 {
			t.Fatalf("%d binds: the stuck session was kept", n)
		}
	})
}

func TestADeadLineIsNoticedAndReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far, h := &smsc{mute: true}, &desk{}
		c, stop := start(t, far, h, func(c *smpp.Config) { c.EnquireEvery = 30 * time.Second; c.EnquireWait = 10 * time.Second })
		defer stop()
		time.Sleep(35 * time.Second)
		if n := len(far.last().sent(pdu.EnquireLink)); n != 1 {
			t.Fatalf("%d enquire_link after 35 s of silence", n)
		}
		time.Sleep(10 * time.Second)
		if far.dialled() != 2 {
			t.Fatalf("%d dials after 45 s of silence; health %+v", far.dialled(), c.Health())
		}
	})
}

func TestAQuietButLivingLineIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{}
		c, stop := start(t, far, &desk{}, nil)
		defer stop()
		time.Sleep(time.Hour)
		if far.dialled() != 1 || c.Health().State != carrier.StateUp {
			t.Fatalf("%d dials in a quiet hour", far.dialled())
		}
		if n := len(far.last().sent(pdu.EnquireLink)); n < 100 || n > 120 {
			t.Fatalf("%d enquire_link in an hour at 30 s", n)
		}
		far.last().send(pdu.AppendEmpty(nil, pdu.Header{ID: pdu.EnquireLink, Seq: 9}))
		synctest.Wait()
		if n := far.last().sent(pdu.EnquireLink.Resp()); len(n) != 1 || n[0].Seq != 9 {
			t.Fatalf("enquire_link answered with %+v", n)
		}
	})
}

func TestReconnectBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{fail: 1 << 30}
		_, stop := start(t, far, &desk{}, func(c *smpp.Config) { c.ReconnectMin = time.Second; c.ReconnectMax = 16 * time.Second })
		defer stop()
		time.Sleep(10 * time.Minute)
		// Between half and the whole of 1, 2, 4, 8, then 16 s again and again.
		if n := far.dialled(); n < 600/16 || n > 600/8+6 {
			t.Fatalf("%d dials in ten minutes", n)
		}
	})
}

func TestRefusedBindSaysWhatToDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, stop := start(t, &smsc{bindStatus: 0x0E}, &desk{}, nil)
		defer stop()
		synctest.Wait()
		if got := c.Health(); got.State != carrier.StateDown || got.LastFault != carrier.FaultPassword || !strings.Contains(got.LastError, "password") {
			t.Fatalf("health %+v", got)
		}
	})
}

// An account that shows a wrong password every minute gets locked.
func TestARefusedAccountIsTriedRarely(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status uint32
		least  int
		most   int
	}{
		"a wrong password":         {0x0E, 12, 25},
		"an unknown account":       {0x0F, 12, 25},
		"a bind refused otherwise": {0x0D, 55, 130},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				far := &smsc{bindStatus: c.status}
				_, stop := start(t, far, &desk{}, nil)
				defer stop()
				time.Sleep(time.Hour)
				if n := far.dialled(); n < c.least || n > c.most {
					t.Fatalf("%d binds in an hour, want %d to %d", n, c.least, c.most)
				}
			})
		})
	}
}

func TestStopDrainsAndUnbinds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{}
		far.onSubmit = func(c *smscConn, seq uint32, _ *pdu.Message) {
			time.AfterFunc(2*time.Second, func() { c.accept(seq, "x") })
		}
		h := &desk{}
		c, stop := start(t, far, h, func(c *smpp.Config) { c.Window = 3 })
		synctest.Wait()
		go c.Submit(t.Context(), texts(5))
		synctest.Wait()
		began := time.Now()
		stop()
		outs := h.seen()
		if len(outs) != 5 || count(outs, carrier.Accepted) != 3 || count(outs, carrier.NotHandedOver) != 2 {
			t.Fatalf("outcomes %+v", outs)
		}
		if n := len(far.last().sent(pdu.Unbind)); n != 1 {
			t.Fatalf("%d unbinds", n)
		}
		if d := time.Since(began); d > 3*time.Second {
			t.Fatalf("stopping took %v", d)
		}
		if got := c.Health().State; got != carrier.StateStopped {
			t.Fatalf("state %s", got)
		}
	})
}

func TestStopGivesUpAfterItsGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far, h := &smsc{mute: true}, &desk{}
		c, stop := start(t, far, h, nil)
		synctest.Wait()
		c.Submit(t.Context(), texts(3))
		began := time.Now()
		stop()
		if outs := h.seen(); len(outs) != 3 || count(outs, carrier.Unknown) != 3 {
			t.Fatalf("outcomes %+v", outs)
		}
		if d := time.Since(began); d > 8*time.Second {
			t.Fatalf("stopping took %v", d)
		}
	})
}

func TestPeersUnbindIsAnsweredAndFollowedByANewBind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{}
		c, stop := start(t, far, &desk{}, nil)
		defer stop()
		synctest.Wait()
		first := far.last()
		first.send(pdu.AppendEmpty(nil, pdu.Header{ID: pdu.Unbind, Seq: 5}))
		time.Sleep(5 * time.Second)
		if n := first.sent(pdu.Unbind.Resp()); len(n) != 1 || n[0].Seq != 5 {
			t.Fatalf("unbind answered with %+v", n)
		}
		if got := c.Health(); got.State != carrier.StateUp || got.Binds != 2 {
			t.Fatalf("health %+v", got)
		}
	})
}

func TestAPairSendsOnOneAndReceivesOnTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far, h := &smsc{}, &desk{}
		c, stop := start(t, far, h, func(c *smpp.Config) { c.Bind = smpp.BindPair })
		defer stop()
		synctest.Wait()
		c.Submit(t.Context(), texts(2))
		synctest.Wait()
		if got := c.Health(); got.State != carrier.StateUp || got.Binds != 2 || count(h.seen(), carrier.Accepted) != 2 {
			t.Fatalf("health %+v, outcomes %+v", got, h.seen())
		}
		for _, conn := range far.conns {
			switch conn.role {
			case pdu.BindTransmitter:
				if n := len(conn.sent(pdu.SubmitSM)); n != 2 {
					t.Fatalf("%d submits on the transmitter", n)
				}
			case pdu.BindReceiver:
				conn.receipt(3, "id:1 stat:DELIVRD")
				synctest.Wait()
				if n := len(conn.sent(pdu.DeliverSM.Resp())); n != 1 {
					t.Fatalf("%d acknowledgements on the receiver", n)
				}
				_ = conn.conn.Close()
			}
		}
		synctest.Wait()
		if got := c.Health().State; got != carrier.StateDown {
			t.Fatalf("state %s although the receiver is gone", got)
		}
		time.Sleep(5 * time.Second)
		if got := c.Health(); got.State != carrier.StateUp || got.Binds != 3 {
			t.Fatalf("health %+v: only the lost half should bind again", got)
		}
	})
}

func TestASlowHandlerStopsTheReadingAndRaisesNoFalseAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far, h := &smsc{}, &desk{block: make(chan struct{})}
		c, stop := start(t, far, h, func(c *smpp.Config) { c.SubmitTimeout = 4 * time.Second; c.EnquireEvery = 4 * time.Second })
		defer stop()
		synctest.Wait()
		conn := far.last()
		go func() {
			conn.receipt(1, "id:1 stat:DELIVRD")
			conn.receipt(2, "id:2 stat:DELIVRD") // not taken while the first is being handled
		}()
		synctest.Wait()
		c.Submit(t.Context(), texts(1))
		time.Sleep(time.Minute)
		if len(h.seen()) != 0 || far.dialled() != 1 {
			t.Fatalf("outcomes %+v, %d dials while our own side was busy", h.seen(), far.dialled())
		}
		close(h.block)
		time.Sleep(settle)
		if outs := h.seen(); len(outs) != 1 || outs[0].Class != carrier.Accepted || len(h.gotReceipts()) != 2 {
			t.Fatalf("outcomes %+v, %d receipts", outs, len(h.gotReceipts()))
		}
	})
}

func TestReadingStopsWhileTooMuchIsUnacknowledged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far, h := &smsc{}, &desk{keep: true}
		_, stop := start(t, far, h, func(c *smpp.Config) { c.MaxUnacked = 3 })
		defer stop()
		synctest.Wait()
		conn := far.last()
		go func() {
			for seq := range uint32(10) {
				conn.receipt(seq+1, "id:1 stat:DELIVRD")
			}
		}()
		synctest.Wait()
		rs := h.gotReceipts()
		if len(rs) != 3 {
			t.Fatalf("%d receipts taken with 3 allowed", len(rs))
		}
		rs[0].Ack(nil)
		synctest.Wait()
		if n := len(h.gotReceipts()); n != 4 {
			t.Fatalf("%d receipts after one was acknowledged", n)
		}
		for len(h.gotReceipts()) < 10 {
			for _, r := range h.gotReceipts() {
				r.Ack(nil)
			}
			synctest.Wait()
		}
		for _, r := range h.gotReceipts() {
			r.Ack(nil)
		}
	})
}

func TestACallerThatGivesUpHandsNothingMoreOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{}
		far.onSubmit = func(c *smscConn, seq uint32, _ *pdu.Message) {
			time.AfterFunc(time.Second, func() { c.accept(seq, "x") })
		}
		h := &desk{}
		c, stop := start(t, far, h, func(c *smpp.Config) { c.Window = 2 })
		defer stop()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		c.Submit(ctx, texts(5))
		if outs := h.seen(); len(outs) != 3 || outs[0].Class != carrier.NotHandedOver || outs[0].Ref != 3 || outs[0].Reason != carrier.ReasonStopping {
			t.Fatalf("outcomes %+v", outs)
		}
		time.Sleep(2 * time.Second)
		if n := count(h.seen(), carrier.Accepted); n != 2 {
			t.Fatalf("%d of 2 accepted", n)
		}
	})
}

func TestForeignPDUsAreNackedAndGarbageEndsTheSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{}
		c, stop := start(t, far, &desk{}, nil)
		defer stop()
		synctest.Wait()
		far.last().send(pdu.AppendEmpty(nil, pdu.Header{ID: 0x000B, Seq: 4}))                // outbind
		far.last().send(pdu.AppendEmpty(nil, pdu.Header{ID: pdu.AlertNotification, Seq: 5})) // has no answer, and does no harm
		far.last().accept(99, "nobody asked")
		far.last().receipt(5, "no receipt at all")
		synctest.Wait()
		if n := far.last().sent(pdu.GenericNack); len(n) != 1 || n[0].Seq != 4 || n[0].Status != 3 {
			t.Fatalf("nacks %+v", n)
		}
		if n := far.last().sent(pdu.DeliverSM.Resp()); len(n) != 1 {
			t.Fatal("a receipt that nobody can read was not acknowledged: it would come for ever")
		}
		if odd := c.Health().Odd; odd.BadPDU != 1 || odd.StrayAnswer != 1 || odd.BadReceipt != 1 {
			t.Fatalf("odd %+v", odd)
		}
		far.last().send(bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 8))
		time.Sleep(5 * time.Second)
		if n := c.Health().Binds; n != 2 {
			t.Fatalf("%d binds after garbage", n)
		}
	})
}

func TestTextsArriveWithTheirHeaderAndCoding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far, h := &smsc{}, &desk{}
		_, stop := start(t, far, h, nil)
		defer stop()
		synctest.Wait()
		m := pdu.Message{Source: pdu.Addr{TON: 1, NPI: 1, Addr: []byte("48600100200")}, Dest: pdu.Addr{Addr: []byte("4455")},
			ESMClass: pdu.ESMUDHI, DataCoding: 8, Short: []byte("\x05\x00\x03\x2a\x02\x01\x04\x10")}
		far.last().send(pdu.AppendMessage(nil, pdu.Header{ID: pdu.DeliverSM, Seq: 1}, &m))
		m.ESMClass, m.DataCoding, m.Short = 0, 0, []byte("tak")
		m.Params = pdu.AppendParam8(pdu.AppendParam8(pdu.AppendParam16(nil, pdu.TagSarMsgRefNum, 7), pdu.TagSarTotalSegments, 3), pdu.TagSarSegmentSeqnum, 2)
		far.last().send(pdu.AppendMessage(nil, pdu.Header{ID: pdu.DataSM, Seq: 2}, &pdu.Message{Source: m.Source, Dest: m.Dest,
			Params: pdu.AppendParam(nil, pdu.TagMessagePayload, []byte("id:1 stat:DELIVRD"))}))
		m.Source.TON, m.Source.NPI = 2, 8
		far.last().send(pdu.AppendMessage(nil, pdu.Header{ID: pdu.DeliverSM, Seq: 3}, &m))
		m.ESMClass, m.Short = pdu.ESMUDHI, []byte{0xff, 1}
		far.last().send(pdu.AppendMessage(nil, pdu.Header{ID: pdu.DeliverSM, Seq: 4}, &m))
		synctest.Wait()
		if len(h.inbound) != 3 || len(h.receipts) != 0 {
			t.Fatalf("%d texts, %d receipts: what a phone writes is never a receipt", len(h.inbound), len(h.receipts))
		}
		a, b, c := h.inbound[0], h.inbound[1], h.inbound[2]
		if a.Coding != carrier.UCS2 || a.Concat != (carrier.Part{Ref: 42, Number: 1, Total: 2}) || string(a.Payload) != "\x04\x10" || len(a.UDH) != 6 || a.From != phi.T("48600100200") {
			t.Errorf("first: %+v", a)
		}
		if a.FromTON != carrier.TONInternational || a.FromNPI != 1 || b.FromTON != carrier.TONInternational || c.FromTON != carrier.TONNational || c.FromNPI != 8 {
			t.Errorf("types of number: %d/%d, %d, %d/%d", a.FromTON, a.FromNPI, b.FromTON, c.FromTON, c.FromNPI)
		}
		if b.Coding != carrier.GSM7 || string(b.Payload) != "id:1 stat:DELIVRD" {
			t.Errorf("second: %+v", b)
		}
		if c.Concat != (carrier.Part{Ref: 7, Number: 2, Total: 3}) || string(c.Payload) != "tak" {
			t.Errorf("third: %+v", c)
		}
		if n := far.last().sent(pdu.DeliverSM.Resp()); len(n) != 3 || n[2].Status != 0x65 {
			t.Errorf("acknowledgements %+v", n)
		}
		if n := far.last().sent(pdu.DataSM.Resp()); len(n) != 1 {
			t.Errorf("data_sm acknowledged %d times", len(n))
		}
	})
}

func TestQueryFollowsUpAnAcceptedText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{}
		c, stop := start(t, far, &desk{}, func(c *smpp.Config) { c.Queries = true })
		defer stop()
		synctest.Wait()
		type result struct {
			r   carrier.Receipt
			err error
		}
		ask := func(answer func(seq uint32) []byte) result {
			ch := make(chan result, 1)
			go func() {
				r, err := c.Query(t.Context(), "7", carrier.Address{Addr: "CLINIC"})
				ch <- result{r, err}
			}()
			synctest.Wait()
			asked := far.last().sent(pdu.QuerySM)
			if b := answer(asked[len(asked)-1].Seq); b != nil {
				far.last().send(b)
			}
			return <-ch
		}
		got := ask(func(seq uint32) []byte {
			return pdu.AppendQueryResp(nil, pdu.Header{ID: pdu.QuerySM.Resp(), Seq: seq}, &pdu.QueryResp{MessageID: []byte("7"), FinalDate: []byte("260102150405000+"), State: 2})
		})
		if got.err != nil || got.r.State != carrier.ReceiptDelivered || !got.r.DoneAt.Equal(time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)) {
			t.Fatalf("%+v %v", got.r, got.err)
		}
		got.r.Ack(nil) // nothing to acknowledge, and no harm
		if got = ask(func(seq uint32) []byte {
			return pdu.AppendEmpty(nil, pdu.Header{ID: pdu.QuerySM.Resp(), Status: 0x67, Seq: seq})
		}); !errs.Is(got.err, errs.NotFound) {
			t.Fatalf("unknown id: %v", got.err)
		}
		if got = ask(func(seq uint32) []byte {
			return pdu.AppendEmpty(nil, pdu.Header{ID: pdu.GenericNack, Status: 3, Seq: seq})
		}); !errs.Is(got.err, errs.Precondition) || c.Health().Odd.StrayAnswer != 0 {
			t.Fatalf("a carrier without query_sm: %v", got.err)
		}
		if got = ask(func(uint32) []byte { return nil }); !errs.Is(got.err, errs.Unavailable) {
			t.Fatalf("no answer: %v", got.err)
		}
	})
}

// Ids are compared in lower case, but a carrier may know its own only as it wrote them.
func TestAnIDInCapitalsIsAskedForInBothForms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &smsc{onQuery: func(c *smscConn, seq uint32, q *pdu.Query) {
			if string(q.MessageID) != "0AF3" || q.Source.TON != 1 || string(q.Source.Addr) != "48732100100" {
				c.send(pdu.AppendEmpty(nil, pdu.Header{ID: pdu.QuerySM.Resp(), Status: 0x0C, Seq: seq}))
				return
			}
			c.send(pdu.AppendQueryResp(nil, pdu.Header{ID: pdu.QuerySM.Resp(), Seq: seq}, &pdu.QueryResp{MessageID: q.MessageID, State: 5, Error: 27}))
		}}
		c, stop := start(t, far, &desk{}, func(c *smpp.Config) { c.Queries, c.SourceTON, c.SourceNPI = true, 1, 1 })
		defer stop()
		synctest.Wait()
		r, err := c.Query(t.Context(), "0af3", carrier.Address{Addr: "+48732100100"})
		if err != nil || r.ProviderID != "0af3" || r.State != carrier.ReceiptUndelivered || r.ErrCode != "27" {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

func TestLogsHoldNoNumberTextOrPassword(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		far, h := &smsc{}, &desk{}
		c, err := smpp.New(smpp.Config{Host: "far.invalid", SystemID: "carillon", Password: phi.T("CANARY-pw")}, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), far.dial)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx, h) }()
		synctest.Wait()
		c.Submit(t.Context(), texts(2))
		far.last().receipt(1, "id:1 stat:DELIVRD text:hello")
		synctest.Wait()
		_ = far.last().conn.Close()
		time.Sleep(5 * time.Second)
		cancel()
		<-done
		slog.New(slog.NewTextHandler(&log, nil)).Info("all", "submit", texts(1)[0], "receipt", h.receipts[0], "outcome", h.outcomes[0])
		for _, secret := range []string{"CANARY", "600100200", "hello", "68656c6c6f", "104 101 108"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%q is in the log: %s", secret, log.String())
			}
		}
		if !strings.Contains(log.String(), "carrier line lost") {
			t.Error("a lost line is not logged")
		}
	})
}
