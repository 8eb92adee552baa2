// Package table reads files of patients and visits as practices export them: any encoding that is named or
// proven, any delimiter, headers in several languages, local dates. It turns lines into checked rows for
// engine/intake, and what is wrong into problems with line, column and reason. It refuses to guess: a file
// whose encoding is not proven is asked about, a date that could be two days is a problem.
package table

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/transform"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/engine/intake"
)

// Limits of a file that a person may upload.
const (
	MaxColumns = 200
	MaxCell    = 4000 // characters
	MaxLine    = 1 << 20
)

// Options say how to read a file. The zero value finds everything out.
type Options struct {
	Encoding  string            // as Encodings lists them; empty to prove it
	Usual     bool              // Encoding is what earlier files had: it yields to what this one proves
	Delimiter rune              // 0 to find it
	Map       map[string]string // header to field, over what is found
}

// File is an open table: a header and lines.
type File struct {
	Delimiter rune
	Headers   []string

	encoding string
	late     *late // while plain letters leave it open
	csv      *csv.Reader
	source   *bufio.Reader
	proven   bool // by a mark, or chosen by a person; otherwise the first bytes only looked like UTF-8
}

// Line is one record with its place in the file.
type Line struct {
	Number int
	Cells  []string
	Bad    *intake.Problem // the line cannot be read at all
}

// Open reads the header. A file that is empty, binary or of an unproven encoding is errs.Invalid; the last
// names the flag that settles it.
func Open(r io.Reader, o Options) (*File, error) {
	head := bufio.NewReaderSize(r, 64<<10)
	peek, err := head.Peek(48 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, unreadable(err)
	}
	g := Sniff(peek)
	name, proven := g.Settle(o.Encoding, o.Usual)
	if name == "" {
		return nil, errUnproven
	}
	enc, err := encodingOf(name)
	if err != nil {
		return nil, err
	}
	f := &File{encoding: name, proven: proven}
	var decoder transform.Transformer = enc.NewDecoder()
	if g.Plain && o.Usual && !proven {
		f.late = newLate(decoder)
		decoder = f.late
	}
	f.source = bufio.NewReaderSize(transform.NewReader(head, decoder), 64<<10)
	return f, f.begin(o.Delimiter)
}

// Encoding is how the file is read: what was chosen or proven, else what earlier files had.
func (f *File) Encoding() string {
	if f.late != nil && f.late.utf8 {
		return utf8Name
	}
	return f.encoding
}

var errUnproven = errs.New(errs.Invalid, "the letters of this file can be read in several ways; look at the preview and choose the encoding").At("--encoding")

func (f *File) begin(delimiter rune) error {
	sample, err := f.source.Peek(16 << 10)
	if len(sample) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return unreadable(err)
		}
		return errs.New(errs.Invalid, "the file is empty")
	}
	if strings.ContainsRune(string(sample), 0) {
		return errs.New(errs.Invalid, "this is not a text file; export it as CSV")
	}
	f.Delimiter = delimiter
	if f.Delimiter == 0 {
		f.Delimiter = findDelimiter(string(sample))
	}
	f.csv = csv.NewReader(f.source)
	f.csv.Comma = f.Delimiter
	f.csv.FieldsPerRecord = -1
	f.csv.LazyQuotes = false
	header, err := f.csv.Read()
	if err != nil {
		return errs.New(errs.Invalid, "the first line is no header: its quotes do not match").At("line 1")
	}
	if len(header) > MaxColumns {
		return errs.Newf(errs.Invalid, "the header has %d columns, at most %d are read", len(header), MaxColumns).At("line 1")
	}
	f.Headers = make([]string, len(header))
	for i, h := range header {
		f.Headers[i] = cleanHeader(h)
	}
	return nil
}

// Next reads a line; io.EOF after the last. A line that cannot be read has Bad set and no cells; blank
// lines are passed over.
func (f *File) Next() (Line, error) {
	for {
		cells, err := f.csv.Read()
		if errors.Is(err, io.EOF) {
			return Line{}, io.EOF
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			return f.bad(parse.StartLine, "the quotes of this line do not match; check the line in a text editor"), nil
		}
		if err != nil {
			return Line{}, unreadable(err)
		}
		if !f.proven && slices.ContainsFunc(cells, func(c string) bool { return strings.ContainsRune(c, utf8.RuneError) }) {
			return Line{}, errUnproven // plain letters so far, and now one that is no UTF-8
		}
		n, _ := f.csv.FieldPos(0)
		if blank(cells) {
			continue
		}
		if len(cells) > len(f.Headers) && !blank(cells[len(f.Headers):]) {
			return f.bad(n, "this line has more cells than the header; a cell may hold the delimiter without quotes"), nil
		}
		return Line{Number: n, Cells: cells}, nil
	}
}

// unreadable passes on what the source of the bytes says about itself.
func unreadable(err error) error {
	if errs.KindOf(err) != "" && errs.KindOf(err) != errs.Internal {
		return err
	}
	return errs.Wrap(errs.Unavailable, "the file cannot be read to its end: send it again", err)
}

func (f *File) bad(line int, say string) Line {
	return Line{Number: line, Bad: &intake.Problem{Line: line, Code: intake.BadLine, Say: say, Value: phi.T("")}}
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// findDelimiter counts candidates outside quotes in the first lines: the one that appears in the header and
// the same number of times in the lines after it; a tie goes to the earlier of tab, semicolon, comma, bar.
func findDelimiter(sample string) rune {
	lines := logicalLines(sample, 20)
	best, bestScore := ',', -1
	for _, d := range []rune{'\t', ';', ',', '|'} {
		if s := delimiterScore(lines, d); s > bestScore {
			best, bestScore = d, s
		}
	}
	return best
}

func delimiterScore(lines []string, d rune) int {
	if len(lines) == 0 {
		return -1
	}
	want := countOutside(lines[0], d)
	if want == 0 {
		return -1
	}
	score := want
	for _, l := range lines[1:] {
		if countOutside(l, d) == want {
			score += 10
		}
	}
	return score
}

func countOutside(line string, d rune) int {
	n, quoted := 0, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
		case r == d && !quoted:
			n++
		}
	}
	return n
}

// logicalLines cuts at line ends outside quotes; a last line that the sample cuts short is left out.
func logicalLines(s string, most int) []string {
	var out []string
	start, quoted := 0, false
	for i := range len(s) {
		switch s[i] {
		case '"':
			quoted = !quoted
		case '\n':
			if quoted {
				continue
			}
			out = append(out, strings.TrimRight(s[start:i], "\r"))
			if start = i + 1; len(out) == most {
				return out
			}
		}
	}
	if len(out) == 0 {
		out = append(out, s[start:])
	}
	return out
}
