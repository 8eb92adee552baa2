package cli

import (
	"encoding/json"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/web/api"
)

type appointmentCmd struct {
	List   appointmentListCmd   `cmd:"" help:"List the appointments of a day, or of several."`
	Show   appointmentShowCmd   `cmd:"" help:"Show an appointment: what the patient answered, and each text about it."`
	Book   appointmentBookCmd   `cmd:"" help:"Book an appointment that is kept here."`
	Move   appointmentMoveCmd   `cmd:"" help:"Move an appointment; the patient gets one text with the old and the new time."`
	Cancel appointmentCancelCmd `cmd:"" help:"Cancel an appointment."`
}

type appointmentListCmd struct {
	storage
	Date     string `help:"Day to begin with, on the location's clock; today when left out." placeholder:"YYYY-MM-DD"`
	Days     int    `help:"How many days, at most 31." default:"1"`
	Location string `help:"Location (name, code or id); every one when left out." placeholder:"NAME"`
	JSON     bool   `help:"Print JSON."`
}

// Run lists appointments by start.
func (l appointmentListCmd) Run(c *console) error {
	if l.Days < 1 || l.Days > 31 {
		return errs.New(errs.Invalid, "write a number from 1 to 31").At("--days")
	}
	return l.tell(c, "appointment list", func(t *teller) error {
		site, err := t.site(l.Location)
		if err != nil {
			return err
		}
		from, err := t.day(l.Date, t.zone(site.ID), "--date")
		if err != nil {
			return err
		}
		day, cut, err := t.desk.Day(c.ctx, t.scope, site.ID, from, from.AddDate(0, 0, l.Days))
		if err != nil {
			return err
		}
		if err := t.looked(desk.Look{Action: "visit.list", Kind: "appointment", Found: len(day)}); err != nil {
			return err
		}
		if l.JSON {
			return dayJSON(c, day, cut)
		}
		for i := range day {
			t.visit(&day[i], true)
		}
		switch {
		case len(day) == 0:
			c.printf("no appointments on %s\n", span(from, l.Days))
		case cut:
			c.printf("there are more: ask for one location, or fewer days\n")
		}
		return nil
	})
}

func dayJSON(c *console, day []desk.Visit, cut bool) error {
	out := api.Day{Items: make([]api.Appointment, len(day)), Truncated: cut}
	for i := range day {
		out.Items[i] = api.ShowAppointment(&day[i])
	}
	return json.NewEncoder(c.out).Encode(out)
}

func span(from time.Time, days int) string {
	if days == 1 {
		return from.Format(time.DateOnly)
	}
	return from.Format(time.DateOnly) + " to " + from.AddDate(0, 0, days-1).Format(time.DateOnly)
}

// visit prints one line of a list, with the patient when they are not known from elsewhere.
func (t *teller) visit(v *desk.Visit, named bool) {
	who, answer := "", ""
	if named {
		who = t.w.Name(v.Who)
	}
	if v.Status.Expected() {
		answer = t.w.Enum("answer.", string(v.Answer()))
		if answer == "" {
			answer = t.w.T("answer.none")
		}
	}
	t.printf("    %s  v%d  %s  %s\n", v.ID, v.Version, v.Start.In(loaded(v.Zone)).Format(minute),
		row(who, t.w.Enum("visit.", string(v.Status)), t.siteName(v.Location), v.With, v.Kind, answer))
}

// onVisit is a command about one appointment.
type onVisit struct {
	storage
	ID string `arg:"" name:"appointment" help:"The appointment's id." placeholder:"APPOINTMENT"`
}

func (o onVisit) with(c *console, command string, do func(t *teller, v *desk.Visit) error) error {
	return o.on(c, command, o.ID, "appointment", func(t *teller, at id.ID) error {
		v, err := t.desk.Visit(c.ctx, t.scope, at)
		if err != nil {
			return err
		}
		return do(t, &v)
	})
}

type appointmentShowCmd struct {
	onVisit
	JSON bool `help:"Print JSON."`
}

// Run shows an appointment.
func (s appointmentShowCmd) Run(c *console) error {
	return s.with(c, "appointment show", func(t *teller, v *desk.Visit) error {
		if err := t.looked(desk.Look{Action: "visit.open", Kind: "appointment", Object: v.ID}); err != nil {
			return err
		}
		if s.JSON {
			return json.NewEncoder(c.out).Encode(api.ShowAppointment(v))
		}
		t.visit(v, true)
		c.printf("    patient %s, %s, %s\n", v.Person, v.Length, v.Zone)
		for _, a := range v.Answers {
			said := t.w.Enum("answer.", string(a.Answer))
			if a.Version != v.Version {
				said += ", to an earlier time"
			}
			c.printf("    %s  %s\n", t.when(a.At, v.Location), said)
		}
		c.printf("Texts\n")
		for i := range v.Messages {
			t.message(&v.Messages[i], "")
		}
		if len(v.Messages) == 0 {
			c.printf("    none yet; carillon patient show %s says what is coming\n", v.Person)
		}
		return nil
	})
}

type appointmentBookCmd struct {
	storage
	Patient      string `arg:"" help:"The patient's id." placeholder:"PATIENT"`
	Location     string `help:"Location (name, code or id)." required:"" placeholder:"NAME"`
	Start        string `help:"Beginning on the location's clock, such as 2026-03-04T14:30." required:"" placeholder:"TIME"`
	Minutes      int    `help:"How long it takes." default:"15"`
	Practitioner string `help:"With whom (name or id)." placeholder:"NAME"`
	Type         string `help:"Which kind of visit (name or id)." placeholder:"NAME"`
	JSON         bool   `help:"Print JSON."`
}

// Run books.
func (b appointmentBookCmd) Run(c *console) error {
	if b.Minutes < 1 || b.Minutes > 1440 {
		return errs.New(errs.Invalid, "write a number from 1 to 1440").At("--minutes")
	}
	return b.on(c, "appointment book", b.Patient, "patient", func(t *teller, who id.ID) error {
		site, err := t.site(b.Location)
		if err != nil {
			return err
		}
		ask := record.Booking{Person: who, Location: site.ID, Length: time.Duration(b.Minutes) * time.Minute}
		if ask.Start, err = moment(b.Start, loaded(site.Zone), "--start"); err != nil {
			return err
		}
		if ask.Practitioner, ask.Type, err = t.framed(b.Practitioner, b.Type); err != nil {
			return err
		}
		v, err := t.sys.Record.Book(c.ctx, t.scope, ask)
		if err != nil {
			return err
		}
		return t.changed(&v, b.JSON)
	})
}

// framed finds a practitioner and a kind of visit by name or id; empty names are none.
func (t *teller) framed(practitioner, kind string) (with, of id.ID, err error) {
	f, err := t.desk.Frame(t.ctx, t.scope)
	if err != nil {
		return with, of, err
	}
	for _, p := range f.Practitioners {
		if practitioner != "" && (p.Name == practitioner || p.ID.String() == practitioner) {
			with = p.ID
		}
	}
	for _, k := range f.Types {
		if kind != "" && (k.Name == kind || k.ID.String() == kind) {
			of = k.ID
		}
	}
	switch {
	case practitioner != "" && with.IsZero():
		err = errs.New(errs.NotFound, "the organization has no practitioner of this name or id").At("--practitioner")
	case kind != "" && of.IsZero():
		err = errs.New(errs.NotFound, "the organization has no kind of visit of this name or id").At("--type")
	}
	return with, of, err
}

// changed prints an appointment that was just written.
func (t *teller) changed(v *schedule.Appointment, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(t.out).Encode(api.ShowChanged(v))
	}
	t.printf("%s is version %d: %s, %s, %s\n", v.ID, v.Version, t.w.Enum("visit.", string(v.Status)),
		v.Start.In(loaded(v.Zone)).Format(minute), t.siteName(v.Location))
	return nil
}

// versioned is a change to what somebody has looked at.
type versioned struct {
	Version int64 `help:"Version that you looked at, as list and show print it (v1); another is refused." required:"" placeholder:"N"`
}

type appointmentMoveCmd struct {
	onVisit
	versioned
	Start        string `help:"New beginning on the location's clock, such as 2026-03-04T14:30." placeholder:"TIME"`
	Location     string `help:"New location (name, code or id)." placeholder:"NAME"`
	Practitioner string `help:"New practitioner (name or id)." placeholder:"NAME"`
	PatientKnows bool   `help:"The patient asked for it or was told: no text tells it again."`
	JSON         bool   `help:"Print JSON."`
}

// Run moves.
func (m appointmentMoveCmd) Run(c *console) error {
	if m.Start == "" && m.Location == "" && m.Practitioner == "" {
		return errs.New(errs.Invalid, "say what changes: --start, --location or --practitioner")
	}
	return m.with(c, "appointment move", func(t *teller, v *desk.Visit) error {
		ask := record.Move{Visit: v.ID, Version: m.Version, PatientKnows: m.PatientKnows}
		site, err := t.site(m.Location)
		if err != nil {
			return err
		}
		ask.Location = site.ID
		if ask.Practitioner, _, err = t.framed(m.Practitioner, ""); err != nil {
			return err
		}
		if m.Start != "" {
			zone := loaded(v.Zone)
			if !site.ID.IsZero() {
				zone = loaded(site.Zone)
			}
			if ask.Start, err = moment(m.Start, zone, "--start"); err != nil {
				return err
			}
		}
		moved, err := t.sys.Record.MoveVisit(c.ctx, t.scope, ask)
		if err != nil {
			return err
		}
		return t.changed(&moved, m.JSON)
	})
}

type appointmentCancelCmd struct {
	onVisit
	versioned
	PatientKnows bool `help:"The patient asked for it or was told: no text tells it again."`
	JSON         bool `help:"Print JSON."`
}

// Run cancels.
func (x appointmentCancelCmd) Run(c *console) error {
	return x.with(c, "appointment cancel", func(t *teller, v *desk.Visit) error {
		gone, err := t.sys.Record.CancelVisit(c.ctx, t.scope, v.ID, x.Version, x.PatientKnows)
		if err != nil {
			return err
		}
		return t.changed(&gone, x.JSON)
	})
}
