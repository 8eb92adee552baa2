package outbox

import (
	"slices"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/fold"
	"carillon.dev/carillon/internal/core/gate"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/store"
)

// decideAt is the moment that is decided about: when the text is due, or now when that is over.
func (it *item) decideAt(now time.Time) time.Time {
	if it.draft.DueAt.After(now) {
		return it.draft.DueAt
	}
	return now
}

// capRule is what has to be counted for a message at a moment; false for a purpose or a kind of text without caps.
func capRule(d *store.Draft, b org.Budget, at time.Time) (send.CapRule, bool) {
	t := d.Purpose.Traits()
	if d.Person.IsZero() || d.Flags&(message.Answers|message.StaffText|message.ToldChange) != 0 {
		return send.CapRule{}, false
	}
	c := send.CapRule{SpokenAsk: store.SpokenAsk{Person: d.Person, Since: at.Add(-gate.CapWeek)}, Purpose: d.Purpose, At: at,
		KeepsRoom: d.Purpose.Yields() || d.Flags.Has(message.KeepsRoom), DayCap: t.DayCap, WeekCap: t.WeekCap}
	if t.Spends {
		c.DayBudget, c.WeekBudget = b.Limits()
	}
	if c.KeepsRoom {
		c.Until = at.Add(gate.CapWeek)
	}
	return c, c.DayCap+c.WeekCap+c.DayBudget+c.WeekBudget > 0
}

// facts puts together what the gate reads.
func (o *Outbox) facts(it *item) gate.Facts {
	d := it.draft
	f := gate.Facts{
		Text: gate.Text{Purpose: d.Purpose, Channel: d.Channel, ExpiresAt: d.ExpiresAt, Duplicate: it.taken, Exempt: d.Exempt,
			Reserved:  o.reserved(it),
			Clarifies: d.Template == string(content.OptOutQuestion),
			Invites:   d.Flags.Has(message.Invites), AutoReply: d.Flags.Has(message.AutoReply), Answers: d.Flags.Has(message.Answers),
			Change: d.Flags.Has(message.ToldChange), BreaksQuiet: d.Flags.Has(message.BreaksQuiet), StaffText: d.Flags.Has(message.StaffText),
			NotAfterAnswer: d.Flags.Has(message.NotAfterAnswer), KeepsRoom: d.Flags.Has(message.KeepsRoom)},
		Org: gate.Org{Stopped: it.org.StoppedAt != nil, Hold: it.org.Hold, Demo: it.org.Demo, ImportHeld: it.importHeld,
			SourceOverdue: it.overdue, Revision: it.org.Revision},
		Person: gate.Person{ID: it.person.ID, Status: it.person.Status, Preferred: it.person.Facts.PreferredChannel, Version: it.person.Version,
			Unreadable: it.person.Unreadable},
		Counts: it.often(),
		Route:  gate.Route{None: it.choice.NoRoute, NoSender: it.choice.NoSender, Guest: it.guest || d.Flags.Has(message.SelfTest)},
	}
	f.Org.Budget.Day, f.Org.Budget.Week = it.org.Budget.Limits()
	if it.place != nil {
		f.PlaceRev = it.place.Revision
	}
	if r := it.choice.Route; r != nil {
		f.Route.Trial, f.Route.Simulator, f.Route.Stopped = r.State == store.RouteTrial, r.Simulator, r.State == store.RouteStopped
	}
	if s := it.choice.Sender; s != nil {
		f.Route.TwoWay = s.TwoWay
	}
	o.numberFacts(it, &f)
	if !d.Appointment.IsZero() {
		f.Visit = visitFacts(it)
	}
	return f
}

// often is how often the person was written to by the moment that is decided about.
func (it *item) often() gate.Counts {
	c := gate.Count(it.spoken, it.draft.Purpose, it.at, it.draft.Purpose.Yields() || it.draft.Flags.Has(message.KeepsRoom))
	c.AutoReplies = it.autoCount
	return c
}

// numberFacts adds the number, its consent and its hours.
func (o *Outbox) numberFacts(it *item, f *gate.Facts) {
	var l line
	if it.contact == nil {
		f.Number.None = true
	} else {
		p := &it.contact.Point
		l = o.lines.get(p.Number)
		f.Number = gate.Number{Kind: l.kind, CanText: l.text, Quarantined: p.Quarantined, Suspended: p.Suspended,
			OptedOut: p.OptedOutAt != nil, Revision: p.Revision}
		f.Consent = consent.Fold(it.entries, consent.Query{Person: it.person.ID, Point: p.ID, Channel: it.draft.Channel,
			Purpose: it.draft.Purpose, At: it.at})
	}
	f.Hours, f.ZoneFrom = o.hours(it, l)
	f.Rules = o.book.Version(it.region(l))
}

// region is the country whose rules hold: the number's, else the site's.
func (it *item) region(l line) string {
	if l.region != "" || it.place == nil {
		return l.region
	}
	return it.place.Region
}

// reserved reports whether what somebody wrote invites an answer that the country's carriers or law take for another:
// "reply CANCEL" would opt the patient out before anyone reads it. Templates are checked as they are published.
func (o *Outbox) reserved(it *item) bool {
	if it.draft.Template != "" || it.draft.Body.IsEmpty() {
		return false
	}
	set := o.rulesFor(it)
	return content.InvitesReserved(words(it.draft).Reveal(), content.Locale(it.draft.Locale), func(word string, l content.Locale) bool {
		_, hit := set.Reserved(fold.Key(word), []string{l.Base(), "en"})
		return hit
	})
}

// visitFacts is what is true of the visit now. A visit that is not there any more is one that changed.
func visitFacts(it *item) *gate.Visit {
	v := &gate.Visit{Stated: it.draft.AppointmentVersion, Ended: it.draft.Flags.Has(message.VisitEnded)}
	if it.visit == nil {
		v.Version, v.Status, v.Ended = v.Stated+1, schedule.EnteredInError, true // it has no start to be late for
		return v
	}
	v.Status, v.Start, v.Version = it.visit.Status, it.visit.Start, it.visit.Version
	for _, r := range it.answers {
		if r.Version == v.Version {
			v.Confirmed = r.Answer == schedule.Accepted
		}
	}
	return v
}

// hours are the quiet hours of the text's class where the person is: the person's own zone when it is known, else
// the site's, else every zone the number may be in.
func (o *Outbox) hours(it *item, l line) (quiet.Timetable, gate.ZoneSource) {
	p := it.place
	if p == nil {
		p = it.org.place(id.ID{})
	}
	region := l.region
	if region == "" {
		region = p.Region
	}
	class := it.draft.Purpose.Traits().Class
	day := quiet.DayOf(it.at.Date())
	zone, from := it.person.Facts.Zone, gate.ZoneOfPerson
	if o.zones.get(zone) == nil {
		zone, from = "", gate.ZoneOfLocation
		if p.zone == nil {
			from = gate.ZoneOfNumber
		}
	}
	away := from == gate.ZoneOfLocation && o.elsewhere(l, p.zone, it.at)
	k := tableKey{p, class, region, zone, day}
	if from == gate.ZoneOfNumber || away {
		k.zone = l.zone
	}
	it.org.mu.Lock()
	tt, ok := it.org.tables[k]
	it.org.mu.Unlock()
	if !ok {
		tt = p.Hours.Timetable(class, o.book.For(region, day).Hours(class), p.cal, o.candidates(from, zone, p, l)...)
		if away {
			tt = o.narrowed(tt, l, it.at)
		}
		it.org.keepTable(k, tt)
	}
	if len(tt.Zones) > 1 && away {
		from = gate.ZoneOfBoth
	}
	return tt, from
}

// maxTables bounds the timetables that are kept for one organization.
const maxTables = 4096

func (f *orgFacts) keepTable(k tableKey, tt quiet.Timetable) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.tables) > maxTables {
		clear(f.tables)
	}
	f.tables[k] = tt
}

// elsewhere reports whether a number's zones are known and none has the site's wall time: whoever kept the number of
// another place may be there (47 CFR 64.1200(c)(1) goes by where the called person is).
func (o *Outbox) elsewhere(l line, site *time.Location, at time.Time) bool {
	if site == nil || len(l.zones) == 0 {
		return false
	}
	_, here := at.In(site).Zone()
	for _, name := range l.zones {
		z := o.zones.get(name)
		if z == nil {
			return false
		}
		if _, there := at.In(z).Zone(); there == here {
			return false
		}
	}
	return true
}

// meetWithin is how soon the hours of two places must meet: where they do not, as between Poland and New Zealand, a text
// that waits for both would come after its visit, and the site's hours alone count.
const meetWithin = 48 * time.Hour

// narrowed is the site's timetable where it is open at the number's place too.
func (o *Outbox) narrowed(tt quiet.Timetable, l line, at time.Time) quiet.Timetable {
	both := tt
	both.Zones = append(slices.Clip(tt.Zones), o.candidates(gate.ZoneOfNumber, "", nil, l)...)
	opens, ok := both.NextOpen(at)
	if !ok || opens.Sub(at) > meetWithin {
		if alone, open := tt.NextOpen(at); open && (!ok || opens.Sub(alone) > meetWithin) {
			return tt
		}
	}
	return both
}

func (o *Outbox) candidates(from gate.ZoneSource, zone string, p *place, l line) []*time.Location {
	switch from {
	case gate.ZoneOfPerson:
		return []*time.Location{o.zones.get(zone)}
	case gate.ZoneOfLocation:
		return []*time.Location{p.zone}
	}
	var out []*time.Location
	for _, name := range l.zones {
		if z := o.zones.get(name); z != nil {
			out = append(out, z)
		}
	}
	return out
}

// decideNew decides about an ask and fills its draft in: state, due time, text, decision record.
func (o *Outbox) decideNew(it *item, now time.Time) gate.Decision {
	f := o.facts(it)
	o.bend(it, &f, now)
	o.write(it, &f)
	d := gate.Decide(&f, it.at)
	it.draft.Decision = record(it, &f, &d, now)
	apply(it.draft, &d, it.at)
	it.draft.Point = pointOf(it)
	if it.contact != nil {
		it.draft.To = it.contact.Point.Number
	}
	return d
}

func pointOf(it *item) id.ID {
	if it.contact == nil {
		return id.ID{}
	}
	return it.contact.Point.ID
}

// bend moves the due time into the hours, the way the step says.
func (o *Outbox) bend(it *item, f *gate.Facts, now time.Time) {
	if it.ask.Direction == "" || f.Text.BreaksQuiet || f.Text.Answers || it.draft.Purpose == purpose.Emergency {
		return
	}
	useBy := it.draft.ExpiresAt
	if v := f.Visit; v != nil && !v.Ended && !v.Start.IsZero() && (useBy.IsZero() || v.Start.Before(useBy)) {
		useBy = v.Start
	}
	got := f.Hours.Fit(quiet.Request{Desired: it.draft.DueAt, Earliest: now, UseBy: useBy, Direction: it.ask.Direction})
	if !got.Placed() {
		return // the gate refuses it with the reason
	}
	it.moved = got.Moved()
	it.draft.DueAt, it.at = got.At, got.At
}

// apply makes the decision the draft's state.
func apply(m *store.Draft, d *gate.Decision, at time.Time) {
	m.Reason = d.Reason()
	switch d.Verdict {
	case gate.Send:
		m.State = message.Queued
	case gate.Hold:
		m.State, m.HeldUntil = message.Held, d.Until
	default:
		m.State = message.Refused
	}
	if m.DueAt.Before(at) {
		m.DueAt = at
	}
}

// record is the proof that is kept with the message.
func record(it *item, f *gate.Facts, d *gate.Decision, now time.Time) message.Decision {
	r := message.Decision{At: now, Verdict: string(d.Verdict), Reasons: d.Reasons(), Consent: f.Consent.By.ID, Person: f.Person.Version,
		Point: f.Number.Revision, OrgRev: f.Org.Revision, Place: f.PlaceRev, ZoneFrom: string(f.ZoneFrom), Window: string(d.Window),
		Moved: it.moved, DayCount: f.Counts.Day, WeekCount: f.Counts.Week, AllDay: f.Counts.AllDay, AllWeek: f.Counts.AllWeek, ValidUntil: d.ValidUntil, Rules: f.Rules,
		WayOut: it.wayOut, WayOutRule: it.wayOutRule}
	if f.Visit != nil {
		r.Visit = f.Visit.Version
	}
	if len(f.Hours.Zones) > 0 && f.Hours.Zones[0] != nil {
		r.Zone = f.Hours.Zones[0].String()
	}
	return r
}
