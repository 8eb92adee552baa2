package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// bar shows on a terminal how far an import is; into a file it prints nothing but the end.
type bar struct {
	w     io.Writer
	live  bool
	what  string
	lines int
	began time.Time
	shown time.Time
}

func newBar(c *console) *bar {
	f, ok := c.err.(*os.File)
	return &bar{w: c.err, live: ok && term.IsTerminal(int(f.Fd()))} //nolint:gosec // a file descriptor fits
}

func (b *bar) begin(what string) {
	b.what, b.lines, b.began = what, 0, time.Now()
	b.show()
}

func (b *bar) at(lines int) {
	b.lines = lines
	if time.Since(b.shown) > 100*time.Millisecond {
		b.show()
	}
}

func (b *bar) show() {
	if !b.live {
		return
	}
	b.shown = time.Now()
	rate := 0.0
	if s := time.Since(b.began).Seconds(); s > 0 {
		rate = float64(b.lines) / s
	}
	_, _ = fmt.Fprintf(b.w, "\r%s: %d lines, %.0f a second ", b.what, b.lines, rate)
}

func (b *bar) end() {
	if b.live {
		b.show()
		_, _ = fmt.Fprintln(b.w)
	}
}
