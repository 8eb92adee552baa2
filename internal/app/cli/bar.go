package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// bar shows on a terminal how far an import is; into a file it prints nothing.
type bar struct {
	w     io.Writer
	live  bool
	what  string
	lines int
	total int // 0 when nobody knows yet
	began time.Time
	shown time.Time
}

func newBar(c *console) *bar {
	f, ok := c.err.(*os.File)
	return &bar{w: c.err, live: ok && term.IsTerminal(int(f.Fd()))} //nolint:gosec // a file descriptor fits
}

func (b *bar) begin(what string, total int) {
	b.what, b.lines, b.total, b.began = what, 0, total, time.Now()
	b.show()
}

func (b *bar) at(lines int) {
	b.lines = lines
	if time.Since(b.shown) > 100*time.Millisecond {
		b.show()
	}
}

func (b *bar) show() {
	if b.live {
		b.shown = time.Now()
		_, _ = fmt.Fprint(b.w, "\r"+b.text(b.shown.Sub(b.began))+"\x1b[K")
	}
}

// width of the bar in characters.
const width = 24

// text is the line that is shown after some time.
func (b *bar) text(took time.Duration) string {
	rate := 0
	if s := took.Seconds(); s > 0 {
		rate = int(float64(b.lines) / s)
	}
	if b.total == 0 {
		return fmt.Sprintf("%s: %d lines, %d a second", b.what, b.lines, rate)
	}
	part := min(float64(b.lines)/float64(b.total), 1)
	full := int(part * width)
	return fmt.Sprintf("%s [%s%s] %3.0f %%, %d a second", b.what, strings.Repeat("#", full), strings.Repeat(".", width-full), part*100, rate)
}

func (b *bar) end() {
	if b.live {
		b.show()
		_, _ = fmt.Fprintln(b.w)
	}
}
