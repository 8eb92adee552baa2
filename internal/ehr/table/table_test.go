package table_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/ehr/table"
	"carillon.dev/carillon/internal/engine/intake"
)

var (
	warsaw  = org.Location{Name: "Centrum", ExternalID: "C1", Zone: "Europe/Warsaw", Region: "PL"}
	boston  = org.Location{Name: "Main Street", ExternalID: "M1", Zone: "America/New_York", Region: "US"}
	beijing = org.Location{Name: "总院", ExternalID: "B1", Zone: "Asia/Shanghai", Region: "CN"}
	madrid  = org.Location{Name: "Centro", ExternalID: "E1", Zone: "Europe/Madrid", Region: "ES"}
	now     = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
)

func open(t testing.TB, file string, kind feed.Kind, o feed.Options, at ...org.Location) (intake.Rows, error) {
	t.Helper()
	w := intake.World{Locations: at, Region: "PL", Now: now}
	if len(at) > 0 {
		w.Default, w.Region = &w.Locations[0], at[0].Region
	}
	return table.Reader{}.Open(strings.NewReader(file), kind, o, w)
}

func readAll(t testing.TB, file string, kind feed.Kind, o feed.Options, at ...org.Location) (out []intake.Row) {
	t.Helper()
	rows, err := open(t, file, kind, o, at...)
	if err != nil {
		t.Fatal(err)
	}
	for {
		r, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
}

const polish = "Id;Imię;Nazwisko\n1;Łucja;Zięćba-Źdźbło\n"

func encoded(t testing.TB, s string, enc interface{ String(string) (string, error) }) string {
	t.Helper()
	out, err := enc.String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestProvenEncodingsAreRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, encoding string }{
		"UTF-8":                    {polish, ""},
		"UTF-8 with its mark":      {"\ufeff" + polish, ""},
		"UTF-16 little endian":     {encoded(t, polish, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()), ""},
		"UTF-16 big endian":        {encoded(t, polish, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder()), ""},
		"windows-1250, chosen":     {encoded(t, polish, charmap.Windows1250.NewEncoder()), "windows-1250"},
		"GB18030, chosen":          {encoded(t, polish, simplifiedchinese.GB18030.NewEncoder()), "gb18030"},
		"ISO 8859-2 by short name": {encoded(t, polish, charmap.ISO8859_2.NewEncoder()), "latin2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := readAll(t, c.file, feed.Patients, feed.Options{Encoding: c.encoding}, warsaw)
			if len(rows) != 1 || len(rows[0].Bad) > 0 || rows[0].Patient.Given != phi.T("Łucja") || rows[0].Patient.Family != phi.T("Zięćba-Źdźbło") {
				t.Fatalf("got %+v", rows)
			}
		})
	}
}

func TestAnUnprovenEncodingIsAskedAboutWithSamples(t *testing.T) {
	t.Parallel()
	file := encoded(t, polish, charmap.Windows1250.NewEncoder())
	_, err := open(t, file, feed.Patients, feed.Options{}, warsaw)
	if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "--encoding") {
		t.Fatalf("got %v", err)
	}
	g := table.Sniff([]byte(file))
	at := slices.IndexFunc(g.Choices, func(c table.Choice) bool { return c.Encoding == "windows-1250" })
	if g.Encoding != "" || at < 0 || !slices.Contains(g.Choices[at].Sample, "1;Łucja;Zięćba-Źdźbło") {
		t.Fatalf("choices %+v", g.Choices)
	}
}

func TestAFileThatOnlyBeganPlainIsAskedAbout(t *testing.T) {
	t.Parallel()
	file := "Id;Name\n" + strings.Repeat("1;Jan Kowalski\n", 6000) + "2;Zi\xeaba\n"
	rows, err := open(t, file, feed.Patients, feed.Options{}, warsaw)
	for err == nil {
		_, err = rows.Next()
	}
	if !errs.Is(err, errs.Invalid) {
		t.Fatalf("got %v", err)
	}
}

func TestAFileThatIsNoTableIsRefused(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"empty": "", "binary": "PK\x03\x04\x00\x00", "no id": "Name\nAnna\n", "no name": "Id;Phone\n1;2\n", "broken header": "\"Id;Name\n1;2\n",
	} {
		if _, err := open(t, file, feed.Patients, feed.Options{}, warsaw); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := open(t, "Id,Name\n", feed.Patients, feed.Options{Encoding: "klingon"}, warsaw); !errs.Is(err, errs.Invalid) {
		t.Errorf("an unknown encoding: %v", err)
	}
}

func TestDelimitersAndQuotes(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"comma":                    "Id,Name,Tags\n007,\"Nowak, Anna\",x\n",
		"semicolon":                "Id;Name;Tags\n007;Nowak, Anna;x\n",
		"tab":                      "Id\tName\tTags\n007\tNowak, Anna\tx\n",
		"bar":                      "Id|Name|Tags\n007|Nowak, Anna|x\n",
		"windows line ends":        "Id;Name;Tags\r\n007;Nowak, Anna;x\r\n",
		"blank lines and no end":   "Id;Name;Tags\n\n;;\n007;Nowak, Anna;x",
		"a line break in a cell":   "Id;Name;Reason\n007;Nowak, Anna;\"two\nlines\"\n",
		"a delimiter in quotes":    "Id;Name;Reason\n007;Nowak, Anna;\"a;b\"\n",
		"commas in semicolon cell": "Id;Name;Reason\n007;Nowak, Anna;a,b,c,d,e\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := readAll(t, file, feed.Patients, feed.Options{}, warsaw)
			if len(rows) != 1 || len(rows[0].Bad) > 0 || rows[0].Patient.ExternalID != phi.T("007") || rows[0].Patient.Given != phi.T("Anna") {
				t.Fatalf("got %+v", rows)
			}
		})
	}
}

func TestHeadersInFourLanguages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ patients, visits string }{
		"English": {"Patient ID,First name,Last name,Date of birth,Mobile phone,Location", "Appointment ID,Patient ID,Date,Time,Duration,Doctor"},
		"Polish":  {"Nr pacjenta,Imię,Nazwisko,Data urodzenia,Telefon komórkowy,Placówka", "Id wizyty,Nr pacjenta,Data wizyty,Godzina,Czas trwania,Lekarz"},
		"Chinese": {"患者编号,名,姓,出生日期,手机号,院区", "预约编号,患者编号,预约日期,时间,时长,医生"},
		"Spanish": {"ID paciente,Nombre,Apellidos,Fecha de nacimiento,Teléfono móvil,Centro", "ID cita,ID paciente,Fecha de la cita,Hora,Duración,Médico"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who := readAll(t, c.patients+"\n7,Anna,Nowak,1980-02-29,601000001,C1\n", feed.Patients, feed.Options{}, warsaw)[0]
			p := who.Patient
			if len(who.Bad) > 0 || p.Given != phi.T("Anna") || p.Family != phi.T("Nowak") || p.BirthDate != phi.T("1980-02-29") || p.Mobile.Reveal() != "+48601000001" || p.Location.Name != "Centrum" {
				t.Errorf("%+v", who)
			}
			at := readAll(t, c.visits+"\nA1,7,2026-03-05,14:30,25,Dr Lis\n", feed.Appointments, feed.Options{}, warsaw)[0]
			v := at.Visit
			if len(at.Bad) > 0 || v.Wall != "2026-03-05T14:30" || v.Length != 25*time.Minute || v.Practitioner != "Dr Lis" || !v.Start.Equal(time.Date(2026, 3, 5, 13, 30, 0, 0, time.UTC)) {
				t.Errorf("%+v", at)
			}
		})
	}
}

func TestAMappingWinsOverHeaders(t *testing.T) {
	t.Parallel()
	file := "Kod;Pani/Pan;Telefon\n7;Nowak;601000001\n"
	rows := readAll(t, file, feed.Patients, feed.Options{Map: map[string]string{"Kod": "external_id", "Pani/Pan": "family_name", "Telefon": "-"}}, warsaw)
	if p := rows[0].Patient; p.ExternalID != phi.T("7") || p.Family != phi.T("Nowak") || !p.Mobile.IsZero() || p.Has[intake.FieldMobile] {
		t.Fatalf("%+v", rows[0])
	}
	for name, m := range map[string]map[string]string{
		"a column that is not there": {"Nope": "external_id"},
		"a field that is not there":  {"Kod": "shoe_size"},
		"one field twice":            {"Kod": "external_id", "Telefon": "external_id", "Pani/Pan": "family_name"},
	} {
		if _, err := open(t, file, feed.Patients, feed.Options{Map: m}, warsaw); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := open(t, "Kod;Nazwisko\n", feed.Patients, feed.Options{Map: map[string]string{"Kod": "external_id", "Gone": "mobile"}, Recalled: true}, warsaw); err != nil {
		t.Errorf("a remembered column that is gone: %v", err)
	}
}

func TestVisitsAreReadInTheirPlacesTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cell string
		at   org.Location
		want string // instant, or the problem's code
	}{
		"day first where that is usual":    {"04/03/2026 14:30", warsaw, "2026-03-04T13:30:00Z"},
		"month first in the United States": {"03/04/2026 2:30 PM", boston, "2026-03-04T19:30:00Z"},
		"midnight and noon":                {"03/04/2026 12:15 AM", boston, "2026-03-04T05:15:00Z"},
		"dots and no colon":                {"4.3.2026 14.30", warsaw, "2026-03-04T13:30:00Z"},
		"Chinese":                          {"2026年3月4日 下午2:30", beijing, "2026-03-04T06:30:00Z"},
		"Chinese without a gap":            {"2026年3月4日14时30分", beijing, "2026-03-04T06:30:00Z"},
		"a month by name":                  {"4 marca 2026 14:30", warsaw, "2026-03-04T13:30:00Z"},
		"a month by name in Spanish":       {"4 de marzo de 2026 14:30", madrid, "2026-03-04T13:30:00Z"},
		"with its offset":                  {"2026-10-25T02:30:00+02:00", warsaw, "2026-10-25T00:30:00Z"},
		"a time that the clocks skip":      {"2026-03-29 02:30", warsaw, "no_such_time"},
		"a time that comes twice":          {"2026-10-25 02:30", warsaw, "time_happens_twice"},
		"a year of two digits":             {"04/03/26 14:30", warsaw, "ambiguous_date"},
		"the 31st of February":             {"31.02.2026 10:00", warsaw, "bad_date"},
		"the 25th hour":                    {"2026-03-04 25:00", warsaw, "bad_time"},
		"13 o'clock in the afternoon":      {"2026-03-04 13:00 PM", warsaw, "bad_time"},
		"words":                            {"next week", warsaw, "bad_date"},
		"nothing":                          {"", warsaw, "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readAll(t, "Id,Patient id,Start\nA1,7,"+c.cell+"\n", feed.Appointments, feed.Options{Delimiter: ","}, c.at)[0]
			var got string
			if len(r.Bad) > 0 {
				got = string(r.Bad[0].Code)
				if r.Bad[0].Line != 2 || r.Bad[0].Say == "" || r.Bad[0].Code != intake.Missing && r.Bad[0].Column != "Start" {
					t.Errorf("the problem names no place: %+v", r.Bad[0])
				}
			} else {
				got = r.Visit.Start.UTC().Format(time.RFC3339)
			}
			if got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	header := "Id;First last;Born;Mobile;Location;Language;Sex;Status;Consent;Consent date;Consent method\n"
	for name, c := range map[string]struct{ line, want string }{
		"no id":                        {";Anna Nowak;;;;;;;;;", "Id missing"},
		"a birth date to come":         {"1;Anna Nowak;2030-01-01;;;;;;;;", "Born birth_in_future"},
		"a birth date of long ago":     {"1;Anna Nowak;1880-01-01;;;;;;;;", "Born birth_too_long_ago"},
		"a number that is none":        {"1;Anna Nowak;;12345;;;;;;;", "Mobile bad_number"},
		"a site that nobody knows":     {"1;Anna Nowak;;;Nowhere;;;;;;", "Location no_such_location"},
		"a language that is none":      {"1;Anna Nowak;;;;!!;;;;;", "Language bad_language"},
		"a word that is no choice":     {"1;Anna Nowak;;;;;blue;;;;", "Sex bad_choice"},
		"a yes without evidence":       {"1;Anna Nowak;;;;;;;yes;;", "Consent consent_without_evidence"},
		"a yes of tomorrow's tomorrow": {"1;Anna Nowak;;;;;;;yes;2026-05-01;form", "Consent date bad_date"},
		"too many cells":               {"1;Anna Nowak;;;;;;;;;;;;x", " bad_line"},
		"an odd quote":                 {"1;Anna \"Nowak;;;;;;;;;", " bad_line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := readAll(t, header+c.line+"\n2;Jan Lis;;;;;;;;;\n", feed.Patients, feed.Options{}, warsaw)
			if len(rows[0].Bad) == 0 || rows[0].Bad[0].Column+" "+string(rows[0].Bad[0].Code) != c.want || rows[0].Bad[0].Line != 2 {
				t.Fatalf("got %+v", rows[0].Bad)
			}
			if last := rows[len(rows)-1]; len(rows) == 2 && (len(last.Bad) > 0 || last.Line != 3) {
				t.Errorf("the next line suffers: %+v", last)
			}
		})
	}
}

func TestWhatALineDoesNotSayIsNotSaid(t *testing.T) {
	t.Parallel()
	p := readAll(t, "Id;Name;Status;Deceased;Consent\n1;Anna Nowak;;no;\n", feed.Patients, feed.Options{}, warsaw)[0].Patient
	if p.Status != "" || len(p.Consents) != 0 {
		t.Errorf("%+v", p)
	}
	if p := readAll(t, "Id;Name;Status;Deceased\n1;Anna Nowak;active;yes\n", feed.Patients, feed.Options{}, warsaw)[0].Patient; p.Status != patient.Deceased {
		t.Errorf("%+v", p)
	}
	v := readAll(t, "Id;Patient id;Start;Status\n1;7;2026-03-05 10:00;\n2;7;2026-03-05 10:00;odwołana\n", feed.Appointments, feed.Options{}, warsaw)
	if v[0].Visit.Status != "" || v[1].Visit.Status != schedule.Cancelled {
		t.Errorf("%s, %s", v[0].Visit.Status, v[1].Visit.Status)
	}
}

func TestReportsAreSafeInASpreadsheet(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+48 601": "'+48 601", "-2": "'-2", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "＝1": "'＝1", "Nowak": "Nowak", "": "",
	} {
		if got := intake.SafeCell(cell); got != want {
			t.Errorf("%q: %q", cell, got)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(polish), "")
	f.Add([]byte("Id;Patient id;Start\nA;1;2026-03-05 10:00\n"), "")
	f.Add([]byte("\xff\xfeI\x00d\x00"), "")
	f.Add([]byte("Id,Name\n\"1,\n"), "gb18030")
	f.Fuzz(func(t *testing.T, file []byte, encoding string) {
		for _, kind := range []feed.Kind{feed.Patients, feed.Appointments} {
			rows, err := open(t, string(file), kind, feed.Options{Encoding: encoding}, warsaw, boston)
			last := 0
			for err == nil {
				var r intake.Row
				if r, err = rows.Next(); err != nil {
					break
				}
				if r.Line <= last {
					t.Fatalf("line %d after line %d", r.Line, last)
				}
				last = r.Line
				for _, p := range r.Bad {
					if p.Line != r.Line || p.Code == "" || p.Say == "" {
						t.Fatalf("a problem without place or reason: %+v", p)
					}
				}
				if len(r.Bad) == 0 && r.Visit != nil && (r.Visit.Start.IsZero() || r.Visit.Location == nil) {
					t.Fatal("a visit without time or place passed")
				}
			}
			if !errors.Is(err, io.EOF) && errs.KindOf(err) != errs.Invalid {
				t.Fatalf("got %v", err)
			}
		}
	})
}

func TestWhatEarlierFilesHadYieldsToWhatThisOneProves(t *testing.T) {
	t.Parallel()
	const utf8File, cp1250File = "id;nazwisko\n1;Łucja Zięćba\n", "id;nazwisko\n1;\xa3ucja Zi\xea\xe6ba\n"
	plain := "id;nazwisko\n" + strings.Repeat("2;Kowalski\n", 10000)
	tests := map[string]struct {
		file  string
		o     table.Options
		read  string // empty: a person is asked
		name  string
		lines int
	}{
		"utf-8 after windows-1250":                {utf8File, table.Options{Encoding: "windows-1250", Usual: true}, "utf-8", "Łucja Zięćba", 1},
		"marked utf-8 after windows-1250":         {"\ufeff" + utf8File, table.Options{Encoding: "windows-1250", Usual: true}, "utf-8", "Łucja Zięćba", 1},
		"a mark stands against a choice":          {"\ufeff" + utf8File, table.Options{Encoding: "windows-1250"}, "utf-8", "Łucja Zięćba", 1},
		"a choice stands against mere letters":    {utf8File, table.Options{Encoding: "iso-8859-2"}, "iso-8859-2", "", 1},
		"windows-1250 again":                      {cp1250File, table.Options{Encoding: "cp1250", Usual: true}, "windows-1250", "Łucja Zięćba", 1},
		"windows-1250 after utf-8":                {cp1250File, table.Options{Encoding: "utf-8", Usual: true}, "", "", 0},
		"windows-1250 after utf-16":               {cp1250File, table.Options{Encoding: "utf-16le", Usual: true}, "", "", 0},
		"nothing shows it":                        {plain, table.Options{Encoding: "windows-1250", Usual: true}, "windows-1250", "Kowalski", 10000},
		"late utf-8 after windows-1250":           {plain + "1;Łucja Zięćba\n", table.Options{Encoding: "windows-1250", Usual: true}, "utf-8", "Łucja Zięćba", 10001},
		"late windows-1250 again":                 {plain + "1;\xa3ucja Zi\xea\xe6ba\n", table.Options{Encoding: "windows-1250", Usual: true}, "windows-1250", "Łucja Zięćba", 10001},
		"late windows-1250 after utf-8":           {plain + "1;\xa3ucja Zi\xea\xe6ba\n", table.Options{Encoding: "utf-8", Usual: true}, "", "", 0},
		"late letters of both are a person's job": {plain + "1;Łucja Zięćba\n" + plain + "3;\xa3ucja\n", table.Options{Encoding: "windows-1250", Usual: true}, "", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := table.Open(strings.NewReader(tt.file), tt.o)
			var last table.Line
			n := 0
			for err == nil {
				var l table.Line
				if l, err = f.Next(); err == nil {
					last, n = l, n+1
				}
			}
			if tt.read == "" {
				if errs.KindOf(err) != errs.Invalid {
					t.Fatalf("not asked about: %v", err)
				}
				return
			}
			if !errors.Is(err, io.EOF) || f.Encoding() != tt.read || n != tt.lines {
				t.Fatalf("%v, read in %s, %d lines", err, f.Encoding(), n)
			}
			if tt.name != "" && last.Cells[1] != tt.name {
				t.Errorf("read as %q", last.Cells[1])
			}
		})
	}
}

func TestAWholeNameIsSplitOnlyWhereItsOrderIsKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ header, cell, given, family string }{
		"Polish, family first":         {"Nazwisko i imię", "Nowak Anna", "Anna", "Nowak"},
		"Polish, first name first":     {"Imię i nazwisko", "Anna Nowak", "Anna", "Nowak"},
		"Spanish, family first":        {"Apellidos y nombre", "García Ana", "Ana", "García"},
		"a comma against the header":   {"Nombre y apellidos", "García López, Ana María", "Ana María", "García López"},
		"a header that says both":      {"Last, First", "Nowak Anna", "Anna", "Nowak"},
		"a comma where nobody told":    {"Patient name", "Nowak, Anna", "Anna", "Nowak"},
		"Chinese":                      {"姓名", "黄芳", "芳", "黄"},
		"Chinese of three characters":  {"患者姓名", "王小明", "小明", "王"},
		"a Chinese double family name": {"姓名", "欧阳修", "修", "欧阳"},
		"Chinese with a space":         {"Name", "黄 芳", "芳", "黄"},
		"one word":                     {"Name", "Suharto", "", "Suharto"},
		"nobody told":                  {"Name", "Anna Nowak", "?", ""},
		"a word too many":              {"Nazwisko i imię", "Nowak Anna Maria", "?", ""},
		"two commas":                   {"Nazwisko i imię", "Nowak, Anna, Maria", "?", ""},
		"four characters of Chinese":   {"姓名", "张王晓明", "?", ""},
		"a foreign name in Chinese":    {"姓名", "安娜·诺瓦克", "?", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := readAll(t, "Id;"+c.header+"\n7;\""+c.cell+"\"\n", feed.Patients, feed.Options{Delimiter: ";"}, warsaw)[0]
			if c.given == "?" {
				if len(row.Bad) != 1 || row.Bad[0].Code != intake.UnclearName || row.Bad[0].Value != phi.T(c.cell) {
					t.Errorf("%+v", row.Bad)
				}
				return
			}
			if p := row.Patient; len(row.Bad) > 0 || p.Given != phi.T(c.given) || p.Family != phi.T(c.family) {
				t.Errorf("given %q, family %q, %+v", p.Given.Reveal(), p.Family.Reveal(), row.Bad)
			}
		})
	}
}

func TestAMappingSettlesTheOrderOfAWholeName(t *testing.T) {
	t.Parallel()
	for field, given := range map[string]string{"full_name": "Nowak", "full_name_family_first": "Anna"} {
		row := readAll(t, "Id;Pacjent\n7;Nowak Anna\n", feed.Patients, feed.Options{Map: map[string]string{"Pacjent": field}}, warsaw)[0]
		if len(row.Bad) > 0 || row.Patient.Given != phi.T(given) {
			t.Errorf("%s: %q %+v", field, row.Patient.Given.Reveal(), row.Bad)
		}
	}
}
