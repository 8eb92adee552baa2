package sqlstore

import (
	"encoding/json"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/message"
)

// decisionRow is how a decision record is kept. Every message carries one and is written four times, so what other
// columns of the row say (the time of planning, the expiry) is left out, and what is zero too.
type decisionRow struct {
	At         *int64           `json:"at,omitempty"` // microseconds; absent: planned_at
	Verdict    string           `json:"verdict"`
	Reasons    []message.Reason `json:"reasons,omitempty"`
	Consent    id.ID            `json:"consent,omitzero"`
	Person     int64            `json:"person,omitempty"`
	Point      int64            `json:"point,omitempty"`
	Visit      int64            `json:"visit,omitempty"`
	Org        int64            `json:"org,omitempty"`
	Place      int64            `json:"place,omitempty"`
	Zone       string           `json:"zone,omitempty"`
	ZoneFrom   string           `json:"zoneFrom,omitempty"`
	Window     string           `json:"window,omitempty"`
	Moved      bool             `json:"moved,omitempty"`
	DayCount   int              `json:"day,omitempty"`
	WeekCount  int              `json:"week,omitempty"`
	AllDay     int              `json:"allDay,omitempty"`
	AllWeek    int              `json:"allWeek,omitempty"`
	ValidUntil *int64           `json:"until,omitempty"` // microseconds, 0 for none; absent: expires_at
	Rules      string           `json:"rules,omitempty"`
	WayOut     message.WayOut   `json:"way,omitempty"`
	WayOutRule string           `json:"wayRule,omitempty"`
}

// packDecision writes a record for a row with these times; zero times leave nothing out.
func packDecision(d *message.Decision, planned, expires time.Time) (string, error) {
	r := decisionRow{Verdict: d.Verdict, Reasons: d.Reasons, Consent: d.Consent, Person: d.Person, Point: d.Point, Visit: d.Visit,
		Org: d.OrgRev, Place: d.Place, Zone: d.Zone, ZoneFrom: d.ZoneFrom, Window: d.Window, Moved: d.Moved, DayCount: d.DayCount,
		WeekCount: d.WeekCount, AllDay: d.AllDay, AllWeek: d.AllWeek, Rules: d.Rules, WayOut: d.WayOut, WayOutRule: d.WayOutRule}
	if !d.At.Equal(planned) || planned.IsZero() {
		r.At = micros(d.At)
	}
	if !d.ValidUntil.Equal(expires) || expires.IsZero() {
		r.ValidUntil = micros(d.ValidUntil)
	}
	b, err := json.Marshal(&r)
	if err != nil {
		return "", errs.Wrap(errs.Internal, "a decision cannot be written", err)
	}
	return string(b), nil
}

func micros(t time.Time) *int64 {
	n := int64(0)
	if !t.IsZero() {
		n = t.UnixMicro()
	}
	return &n
}

// unpackDecision reads what packDecision wrote.
func unpackDecision(text string, planned, expires time.Time) (message.Decision, error) {
	var r decisionRow
	if json.Unmarshal([]byte(text), &r) != nil {
		return message.Decision{}, errs.New(errs.Internal, "a message's decision record cannot be read")
	}
	at := func(n *int64, absent time.Time) time.Time {
		switch {
		case n == nil:
			return absent
		case *n == 0:
			return time.Time{}
		}
		return time.UnixMicro(*n).UTC()
	}
	return message.Decision{At: at(r.At, planned), Verdict: r.Verdict, Reasons: r.Reasons, Consent: r.Consent, Person: r.Person,
		Point: r.Point, Visit: r.Visit, OrgRev: r.Org, Place: r.Place, Zone: r.Zone, ZoneFrom: r.ZoneFrom, Window: r.Window, Moved: r.Moved,
		DayCount: r.DayCount, WeekCount: r.WeekCount, AllDay: r.AllDay, AllWeek: r.AllWeek, ValidUntil: at(r.ValidUntil, expires), Rules: r.Rules,
		WayOut: r.WayOut, WayOutRule: r.WayOutRule}, nil
}
