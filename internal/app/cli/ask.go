package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
)

// What is about a patient is asked for, or read from standard input or a file. It is never an argument: every user of the machine
// sees those, and the shell keeps them.

// askLine reads one line about a patient.
func (c *console) askLine(question, what string) (phi.Text, error) {
	if terminal(c.in) {
		_, _ = fmt.Fprint(c.err, question)
	}
	line, err := bufio.NewReader(io.LimitReader(c.in, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return phi.Text{}, errs.Wrap(errs.Invalid, "standard input cannot be read", err)
	}
	return readable([]byte(strings.TrimSpace(line)), what)
}

// askText reads a text of several lines from a file, or from standard input for "-".
func (c *console) askText(file, what string) (phi.Text, error) {
	if file == "-" && terminal(c.in) {
		_, _ = fmt.Fprintf(c.err, "%s, ended by Ctrl-D on a line of its own:\n", what)
	}
	raw, err := c.input(file)
	if err != nil {
		return phi.Text{}, err
	}
	return readable([]byte(strings.TrimSpace(string(raw))), what)
}

// readable refuses what no database keeps.
func readable(raw []byte, what string) (phi.Text, error) {
	if len(raw) == 0 {
		return phi.Text{}, errs.New(errs.Invalid, "nothing was written: give it on standard input").At(what)
	}
	if !utf8.Valid(raw) || strings.ContainsRune(string(raw), 0) {
		return phi.Text{}, errs.New(errs.Invalid, "this is no UTF-8 text").At(what)
	}
	return phi.T(string(raw)), nil
}

// maxInput is the largest text or definition that a command takes, in bytes.
const maxInput = 1 << 20

// input reads a file, or standard input for "-".
func (c *console) input(name string) ([]byte, error) {
	from, where := c.in, "standard input"
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, unreadable(err, name)
		}
		defer func() { _ = f.Close() }()
		from, where = f, name
	}
	b, err := io.ReadAll(io.LimitReader(from, maxInput+1))
	if err != nil {
		return nil, unreadable(err, where)
	}
	if len(b) > maxInput {
		return nil, errs.New(errs.Invalid, "this is larger than 1 MB").At(where)
	}
	return b, nil
}

func unreadable(err error, where string) error {
	return &errs.Error{Kind: errs.Invalid, Safe: "cannot be read: look at the name and at who may read it", Where: where, Err: err}
}
