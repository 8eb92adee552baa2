package content

import "time"

// Example gives invented values of usual length, for previews and for measuring. The visit is on a Wednesday
// in September: long names in most languages.
func Example(l Locale) Values {
	v := Values{
		Locale: l,
		Now:    time.Date(2026, 9, 15, 8, 30, 0, 0, time.UTC),
		Visit:  Moment{At: time.Date(2026, 9, 23, 14, 30, 0, 0, time.UTC), Zone: time.UTC},
		Old:    Moment{At: time.Date(2026, 9, 16, 9, 15, 0, 0, time.UTC), Zone: time.UTC},
		Text: map[Name]string{
			ClinicPhone: "020 7946 0123", ReplyConfirm: "1", ReplyCancel: "2", ReplyReschedule: "3", ReplyQuestion: "4",
			OptOutWord: "STOP", OptInWord: "START",
		},
	}
	for n, text := range exampleTexts(l.Base()) {
		v.Text[n] = text
	}
	return v
}

func exampleTexts(base string) map[Name]string {
	names := func(clinic, place, address, first, practitioner string) map[Name]string {
		return map[Name]string{ClinicName: clinic, LocationName: place, LocationAddress: address,
			PatientFirstName: first, PractitionerName: practitioner}
	}
	switch base {
	case "pl":
		m := names("Przychodnia Lipowa", "Lipowa Centrum", "ul. Lipowa 12", "Małgorzata", "dr Anna Nowak")
		m[ClinicPhone] = "22 123 45 67"
		return m
	case "es":
		m := names("Centro Norte", "Centro Norte", "Calle Mayor 12", "María", "Dra. Luisa Gil")
		m[ClinicPhone] = "912 345 678"
		return m
	case "zh":
		m := names("北城诊所", "北城分院", "中山路12号", "小明", "李医生")
		m[ClinicPhone] = "010 1234 5678"
		return m
	case "fr":
		m := names("Centre du Parc", "Centre du Parc", "12 rue du Parc", "Hélène", "Dr Marie Petit")
		m[ClinicPhone] = "01 23 45 67 89"
		return m
	case "de":
		m := names("Praxis am Park", "Praxis am Park", "Parkstr. 12", "Jürgen", "Dr. Eva Groß")
		m[ClinicPhone] = "030 1234567"
		return m
	case "ar":
		m := names("عيادة الشمال", "فرع الشمال", "شارع النخيل 12", "فاطمة", "د. ليلى حسن")
		m[ClinicPhone] = "+966112345678"
		return m
	default:
		return names("Northside Clinic", "Northside Main", "12 Mill Road", "Margaret", "Dr Anna Reed")
	}
}
