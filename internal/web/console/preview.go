package console

import (
	"bytes"
	"slices"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/ehr/table"
	"carillon.dev/carillon/internal/engine/intake"
)

// preview is the beginning of a file as it would be read.
type preview struct {
	Ready    bool           // the file is still here and the reader may say how it is read
	Choices  []table.Choice // when the encoding is not proven
	Encoding string
	Headers  []string
	Lines    [][]string
	Fields   []string // the field that each column is taken for; empty when for none
	Fault    string
	// Orders are the two ways to read the whole names in the column at NameColumn, when nothing says which is right.
	NameColumn int
	Orders     []table.NameOrder
}

// previewLines is enough to see whether columns and letters are right.
const previewLines = 4

func previewOf(head []byte, imp feed.Import) (v preview) {
	v.Ready = true
	guess := table.Sniff(head)
	if v.Encoding, _ = guess.Settle(imp.Options.Encoding, imp.Options.Found); v.Encoding == "" {
		v.Choices = guess.Choices
		return v
	}
	if i := bytes.LastIndexByte(head, '\n'); i > 0 {
		head = head[:i+1] // the piece may end within a line
	}
	file, err := table.Open(bytes.NewReader(head), table.Options{Encoding: imp.Options.Encoding, Usual: imp.Options.Found})
	if err != nil {
		v.Fault = errs.Safe(err)
		return v
	}
	v.Headers = file.Headers
	for range previewLines {
		line, err := file.Next()
		if err != nil {
			break
		}
		v.Lines = append(v.Lines, line.Cells)
	}
	v.Fields = make([]string, len(v.Headers))
	mapping, err := table.NewMapping(table.Kind(imp.Kind), v.Headers, imp.Options.Map, imp.Options.Recalled)
	if err != nil {
		v.Fault = errs.Safe(err)
	}
	for f, i := range mapping.Column {
		if i >= 0 && i < len(v.Fields) {
			v.Fields[i] = string(f)
		}
	}
	v.askOrder()
	return v
}

// askOrder looks for names whose parts nobody can tell from each other.
func (v *preview) askOrder() {
	v.NameColumn = slices.Index(v.Fields, string(intake.FieldAnyName))
	for _, cells := range v.Lines {
		if v.NameColumn >= 0 && v.NameColumn < len(cells) && len(v.Orders) == 0 {
			v.Orders = table.NameOrders(cells[v.NameColumn])
		}
	}
}

// encodings are what a reader can choose from, with the one that the file is read in now.
func encodings(now string) []string {
	all := table.Encodings()
	if now != "" && !slices.Contains(all, now) {
		return append([]string{now}, all...)
	}
	return all
}
