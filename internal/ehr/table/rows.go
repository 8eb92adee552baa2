package table

import (
	"io"
	"runtime"
	"sync"
	"unicode/utf8"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/engine/intake"
)

// Reader reads files for engine/intake.
type Reader struct{}

// Open reads the header, finds what the options leave open and maps the columns.
func (Reader) Open(r io.Reader, kind feed.Kind, o feed.Options, w intake.World) (intake.Rows, error) {
	delimiter, err := delimiterOf(o.Delimiter)
	if err != nil {
		return nil, err
	}
	f, err := Open(r, Options{Encoding: o.Encoding, Usual: o.Found, Delimiter: delimiter})
	if err != nil {
		return nil, err
	}
	m, err := NewMapping(Kind(kind), f.Headers, o.Map, o.Recalled)
	if err != nil {
		return nil, err
	}
	p := &Place{Locations: w.Locations, Default: w.Default, Region: w.Region, Now: w.Now}
	if err := p.Ready(); err != nil {
		return nil, err
	}
	o.Delimiter, o.Found = string(f.Delimiter), o.Found || o.Encoding == ""
	o.Map = map[string]string{}
	for field, header := range m.Header {
		o.Map[header] = string(field)
	}
	return &rows{f: f, m: m, p: p, kind: kind, o: o}, nil
}

func delimiterOf(s string) (rune, error) {
	switch s {
	case "":
		return 0, nil
	case "tab", `\t`:
		return '\t', nil
	}
	d, n := utf8.DecodeRuneInString(s)
	if n != len(s) || d == '"' || d == '\r' || d == '\n' || d == utf8.RuneError {
		return 0, errs.New(errs.Invalid, "the delimiter is one character, such as ; or tab").At("--delimiter")
	}
	return d, nil
}

// rows reads lines ahead and checks them on every processor; what it hands out is in the file's order.
type rows struct {
	f    *File
	m    Mapping
	p    *Place
	kind feed.Kind
	o    feed.Options

	ready []intake.Row
	err   error // after ready
}

// aheadLines is how many lines are read and checked together.
const aheadLines = 256

// Next reads and checks a line.
func (r *rows) Next() (intake.Row, error) {
	if len(r.ready) == 0 && r.err == nil {
		r.more()
	}
	if len(r.ready) == 0 {
		return intake.Row{}, r.err
	}
	out := r.ready[0]
	r.ready = r.ready[1:]
	return out, nil
}

func (r *rows) more() {
	lines := make([]Line, 0, aheadLines)
	for len(lines) < aheadLines {
		line, err := r.f.Next()
		if err != nil {
			r.err = err
			break
		}
		lines = append(lines, line)
	}
	r.ready = make([]intake.Row, len(lines))
	parts := runtime.GOMAXPROCS(0)
	var all sync.WaitGroup
	for part := range parts {
		all.Go(func() {
			for i := part; i < len(lines); i += parts {
				r.ready[i] = r.row(lines[i])
			}
		})
	}
	all.Wait()
}

func (r *rows) row(line Line) intake.Row {
	out := intake.Row{Line: line.Number}
	if line.Bad != nil {
		out.Bad = []intake.Problem{*line.Bad}
		return out
	}
	if r.kind == feed.Patients {
		row, bad := PatientOf(line, r.m, r.p)
		out.Patient, out.Bad = &row, bad
		return out
	}
	row, bad := VisitOf(line, r.m, r.p)
	out.Visit, out.Bad = &row, bad
	return out
}

// Options are how the file is read; the encoding is certain once all rows were.
func (r *rows) Options() feed.Options {
	o := r.o
	o.Encoding = r.f.Encoding()
	return o
}

// Unused are the headers that mean nothing here.
func (r *rows) Unused() []string { return r.m.Unused }
