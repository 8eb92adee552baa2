package journey

import (
	"errors"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
)

func TestShippedReminderSaysWhatTheDocumentsSay(t *testing.T) {
	t.Parallel()
	ds, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	d := ds[0]
	if d.Key != "appointment-reminder" || d.Purpose != purpose.Appointment || d.Settle != 2*time.Minute {
		t.Fatalf("read %q, %q, settle %v", d.Key, d.Purpose, d.Settle)
	}
	want := map[string]struct {
		at      string
		enabled bool
	}{"booking": {"0", true}, "week-before": {"-7d", true}, "day-before": {"-24h", true}, "hours-before": {"-2h", false}}
	for _, s := range d.Steps {
		if w := want[s.ID]; s.Offset.String() != w.at || s.Enabled != w.enabled {
			t.Errorf("step %s at %v enabled %v, want %+v", s.ID, s.Offset, s.Enabled, w)
		}
	}
	if len(d.Steps) != len(want) {
		t.Errorf("%d steps, want %d", len(d.Steps), len(want))
	}
	if c := d.Codes(); c["1"] != "confirm" || c["2"] != "cancel" || c["3"] != "reschedule" || len(c) != 3 {
		t.Errorf("codes %v", c)
	}
}

func TestAWrongFileIsExplainedWithItsLines(t *testing.T) {
	t.Parallel()
	good := string(appointmentReminder)
	tests := map[string]struct {
		from, to string
		line     string // text of the line to blame
		says     string
	}{
		"a misspelt word":             {"use_until: -3d", "use_untill: -3d", "use_untill: -3d", "check its spelling"},
		"an offset without a unit":    {"at: -7d", `at: "-7"`, `at: "-7"`, "-24h"},
		"a purpose nobody knows":      {"purpose: appointment", "purpose: visits", "purpose: visits", "must be one of appointment"},
		"a text where a flag belongs": {"enabled: false", "enabled: nope", "enabled: nope", "true or false"},
		"a step without a text":       {"    template: reminder-7d\n", "", "- id: week-before", "missing: template"},
		"two steps of one name":       {"id: week-before", "id: booking", "id: booking\n    at", "two steps"},
		"of no use when it goes":      {"use_until: -3d", "use_until: -8d", "use_until: -8d", "must come after at"},
		"one digit for two answers":   {`reschedule: { digit: "3" }`, `reschedule: { digit: "1" }`, `reschedule:`, "same digit"},
		"a digit that is a number":    {`cancel: { digit: "2" }`, `cancel: { digit: 2 }`, "cancel:", "a text"},
		"a settling time of a day":    {"settle: 2m", "settle: 1d", "settle: 1d", "an hour at most"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := strings.Replace(good, tt.from, tt.to, 1)
			if src == good {
				t.Fatal("the case changes nothing")
			}
			_, err := Parse([]byte(src))
			var ps Problems
			if !errors.As(err, &ps) || !errs.Is(err, errs.Invalid) {
				t.Fatalf("got %v", err)
			}
			at := strings.Index(src, tt.line)
			want := 1 + strings.Count(src[:at], "\n")
			if ps[0].Line != want || !strings.Contains(ps[0].Text, tt.says) {
				t.Errorf("line %d: %q; want line %d saying %q", ps[0].Line, ps[0].Text, want, tt.says)
			}
		})
	}
}

func TestAFileThatIsNoJourneyIsRefused(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"empty": "", "only a comment": "# nothing", "a list": "- a\n- b", "not YAML": "journey: [", "the same word twice": "journey: a\njourney: b",
		"a tab": "journey:\n\t- x", "huge": strings.Repeat("#", maxFile+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse([]byte(src)); !errs.Is(err, errs.Invalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(appointmentReminder)
	f.Add([]byte("journey: x\nsteps: [{id: a, at: -1d}]"))
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := Parse(src)
		if (d == nil) == (err == nil) {
			t.Fatalf("neither a journey nor a reason")
		}
	})
}

func FuzzParseOffset(f *testing.F) {
	for _, s := range []string{"-24h", "7d", "1d12h30m", "0", "-2w", "-3b", "99999d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := ParseOffset(s)
		if err != nil {
			return
		}
		if again, err := ParseOffset(o.String()); err != nil || again != o {
			t.Fatalf("%q became %v, and that %v (%v)", s, o, again, err)
		}
	})
}

func TestDaysAreCalendarDaysAndHoursAreElapsed(t *testing.T) {
	t.Parallel()
	// Summer time begins in Warsaw on 29 March 2026 at 02:00.
	visit := time.Date(2026, 3, 29, 10, 0, 0, 0, warsaw())
	for s, want := range map[string]string{
		"-1d":   "2026-03-28 10:00",
		"-24h":  "2026-03-28 09:00",
		"-7d":   "2026-03-22 10:00",
		"-1d2h": "2026-03-28 08:00",
		"-90m":  "2026-03-29 08:30",
	} {
		o, err := ParseOffset(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.From(visit, warsaw(), nil).In(warsaw()).Format("2006-01-02 15:04"); got != want {
			t.Errorf("%s before the visit is %s, want %s", s, got, want)
		}
	}
}

func TestBusinessDaysLeaveOutWeekEndsAndHolidays(t *testing.T) {
	t.Parallel()
	monday := time.Date(2026, 5, 4, 10, 0, 0, 0, warsaw())
	labourDay := quiet.DayOf(2026, 5, 1)
	works := Workdays(func(d quiet.Day) bool { return Workdays(nil).works(d) && d != labourDay })
	for name, tt := range map[string]struct {
		offset string
		works  Workdays
		want   string
	}{
		"the working day before":             {"-1b", nil, "2026-05-01 10:00"},
		"a holiday is none":                  {"-1b", works, "2026-04-30 10:00"},
		"two hours earlier on that day":      {"-1b2h", works, "2026-04-30 08:00"},
		"forwards":                           {"5b", works, "2026-05-11 10:00"},
		"a site that is never open":          {"-2b", func(quiet.Day) bool { return false }, "2026-05-02 10:00"},
		"from a week ago, the one after":     {"-7d", works, "2026-04-27 10:00"},
		"many, over the end of summer time":  {"-40b", nil, "2026-03-09 10:00"},
		"days are counted before work days":  {"-3d1b", works, "2026-04-30 10:00"},
		"nothing stays where it is, closed":  {"0", works, "2026-05-04 10:00"},
		"the same on a week with no holiday": {"-3b", nil, "2026-04-29 10:00"},
	} {
		o, err := ParseOffset(tt.offset)
		if err != nil {
			t.Fatal(name, err)
		}
		if got := o.From(monday, warsaw(), tt.works).In(warsaw()).Format("2006-01-02 15:04"); got != tt.want {
			t.Errorf("%s: %s from Monday is %s, want %s", name, tt.offset, got, tt.want)
		}
	}
}

// ends_when could not keep a journey running on a visit that is over, so a file that leaves an end out is refused.
func TestAJourneyEndsWithItsVisitWhateverIsWritten(t *testing.T) {
	t.Parallel()
	src := string(ShippedFiles()[0])
	if _, err := Parse([]byte(src + "\nends_when: [cancelled, fulfilled, noshow, arrived]\n")); err != nil {
		t.Errorf("all four: %v", err)
	}
	_, err := Parse([]byte(src + "\nends_when: [cancelled]\n"))
	var ps Problems
	if !errors.As(err, &ps) || len(ps) != 1 || ps[0].Path != "ends_when" {
		t.Errorf("one of four: %v", err)
	}
}

func TestBytesThatAreNoTextAreNamedWithTheirLine(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"bytes that are no UTF-8": "journey: x\nversion: \xff\xfe\n",
		"a control character":     "journey: x\nversion: \x01\n",
	} {
		_, err := Parse([]byte(src))
		if err == nil || !strings.Contains(err.Error(), "line 2: holds bytes that are no text") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
