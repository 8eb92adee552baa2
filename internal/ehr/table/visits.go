package table

import (
	"strconv"
	"time"

	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/intake"
)

var visitStates = wordTable(map[string]schedule.Status{
	"booked scheduled confirmed planned active zaplanowana umówiona potwierdzona aktywna 已预约 已确认 programada confirmada reservada": schedule.Booked,
	"pending tentative oczekująca wstępna 待确认 pendiente":                                                                          schedule.Pending,
	"proposed proponowana propuesta":        schedule.Proposed,
	"arrived przybył przybyła 已到 已到达 llegó": schedule.Arrived,
	"checkedin zameldowana 已签到 registrada":  schedule.CheckedIn,
	"fulfilled completed done attended zakończona zrealizowana odbyta 已完成 已就诊 realizada completada atendida": schedule.Fulfilled,
	"cancelled canceled anulowana odwołana 已取消 取消 cancelada anulada":                                         schedule.Cancelled,
	"noshow missed nieobecność nieobecny 未到 爽约 noasistió ausente":                                            schedule.NoShow,
	"enteredinerror error błąd 录入错误":                                                                         schedule.EnteredInError,
	"waitlist oczekujący 候补 enespera":                                                                        schedule.Waitlist,
})

// DefaultLength is the length of a visit whose file does not tell it.
const DefaultLength = 15 * time.Minute

// VisitOf reads one line of an appointments' file. A line with problems gives no row.
func VisitOf(l Line, m Mapping, p *Place) (intake.VisitRow, []intake.Problem) {
	r := &reader{place: p, m: m, line: l}
	row := intake.VisitRow{
		Line:          l.Number,
		ExternalID:    r.required(intake.FieldExternalID, "the appointment's id"),
		Patient:       r.required(intake.FieldPatient, "the patient's id"),
		Location:      r.location(),
		Practitioner:  r.cell(intake.FieldPractitioner),
		Type:          r.cell(intake.FieldType),
		Reason:        r.text(intake.FieldReason),
		Has:           m.Has,
		PatientHeader: m.Header[intake.FieldPatient],
	}
	if row.Location == nil {
		if len(r.bad) == 0 {
			r.problem(intake.FieldLocation, intake.NoLocation, "the appointment names no location; add a location column, or import with --location", "")
		}
		return row, r.bad
	}
	if st, ok := choice(r, intake.FieldStatus, visitStates, "write booked, pending, arrived, fulfilled, cancelled or noshow"); ok {
		row.Status = st
	}
	r.when(&row)
	r.length(&row)
	r.booked(&row)
	return row, r.bad
}

func (r *reader) when(row *intake.VisitRow) {
	zone, region := r.place.zone(row.Location), r.region(row.Location)
	var code intake.ProblemCode
	f := intake.FieldStart
	if s := r.cell(f); s != "" {
		row.Start, row.Wall, code = parseMoment(s, region, zone)
	} else {
		row.Start, row.Wall, f, code = r.dayAndTime(region, zone)
	}
	if code == intake.Missing {
		r.problem(f, code, "the time of the appointment is missing", "")
	} else if code != "" {
		r.problem(f, code, saying(code), r.cell(f))
	}
}

func (r *reader) dayAndTime(region string, zone *time.Location) (time.Time, string, intake.Field, intake.ProblemCode) {
	ds, ts := r.cell(intake.FieldDate), r.cell(intake.FieldTime)
	if ds == "" || ts == "" {
		f := intake.FieldDate
		if ds != "" {
			f = intake.FieldTime
		}
		return time.Time{}, "", f, intake.Missing
	}
	d, code := parseDate(ds, region)
	if code != "" {
		return time.Time{}, "", intake.FieldDate, code
	}
	c, ok := parseTime(ts)
	if !ok {
		return time.Time{}, "", intake.FieldTime, intake.BadTime
	}
	t, code := atPlace(d, c, zone)
	return t, wall(d, c), intake.FieldTime, code
}

// longest visit that is no slip of the keyboard.
const longest = 24 * time.Hour

func (r *reader) length(row *intake.VisitRow) {
	row.Length = DefaultLength
	if s := r.cell(intake.FieldMinutes); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n <= 0 || time.Duration(n)*time.Minute > longest {
			r.problem(intake.FieldMinutes, intake.BadChoice, "write the length in minutes, from 1 to 1440", s)
			return
		}
		row.Length = time.Duration(n) * time.Minute
		return
	}
	s := r.cell(intake.FieldEnd)
	if s == "" || row.Start.IsZero() {
		return
	}
	end, ok := r.end(s, row)
	if !ok {
		return
	}
	if d := end.Sub(row.Start); d > 0 && d <= longest {
		row.Length = d
		return
	}
	r.problem(intake.FieldEnd, intake.BadTime, "the appointment ends before it begins, or lasts over a day", s)
}

// end may be a moment or a time of day.
func (r *reader) end(s string, row *intake.VisitRow) (time.Time, bool) {
	zone := r.place.zone(row.Location)
	if c, ok := parseTime(s); ok {
		y, mo, d := row.Start.In(zone).Date()
		t, code := atPlace(date{y, int(mo), d}, c, zone)
		if code == "" {
			return t, true
		}
	}
	t, _, code := parseMoment(s, r.region(row.Location), zone)
	if code != "" {
		r.problem(intake.FieldEnd, code, saying(code), s)
	}
	return t, code == ""
}

func (r *reader) booked(row *intake.VisitRow) {
	s := r.cell(intake.FieldBookedAt)
	if s == "" {
		return
	}
	zone, region := r.place.zone(row.Location), r.region(row.Location)
	t, _, code := parseMoment(s, region, zone)
	if code != "" {
		var d date
		if d, code = parseDate(s, region); code == "" {
			t = time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, zone)
		}
	}
	if code != "" {
		r.problem(intake.FieldBookedAt, code, saying(code), s)
		return
	}
	row.BookedAt = t
}
