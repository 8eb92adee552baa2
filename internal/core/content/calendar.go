package content

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/ar"
	"github.com/go-playground/locales/de"
	"github.com/go-playground/locales/en"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/fr"
	"github.com/go-playground/locales/pl"
	"github.com/go-playground/locales/zh"
	"golang.org/x/text/language"

	"carillon.dev/carillon/internal/base/errs"
)

// calendar writes dates in one language. Names and clock come from CLDR; the patterns are CLDR's for day and
// month with and without weekday (skeletons MMMMd, MMMMEEEEd, yMMMMd). In patterns E is the weekday, e the
// weekday after "on", d the day, M the month, m its number, y the year.
type calendar struct {
	names    locales.Translator
	date     string
	withYear string
	day      string
	on       string
	onNames  [7]string // weekday as it stands after "on", from Sunday; empty when it does not change
	today    string
	tomorrow string
	hours24  bool // where the library's CLDR release still has 12 hours
}

// calendars are by BCP 47 tag; see calendarFor for the others.
var calendars = map[Locale]*calendar{
	"en": {names: en.New(), date: "M d", withYear: "M d, y", day: "E, M d", on: "on E, M d",
		today: "today", tomorrow: "tomorrow"},
	"en-GB": {names: en_GB.New(), date: "d M", withYear: "d M y", day: "E d M", on: "on E d M",
		today: "today", tomorrow: "tomorrow"},
	"pl": {names: pl.New(), date: "d M", withYear: "d M y", day: "E, d M", on: "e, d M",
		onNames: [7]string{"w niedzielę", "w poniedziałek", "we wtorek", "w środę", "w czwartek", "w piątek", "w sobotę"},
		today:   "dzisiaj", tomorrow: "jutro"},
	"es": {names: es.New(), date: "d de M", withYear: "d de M de y", day: "E, d de M", on: "el E, d de M",
		today: "hoy", tomorrow: "mañana"},
	"zh": {names: zh.New(), date: "m月d日", withYear: "y年m月d日", day: "m月d日E", on: "m月d日E",
		today: "今天", tomorrow: "明天", hours24: true},
	"fr": {names: fr.New(), date: "d M", withYear: "d M y", day: "E d M", on: "le E d M",
		today: "aujourd'hui", tomorrow: "demain"},
	"de": {names: de.New(), date: "d. M", withYear: "d. M y", day: "E, d. M", on: "am E, d. M",
		today: "heute", tomorrow: "morgen"},
	"ar": {names: ar.New(), date: "d M", withYear: "d M y", day: "E، d M", on: "يوم E، d M",
		today: "اليوم", tomorrow: "غدًا"},
}

// calendarFor finds the calendar of a locale: its own, that of English outside North America, or its
// language's. An error says that dates cannot be written in that language yet.
func calendarFor(l Locale) (*calendar, error) {
	if c, ok := calendars[l]; ok {
		return c, nil
	}
	base := l.Base()
	if base == "en" {
		return calendars[englishOf(l)], nil
	}
	if c, ok := calendars[Locale(base)]; ok {
		return c, nil
	}
	return nil, errs.Newf(errs.Precondition, "dates cannot be written in this language yet; use one of %s", known()).At("locale")
}

// englishOf is British for every English-speaking country but those that write the month first.
func englishOf(l Locale) Locale {
	tag, err := language.Parse(string(l))
	if err != nil {
		return "en"
	}
	region, c := tag.Region()
	if c != language.Exact || region.String() == "US" || region.String() == "PH" || region.String() == "PR" {
		return "en"
	}
	return "en-GB"
}

func known() string {
	v := Variants{}
	for l := range calendars {
		v[l] = ""
	}
	names := make([]string, 0, len(v))
	for _, l := range v.Locales() {
		names = append(names, string(l))
	}
	return strings.Join(names, ", ")
}

// farAway is when a date needs its year: nearer ones cannot be mistaken.
const farAway = 300 * 24 * time.Hour

// write gives a field of visit.* or old.* for wall-clock times t and now, both in the location's zone.
func (c *calendar) write(field string, t, now time.Time) string {
	switch field {
	case "time":
		return c.clock(t)
	case "day":
		return c.pattern(c.day, t)
	case "on_day":
		return c.pattern(c.on, t)
	case "date":
		if t.Sub(now) > farAway {
			return c.pattern(c.withYear, t)
		}
		return c.pattern(c.date, t)
	case "weekday":
		return c.names.WeekdayWide(t.Weekday())
	case "relative_day":
		return c.relative(t, now)
	case "zone":
		zone, _ := t.Zone()
		return zone
	}
	return ""
}

func (c *calendar) clock(t time.Time) string {
	if c.hours24 {
		return t.Format("15:04")
	}
	return strings.ReplaceAll(c.names.FmtTimeShort(t), "\u202f", " ")
}

func (c *calendar) relative(t, now time.Time) string {
	y, m, d := now.Date()
	switch ty, tm, td := t.Date(); {
	case ty == y && tm == m && td == d:
		return c.today
	default:
		ny, nm, nd := time.Date(y, m, d+1, 12, 0, 0, 0, time.UTC).Date()
		if ty == ny && tm == nm && td == nd {
			return c.tomorrow
		}
	}
	return c.pattern(c.on, t)
}

func (c *calendar) pattern(p string, t time.Time) string {
	b := make([]byte, 0, 48)
	for i := 0; i < len(p); i++ {
		if word(p, i-1) || word(p, i+1) { // a letter of "de" or "on", not a field
			b = append(b, p[i])
			continue
		}
		switch p[i] {
		case 'E':
			b = append(b, c.names.WeekdayWide(t.Weekday())...)
		case 'e':
			b = append(b, c.onNames[t.Weekday()]...)
		case 'd':
			b = appendInt(b, t.Day())
		case 'M':
			b = append(b, c.names.MonthWide(t.Month())...)
		case 'm':
			b = appendInt(b, int(t.Month()))
		case 'y':
			b = appendInt(b, t.Year())
		default:
			b = append(b, p[i])
		}
	}
	return string(b)
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

// word reports an ASCII letter at i.
func word(p string, i int) bool {
	return i >= 0 && i < len(p) && (p[i]|0x20) >= 'a' && (p[i]|0x20) <= 'z'
}
