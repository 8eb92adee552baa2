package table

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/intake"
)

// Kind of file.
type Kind string

const (
	Patients     Kind = "patients"
	Appointments Kind = "appointments"
	People       Kind = "people" // a list that names people and says nothing else
)

// words are headers as files of practices write them, in en, pl, zh and es, without accents, spaces or signs.
var words = map[intake.Field]string{
	intake.FieldExternalID:   "id externalid patientid patientnumber personid key idpacjenta identyfikator nrpacjenta numerpacjenta 患者编号 病人编号 编号 患者id idpaciente idpersona numerodepaciente",
	intake.FieldMRN:          "mrn medicalrecordnumber recordnumber chartnumber numerkartoteki nrkartoteki kartoteka pesel 病历号 病案号 historiaclinica nhc numerodehistoria",
	intake.FieldGivenName:    "firstname givenname forename first imie imiona 名 名字 nombre nombres",
	intake.FieldFamilyName:   "lastname familyname surname last nazwisko 姓 姓氏 apellido apellidos",
	intake.FieldFullName:     "imieinazwisko imienazwisko firstlast firstnamelastname givennamefamilyname nombreyapellidos nombreyapellido nombreapellidos",
	intake.FieldFamilyFirst:  "nazwiskoiimie nazwiskoimie nazwiskoiimiona lastfirst lastnamefirstname surnamefirstname familynamegivenname 姓名 患者姓名 病人姓名 apellidosynombre apellidosynombres apellidoynombre apellidosnombre",
	intake.FieldAnyName:      "name fullname patientname patient pacjent nombrecompleto paciente",
	intake.FieldBirthDate:    "birthdate dateofbirth dob born dataurodzenia urodzony 出生日期 生日 fechadenacimiento fechanacimiento nacimiento",
	intake.FieldSex:          "sex gender plec 性别 sexo genero",
	intake.FieldLanguage:     "language lang preferredlanguage jezyk 语言 首选语言 idioma lengua",
	intake.FieldMobile:       "mobile mobilephone cell cellphone phone phonenumber telephone mobilenumber telefon telefonkomorkowy komorka numertelefonu nrtelefonu tel 手机 手机号 手机号码 电话 联系电话 movil telefonomovil celular telefono",
	intake.FieldPhone2:       "phone2 secondphone otherphone homephone landline telefon2 telefondomowy drugitelefon 电话2 固定电话 座机 telefono2 telefonofijo otrotelefono",
	intake.FieldLocation:     "location site clinic office branch locationid placowka poradnia gabinet lokalizacja 地点 诊所 院区 分院 sede centro clinica ubicacion",
	intake.FieldChannel:      "preferredchannel channel contactpreference kanal preferowanykanal kontakt 联系方式 首选方式 canal canalpreferido",
	intake.FieldTags:         "tags labels tag etykiety znaczniki 标签 etiquetas",
	intake.FieldConditions:   "conditions diagnoses diagnosiscodes icd10 rozpoznania rozpoznanie 诊断 诊断编码 diagnosticos condiciones",
	intake.FieldMedications:  "medications medication drugs atc leki lek medykamenty 药物 用药 medicamentos medicacion",  //nolint:misspell // Spanish
	intake.FieldAddress:      "address street addressline streetaddress ulica adres 地址 街道 direccion calle domicilio", //nolint:misspell // Polish
	intake.FieldCity:         "city town miasto miejscowosc 城市 ciudad poblacion localidad",
	intake.FieldPostalCode:   "postalcode postcode zip zipcode kodpocztowy 邮编 邮政编码 codigopostal",
	intake.FieldCountry:      "country countrycode kraj 国家 pais",
	intake.FieldStatus:       "status state stan 状态 estado appointmentstatus statuswizyty 预约状态 estadodelacita",
	intake.FieldDeceased:     "deceased died dead zmarly zgon 已故 死亡 fallecido",
	intake.FieldRelation:     "phonebelongsto phoneowner contactrelation wlascicieltelefonu telefonnalezydo 电话归属 titulardeltelefono",
	intake.FieldConsent:      "consent smsconsent textconsent consentsms zgoda zgodasms zgodanasms 短信同意 同意短信 consentimiento consentimientosms",
	intake.FieldConsentOn:    "consentdate consentedon dataconsent datazgody 同意日期 fechaconsentimiento fechadeconsentimiento",
	intake.FieldConsentBy:    "consentmethod consentby sposobzgody metodazgody 同意方式 metodoconsentimiento mediodeconsentimiento",
	intake.FieldConsentWord:  "consentwording consentversion wording trescgody wersjazgody 同意文本 同意书版本 textoconsentimiento versionconsentimiento",
	intake.FieldPatient:      "patientid patientnumber patient patientexternalid idpacjenta pacjent nrpacjenta numerpacjenta 患者编号 病人编号 患者id idpaciente paciente numerodepaciente",
	intake.FieldStart:        "start starttime startsat datetime appointmenttime visittime terminwizyty termin poczatek dataigodzina 预约时间 就诊时间 开始时间 inicio fechayhora",
	intake.FieldDate:         "date day appointmentdate visitdate data datawizyty dzien 日期 预约日期 就诊日期 fecha fechadelacita",
	intake.FieldTime:         "time hour godzina godzinawizyty 时间 时刻 hora horadelacita",
	intake.FieldMinutes:      "minutes duration length durationminutes czastrwania minuty 时长 分钟 duracion minutos",
	intake.FieldEnd:          "end endtime endsat koniec godzinazakonczenia 结束时间 fin horafin",
	intake.FieldPractitioner: "practitioner doctor provider physician clinician lekarz specjalista 医生 医师 medico doctora profesional",
	intake.FieldType:         "type visittype appointmenttype service typwizyty rodzajwizyty usluga 类型 就诊类型 预约类型 tipo tipodecita servicio",
	intake.FieldReason:       "reason note notes comment powod uwagi notatka 原因 备注 motivo notas observaciones",
	intake.FieldBookedAt:     "bookedat booked bookedon createdat created datarezerwacji utworzono zapisano 预约创建时间 登记时间 reservadoel fechareserva creado",
}

// visitID are headers of the visit's own id; "id" alone in an appointments' file means the visit.
const visitID = "id appointmentid visitid externalid key idwizyty numerwizyty nrwizyty 预约编号 预约id 预约号 idcita numerodecita"

var fieldsOf = map[Kind][]intake.Field{
	Patients: {intake.FieldExternalID, intake.FieldMRN, intake.FieldGivenName, intake.FieldFamilyName,
		intake.FieldFullName, intake.FieldFamilyFirst, intake.FieldAnyName, intake.FieldBirthDate, intake.FieldSex, intake.FieldLanguage, intake.FieldMobile,
		intake.FieldPhone2, intake.FieldLocation, intake.FieldChannel, intake.FieldTags,
		intake.FieldConditions, intake.FieldMedications, intake.FieldAddress, intake.FieldCity, intake.FieldPostalCode,
		intake.FieldCountry, intake.FieldStatus, intake.FieldDeceased, intake.FieldRelation,
		intake.FieldConsent, intake.FieldConsentOn, intake.FieldConsentBy, intake.FieldConsentWord},
	People: {intake.FieldExternalID, intake.FieldMRN, intake.FieldMobile},
	Appointments: {intake.FieldExternalID, intake.FieldPatient, intake.FieldLocation, intake.FieldStart,
		intake.FieldDate, intake.FieldTime, intake.FieldMinutes, intake.FieldEnd, intake.FieldPractitioner,
		intake.FieldType, intake.FieldStatus, intake.FieldReason, intake.FieldBookedAt},
}

// Fields lists the fields a kind of file may have, consent per purpose included.
func Fields(k Kind) []intake.Field {
	out := slices.Clone(fieldsOf[k])
	if k == Patients {
		for _, p := range purpose.All() {
			if p.Traits().NeedsConsent {
				out = append(out, intake.ConsentFieldOf(p))
			}
		}
	}
	return out
}

// Mapping says which column holds which field. Unused are headers that mean nothing here; they are shown.
type Mapping struct {
	Column map[intake.Field]int
	Header map[intake.Field]string
	Has    map[intake.Field]bool
	Unused []string
}

// NewMapping maps headers to fields. given (header to field; the field "-" leaves a column out) wins over what
// the headers say. Two columns for one field, a header that does not exist and a missing required field are
// errs.Invalid.
//
// recalled says that given was confirmed for an earlier file: headers that are gone are passed over.
func NewMapping(k Kind, headers []string, given map[string]string, recalled bool) (Mapping, error) {
	m := Mapping{Column: map[intake.Field]int{}, Header: map[intake.Field]string{}, Has: map[intake.Field]bool{}}
	chosen, err := givenFields(k, headers, given, recalled)
	if err != nil {
		return m, err
	}
	for i, h := range headers {
		f, ok := chosen[i]
		if !ok {
			f = fieldOf(k, h)
		}
		if f == "" || f == "-" {
			if h != "" {
				m.Unused = append(m.Unused, h)
			}
			continue
		}
		if old, twice := m.Column[f]; twice {
			if _, asked := chosen[i]; !asked {
				m.Unused = append(m.Unused, h)
				continue
			}
			if _, asked := chosen[old]; asked {
				return m, errs.Newf(errs.Invalid, "columns %d and %d are both mapped to %s; choose one", old+1, i+1, f).At("--map")
			}
			m.Unused = append(m.Unused, headers[old])
		}
		m.Column[f], m.Header[f], m.Has[f] = i, h, true
	}
	return m, m.complete(k)
}

func givenFields(k Kind, headers []string, given map[string]string, recalled bool) (map[int]intake.Field, error) {
	out := map[int]intake.Field{}
	for h, f := range given {
		i := slices.IndexFunc(headers, func(x string) bool { return strings.EqualFold(x, cleanHeader(h)) })
		if i < 0 && recalled {
			continue
		}
		if i < 0 {
			return nil, errs.New(errs.Invalid, "the mapping names a column that the file does not have; look at the file's first line").At("--map")
		}
		if f != "-" && !slices.Contains(Fields(k), intake.Field(f)) {
			return nil, errs.Newf(errs.Invalid, "the mapping names a field that %s do not have; fields are: %s", k, join(Fields(k))).At("--map")
		}
		out[i] = intake.Field(f)
	}
	return out, nil
}

func join(fields []intake.Field) string {
	s := make([]string, len(fields))
	for i, f := range fields {
		s[i] = string(f)
	}
	return strings.Join(s, ", ")
}

func (m Mapping) complete(k Kind) error {
	need := func(what string, anyOf ...intake.Field) error {
		if slices.ContainsFunc(anyOf, func(f intake.Field) bool { return m.Has[f] }) {
			return nil
		}
		return errs.Newf(errs.Invalid, "no column holds the %s; name one, such as --map \"Your header=%s\"", what, anyOf[0]).At("line 1")
	}
	var err error
	switch k {
	case People:
		err = need("patient: an id, a record number or a phone number", intake.FieldExternalID, intake.FieldMRN, intake.FieldMobile)
	case Patients:
		err = firstError(need("patient's id", intake.FieldExternalID), need("name", intake.FieldFamilyName, intake.FieldGivenName, intake.FieldFullName, intake.FieldFamilyFirst, intake.FieldAnyName))
	case Appointments:
		err = firstError(need("appointment's id", intake.FieldExternalID), need("patient's id", intake.FieldPatient),
			need("time", intake.FieldStart, intake.FieldDate))
		if err == nil && !m.Has[intake.FieldStart] {
			err = need("time of day", intake.FieldTime)
		}
	}
	return err
}

func firstError(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

// fieldOf finds what a header means by itself.
func fieldOf(k Kind, header string) intake.Field {
	key := headerKey(header)
	if key == "" {
		return ""
	}
	if slices.Contains(Fields(k), intake.Field(strings.ToLower(header))) {
		return intake.Field(strings.ToLower(header))
	}
	if k == Appointments && slices.Contains(strings.Fields(visitID), key) {
		return intake.FieldExternalID
	}
	for _, f := range fieldsOf[k] {
		if k == Appointments && f == intake.FieldExternalID {
			continue
		}
		if slices.Contains(strings.Fields(words[f]), key) {
			return f
		}
	}
	return ""
}

// cleanHeader drops the mark of UTF-8 files, line breaks and outer spaces.
func cleanHeader(h string) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(h, "\ufeff")), " ")
}

// headerKey is a header without case, accents, spaces and signs: "Nr. pacjenta" is "nrpacjenta".
func headerKey(h string) string {
	if key, ok := asciiKey(h); ok {
		return key
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(h)) {
		switch {
		case r == 'ł':
			b.WriteRune('l')
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// asciiKey is headerKey of plain letters, which most cells are.
func asciiKey(h string) (string, bool) {
	out := make([]byte, 0, len(h))
	for i := range len(h) {
		switch c := h[i]; {
		case c >= 0x80:
			return "", false
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			out = append(out, c)
		}
	}
	return string(out), true
}
