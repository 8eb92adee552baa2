package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"

	"github.com/alecthomas/kong"
)

// TestMain lets the test binary be the program that a benchmark starts again: `bench.test bench smsc`.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "bench" {
		os.Exit(program(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func program(args []string) int {
	var cli struct {
		Bench Command `cmd:""`
	}
	p, err := kong.New(&cli)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	k, err := p.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	k.BindTo(ctx, (*context.Context)(nil))
	k.BindTo(os.Stdin, (*io.Reader)(nil))
	k.BindTo(os.Stdout, (*io.Writer)(nil))
	if err := k.Run(log); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %+v\n", err, cause(err))
		return 1
	}
	return 0
}

func cause(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || u.Unwrap() == nil {
			return err
		}
		err = u.Unwrap()
	}
}
