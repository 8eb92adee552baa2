package sqlstore

import (
	"encoding/binary"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/patient"
)

// factsVersion is the first byte of a person's plain facts. A new field comes last, with a new version that the
// reader still knows the old ones beside: 2 added the address and medications.
const (
	factsVersion = 2
	factsBefore  = 1
)

// packFacts writes facts compactly: version, then each text as a varint length and its bytes, lists with a count.
func packFacts(f patient.Facts) []byte {
	b := make([]byte, 0, 128)
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
	b = appendCodes(b, f.Conditions)
	b = appendTexts(b, f.Address.Line.Reveal(), f.Address.City.Reveal(), f.Address.PostalCode.Reveal(), f.Address.Country)
	return appendCodes(b, f.Medications)
}

func appendCodes(b []byte, codes []patient.Code) []byte {
	b = binary.AppendUvarint(b, uint64(len(codes)))
	for _, c := range codes {
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
	r, version, err := openFacts(b)
	if err != nil {
		return f, err
	}
	f.GivenName, f.FamilyName, f.BirthDate = phi.T(r.text()), phi.T(r.text()), phi.T(r.text())
	f.Sex, f.Zone, f.PreferredChannel = r.text(), r.text(), patient.Channel(r.text())
	f.Note = phi.T(r.text())
	for range r.count() {
		f.Identifiers = append(f.Identifiers, patient.Identifier{System: r.text(), Value: phi.T(r.text())})
	}
	f.Tags, f.Conditions = r.tags(nil), r.codes(nil)
	if version > factsBefore {
		f.Address = patient.Address{Line: phi.T(r.text()), City: phi.T(r.text()), PostalCode: phi.T(r.text()), Country: r.text()}
		f.Medications = r.codes(nil)
	}
	if r.bad || len(r.rest) > 0 {
		return patient.Facts{}, errFacts
	}
	return f, nil
}

// unpackSome reads only the facts that a rule needs, into f, and passes over the others: names and notes are never
// copied. Lists use f's room again.
func unpackSome(b []byte, need audience.Need, f *patient.Facts) error {
	r, version, err := openFacts(b)
	if err != nil {
		return err
	}
	tags, conditions, medications := f.Tags[:0], f.Conditions[:0], f.Medications[:0]
	*f = patient.Facts{}
	r.skip(2)
	f.BirthDate = phi.T(r.some(need, audience.NeedBirth))
	f.Sex = r.some(need, audience.NeedSex)
	r.skip(1)
	f.PreferredChannel = patient.Channel(r.some(need, audience.NeedPrefers))
	r.skip(1)
	r.skip(2 * r.count())
	if need.Has(audience.NeedTags) {
		f.Tags = r.tags(tags)
	} else {
		r.skip(r.count())
	}
	if need.Has(audience.NeedConditions) {
		f.Conditions = r.codes(conditions)
	} else {
		r.skip(2 * r.count())
	}
	if version > factsBefore {
		r.skip(2)
		f.Address.PostalCode = phi.T(r.some(need, audience.NeedAddress))
		f.Address.Country = r.some(need, audience.NeedAddress)
		if need.Has(audience.NeedMedications) {
			f.Medications = r.codes(medications)
		} else {
			r.skip(2 * r.count())
		}
	}
	if r.bad || len(r.rest) > 0 {
		return errFacts
	}
	return nil
}

func openFacts(b []byte) (r *unpacker, version byte, err error) {
	if len(b) == 0 || b[0] < factsBefore || b[0] > factsVersion {
		return nil, 0, errFacts
	}
	return &unpacker{rest: b[1:]}, b[0], nil
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

// skip passes over texts.
func (u *unpacker) skip(texts int) {
	for range texts {
		n := u.count()
		if u.bad {
			return
		}
		u.rest = u.rest[n:]
	}
}

// some reads a text that is needed and passes over one that is not.
func (u *unpacker) some(need, fact audience.Need) string {
	if need.Has(fact) {
		return u.text()
	}
	u.skip(1)
	return ""
}

func (u *unpacker) tags(to []phi.Text) []phi.Text {
	for range u.count() {
		to = append(to, phi.T(u.text()))
	}
	return to
}

func (u *unpacker) codes(to []patient.Code) []patient.Code {
	for range u.count() {
		to = append(to, patient.Code{System: u.text(), Code: phi.T(u.text())})
	}
	return to
}
