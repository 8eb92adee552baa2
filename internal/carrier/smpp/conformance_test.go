package smpp_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"carillon.dev/carillon/internal/carrier/carriertest"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/carrier/smpp"
)

func TestConnectorKeepsTheContract(t *testing.T) {
	t.Parallel()
	for name, bind := range map[string]smpp.BindMode{"transceiver": smpp.BindTransceiver, "pair": smpp.BindPair} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			carriertest.Run(t, func(t *testing.T, far carriertest.Far) carriertest.Rig { return rig(t, far, bind) })
		})
	}
}

// rig is the connector in front of a simulator over loopback TCP.
func rig(t *testing.T, far carriertest.Far, bind smpp.BindMode) carriertest.Rig {
	cfg := simulator.Config{Seed: 7}
	switch far {
	case carriertest.Throttles:
		cfg.Throttled = 1
	case carriertest.Refuses:
		cfg.BadNumbers = 1
	case carriertest.Silent:
		cfg.LostAnswers = 1
	}
	sim, addr := startSimulator(t, cfg)
	line := &line{addr: addr, absent: far == carriertest.Absent}
	c, err := smpp.New(smpp.Config{Host: "127.0.0.1", SystemID: "carillon", Bind: bind, ReconnectMin: 10 * time.Millisecond, Grace: time.Second},
		slog.New(slog.DiscardHandler), line.dial)
	if err != nil {
		t.Fatal(err)
	}
	return carriertest.Rig{
		Connector: c,
		Cut:       line.cut,
		Text: func(from, to, text string) {
			if err := sim.Text("carillon", from, to, text); err != nil {
				t.Error(err)
			}
		},
		Counts: func() (int, int) {
			s := sim.Stats()
			return int(s.Accepted), int(s.ReceiptsAcked + s.TextsAcked)
		},
	}
}

func startSimulator(t testing.TB, cfg simulator.Config) (*simulator.Server, string) {
	t.Helper()
	sim, err := simulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("simulator: %v", err)
		}
	})
	return sim, ln.Addr().String()
}

// line dials and can be cut.
type line struct {
	addr   string
	absent bool
	mu     sync.Mutex
	conns  []net.Conn
}

func (l *line) dial(ctx context.Context) (net.Conn, error) {
	if l.absent {
		return nil, io.ErrUnexpectedEOF
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", l.addr)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, c)
	return c, nil
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close()
	}
}
