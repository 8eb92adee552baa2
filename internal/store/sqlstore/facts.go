package sqlstore

import (
	"encoding/binary"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
)

// factsVersion is the first byte of a person's plain facts. A new field comes last, with a new version that the
// reader still knows the old ones beside.
const factsVersion = 1

// packFacts writes facts compactly: version, then each text as a varint length and its bytes, lists with a count.
func packFacts(f patient.Facts) []byte {
	b := make([]byte, 0, 96)
	b = append(b, factsVersion)
	b = appendTexts(b, f.GivenName.Reveal(), f.FamilyName.Reveal(), f.BirthDate.Reveal(), f.Sex, f.Zone,
		string(f.PreferredChannel), f.Note.Reveal())
	b = binary.AppendUvarint(b, uint64(len(f.Identifiers)))
	for _, i := range f.Identifiers {
		b = appendTexts(b, i.System, i.Value.Reveal())
	}
	b = binary.AppendUvarint(b, uint64(len(f.Tags)))
	for _, t := range f.Tags {
		b = appendTexts(b, t.Reveal())
	}
	b = binary.AppendUvarint(b, uint64(len(f.Conditions)))
	for _, c := range f.Conditions {
		b = appendTexts(b, c.System, c.Code.Reveal())
	}
	return b
}

func appendTexts(b []byte, texts ...string) []byte {
	for _, s := range texts {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// errFacts says that opened facts are not what packFacts writes.
var errFacts = errs.New(errs.Internal, "a person's facts have a form that this version does not know")

// unpackFacts reads what packFacts wrote. It never panics, whatever the bytes.
func unpackFacts(b []byte) (f patient.Facts, err error) {
	if len(b) == 0 || b[0] != factsVersion {
		return f, errFacts
	}
	r := &unpacker{rest: b[1:]}
	f.GivenName, f.FamilyName, f.BirthDate = phi.T(r.text()), phi.T(r.text()), phi.T(r.text())
	f.Sex, f.Zone, f.PreferredChannel = r.text(), r.text(), patient.Channel(r.text())
	f.Note = phi.T(r.text())
	for range r.count() {
		f.Identifiers = append(f.Identifiers, patient.Identifier{System: r.text(), Value: phi.T(r.text())})
	}
	for range r.count() {
		f.Tags = append(f.Tags, phi.T(r.text()))
	}
	for range r.count() {
		f.Conditions = append(f.Conditions, patient.Code{System: r.text(), Code: phi.T(r.text())})
	}
	if r.bad || len(r.rest) > 0 {
		return patient.Facts{}, errFacts
	}
	return f, nil
}

// unpacker reads texts and counts; after the first fault everything is empty.
type unpacker struct {
	rest []byte
	bad  bool
}

// count reads a length, never more than there are bytes left.
func (u *unpacker) count() int {
	n, size := binary.Uvarint(u.rest)
	if u.bad || size <= 0 || n > uint64(len(u.rest)-size) {
		u.bad = true
		return 0
	}
	u.rest = u.rest[size:]
	return int(n) //nolint:gosec // bounded by the length of the rest
}

func (u *unpacker) text() string {
	n := u.count()
	if u.bad {
		return ""
	}
	s := string(u.rest[:n])
	u.rest = u.rest[n:]
	return s
}
