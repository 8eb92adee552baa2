package bench

import (
	"context"
	"io"
	"log/slog"
)

// Kill is `carillon bench kill`.
type Kill struct {
	Database
	Kills int `help:"How often the sender is killed." default:"20"`
}

// Worker is the process that bench kill kills.
type Worker struct {
	Database
}

// Run is written below.
func (k *Kill) Run(ctx context.Context, out io.Writer, log *slog.Logger) error { return nil }

// Run is written below.
func (w *Worker) Run(ctx context.Context, out io.Writer, log *slog.Logger) error { return nil }
