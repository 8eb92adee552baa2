package content_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/content"
)

func compile(t *testing.T, body string) *content.Template {
	t.Helper()
	tpl, err := content.Compile(body, content.AppointmentVars())
	if err != nil {
		t.Fatalf("compile %q: %v", body, err)
	}
	return tpl
}

func render(t *testing.T, body string, v content.Values) string {
	t.Helper()
	text, err := compile(t, body).Render(v)
	if err != nil {
		t.Fatalf("render %q: %v", body, err)
	}
	return text.Reveal()
}

func TestRenderFillsVariables(t *testing.T) {
	t.Parallel()
	v := content.Example("en-GB")
	for body, want := range map[string]string{
		"{{ clinic.name }}: {{visit.time}}":                                                "Northside Clinic: 14:30",
		"Dear {{ patient.first_name | default: \"patient\" }},":                            "Dear Margaret,",
		"{{ practitioner.name | upcase }}":                                                 "DR ANNA REED",
		"{% if patient.first_name %}{{ patient.first_name }}{% else %}you{% endif %}":      "Margaret",
		"{% unless practitioner.name %}x{% endunless %}{{ clinic.name | default: 'us' }}":  "Northside Clinic",
		"{% case reply.confirm %}{% when '1' %}one{% else %}other{% endcase %}":            "one",
		"{% comment %} for translators: {{ whatever }} {% endcomment %}{{ clinic.phone }}": "020 7946 0123",
		"a {{- clinic.phone -}} b":                                                         "a020 7946 0123b",
		" {{ clinic.phone }}\n":                                                            "020 7946 0123",
	} {
		if got := render(t, body, v); got != want {
			t.Errorf("%q became %q, want %q", body, got, want)
		}
	}
}

func TestRenderRefusesHalfATextAndNamesTheVariable(t *testing.T) {
	t.Parallel()
	for _, nothing := range []string{"", "   ", "null", "undefined", "#N/A", "\u200b\ufeff"} {
		v := content.Example("en")
		v.Text[content.PatientFirstName] = nothing
		for _, body := range []string{
			"Dear {{ patient.first_name }},",
			"Dear {{ patient.first_name | upcase }},",
			"Dear {{ patient.first_name | strip | capitalize }},",
			"{% if clinic.name %}Dear {{ patient.first_name }}{% endif %}",
			"{% if practitioner.name %}{{ clinic.name }} {{- patient.first_name -}} {% endif %}",
		} {
			text, err := compile(t, body).Render(v)
			if !errs.Is(err, errs.Precondition) && !errs.Is(err, errs.Invalid) {
				t.Errorf("%q with %q became %q", body, nothing, text.Reveal())
				continue
			}
			if !strings.HasPrefix(err.Error(), "patient.first_name: ") {
				t.Errorf("%q: %v does not name the variable", body, err)
			}
		}
		if got := render(t, "Dear {{ patient.first_name | default: 'patient' }}", v); got != "Dear patient" {
			t.Errorf("default with %q: %q", nothing, got)
		}
		if got := render(t, "Hello{% if patient.first_name %} {{ patient.first_name }}{% endif %}!", v); got != "Hello!" {
			t.Errorf("condition with %q: %q", nothing, got)
		}
	}
}

func TestRenderRefusesAnEmptyText(t *testing.T) {
	t.Parallel()
	v := content.Example("en")
	delete(v.Text, content.PatientFirstName)
	if _, err := compile(t, "{% if patient.first_name %}x{% endif %} ").Render(v); !errs.Is(err, errs.Precondition) {
		t.Fatal(err)
	}
}

func TestRenderNeedsAVisitForVisitVariables(t *testing.T) {
	t.Parallel()
	v := content.Example("en")
	v.Visit = content.Moment{}
	if _, err := compile(t, "{{ visit.time }}").Render(v); err == nil || !strings.Contains(err.Error(), "visit.time") {
		t.Fatal(err)
	}
}

func TestValuesAreDataAndNeverLiquid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, want string }{
		{"{{ clinic.phone }}", "clinic.phone"},
		{"{% if true %}x{% endif %}", "% if true %x% endif %"},
		{"a\nb\tc\r\nd", "a b c d"},
		{"  two   spaces ", "two spaces"},
		{"\u202eevil\u202c\u200b", "evil"},
		{"nul\x00bell\x07", "nul bell"},
		{"tag\U000e0041s", "tags"},
		{"broken\xff", "broken"},
		{"no\u00a0break", "no break"},
		{"نام\u200cها", "نام\u200cها"},
		{"<b>&amp;</b>", "<b>&amp;</b>"},
		{"O'Brien \"X\"", "O'Brien \"X\""},
	} {
		v := content.Example("en")
		v.Text[content.ClinicName] = c.value
		for _, body := range []string{"{{ clinic.name }}", "{% if clinic.phone %}{{ clinic.name }}{% endif %}"} {
			if got := render(t, body, v); got != c.want {
				t.Errorf("%q in %q became %q, want %q", c.value, body, got, c.want)
			}
		}
	}
}

func TestCompileSaysWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		code       content.Code
		line       int
		says       string
	}{
		{"mistyped variable", "Hi\n{{ clinic.nam }}", content.UnknownVariable, 2, "did you mean clinic.name?"},
		{"variable of nobody", "{{ diagnosis }}", content.UnknownVariable, 1, "there is no variable diagnosis"},
		{"variable in a condition", "{% if visit.tme %}x{% endif %}", content.UnknownVariable, 1, "did you mean visit.time?"},
		{"variable in a default", "{{ clinic.name | default: clnic.phone }}", content.UnknownVariable, 1, "clinic.phone?"},
		{"open braces", "Hi {{ clinic.name }", content.StrayBrace, 1, "{{"},
		{"closing braces", "Hi\n\nclinic.name }}", content.StrayBrace, 3, "}}"},
		{"open tag", "{% if clinic.name ", content.StrayBrace, 1, "{%"},
		{"loop", "{% for x in y %}{% endfor %}", content.BadSyntax, 1, "the tag for is not allowed"},
		{"include", "{% include 'x' %}", content.BadSyntax, 1, "the tag include is not allowed"},
		{"assignment", "{% assign x = clinic.name %}", content.BadSyntax, 1, "the tag assign is not allowed"},
		{"other filter", "{{ clinic.name | url_encode }}", content.BadSyntax, 1, "the filter url_encode is not allowed"},
		{"indexing", "{{ clinic['name'] }}", content.BadSyntax, 1, "not allowed here"},
		{"open quotation", "{{ clinic.name | default: 'x }}", content.BadSyntax, 1, "quotation mark"},
		{"only a text", "{{ 'x' }}", content.BadSyntax, 1, "one variable"},
		{"comparison printed", "{{ clinic.name == 'x' }}", content.BadSyntax, 1, "one variable"},
		{"unclosed condition", "{% if clinic.name %}x", content.BadSyntax, 1, "closed"},
		{"unopened condition", "x{% endif %}", content.BadSyntax, 1, "closed"},
		{"two variables", "{{ clinic.name clinic.phone }}", content.BadSyntax, 1, ""},
	} {
		_, err := content.Compile(c.body, content.AppointmentVars())
		fault := faultOf(err)
		if fault == nil || !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if fault.Code != c.code || fault.Line != c.line || !strings.Contains(err.Error(), c.says) ||
			!strings.HasPrefix(err.Error(), fmt.Sprintf("line %d: ", c.line)) {
			t.Errorf("%s: %s at line %d: %v", c.name, fault.Code, fault.Line, err)
		}
	}
}

func faultOf(err error) *content.Fault {
	var f *content.Fault
	errors.As(err, &f)
	return f
}

func TestValuesDoNotPrint(t *testing.T) {
	t.Parallel()
	v := content.Values{Text: map[content.Name]string{content.PatientFirstName: "CANARY"}}
	if out := fmt.Sprintf("%v %+v %#v %s", v, v, v, v); strings.Contains(out, "CANARY") {
		t.Fatal(out)
	}
}

// A body that needs no Liquid engine is filled without it; both ways must agree.
func TestBothWaysOfRenderingAgree(t *testing.T) {
	t.Parallel()
	for key, variants := range shipped(t) {
		for l, body := range variants {
			plain := render(t, body, content.Example(l))
			engine := render(t, body+"{% if clinic.name %}{% endif %}", content.Example(l))
			if plain != engine {
				t.Errorf("%s in %s: %q and %q", key, l, plain, engine)
			}
		}
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	visit := time.Date(2026, 5, 5, 12, 5, 0, 0, time.UTC) // a Tuesday, 14:05 in Warsaw
	body := "{{ visit.date }}|{{ visit.day }}|{{ visit.weekday }}|{{ visit.time }}|{{ visit.relative_day }}|{{ visit.zone }}"
	for l, want := range map[content.Locale]string{
		"en":         "May 5|Tuesday, May 5|Tuesday|2:05 pm|on Tuesday, May 5|CEST",
		"en-US":      "May 5|Tuesday, May 5|Tuesday|2:05 pm|on Tuesday, May 5|CEST",
		"en-GB":      "5 May|Tuesday 5 May|Tuesday|14:05|on Tuesday 5 May|CEST",
		"en-AU":      "5 May|Tuesday 5 May|Tuesday|14:05|on Tuesday 5 May|CEST",
		"en-PL":      "5 May|Tuesday 5 May|Tuesday|14:05|on Tuesday 5 May|CEST",
		"pl":         "5 maja|wtorek, 5 maja|wtorek|14:05|we wtorek, 5 maja|CEST",
		"pl-PL":      "5 maja|wtorek, 5 maja|wtorek|14:05|we wtorek, 5 maja|CEST",
		"es-MX":      "5 de mayo|martes, 5 de mayo|martes|14:05|el martes, 5 de mayo|CEST",
		"zh-Hans-CN": "5月5日|5月5日星期二|星期二|14:05|5月5日星期二|CEST",
		"fr":         "5 mai|mardi 5 mai|mardi|14:05|le mardi 5 mai|CEST",
		"de":         "5. Mai|Dienstag, 5. Mai|Dienstag|14:05|am Dienstag, 5. Mai|CEST",
		"ar":         "5 مايو|الثلاثاء، 5 مايو|الثلاثاء|2:05 م|يوم الثلاثاء، 5 مايو|CEST",
	} {
		v := content.Values{Locale: l, Now: visit.Add(-72 * time.Hour), Visit: content.Moment{At: visit, Zone: warsaw}}
		if got := render(t, body, v); got != want {
			t.Errorf("%s: %q, want %q", l, got, want)
		}
	}
}

func TestTodayAndTomorrowAreTheLocationsDays(t *testing.T) {
	t.Parallel()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 30, 0, 0, warsaw) }
	for _, c := range []struct {
		name       string
		now, visit time.Time
		want       string
	}{
		{"later today", at(3, 8), at(3, 14), "dzisiaj"},
		{"tomorrow", at(3, 20), at(4, 8), "jutro"},
		{"just before midnight", at(3, 23), at(4, 0), "jutro"},
		{"just after midnight", at(4, 0), at(4, 8), "dzisiaj"},
		{"over the short night of summer time", at(28, 23), at(29, 23), "jutro"},
		{"the day after tomorrow", at(3, 23), at(5, 0), "w czwartek, 5 marca"},
		{"end of the month", time.Date(2026, 2, 28, 12, 0, 0, 0, warsaw), at(1, 8), "jutro"},
		{"seen from another zone", time.Date(2026, 3, 3, 23, 30, 0, 0, time.UTC), at(4, 8), "dzisiaj"},
	} {
		v := content.Values{Locale: "pl", Now: c.now, Visit: content.Moment{At: c.visit, Zone: warsaw}}
		if got := render(t, "{{ visit.relative_day }}", v); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestADateFarAwayHasItsYear(t *testing.T) {
	t.Parallel()
	for l, want := range map[content.Locale]string{"en-US": "May 5, 2027", "en-GB": "5 May 2027", "pl": "5 maja 2027",
		"es": "5 de mayo de 2027", "zh": "2027年5月5日", "fr": "5 mai 2027", "de": "5. Mai 2027", "ar": "5 مايو 2027"} {
		v := content.Values{Locale: l, Now: time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC),
			Visit: content.Moment{At: time.Date(2027, 5, 5, 10, 0, 0, 0, time.UTC), Zone: time.UTC}}
		if got := render(t, "{{ visit.date }}", v); got != want {
			t.Errorf("%s: %q, want %q", l, got, want)
		}
	}
}

func TestALanguageWithoutACalendarIsSaid(t *testing.T) {
	t.Parallel()
	v := content.Example("xh")
	if _, err := compile(t, "{{ visit.day }}").Render(v); !errs.Is(err, errs.Precondition) || !strings.Contains(err.Error(), "locale") {
		t.Fatal(err)
	}
	if got := render(t, "{{ clinic.name }}", v); got != "Northside Clinic" {
		t.Fatal(got)
	}
}

func TestAPhoneNumberKeepsItsOrderInArabic(t *testing.T) {
	t.Parallel()
	v := content.Example("ar")
	v.Text[content.ClinicPhone] = "+966 11 234 5678"
	if got := render(t, "هاتف {{ clinic.phone }}", v); got != "هاتف \u200e+966 11 234 5678" {
		t.Fatalf("%q", got)
	}
}

func FuzzCompileAndRender(f *testing.F) {
	for _, s := range []string{"{{ clinic.name }}", "{% if clinic.name %}x{% endif %}", "{{ clinic.name | default: 'x' }}",
		"{%- case reply.confirm -%}{% when 1 %}{% endcase %}", "{{", "{% comment %}{{ x }}{% endcomment %}", "{{ clinic.name | upcase | strip }}"} {
		f.Add(s, "value {{ clinic.phone }}")
	}
	f.Fuzz(func(t *testing.T, body, value string) {
		tpl, err := content.Compile(body, content.AppointmentVars())
		if err != nil {
			if faultOf(err) == nil {
				t.Fatalf("no fault: %v", err)
			}
			return
		}
		v := content.Example("pl")
		v.Text[content.ClinicName] = value
		text, err := tpl.Render(v)
		if err == nil && text.IsEmpty() {
			t.Fatal("an empty text")
		}
	})
}

func BenchmarkRenderReminder(b *testing.B) {
	lib, err := content.Shipped()
	if err != nil {
		b.Fatal(err)
	}
	for _, l := range []content.Locale{"en", "pl"} {
		body := lib[content.Reminder24h][l]
		for name, src := range map[string]string{"plain": body, "conditional": body + "{% if clinic.name %}{% endif %}"} {
			b.Run(string(l)+"/"+name, func(b *testing.B) {
				tpl, err := content.Compile(src, content.AppointmentVars())
				if err != nil {
					b.Fatal(err)
				}
				v := content.Example(l)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := tpl.Render(v); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
