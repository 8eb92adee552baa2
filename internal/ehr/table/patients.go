package table

import (
	"strings"
	"time"

	"golang.org/x/text/language"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/intake"
)

var (
	sexes = wordTable(map[string]string{
		"f female woman k kobieta ż 女 女性 mujer femenino": "female",
		"m male man mężczyzna 男 男性 hombre masculino h":   "male",
		"other inna inny 其他 otro":                        "other",
		"unknown nieznana 未知 desconocido u":              "unknown",
	})
	yesNo = wordTable(map[string]bool{
		"yes y true 1 x t tak 是 有 同意 s si sí granted": true,
		"no n false 0 nie 否 无 不同意 revoked":            false,
	})
	channels = wordTable(map[string]patient.Channel{
		"sms text 短信 mensaje":                          patient.SMS,
		"email mail correo 邮件 电子邮件":                    patient.Email,
		"voice phone call telefon 电话 llamada teléfono": patient.Voice,
		"letter post list poczta 信件 carta":             patient.Letter,
	})
	methods = wordTable(map[string]consent.Method{
		"form paper written formularz papier 书面 表格 formulario papel": consent.Form,
		"web online internet strona 网上 网站 enlínea":                   consent.Web,
		"verbal oral ustnie ustna 口头 oral verbalmente":               consent.Verbal,
		"staff personel 工作人员 personal":                               consent.Staff,
		"keyword sms 短信 palabra":                                     consent.Keyword,
		"ehr system system 系统 sistema":                               consent.EHR,
	})
	relations = wordTable(map[string]patient.Relationship{
		"self own własny pacjent 本人 propio":                                                  patient.Self,
		"guardian parent mother father rodzic opiekun matka ojciec 监护人 家长 tutor padre madre": patient.Guardian,
		"carer caregiver opiekunka 护理人 cuidador cuidadora":                                   patient.Carer,
		"shared family wspólny rodzina 共用 家庭 compartido familia":                             patient.Shared,
	})
	patientStates = wordTable(map[string]patient.Status{
		"active aktywny aktywna 在册 正常 activo activa":               patient.Active,
		"inactive left nieaktywny nieaktywna 停用 inactivo inactiva": patient.Inactive,
		"deceased zmarły zmarła 已故 fallecido fallecida":            patient.Deceased,
	})
)

// PatientOf reads one line of a patients' file. A line with problems gives no row.
func PatientOf(l Line, m Mapping, p *Place) (intake.PatientRow, []intake.Problem) {
	r := &reader{place: p, m: m, line: l}
	loc := r.location()
	region := r.region(loc)
	row := intake.PatientRow{
		Line:       l.Number,
		ExternalID: r.required(intake.FieldExternalID, "the patient's id"),
		MRN:        r.text(intake.FieldMRN), RecordHeader: m.Header[intake.FieldMRN],
		Location: loc,
		Mobile:   r.number(intake.FieldMobile, region),
		Phone2:   r.number(intake.FieldPhone2, region),
		Language: r.language(),
		Relation: patient.Self,
		Has:      m.Has,
	}
	r.name(&row)
	r.birth(&row, region)
	row.Sex, _ = choice(r, intake.FieldSex, sexes, "write female, male, other or unknown")
	row.Channel, _ = choice(r, intake.FieldChannel, channels, "write sms, email, voice or letter")
	if rel, ok := choice(r, intake.FieldRelation, relations, "write self, guardian, carer or shared"); ok {
		row.Relation = rel
	}
	if st, ok := choice(r, intake.FieldStatus, patientStates, "write active, inactive or deceased"); ok {
		row.Status = st
	}
	if dead, ok := choice(r, intake.FieldDeceased, yesNo, "write yes or no"); ok && dead {
		row.Status = patient.Deceased
	}
	row.Tags = list(r.cell(intake.FieldTags))
	for _, c := range list(r.cell(intake.FieldConditions)) {
		row.Conditions = append(row.Conditions, code(c))
	}
	for _, c := range list(r.cell(intake.FieldMedications)) {
		row.Medications = append(row.Medications, drug(c))
	}
	row.Address = patient.Address{Line: r.text(intake.FieldAddress), City: r.text(intake.FieldCity), PostalCode: r.text(intake.FieldPostalCode),
		Country: r.country()}
	row.Consents = r.consents(region)
	return row, r.bad
}

// oldest is the age at which a birth date is more likely a slip than a patient.
const oldest = 125

func (r *reader) birth(row *intake.PatientRow, region string) {
	d, ok := r.day(intake.FieldBirthDate, region)
	if !ok {
		return
	}
	born := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
	switch {
	case born.After(r.place.Now):
		r.problem(intake.FieldBirthDate, intake.FutureBirth, "the birth date is in the future", r.cell(intake.FieldBirthDate))
	case born.AddDate(oldest, 0, 0).Before(r.place.Now):
		r.problem(intake.FieldBirthDate, intake.PastTheCentury, "the birth date is more than 125 years ago", r.cell(intake.FieldBirthDate))
	default:
		row.BirthDate = phi.T(d.String())
	}
}

var languageNames = wordTable(map[string]string{
	"english angielski 英语 英文 inglés": "en", "polish polski 波兰语 polaco": "pl",
	"spanish hiszpański 西班牙语 español castellano": "es", "chinese chiński 中文 汉语 chino": "zh",
	"french francuski 法语 francés français": "fr", "german niemiecki 德语 alemán deutsch": "de",
	"arabic arabski 阿拉伯语 árabe": "ar", "ukrainian ukraiński 乌克兰语 ucraniano": "uk",
})

func (r *reader) language() string {
	s := r.cell(intake.FieldLanguage)
	if s == "" {
		return ""
	}
	if code := languageNames[headerKey(s)]; code != "" {
		return code
	}
	tag, err := language.Parse(s)
	if err != nil {
		r.problem(intake.FieldLanguage, intake.BadLanguage, "this is no language; write a code such as pl, en or zh", s)
		return ""
	}
	return tag.String()
}

func list(s string) []phi.Text {
	var out []phi.Text
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == '|' || r == ',' || r == '；' || r == '，' }) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, phi.T(part))
		}
	}
	return out
}

// code reads "E11.9" as ICD-10 and "44054006" as SNOMED CT; "system#code" names its own system.
func code(t phi.Text) patient.Code {
	s := t.Reveal()
	if system, c, ok := strings.Cut(s, "#"); ok {
		return patient.Code{System: system, Code: phi.T(c)}
	}
	if strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0 {
		return patient.Code{System: "http://snomed.info/sct", Code: t}
	}
	return patient.Code{System: "http://hl7.org/fhir/sid/icd-10", Code: t}
}

// drug reads "A10BA02" as ATC; "system#code" names its own system.
func drug(t phi.Text) patient.Code {
	if system, c, ok := strings.Cut(t.Reveal(), "#"); ok {
		return patient.Code{System: system, Code: phi.T(c)}
	}
	return patient.Code{System: "http://www.whocc.no/atc", Code: t}
}

// country reads the two letters of a country.
func (r *reader) country() string {
	s := r.cell(intake.FieldCountry)
	if s == "" {
		return ""
	}
	region, err := language.ParseRegion(s)
	if err != nil || !region.IsCountry() {
		r.problem(intake.FieldCountry, intake.BadCountry, "this is no country; write its two letters, such as PL or US", s)
		return ""
	}
	return region.Canonicalize().String()
}

// consents reads the general column and those per purpose. A yes needs a date and a way it was given: without
// evidence nobody can prove it, so it is a problem and no consent. An empty cell says nothing at all.
func (r *reader) consents(region string) []intake.ConsentRow {
	var out []intake.ConsentRow
	add := func(f intake.Field, p purpose.Purpose) {
		if yes, ok := choice(r, f, yesNo, "write yes or no"); ok {
			out = append(out, intake.ConsentRow{Purpose: p, Status: granted(yes), Wording: r.cell(intake.FieldConsentWord)})
		}
	}
	add(intake.FieldConsent, consent.AllCare)
	for _, p := range purpose.All() {
		if p.Traits().NeedsConsent {
			add(intake.ConsentFieldOf(p), p)
		}
	}
	if len(out) == 0 {
		return nil
	}
	at, method, undated := r.evidence(out, region)
	for i := range out {
		out[i].At, out[i].Method, out[i].Undated = at, method, undated
	}
	return out
}

func granted(yes bool) consent.Status {
	if yes {
		return consent.Granted
	}
	return consent.Revoked
}

func (r *reader) evidence(rows []intake.ConsentRow, region string) (at time.Time, method consent.Method, undated bool) {
	method, _ = choice(r, intake.FieldConsentBy, methods, "write form, web, verbal, staff, keyword or ehr")
	d, ok := r.day(intake.FieldConsentOn, region)
	at = time.Date(d.year, time.Month(d.month), d.day, 12, 0, 0, 0, time.UTC)
	if ok && at.After(r.place.Now.Add(24*time.Hour)) {
		r.problem(intake.FieldConsentOn, intake.BadDate, "the consent was given in the future; check the date", r.cell(intake.FieldConsentOn))
	}
	if ok && at.After(r.place.Now) {
		at = r.place.Now
	}
	if ok && method != "" {
		return at, method, false
	}
	for _, c := range rows {
		if c.Status == consent.Granted && len(r.bad) == 0 {
			r.problem(intake.FieldConsent, intake.ConsentProof, "a yes needs the date and the way it was given (form, web, verbal, staff); without them nobody can prove it", "")
		}
	}
	if !ok {
		at = r.place.Now // a no counts from now on, even without its date
	}
	return at, method, !ok
}
