package table

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/audience"
	audiences "carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/engine/intake"
)

// List reads a file that names people by the source's id, the record number or a phone number, whichever columns it
// has; headers are read as in files of patients. errs.Invalid names the line that cannot be read.
func List(r io.Reader, o Options) ([]audiences.Ref, error) {
	f, err := Open(r, o)
	if err != nil {
		return nil, err
	}
	m, err := NewMapping(People, f.Headers, o.Map, false)
	if err != nil {
		return nil, err
	}
	var out []audiences.Ref
	err = eachLine(f, func(l Line) error {
		if len(out) > audiences.MaxList {
			return errs.Newf(errs.Invalid, "a list has at most %d lines", audiences.MaxList).At("file")
		}
		row := &reader{m: m, line: l}
		out = append(out, audiences.Ref{Line: l.Number, ExternalID: row.text(intake.FieldExternalID), MRN: row.text(intake.FieldMRN), Number: row.text(intake.FieldMobile)})
		return nil
	})
	return out, err
}

func eachLine(f *File, take func(Line) error) error {
	for {
		l, err := f.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && l.Bad != nil {
			err = errs.New(errs.Invalid, l.Bad.Say).At("line " + strconv.Itoa(l.Number))
		}
		if err == nil {
			err = take(l)
		}
		if err != nil {
			return err
		}
	}
}

// Places reads a file with the columns location, or country and postal_code, and latitude and longitude in degrees.
func Places(r io.Reader) ([]audiences.NamedPlace, error) {
	f, err := Open(r, Options{})
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, h := range f.Headers {
		at[strings.ToLower(h)] = i
	}
	for _, need := range []string{"latitude", "longitude"} {
		if _, ok := at[need]; !ok {
			return nil, errs.Newf(errs.Invalid, "no column is called %s", need).At("line 1")
		}
	}
	var out []audiences.NamedPlace
	err = eachLine(f, func(l Line) error {
		cell := func(name string) string {
			if i, ok := at[name]; ok && i < len(l.Cells) {
				return strings.TrimSpace(l.Cells[i])
			}
			return ""
		}
		lat, err1 := strconv.ParseFloat(cell("latitude"), 64)
		lon, err2 := strconv.ParseFloat(cell("longitude"), 64)
		if err1 != nil || err2 != nil {
			return errs.New(errs.Invalid, "write latitude and longitude in degrees, such as 52.23 and 21.01").At("line " + strconv.Itoa(l.Number))
		}
		out = append(out, audiences.NamedPlace{Line: l.Number, Location: cell("location"), Country: cell("country"), Prefix: cell("postal_code"),
			At: audience.Coord{Lat: lat, Lon: lon}})
		return nil
	})
	return out, err
}
