// Package words speaks to people in their language: every visible text by its key, dates and counts, and the sentences that
// say what becomes of a message and why. It refuses to decide anything, and to know a page or a terminal: the faces
// show what it says.
package words

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/pl"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	texts "carillon.dev/carillon/internal/web/console/locales"
)

// Language is one with a complete catalogue.
type Language struct {
	Code  string
	Name  string // in the language itself
	dates locales.Translator
}

// Languages are those with a complete catalogue; the first is used when a reader asks for none of them.
func Languages() []Language {
	return []Language{{"en", "English", en_GB.New()}, {"pl", "Polski", pl.New()}}
}

// Catalogue is every visible text in every language.
type Catalogue struct {
	bundle    *i18n.Bundle
	match     language.Matcher
	languages []Language
}

// Load reads the catalogues that are built in.
func Load() (*Catalogue, error) {
	c := &Catalogue{bundle: i18n.NewBundle(language.English), languages: Languages()}
	c.bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	files, err := fs.Glob(texts.Files(), "*.json")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if _, err := c.bundle.LoadMessageFileFS(texts.Files(), f); err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", f, err)
		}
	}
	tags := make([]language.Tag, len(c.languages))
	for i, l := range c.languages {
		tags[i] = language.MustParse(l.Code)
	}
	c.match = language.NewMatcher(tags)
	return c, nil
}

// Words speaks one language: texts of the catalogue, dates, times and counts.
type Words struct {
	Code  string
	local *i18n.Localizer
	dates locales.Translator
}

// Words picks the language: the user's own setting, else what the browser asks for, else English.
func (c *Catalogue) Words(own, accept string) *Words {
	_, i := language.MatchStrings(c.match, own, accept)
	l := c.languages[i]
	return &Words{Code: l.Code, local: i18n.NewLocalizer(c.bundle, l.Code), dates: l.dates}
}

// Dir is the writing direction of the language, for the page's dir attribute.
func (w *Words) Dir() string {
	script, _ := language.Make(w.Code).Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa":
		return "rtl"
	}
	return "ltr"
}

// T is the text of a key. Arguments are pairs of a name and a value for the places in the text.
func (w *Words) T(key string, args ...any) string { return w.text(key, nil, args) }

// N is the text of a key in the plural form of n, which the text names as {{.N}}.
func (w *Words) N(key string, n int, args ...any) string {
	return w.text(key, n, append(args, "N", w.Int(n)))
}

// Has reports whether the catalogue has a text of this key.
func (w *Words) Has(key string) bool {
	_, err := w.local.Localize(&i18n.LocalizeConfig{MessageID: key})
	return err == nil
}

// Enum is the text of a value of a closed list: prefix and value make the key. A value that a newer part
// of the program brought and the catalogue lacks is shown as it is; a test keeps that from happening.
func (w *Words) Enum(prefix, value string) string {
	if value == "" {
		return ""
	}
	if key := prefix + value; w.Has(key) {
		return w.T(key)
	}
	return strings.ReplaceAll(value, "_", " ")
}

func (w *Words) text(key string, n any, args []any) string {
	data := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	s, err := w.local.Localize(&i18n.LocalizeConfig{MessageID: key, PluralCount: n, TemplateData: data})
	if err != nil {
		return key // the catalogue test fails before a reader can see this
	}
	return s
}

// Int is a count with the language's separators.
func (w *Words) Int(n int) string { return w.dates.FmtNumber(float64(n), 0) }

// Day is a date with its weekday, as "Wednesday, 4 March 2026".
func (w *Words) Day(t time.Time) string { return w.dates.FmtDateFull(t) }

// Date is a short date that cannot be misread, as "4 Mar 2026".
func (w *Words) Date(t time.Time) string { return w.dates.FmtDateMedium(t) }

// Clock is hours and minutes.
func (w *Words) Clock(t time.Time) string { return w.dates.FmtTimeShort(t) }

// Moment is date and time in the zone t carries.
func (w *Words) Moment(t time.Time) string { return w.Date(t) + ", " + w.Clock(t) }

// WeekdayName is the whole name of a day of the week.
func (w *Words) WeekdayName(d time.Weekday) string { return w.dates.WeekdayWide(d) }

// Weekday is a day of the week, cut short.
func (w *Words) Weekday(d time.Weekday) string { return w.dates.WeekdayAbbreviated(d) }
