package quiet

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
)

// holidaysCSV is the shipped table; its header line says what each column means.
//
//go:embed holidays.csv
var holidaysCSV string

// Rule is one row of the holiday table.
type Rule struct {
	Region   string // "PL", "GB-SCT"
	Name     string
	When     string // see parseWhen
	Observed string // moves, such as "sat-1 sun+1": the substitute day is closed too
	From, To int    // years, 0 is open
	Source   string
	Checked  string // date, or "no"

	when  when
	moves [7]int
}

// Table is the holiday rules of all regions. It is immutable.
type Table struct{ rules []Rule }

// Holidays reads the shipped table.
func Holidays() (Table, error) { return ParseTable(strings.NewReader(holidaysCSV)) }

// ParseTable reads rows of region, when, observed, from, to, name, source, checked. Errors name the line.
func ParseTable(r io.Reader) (Table, error) {
	in := csv.NewReader(r)
	in.Comment = '#'
	in.FieldsPerRecord = 8
	var t Table
	for header := true; ; header = false {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return Table{}, errs.Wrap(errs.Invalid, "the holiday table needs 8 comma-separated columns", err)
		}
		if header {
			continue
		}
		rule, err := parseRule(row)
		if err != nil {
			line, _ := in.FieldPos(0)
			return Table{}, errs.Wrap(errs.Invalid, "holiday table line "+strconv.Itoa(line)+" is not understood", err)
		}
		t.rules = append(t.rules, rule)
	}
}

func parseRule(row []string) (Rule, error) {
	r := Rule{Region: row[0], When: row[1], Observed: row[2], Name: row[5], Source: row[6], Checked: row[7]}
	if r.Region == "" || r.Name == "" || r.Source == "" || r.Checked == "" {
		return Rule{}, errs.New(errs.Invalid, "region, name, source and checked must be filled")
	}
	var err error
	if r.From, err = parseYear(row[3]); err != nil {
		return Rule{}, err
	}
	if r.To, err = parseYear(row[4]); err != nil {
		return Rule{}, err
	}
	if r.when, err = parseWhen(r.When); err != nil {
		return Rule{}, err
	}
	r.moves, err = parseMoves(r.Observed)
	return r, err
}

func parseYear(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	y, err := strconv.Atoi(s)
	if err != nil || y < 1900 || y > 2200 {
		return 0, errs.New(errs.Invalid, "years have four digits")
	}
	return y, nil
}

// when computes a rule's day in a year.
type when func(year int) (Day, bool)

// parseWhen reads "MM-DD" (fixed), "easter+N" or "easter-N" (Gregorian Easter Sunday), "wdayN MM" (N-th
// weekday of a month, negative counts from its end: "mon-1 05"), or "YYYY-MM-DD" (one dated day).
func parseWhen(s string) (when, error) {
	switch {
	case strings.HasPrefix(s, "easter"):
		n, err := strconv.Atoi(s[len("easter"):])
		if err != nil || n < -100 || n > 100 {
			return nil, errs.New(errs.Invalid, "easter rules look like easter-2 or easter+1")
		}
		return func(y int) (Day, bool) { return Easter(y) + Day(n), true }, nil
	case len(s) == 5 && s[2] == '-':
		d, err := ParseDay("2024-" + s)
		if err != nil {
			return nil, err
		}
		m, day := d.Time().Month(), d.Time().Day()
		return func(y int) (Day, bool) {
			got := DayOf(y, m, day)
			return got, got.Time().Day() == day
		}, nil
	case len(s) == 10:
		d, err := ParseDay(s)
		if err != nil {
			return nil, err
		}
		return func(y int) (Day, bool) { return d, d.Year() == y }, nil
	}
	return parseNth(s)
}

func parseNth(s string) (when, error) {
	bad := errs.New(errs.Invalid, "a rule is MM-DD, easter+N, mon3 01 or YYYY-MM-DD")
	head, month, ok := strings.Cut(s, " ")
	if !ok || len(head) < 4 {
		return nil, bad
	}
	wd := slices.IndexFunc(dayNames[:], func(n string) bool { return strings.EqualFold(n, head[:3]) })
	n, err1 := strconv.Atoi(head[3:])
	m, err2 := strconv.Atoi(month)
	if wd < 0 || err1 != nil || err2 != nil || n == 0 || n < -5 || n > 5 || m < 1 || m > 12 {
		return nil, bad
	}
	return func(y int) (Day, bool) { return nthWeekday(y, time.Month(m), time.Weekday(wd), n) }, nil
}

func nthWeekday(y int, m time.Month, wd time.Weekday, n int) (Day, bool) {
	if n > 0 {
		first := DayOf(y, m, 1)
		d := first + Day((int(wd-first.Weekday())+7)%7+7*(n-1))
		return d, d.Time().Month() == m
	}
	last := DayOf(y, m+1, 0)
	d := last - Day((int(last.Weekday()-wd)+7)%7-7*(n+1))
	return d, d.Time().Month() == m
}

func parseMoves(s string) ([7]int, error) {
	var out [7]int
	for f := range strings.FieldsSeq(s) {
		if len(f) < 5 {
			return out, errs.New(errs.Invalid, "substitute days look like sat-1 sun+1")
		}
		wd := slices.IndexFunc(dayNames[:], func(n string) bool { return strings.EqualFold(n, f[:3]) })
		n, err := strconv.Atoi(f[3:])
		if wd < 0 || err != nil || n < -7 || n > 7 {
			return out, errs.New(errs.Invalid, "substitute days look like sat-1 sun+1")
		}
		out[wd] = n
	}
	return out, nil
}

// Easter is the Gregorian Easter Sunday (the anonymous computus, Nature 1876, as in Meeus).
func Easter(y int) Day {
	a, b, c := y%19, y/100, y%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	day := (h + l - 7*m + 33*month + 19) % 32
	return DayOf(y, time.Month(month), day)
}

// Rules are the table's rows, for tests and for showing sources.
func (t Table) Rules() []Rule { return slices.Clone(t.rules) }

// Knows reports whether the region, or its country, has rows.
func (t Table) Knows(region string) bool {
	return slices.ContainsFunc(t.rules, func(r Rule) bool { return covers(r.Region, region) })
}

// KnowsYear reports whether every kind of dated row of the region reaches into the year: moon-based days
// are dated and end somewhere, and a calendar past its end must be said, not guessed.
func (t Table) KnowsYear(region string, year int) bool {
	dated, here := false, false
	for _, r := range t.rules {
		if !covers(r.Region, region) || len(r.When) != 10 {
			continue
		}
		dated = true
		if _, ok := r.when(year); ok {
			here = true
		}
	}
	return t.Knows(region) && (!dated || here)
}

// covers reports whether a row of region row applies in region: "DE" covers "DE-BY".
func covers(row, region string) bool {
	return row == region || strings.HasPrefix(region, row+"-")
}

// Calendar is the closed days of some regions and closures. It is immutable; nil closes nothing.
type Calendar struct{ days map[Day]string }

// Calendar computes the closed days of the years fromYear..toYear (and substitutes that spill over).
func (t Table) Calendar(regions []string, closures []Day, fromYear, toYear int) *Calendar {
	c := &Calendar{days: map[Day]string{}}
	for _, region := range regions {
		for _, r := range t.rules {
			if covers(r.Region, region) {
				c.addRule(r, fromYear-1, toYear+1)
			}
		}
	}
	for _, d := range closures {
		c.days[d] = "closed"
	}
	return c
}

func (c *Calendar) addRule(r Rule, fromYear, toYear int) {
	for y := fromYear; y <= toYear; y++ {
		if (r.From != 0 && y < r.From) || (r.To != 0 && y > r.To) {
			continue
		}
		d, ok := r.when(y)
		if !ok {
			continue
		}
		c.days[d] = r.Name
		if m := r.moves[d.Weekday()]; m != 0 {
			c.days[d+Day(m)] = r.Name + " (substitute)"
		}
	}
}

// Closed reports whether the day is a holiday or a closure.
func (c *Calendar) Closed(d Day) bool {
	if c == nil {
		return false
	}
	_, ok := c.days[d]
	return ok
}

// Name is the holiday's name in the table's language, empty on an ordinary day.
func (c *Calendar) Name(d Day) string {
	if c == nil {
		return ""
	}
	return c.days[d]
}
