package intake

import (
	"encoding/json"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/schedule"
)

// packedPerson is how a person was before an import, in a form that outlives the types.
type packedPerson struct {
	V          int               `json:"v"`
	Status     patient.Status    `json:"status"`
	Language   string            `json:"language"`
	Location   id.ID             `json:"location"`
	Given      string            `json:"given"`
	Family     string            `json:"family"`
	Birth      string            `json:"birth"`
	Sex        string            `json:"sex"`
	Channel    patient.Channel   `json:"channel"`
	Names      map[string]string `json:"names"` // identifiers by system
	Tags       []string          `json:"tags"`
	Conditions [][2]string       `json:"conditions"`
	Drugs      [][2]string       `json:"medications,omitempty"`
	Address    [4]string         `json:"address"` // line, city, postal code, country
	Numbers    []packedContact   `json:"numbers,omitempty"`
	Added      []string          `json:"added,omitempty"` // numbers that the import linked
}

// packedContact is a number that a person had.
type packedContact struct {
	Number   string               `json:"n"`
	Use      patient.Use          `json:"u"`
	Rank     int                  `json:"r"`
	Relation patient.Relationship `json:"w"`
}

func packPerson(p patient.Person, contacts []patient.Contact, added []phone.Number) phi.Text {
	f := p.Facts
	out := packedPerson{V: 1, Status: p.Status, Language: p.Language, Location: p.Location, Given: f.GivenName.Reveal(),
		Family: f.FamilyName.Reveal(), Birth: f.BirthDate.Reveal(), Sex: f.Sex, Channel: f.PreferredChannel, Names: map[string]string{}}
	for _, i := range f.Identifiers {
		out.Names[i.System] = i.Value.Reveal()
	}
	for _, t := range f.Tags {
		out.Tags = append(out.Tags, t.Reveal())
	}
	out.Conditions, out.Drugs = packCodes(f.Conditions), packCodes(f.Medications)
	out.Address = [4]string{f.Address.Line.Reveal(), f.Address.City.Reveal(), f.Address.PostalCode.Reveal(), f.Address.Country}
	for _, c := range contacts {
		if !c.Point.Number.IsZero() {
			out.Numbers = append(out.Numbers, packedContact{c.Point.Number.Reveal(), c.Use, c.Rank, c.Relationship})
		}
	}
	for _, n := range added {
		out.Added = append(out.Added, n.Reveal())
	}
	return pack(out)
}

func unpackPerson(before phi.Text, now patient.Person) (p patient.Person, contacts []contact, added []phone.Number, err error) {
	var b packedPerson
	if err := unpack(before, &b); err != nil {
		return now, nil, nil, err
	}
	for _, c := range b.Numbers {
		n, err := phone.FromStored(c.Number)
		if err != nil {
			return now, nil, nil, err
		}
		contacts = append(contacts, contact{n, c.Use, c.Rank, c.Relation})
	}
	for _, c := range b.Added {
		n, err := phone.FromStored(c)
		if err != nil {
			return now, nil, nil, err
		}
		added = append(added, n)
	}
	now.Status, now.Language, now.Location = b.Status, b.Language, b.Location
	f := &now.Facts
	f.GivenName, f.FamilyName, f.BirthDate, f.Sex, f.PreferredChannel = phi.T(b.Given), phi.T(b.Family), phi.T(b.Birth), b.Sex, b.Channel
	f.Identifiers, f.Tags = nil, nil
	f.Conditions, f.Medications = unpackCodes(b.Conditions), unpackCodes(b.Drugs)
	f.Address = patient.Address{Line: phi.T(b.Address[0]), City: phi.T(b.Address[1]), PostalCode: phi.T(b.Address[2]), Country: b.Address[3]}
	for system, v := range b.Names {
		now.SetIdentifier(system, phi.T(v))
	}
	for _, t := range b.Tags {
		f.Tags = append(f.Tags, phi.T(t))
	}
	return now, contacts, added, nil
}

// packedVisit is how a visit was before an import.
type packedVisit struct {
	V            int             `json:"v"`
	Status       schedule.Status `json:"status"`
	Location     id.ID           `json:"location"`
	Practitioner id.ID           `json:"practitioner"`
	Type         id.ID           `json:"type"`
	Start        time.Time       `json:"start"`
	Length       time.Duration   `json:"length"`
	Zone         string          `json:"zone"`
	Wall         string          `json:"wall"`
	BookedAt     time.Time       `json:"booked"`
	Reason       string          `json:"reason"`
	Import       id.ID           `json:"import"`
}

func packVisit(v schedule.Appointment) phi.Text {
	if v.ID.IsZero() {
		return phi.Text{}
	}
	return pack(packedVisit{V: 1, Status: v.Status, Location: v.Location, Practitioner: v.Practitioner, Type: v.Type, Start: v.Start,
		Length: v.Length, Zone: v.Zone, Wall: v.Wall, BookedAt: v.BookedAt, Reason: v.Reason.Reveal(), Import: v.Import})
}

func unpackVisit(before phi.Text, now schedule.Appointment) (schedule.Appointment, error) {
	var b packedVisit
	if err := unpack(before, &b); err != nil {
		return now, err
	}
	now.Status, now.Location, now.Practitioner, now.Type, now.Start = b.Status, b.Location, b.Practitioner, b.Type, b.Start
	now.Length, now.Zone, now.Wall, now.BookedAt, now.Reason, now.Import = b.Length, b.Zone, b.Wall, b.BookedAt, phi.T(b.Reason), b.Import
	return now, nil
}

func pack(v any) phi.Text {
	b, err := json.Marshal(v)
	if err != nil {
		return phi.Text{} // only types that cannot be marshalled fail, and these are not
	}
	return phi.T(string(b))
}

func unpack(before phi.Text, to any) error {
	return errs.Wrap(errs.Internal, "what a row was before the import cannot be read", json.Unmarshal([]byte(before.Reveal()), to))
}

func packCodes(codes []patient.Code) (out [][2]string) {
	for _, c := range codes {
		out = append(out, [2]string{c.System, c.Code.Reveal()})
	}
	return out
}

func unpackCodes(codes [][2]string) (out []patient.Code) {
	for _, c := range codes {
		out = append(out, patient.Code{System: c[0], Code: phi.T(c[1])})
	}
	return out
}
