package smpp_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/carrier/smpp"
)

// A carrier that does everything wrong: the line is cut again and again with answers on their way, answers get lost,
// receipts come early, twice, late and out of order. What is not handed over, throttled or told to wait is sent again, as
// the engine does; what is unknown is not.
func TestUnderEveryFaultNothingIsLostOrSentTwice(t *testing.T) {
	t.Parallel()
	sim, addr := startSimulator(t, simulator.Config{
		Seed: 42, AnswerDelay: time.Millisecond, AnswerJitter: 3 * time.Millisecond, Throttled: 0.05, SystemErrors: 0.05, BadNumbers: 0.02,
		LostAnswers: 0.01, CutEvery: 150, EchoRef: true, ReceiptDelay: 2 * time.Millisecond, ReceiptJitter: 10 * time.Millisecond,
		Unreachable: 0.1, Duplicates: 0.2, Reordered: 0.05, Early: 0.1, Intermediate: 0.1,
	})
	l := &line{addr: addr}
	c, err := smpp.New(smpp.Config{Host: "127.0.0.1", SystemID: "clinic", Window: 50, EchoesRef: true, SubmitTimeout: 100 * time.Millisecond,
		ReconnectMin: 5 * time.Millisecond, ReconnectMax: 20 * time.Millisecond}, slog.New(slog.DiscardHandler), l.dial)
	if err != nil {
		t.Fatal(err)
	}
	w := &waiting{tick: make(chan struct{}, 1<<16)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, w) }()
	defer func() { cancel(); <-done }()

	const n = 3000
	final := sendAll(t, c, w, n)
	w.await(t, "the receipts that were sent", func() bool { s := sim.Stats(); return s.Pending == 0 })

	count := map[carrier.Class]int{}
	for _, class := range final {
		count[class]++
	}
	s := sim.Stats()
	if len(final) != n || count[carrier.Accepted]+count[carrier.Permanent]+count[carrier.Unknown] != n {
		t.Fatalf("%d of %d ended: %v", len(final), n, count)
	}
	if s.Duplicates != 0 {
		t.Errorf("%d texts left twice", s.Duplicates)
	}
	if got := int(s.Accepted); got < count[carrier.Accepted] || got > count[carrier.Accepted]+count[carrier.Unknown] {
		t.Errorf("the carrier accepted %d; we know of %d and wonder about %d", got, count[carrier.Accepted], count[carrier.Unknown])
	}
	if s.Binds < 10 || count[carrier.Unknown] == 0 || count[carrier.Permanent] == 0 {
		t.Errorf("%d binds, %v: the faults did not happen", s.Binds, count)
	}
	reported := map[uint16]bool{}
	for _, r := range w.receipts {
		reported[r.UserRef] = true
	}
	if len(reported) != int(s.Accepted) {
		t.Errorf("receipts of %d texts, %d accepted", len(reported), s.Accepted)
	}
}

// sendAll hands over n texts until each has an outcome that ends it, and returns those outcomes by reference.
func sendAll(t *testing.T, c carrier.Connector, w *waiting, n int) map[uint64]carrier.Class {
	t.Helper()
	todo, final, read := make([]carrier.Submit, n), map[uint64]carrier.Class{}, 0
	for i := range todo {
		todo[i] = carrier.Submit{Ref: uint64(i + 1), UserRef: uint16(i + 1), From: carrier.Address{Addr: "CLINIC"}, To: phi.T("+4860" + phoneTail(i)), Payload: carrier.Octets("hello")}
	}
	all := todo
	for len(todo) > 0 {
		w.await(t, "the line to be up", func() bool { return c.Health().State == carrier.StateUp })
		batch := todo[:min(len(todo), 100)]
		todo = todo[len(batch):]
		c.Submit(t.Context(), batch)
		var again []uint64
		for due := len(batch); due > 0; {
			w.await(t, "an outcome of each", func() bool {
				for ; read < len(w.outcomes); read++ {
					o := w.outcomes[read]
					switch {
					case o.Late:
						final[o.Ref] = o.Class
						continue
					case o.Class == carrier.NotHandedOver || o.Class == carrier.Throttle || o.Class == carrier.Retry:
						again = append(again, o.Ref)
					default:
						if _, twice := final[o.Ref]; twice {
							t.Errorf("submit %d has two outcomes", o.Ref)
						}
						final[o.Ref] = o.Class
					}
					due--
				}
				return due <= 0
			})
		}
		for _, ref := range again {
			todo = append(todo[:len(todo):len(todo)], all[ref-1])
		}
	}
	return final
}

func phoneTail(i int) string {
	digits := []byte("0100000")
	for at := len(digits) - 1; i > 0; at-- {
		digits[at] += byte(i % 10)
		i /= 10
	}
	return string(digits)
}
