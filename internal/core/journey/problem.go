package journey

import (
	"fmt"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
)

// Problem is one thing that is wrong with a journey file, in words for the person who wrote it.
type Problem struct {
	Line int    // 1 is the first; 0 when the whole file is meant
	Path string // such as steps[2].at
	Text string
}

// String is "line 12, steps[2].at: …".
func (p Problem) String() string {
	where := p.Path
	if p.Line > 0 {
		where = fmt.Sprintf("line %d", p.Line)
		if p.Path != "" {
			where += ", " + p.Path
		}
	}
	if where == "" {
		return p.Text
	}
	return where + ": " + p.Text
}

// Problems is everything wrong with a file at once, in the order of its lines.
type Problems []Problem

// Error lists every problem, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// AsError gives the problems a kind; the texts are about the file and hold nothing about a patient.
func (ps Problems) AsError() error {
	if len(ps) == 0 {
		return nil
	}
	return errs.Wrap(errs.Invalid, ps.Error(), ps)
}
