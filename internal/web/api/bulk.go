package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/intake"
)

func (a *API) bulkRoutes() {
	const about = "Up to 1,000 items by the source's own ids. An item with problems is refused and does not hinder the others. " +
		"Only fields that are sent change. It is an import: it can be undone, and the first one of a source, or one that would " +
		"newly text, move or cancel more than 20 visits and a tenth of the source's, is held until a person releases it."
	handle(a, http.MethodPost, "/patients/bulk", op{name: "bulkPatients", repeats: true, tag: "Patients", summary: "Add or change patients of a source",
		about: about, needs: access.ImportFiles, limit: bulkBody}, a.bulkPatients)
	handle(a, http.MethodPost, "/appointments/bulk", op{name: "bulkAppointments", repeats: true, tag: "Appointments", summary: "Add or change appointments of a source",
		about: about + " Patients are named by their ids in the same source.", needs: access.ImportFiles, limit: bulkBody}, a.bulkVisits)
}

// BulkPatients are patients of one source.
type BulkPatients struct {
	Source string        `json:"source" minLength:"1" maxLength:"100" doc:"Name of the system that they come from; made when it is new."`
	Items  []BulkPatient `json:"items" minItems:"1" maxItems:"1000"`
}

// BulkPatient is one patient as the source has them.
type BulkPatient struct {
	ExternalID       string        `json:"external_id" minLength:"1" maxLength:"200" doc:"The source's own id."`
	MRN              *string       `json:"mrn,omitempty" maxLength:"100"`
	GivenName        string        `json:"given_name,omitempty" maxLength:"200" doc:"Names are sent together: one that is left out beside the other is cleared."`
	FamilyName       string        `json:"family_name,omitempty" maxLength:"200"`
	BirthDate        *string       `json:"birth_date,omitempty" maxLength:"10" doc:"YYYY-MM-DD."`
	Sex              *string       `json:"sex,omitempty" enum:"male,female,other,unknown"`
	Language         *string       `json:"language,omitempty" maxLength:"35"`
	Mobile           string        `json:"mobile,omitempty" maxLength:"40"`
	Phone2           string        `json:"phone2,omitempty" maxLength:"40"`
	Relationship     string        `json:"phone_belongs_to,omitempty" enum:"self,guardian,carer,shared" doc:"self when left out."`
	Location         string        `json:"location,omitempty" maxLength:"200" doc:"Home site: its id, external id or name."`
	PreferredChannel *string       `json:"preferred_channel,omitempty" enum:"sms,email,voice,letter"`
	Status           string        `json:"status,omitempty" enum:"active,inactive,deceased"`
	Tags             *[]string     `json:"tags,omitempty" maxItems:"50"`
	Conditions       *[]Coding     `json:"conditions,omitempty" maxItems:"100"`
	Medications      *[]Coding     `json:"medications,omitempty" maxItems:"100"`
	Address          *Address      `json:"address,omitempty" doc:"The whole address: what is left out of it is cleared."`
	Consents         []BulkConsent `json:"consents,omitempty" maxItems:"20"`
}

// BulkConsent is a consent with its evidence. A number alone is no consent.
type BulkConsent struct {
	Purpose string    `json:"purpose" maxLength:"60" doc:"A purpose, or care for every care purpose."`
	Granted bool      `json:"granted"`
	Method  string    `json:"method" enum:"form,web,verbal,staff,keyword,ehr"`
	Wording string    `json:"wording,omitempty" maxLength:"100"`
	At      time.Time `json:"at"`
}

// BulkAppointments are visits of one source.
type BulkAppointments struct {
	Source string            `json:"source" minLength:"1" maxLength:"100"`
	Items  []BulkAppointment `json:"items" minItems:"1" maxItems:"1000"`
}

// BulkAppointment is one visit as the source has it.
type BulkAppointment struct {
	ExternalID   string     `json:"external_id" minLength:"1" maxLength:"200"`
	Patient      string     `json:"patient_external_id" minLength:"1" maxLength:"200"`
	Location     string     `json:"location" minLength:"1" maxLength:"200" doc:"The site: its id, external id or name."`
	Start        time.Time  `json:"start" doc:"RFC 3339, with its offset."`
	Minutes      *int       `json:"minutes,omitempty" minimum:"1" maximum:"1440" doc:"15 for a new one when left out."`
	Status       string     `json:"status,omitempty" enum:"proposed,pending,booked,arrived,checked-in,fulfilled,cancelled,noshow,entered-in-error,waitlist"`
	Practitioner *string    `json:"practitioner,omitempty" maxLength:"200" doc:"Name or external id; made when it is new."`
	Type         *string    `json:"visit_type,omitempty" maxLength:"200" doc:"Name or external id; made when it is new."`
	Reason       *string    `json:"reason,omitempty" maxLength:"1000"`
	BookedAt     *time.Time `json:"booked_at,omitempty" doc:"A confirmation goes only for a visit booked under a day ago."`
}

// BulkAnswer says what became of each item.
type BulkAnswer struct {
	Import    id.ID      `json:"import,omitzero" doc:"The import that wrote it; absent when nothing changed."`
	Held      bool       `json:"held" doc:"Its messages wait until a person releases the import."`
	Why       string     `json:"why,omitempty" doc:"first_import or storm."`
	Created   int        `json:"created"`
	Updated   int        `json:"updated"`
	Unchanged int        `json:"unchanged"`
	Refused   int        `json:"refused"`
	Items     []BulkItem `json:"items" doc:"In the order of the request."`
}

// BulkItem is one item's outcome.
type BulkItem struct {
	Outcome string      `json:"outcome" enum:"created,updated,unchanged,refused"`
	ID      id.ID       `json:"id,omitzero"`
	Errors  []BulkFault `json:"errors,omitempty"`
}

// BulkFault is one thing wrong with an item.
type BulkFault struct {
	Location string `json:"location" doc:"Such as body.items[3].mobile."`
	Code     string `json:"code"`
	Message  string `json:"message"`
}

type (
	bulkPatients struct{ Body BulkPatients }
	bulkVisits   struct{ Body BulkAppointments }
)

func (a *API) bulkPatients(ctx context.Context, s access.Scope, in *bulkPatients) (*got[BulkAnswer], error) {
	w, err := a.sites(ctx, s)
	if err != nil {
		return nil, err
	}
	return a.put(ctx, s, intake.Batch{Kind: feed.Patients, Source: in.Body.Source, Rows: mapped(in.Body.Items, w.patient)})
}

func (a *API) bulkVisits(ctx context.Context, s access.Scope, in *bulkVisits) (*got[BulkAnswer], error) {
	w, err := a.sites(ctx, s)
	if err != nil {
		return nil, err
	}
	return a.put(ctx, s, intake.Batch{Kind: feed.Appointments, Source: in.Body.Source, Rows: mapped(in.Body.Items, w.visit)})
}

func (a *API) put(ctx context.Context, s access.Scope, b intake.Batch) (*got[BulkAnswer], error) {
	imp, results, err := a.need.Imports.Put(ctx, s, b)
	if err != nil {
		return nil, err
	}
	out := BulkAnswer{Import: imp.ID, Held: imp.Held, Why: string(imp.Why), Items: make([]BulkItem, len(results))}
	for i, r := range results {
		switch r.Outcome {
		case intake.RowCreated:
			out.Created++
		case intake.RowUpdated:
			out.Updated++
		case intake.RowUnchanged:
			out.Unchanged++
		default:
			out.Refused++
		}
		out.Items[i] = BulkItem{Outcome: string(r.Outcome), ID: r.ID}
		for _, p := range r.Problems {
			out.Items[i].Errors = append(out.Items[i].Errors, BulkFault{Location: itemField(i, p.Column), Code: string(p.Code), Message: p.Say})
		}
	}
	return give(out, nil)
}

// itemField names a place in the request; a problem of the whole item names no field.
func itemField(i int, field string) string {
	where := "body.items[" + strconv.Itoa(i) + "]"
	if field == "" {
		return where
	}
	return where + "." + field
}

// sites reads rows as the organization's own places understand them.
type sites struct {
	region string
	by     map[string]*org.Location // id, external id and name
	now    time.Time
}

func (a *API) sites(ctx context.Context, s access.Scope) (sites, error) {
	around, err := a.need.Desk.Around(ctx, s)
	return sitesOf(around), err
}

func sitesOf(around desk.Around) sites {
	w := sites{region: around.Org.Region, by: map[string]*org.Location{}, now: around.Now}
	for i := range around.Locations {
		l := &around.Locations[i]
		for _, name := range []string{l.Name, l.ExternalID, l.ID.String()} {
			if name != "" {
				w.by[name] = l
			}
		}
	}
	return w
}

// item gathers one item's problems.
type item struct {
	sites
	bad []intake.Problem
}

func (x *item) wrong(field string, code intake.ProblemCode, say string) {
	x.bad = append(x.bad, intake.Problem{Column: field, Code: code, Say: say})
}

func (x *item) site(name string) *org.Location {
	l := x.by[name]
	if l == nil && name != "" {
		x.wrong("location", intake.NoLocation, "the organization has no such site: send its id, external id or name")
	}
	return l
}

func (x *item) number(field, sent, region string) phone.Number {
	if sent == "" {
		return phone.Number{}
	}
	n, err := phone.Parse(phi.T(sent), region)
	if err != nil {
		x.wrong(field, intake.BadNumber, err.Error())
	}
	return n
}

// patient reads one item.
func (w sites) patient(in *BulkPatient) intake.Row {
	x := item{sites: w}
	r := &intake.PatientRow{ExternalID: phi.T(in.ExternalID), Given: phi.T(in.GivenName), Family: phi.T(in.FamilyName), Relation: patient.Self,
		Location: x.site(in.Location), Status: patient.Status(in.Status), RecordHeader: "mrn", Has: map[intake.Field]bool{}}
	if in.GivenName == "" && in.FamilyName == "" {
		x.wrong("family_name", intake.Missing, "a patient needs a name")
	}
	region := w.region
	if r.Location != nil {
		region, r.Has[intake.FieldLocation] = r.Location.Region, true
	}
	r.Mobile, r.Phone2 = x.number("mobile", in.Mobile, region), x.number("phone2", in.Phone2, region)
	if in.Relationship != "" {
		r.Relation = patient.Relationship(in.Relationship)
	}
	given(r.Has, intake.FieldMRN, in.MRN, func(s string) { r.MRN = phi.T(s) })
	given(r.Has, intake.FieldBirthDate, in.BirthDate, func(s string) { r.BirthDate = x.birth(s) })
	given(r.Has, intake.FieldSex, in.Sex, func(s string) { r.Sex = s })
	given(r.Has, intake.FieldChannel, in.PreferredChannel, func(s string) { r.Channel = patient.Channel(s) })
	given(r.Has, intake.FieldLanguage, in.Language, func(string) {
		if err := language(in.Language, &r.Language); err != nil {
			x.wrong("language", intake.BadLanguage, "this is no language: write a code such as pl, en or zh")
		}
	})
	given(r.Has, intake.FieldTags, in.Tags, func(all []string) { r.Tags = mapped(all, func(s *string) phi.Text { return phi.T(*s) }) })
	given(r.Has, intake.FieldConditions, in.Conditions, func(all []Coding) { r.Conditions = mapped(all, codeOf) })
	given(r.Has, intake.FieldMedications, in.Medications, func(all []Coding) { r.Medications = mapped(all, codeOf) })
	given(r.Has, intake.FieldAddress, in.Address, func(a Address) {
		r.Address = a.of()
		for _, f := range []intake.Field{intake.FieldCity, intake.FieldPostalCode, intake.FieldCountry} {
			r.Has[f] = true
		}
	})
	for i := range in.Consents {
		x.consent(r, &in.Consents[i])
	}
	return intake.Row{Patient: r, Bad: x.bad}
}

// given takes a field that was sent.
func given[T any](has map[intake.Field]bool, f intake.Field, sent *T, take func(T)) {
	if sent != nil {
		has[f] = true
		take(*sent)
	}
}

func (x *item) birth(s string) phi.Text {
	if s == "" {
		return phi.Text{}
	}
	t, err := time.Parse(time.DateOnly, s)
	switch {
	case err != nil:
		x.wrong("birth_date", intake.BadDate, "a birth date looks like 1980-05-31")
	case t.After(x.now):
		x.wrong("birth_date", intake.FutureBirth, "the birth date is in the future")
	}
	return phi.T(s)
}

func (x *item) consent(r *intake.PatientRow, c *BulkConsent) {
	p := purpose.Purpose(c.Purpose)
	switch {
	case p != consent.AllCare && !p.Valid():
		x.wrong("consents", intake.BadChoice, "this is not a purpose that texts have")
		return
	case c.At.After(x.now):
		x.wrong("consents", intake.BadDate, "the consent was given in the future")
		return
	}
	status := consent.Revoked
	if c.Granted {
		status = consent.Granted
	}
	r.Consents = append(r.Consents, intake.ConsentRow{Purpose: p, Status: status, Method: consent.Method(c.Method), Wording: c.Wording, At: c.At})
}

// defaultLength is the length of a visit whose source does not tell it.
const defaultLength = 15 * time.Minute

// visit reads one item.
func (w sites) visit(in *BulkAppointment) intake.Row {
	x := item{sites: w}
	r := &intake.VisitRow{ExternalID: phi.T(in.ExternalID), Patient: phi.T(in.Patient), PatientHeader: "patient_external_id",
		Location: x.site(in.Location), Status: schedule.Status(in.Status), Start: in.Start.UTC(), Length: defaultLength, Has: map[intake.Field]bool{}}
	if !schedule.Believable(in.Start) || (in.BookedAt != nil && !schedule.Believable(*in.BookedAt)) {
		x.wrong("start", intake.BadDate, "no visit is in such a year")
	}
	given(r.Has, intake.FieldMinutes, in.Minutes, func(n int) { r.Length = time.Duration(n) * time.Minute })
	given(r.Has, intake.FieldPractitioner, in.Practitioner, func(s string) { r.Practitioner = s })
	given(r.Has, intake.FieldType, in.Type, func(s string) { r.Type = s })
	given(r.Has, intake.FieldReason, in.Reason, func(s string) { r.Reason = phi.T(s) })
	given(r.Has, intake.FieldBookedAt, in.BookedAt, func(t time.Time) { r.BookedAt = t.UTC() })
	if r.Location != nil {
		zone, err := time.LoadLocation(r.Location.Zone)
		if err != nil {
			x.wrong("location", intake.NoLocation, "this site has a time zone that does not exist: mend it in the settings")
			zone = time.UTC
		}
		r.Wall = in.Start.In(zone).Format("2006-01-02T15:04")
	}
	return intake.Row{Visit: r, Bad: x.bad}
}
