package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier/simulator"
)

// SMSC is the simulated operator in a process of its own. It prints where it listens and ends with its input.
type SMSC struct {
	ReceiptDelay time.Duration `default:"50ms" help:"From the answer to the receipt."`
	AnswerDelay  time.Duration `default:"0s" help:"Before the answer to a submit."`
	Listen       string        `default:"127.0.0.1:0" help:"Where SMPP is served."`
}

// place is what the operator's process says of itself.
type place struct {
	SMPP  string `json:"smpp"`
	Stats string `json:"stats"`
}

// Run serves until stdin ends.
func (c *SMSC) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv, err := simulator.New(simulator.Config{Seed: 1, AnswerDelay: c.AnswerDelay, ReceiptDelay: c.ReceiptDelay})
	if err != nil {
		return err
	}
	smpp, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	stats, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{Handler: srv.Handler(), ReadHeaderTimeout: time.Second}
	go func() { _ = web.Serve(stats) }()
	defer func() { _ = web.Close() }()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	if err := json.NewEncoder(out).Encode(place{SMPP: smpp.Addr().String(), Stats: "http://" + stats.Addr().String() + "/stats"}); err != nil {
		return err
	}
	return srv.Serve(ctx, smpp)
}

// operator is a running SMSC process.
type operator struct {
	place
	cmd   *exec.Cmd
	stdin io.Closer
	ask   func(context.Context) (simulator.Stats, error) // instead of asking the operator
}

// startOperator runs this program again as the operator.
func startOperator(ctx context.Context, args ...string) (*operator, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "this program cannot be found", err)
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"bench", "smsc"}, args...)...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the operator cannot be started", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the operator cannot be started", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, errs.Wrap(errs.Internal, "the operator cannot be started", err)
	}
	o := &operator{cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &o.place)
	}
	if err != nil {
		o.stop()
		return nil, errs.Wrap(errs.Internal, "the operator did not say where it listens", err)
	}
	return o, nil
}

func (o *operator) stop() {
	_ = o.stdin.Close()
	_ = o.cmd.Wait()
}

// stats asks the operator what it counted.
func (o *operator) stats(ctx context.Context) (simulator.Stats, error) {
	if o.ask != nil {
		return o.ask(ctx)
	}
	var st simulator.Stats
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.Stats, nil)
	if err != nil {
		return st, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return st, errs.Wrap(errs.Unavailable, "the operator does not say what it counted", err)
	}
	defer resp.Body.Close()
	return st, json.NewDecoder(resp.Body).Decode(&st)
}
