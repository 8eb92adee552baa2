package smpp_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/carrier/smpp"
)

// sink counts and acknowledges at once.
type sink struct {
	outcomes, receipts, accepted atomic.Int64
	up                           chan struct{}
}

func (s *sink) Guard(*carrier.Submit) carrier.Permit { return carrier.PermitSend }

func (s *sink) HandleOutcomes(b []carrier.Outcome) {
	for i := range b {
		if b[i].Class == carrier.Accepted {
			s.accepted.Add(1)
		}
	}
	s.outcomes.Add(int64(len(b)))
}

func (s *sink) HandleReceipts(b []carrier.Receipt) {
	for i := range b {
		b[i].Ack(nil)
	}
	s.receipts.Add(int64(len(b)))
}

func (s *sink) HandleInbound(in carrier.Inbound) { in.Ack(nil) }

func (s *sink) HandleState(h carrier.Health) {
	if h.State == carrier.StateUp {
		close(s.up)
	}
}

// BenchmarkSubmit sends over loopback TCP to the simulator in the same process; every text is answered, gets a
// receipt, and the receipt is acknowledged. One operation is one text, both sides' work included.
func BenchmarkSubmit(b *testing.B) {
	for _, window := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) { benchSubmit(b, window, 0) })
	}
	b.Run("window=100/answer=20ms", func(b *testing.B) { benchSubmit(b, 100, 20*time.Millisecond) })
}

func benchSubmit(b *testing.B, window int, delay time.Duration) {
	sim, addr := startSimulator(b, simulator.Config{Seed: 1, AnswerDelay: delay})
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		b.Fatal(err)
	}
	c, err := smpp.New(smpp.Config{Host: host, Port: n, SystemID: "bench", Window: window}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h, done := &sink{up: make(chan struct{})}, make(chan error, 1)
	go func() { done <- c.Run(ctx, h) }()
	<-h.up
	batch := make([]carrier.Submit, 500)
	for i := range batch {
		batch[i] = carrier.Submit{Ref: uint64(i), From: carrier.Address{Addr: "CLINIC"}, To: phi.T(fmt.Sprintf("+44790%07d", i)),
			Payload: carrier.Octets("Dear Alex, your visit is on Tuesday 3 March at 09:30. Reply 1 to confirm, 2 to cancel.")}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= len(batch) {
		c.Submit(ctx, batch[:min(left, len(batch))])
	}
	for h.receipts.Load() < int64(b.N) {
		time.Sleep(100 * time.Microsecond)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	cancel()
	<-done
	if s := sim.Stats(); s.Accepted != int64(b.N) || h.accepted.Load() != int64(b.N) || s.ReceiptsAcked != int64(b.N) {
		b.Fatalf("%d sent; the far side accepted %d and had %d receipts acknowledged; we heard %d", b.N, s.Accepted, s.ReceiptsAcked, h.accepted.Load())
	}
}
