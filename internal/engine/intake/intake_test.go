package intake_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/ehr/table"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// desk is an organization with one site that takes files in.
type desk struct {
	*testing.T
	store   store.Store
	sc      access.Scope
	now     *clock.Fixed
	machine *clock.Fixed
	s       *intake.Service
}

var ctx = context.Background()

func onBoth(t *testing.T, test func(d *desk)) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		now, machine := clock.NewFixed(storetest.Start), clock.NewFixed(storetest.Start)
		d := &desk{T: t, store: open(t, now), now: now, machine: machine}
		d.sc = storetest.NewOrg(t, d.store)
		site(t, d.store, d.sc)
		d.s = intake.New(d.store, table.Reader{}, machine)
		test(d)
	})
}

func (d *desk) begin(kind feed.Kind, o feed.Options, lines ...string) feed.Import {
	d.Helper()
	imp, err := d.s.Begin(ctx, d.sc, intake.Upload{Kind: kind, Source: "main", Options: o, File: strings.NewReader(strings.Join(lines, "\n") + "\n")})
	if err != nil {
		d.Fatal(err)
	}
	return imp
}

func (d *desk) check(imp feed.Import) feed.Import {
	d.Helper()
	imp, err := d.s.Check(ctx, d.sc, imp.ID, nil)
	if err != nil {
		d.Fatal(err)
	}
	return imp
}

func (d *desk) apply(imp feed.Import) feed.Import {
	d.Helper()
	imp, err := d.s.Apply(ctx, d.sc, imp.ID, nil)
	if err != nil {
		d.Fatal(err)
	}
	return imp
}

func (d *desk) undo(imp feed.Import) feed.Import {
	d.Helper()
	imp, err := d.s.Undo(ctx, d.sc, imp.ID, nil)
	if err != nil {
		d.Fatal(err)
	}
	return imp
}

// take imports a file to the end.
func (d *desk) take(kind feed.Kind, lines ...string) feed.Import {
	d.Helper()
	return d.apply(d.check(d.begin(kind, feed.Options{}, lines...)))
}

func (d *desk) sourceID() id.ID {
	var out id.ID
	storetest.Read(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Visits().Sources(ctx)
		out = all[0].ID
		return err
	})
	return out
}

func (d *desk) person(external string) (p patient.Person) {
	d.Helper()
	source := d.sourceID()
	storetest.Read(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) error {
		ids, err := tx.People().ByIdentifiers(ctx, intake.ExternalSystem(source), []string{external})
		if err != nil || len(ids) == 0 {
			return err
		}
		p, err = tx.People().Get(ctx, ids[external])
		return err
	})
	return p
}

func (d *desk) numbers(external string) (out []string) {
	d.Helper()
	p := d.person(external)
	storetest.Read(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) error {
		all, err := tx.People().ContactsOf(ctx, []id.ID{p.ID})
		for _, c := range all[p.ID] {
			out = append(out, c.Point.Number.Reveal())
		}
		return err
	})
	return out
}

func (d *desk) visit(external string) (v schedule.Appointment) {
	d.Helper()
	source := d.sourceID()
	storetest.Read(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Visits().ByExternal(ctx, source, []string{external})
		v = all[external]
		return err
	})
	return v
}

func (d *desk) ledger(external string) (out []consent.Entry) {
	d.Helper()
	p := d.person(external)
	storetest.Read(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) (err error) {
		out, err = tx.Consents().For(ctx, []id.ID{p.ID}, nil)
		return err
	})
	return out
}

func (d *desk) allows(external string, p purpose.Purpose) bool {
	d.Helper()
	who := d.person(external)
	return consent.Fold(d.ledger(external), consent.Query{Person: who.ID, Channel: patient.SMS, Purpose: p, At: d.now.Now()}).Granted
}

func (d *desk) touches() (out []store.Touch) {
	d.Helper()
	storetest.Write(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) (err error) {
		if out, err = tx.Journeys().Touched(ctx, 1000); err != nil {
			return err
		}
		var ids []id.ID
		for _, t := range out {
			ids = append(ids, t.ID)
		}
		return tx.Journeys().DropTouches(ctx, ids)
	})
	return out
}

func (d *desk) problems(imp feed.Import) (out []string) {
	d.Helper()
	all, err := d.s.Problems(ctx, d.sc, imp.ID, 0, 100)
	if err != nil {
		d.Fatal(err)
	}
	for _, p := range all {
		out = append(out, strings.Join([]string{itoa(p.Line), p.Column, p.Code}, " "))
	}
	return out
}

func itoa(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

const (
	patientHeader = "Id;First name;Last name;MRN;Mobile;Consent;Consent date;Consent method"
	annaLine      = "P1;Anna;Nowak;M1;+48 601 000 001;yes;2025-05-01;form"
	janLine       = "P2;Jan;Kowalski;M2;+48 601 000 002;;;"
	visitHeader   = "Appointment id;Patient id;Start;Doctor;Status"
	firstVisit    = "A1;P1;2026-03-05 10:00;Dr Wolska;booked"
	secondVisit   = "A2;P2;2026-03-05 11:00;Dr Wolska;booked"
)

func TestAFileIsCheckedWholeBeforeAnythingIsWritten(t *testing.T) {
	onBoth(t, func(d *desk) {
		imp := d.check(d.begin(feed.Patients, feed.Options{}, patientHeader, annaLine, "P2;;;;12;;;", "P1;Ewa;Lis;;;;;", "P4;Ola;Sowa;M1;;yes;;"))
		if imp.State != feed.Checked || imp.Counts.Lines != 4 || imp.Counts.Bad != 3 || imp.Counts.Created != 1 {
			d.Fatalf("%s %+v", imp.State, imp.Counts)
		}
		want := []string{"03 Mobile bad_number", "03 Last name missing", "04  twice_in_file", "05 Consent consent_without_evidence", "05  twice_in_file"}
		if got := d.problems(imp); !slices.Equal(got, want) {
			d.Errorf("problems\n%q\nwant\n%q", got, want)
		}
		if _, err := d.s.Apply(ctx, d.sc, imp.ID, nil); !errs.Is(err, errs.Precondition) {
			d.Errorf("applied with bad lines: %v", err)
		}
		if p := d.person("P1"); !p.ID.IsZero() {
			d.Error("something was written")
		}
		if _, err := d.s.Choose(ctx, d.sc, imp.ID, true); err != nil {
			d.Fatal(err)
		}
		imp = d.apply(imp)
		if imp.Counts.Created != 1 || d.person("P1").Facts.FamilyName != phi.T("Nowak") || !d.person("P4").ID.IsZero() {
			d.Errorf("%+v", imp.Counts)
		}
	})
}

func TestARecordNumberOfAnotherPatientIsNamed(t *testing.T) {
	onBoth(t, func(d *desk) {
		storetest.AddPeople(d, d.store, d.sc, storetest.Person("Ewa", "Lis", "M2"))
		imp := d.check(d.begin(feed.Patients, feed.Options{}, patientHeader, annaLine, janLine))
		if got := d.problems(imp); !slices.Equal(got, []string{"03 MRN identifier_of_another_patient"}) {
			d.Fatalf("%q", got)
		}
	})
}

func TestTheSameFileAgainChangesNothing(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine, janLine)
		d.take(feed.Appointments, visitHeader, firstVisit, secondVisit)
		before, visit := d.person("P1"), d.visit("A1")
		d.touches()
		d.now.Advance(48 * time.Hour)
		people := d.take(feed.Patients, patientHeader, annaLine, janLine)
		visits := d.take(feed.Appointments, visitHeader, firstVisit, secondVisit)
		for _, c := range []feed.Counts{people.Counts, visits.Counts} {
			if c.Same != 2 || c.Created+c.Changed+c.Consents != 0 {
				d.Errorf("%+v", c)
			}
		}
		if got := d.person("P1"); got.Version != before.Version || d.visit("A1").Version != visit.Version || d.visit("A1").Import != visit.Import {
			d.Error("a row was written again")
		}
		if len(d.ledger("P1")) != 1 || len(d.touches()) != 0 {
			d.Error("consents or touches were repeated")
		}
	})
}

func TestAbsentColumnsAndRowsChangeNothing(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine, janLine)
		imp := d.take(feed.Patients, "Id;Last name;First name", "P1;Nowak-Lis;Anna")
		p := d.person("P1")
		if imp.Counts.Changed != 1 || p.Facts.FamilyName != phi.T("Nowak-Lis") || p.Identifier(intake.RecordSystem) != phi.T("M1") {
			d.Errorf("%+v %+v", imp.Counts, p.Facts.Identifiers)
		}
		if got := d.numbers("P1"); !slices.Equal(got, []string{"+48601000001"}) || !d.allows("P1", purpose.Appointment) {
			d.Errorf("numbers %v", got)
		}
		if d.person("P2").Status != patient.Active {
			d.Error("a row that is not in the file was changed")
		}
	})
}

func TestANumberThatTheSourceChangedIsReplaced(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine, "P2;Jan;Nowak;;+48 601 000 001;;;")
		imp := d.take(feed.Patients, patientHeader, strings.Replace(annaLine, "000 001", "000 009", 1))
		if got := d.numbers("P1"); !slices.Equal(got, []string{"+48601000009"}) {
			d.Errorf("numbers %v", got)
		}
		if got := d.numbers("P2"); !slices.Equal(got, []string{"+48601000001"}) {
			d.Errorf("the other person on the number has %v", got)
		}
		if d.undo(imp); !slices.Equal(d.numbers("P1"), []string{"+48601000001"}) {
			d.Errorf("after the undo %v", d.numbers("P1"))
		}
	})
}

func TestAPersonWhomStaffKeepIsNotTheFiles(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine)
		p := d.person("P1")
		p.Source, p.Facts.FamilyName = id.ID{}, phi.T("Staffname")
		storetest.Write(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.People().Update(ctx, []patient.Person{p})
			return err
		})
		imp := d.take(feed.Patients, patientHeader, "P1;Anna;Filename;M9;+48 601 000 009;no;2026-01-01;form")
		if got := d.person("P1"); imp.Counts.Same != 1 || got.Facts.FamilyName != phi.T("Staffname") || !slices.Equal(d.numbers("P1"), []string{"+48601000001"}) {
			d.Errorf("%+v %v", imp.Counts, d.numbers("P1"))
		}
		if d.allows("P1", purpose.Appointment) {
			d.Error("a no of the file was not heard")
		}
	})
}

func TestConsentComesWithItsEvidenceOnly(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader+";Consent wording", annaLine+";sms-care/3", janLine+";")
		e := d.ledger("P1")
		if len(e) != 1 || e[0].Method != consent.Form || e[0].Wording != "sms-care/3" || !e[0].At.Equal(time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)) {
			d.Fatalf("%+v", e)
		}
		if !d.allows("P1", purpose.Appointment) || d.allows("P1", purpose.Marketing) {
			d.Error("a general yes is for care, and for nothing else")
		}
		if len(d.ledger("P2")) != 0 || d.allows("P2", purpose.Appointment) {
			d.Error("a number was taken for a consent")
		}
	})
}

func TestWhoOptedOutStaysOptedOut(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine)
		var point patient.ContactPoint
		storetest.Read(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) (err error) {
			point, err = tx.People().PointByNumber(ctx, patient.SMS, storetest.Number(d, "+48601000001"))
			return err
		})
		storetest.OptOut(d, d.store, d.sc, point.ID, d.now.Now())
		imp := d.take(feed.Patients, patientHeader, "P1;Anna;Nowak;M1;+48 601 000 001;yes;2026-03-01;form")
		d.undo(imp)
		d.take(feed.Patients, patientHeader, "P1;Anna;Nowak;M1;+48 601 000 001;yes;2026-03-02;form")
		storetest.Read(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) (err error) {
			point, err = tx.People().PointByNumber(ctx, patient.SMS, storetest.Number(d, "+48601000001"))
			return err
		})
		if point.OptedOutAt == nil {
			d.Error("an import lifted an opt-out")
		}
	})
}

func TestFirstAndStormyImportsWait(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine, janLine)
		first := d.take(feed.Appointments, visitHeader, firstVisit)
		if !first.Held || first.Why != feed.FirstImport {
			d.Fatalf("the first file: %+v", first)
		}
		second := d.take(feed.Appointments, visitHeader, strings.Replace(firstVisit, "10:00", "12:00", 1))
		if !second.Held || second.Counts.Moved != 1 {
			d.Errorf("a file that changes what still waits: %+v", second)
		}
		for _, imp := range []feed.Import{first, second} {
			if _, err := d.s.Release(ctx, d.sc, imp.ID); err != nil {
				d.Fatal(err)
			}
		}
		if _, err := d.s.Release(ctx, d.sc, first.ID); !errs.Is(err, errs.Precondition) {
			d.Errorf("released twice: %v", err)
		}
		if usual := d.take(feed.Appointments, visitHeader, secondVisit); usual.Held {
			d.Errorf("an ordinary file waits: %+v", usual)
		}
		storm := []string{visitHeader}
		for i := range 25 {
			storm = append(storm, "S"+itoa(i)+";P1;2026-03-09 "+itoa(8+i%8)+":00;;booked")
		}
		if imp := d.take(feed.Appointments, storm...); !imp.Held || imp.Why != feed.Storm || imp.Counts.Texts != 25 {
			d.Errorf("a storm: %+v", imp)
		}
	})
}

func TestASnapshotCancelsWhatItDoesNotHaveOnceAPersonAgreed(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine, janLine)
		d.take(feed.Appointments, visitHeader, firstVisit, secondVisit, "A3;P1;2026-03-05 12:00;;booked", "A4;P1;2026-03-06 12:00;;booked")
		d.touches()
		imp := d.check(d.begin(feed.Appointments, feed.Options{Snapshot: true}, visitHeader, firstVisit))
		if imp.Counts.Absent != 2 {
			d.Fatalf("%+v", imp.Counts)
		}
		absent, err := d.s.Absent(ctx, d.sc, imp.ID)
		if err != nil || len(absent) != 2 || absent[0].ID != d.visit("A2").ID || absent[1].ID != d.visit("A3").ID {
			d.Fatalf("listed %d, %v", len(absent), err)
		}
		if _, err := d.s.Apply(ctx, d.sc, imp.ID, nil); !errs.Is(err, errs.Precondition) {
			d.Fatalf("cancelled without a yes: %v", err)
		}
		if _, err := d.s.AgreeAbsent(ctx, d.sc, imp.ID, 1); !errs.Is(err, errs.Conflict) {
			d.Errorf("agreed to another list: %v", err)
		}
		if _, err := d.s.AgreeAbsent(ctx, d.sc, imp.ID, 2); err != nil {
			d.Fatal(err)
		}
		imp = d.apply(imp)
		if d.visit("A2").Status != schedule.Cancelled || d.visit("A3").Status != schedule.Cancelled || imp.Counts.Cancelled != 2 {
			d.Errorf("%+v", imp.Counts)
		}
		if d.visit("A1").Status != schedule.Booked || d.visit("A4").Status != schedule.Booked {
			d.Error("a visit of the file, or of another day, was cancelled")
		}
		if len(d.touches()) != 2 {
			d.Error("the journeys were not told")
		}
		if d.undo(imp); d.visit("A2").Status != schedule.Booked || d.visit("A3").Status != schedule.Booked {
			d.Error("the undo did not bring them back")
		}
	})
}

func TestAWholeFileMayHaveNoBadLines(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine)
		imp := d.check(d.begin(feed.Appointments, feed.Options{Snapshot: true, SkipBad: true}, visitHeader, firstVisit, "A2;P1;soon;;booked"))
		if _, err := d.s.Apply(ctx, d.sc, imp.ID, nil); !errs.Is(err, errs.Precondition) {
			d.Fatalf("got %v", err)
		}
	})
}

func TestJourneysAreToldInTheSameTransaction(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine, janLine)
		imp := d.take(feed.Appointments, visitHeader, firstVisit, secondVisit)
		got := d.touches()
		if len(got) != 2 || got[0].Visit != d.visit("A1").ID || got[0].Import != imp.ID || got[0].Version != 1 {
			d.Fatalf("%+v", got)
		}
		d.take(feed.Patients, patientHeader+";Deceased", annaLine+";yes")
		if got := d.touches(); len(got) != 1 || got[0].Person != d.person("P1").ID {
			d.Fatalf("%+v", got)
		}
		if d.person("P1").Status != patient.Deceased {
			d.Error("not recorded")
		}
		d.take(feed.Patients, patientHeader+";Deceased", annaLine+";no")
		if d.person("P1").Status != patient.Deceased {
			d.Error("a file brought somebody back to life")
		}
	})
}

func TestAnUndoLeavesAndListsWhatWasChangedSince(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine)
		old := d.person("P1")
		imp := d.take(feed.Patients, patientHeader, "P1;Anna;Inna;M1;+48 601 000 001;;;", janLine, "P3;Ewa;Lis;;+48 601 000 003;yes;2025-06-01;web")
		jan := d.person("P2")
		jan.Language = "en"
		storetest.Write(d, d.store, d.sc, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.People().Update(ctx, []patient.Person{jan})
			return err
		})
		done := d.undo(imp)
		if done.State != feed.Undone || done.Counts.Undone != 2 || done.Counts.Kept != 1 {
			d.Fatalf("%s %+v", done.State, done.Counts)
		}
		kept, err := d.s.Kept(ctx, d.sc, imp.ID, 0, 10)
		if err != nil || len(kept) != 1 || kept[0].ID != jan.ID || kept[0].Line != 3 {
			d.Errorf("kept %+v, %v", kept, err)
		}
		if d.person("P1").Facts.FamilyName != old.Facts.FamilyName || d.person("P2").Status != patient.Active || d.person("P3").Status != patient.Inactive {
			d.Error("the rows are not what they were")
		}
		if d.allows("P3", purpose.Appointment) || len(d.ledger("P3")) != 2 {
			d.Error("the imported consent was not revoked")
		}
		if !d.allows("P1", purpose.Appointment) {
			d.Error("a consent of an earlier file was revoked")
		}
		again := d.take(feed.Patients, patientHeader, "P3;Ewa;Lis;;+48 601 000 003;yes;2025-06-01;web")
		if p := d.person("P3"); p.Status != patient.Active || again.Counts.Created != 0 || !d.allows("P3", purpose.Appointment) {
			d.Errorf("the mended file: %s %+v", p.Status, again.Counts)
		}
	})
}

func TestUndoneVisitsMayComeAgain(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.take(feed.Patients, patientHeader, annaLine)
		imp := d.take(feed.Appointments, "Appointment id;Patient id;Start", "A1;P1;2026-03-05 10:00")
		if d.undo(imp); d.visit("A1").Status != schedule.EnteredInError {
			d.Fatal(d.visit("A1").Status)
		}
		d.take(feed.Appointments, "Appointment id;Patient id;Start", "A1;P1;2026-03-05 10:00")
		if got := d.visit("A1").Status; got != schedule.Booked {
			d.Fatalf("again: %s", got)
		}
	})
}

func TestAnotherOrganizationFindsNoImport(t *testing.T) {
	onBoth(t, func(d *desk) {
		imp := d.check(d.begin(feed.Patients, feed.Options{}, patientHeader, annaLine))
		other := storetest.NewOrg(d, d.store)
		for name, do := range map[string]func() error{
			"get":     func() error { _, err := d.s.Get(ctx, other, imp.ID); return err },
			"check":   func() error { _, err := d.s.Check(ctx, other, imp.ID, nil); return err },
			"apply":   func() error { _, err := d.s.Apply(ctx, other, imp.ID, nil); return err },
			"undo":    func() error { _, err := d.s.Undo(ctx, other, imp.ID, nil); return err },
			"release": func() error { _, err := d.s.Release(ctx, other, imp.ID); return err },
			"choose":  func() error { _, err := d.s.Choose(ctx, other, imp.ID, true); return err },
			"agree":   func() error { _, err := d.s.AgreeAbsent(ctx, other, imp.ID, 0); return err },
			"kept":    func() error { _, err := d.s.Kept(ctx, other, imp.ID, 0, 1); return err },
			"settle":  func() error { _, err := d.s.Settle(ctx, other, imp.ID, feed.Options{}); return err },
		} {
			if err := do(); !errs.Is(err, errs.NotFound) {
				d.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestAnUploadIsGoneAfterADay(t *testing.T) {
	onBoth(t, func(d *desk) {
		imp := d.check(d.begin(feed.Patients, feed.Options{}, patientHeader, annaLine))
		storetest.Write(d, d.store, storetest.System(), func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Imports().DropFiles(ctx, d.machine.Now().Add(intake.FileLife))
			return err
		})
		if _, err := d.s.Apply(ctx, d.sc, imp.ID, nil); !errs.Is(err, errs.Precondition) {
			d.Fatalf("got %v", err)
		}
	})
}

func TestAFileThatCannotBeReadIsAskedAboutAndReadAnotherWay(t *testing.T) {
	onBoth(t, func(d *desk) {
		late := []string{"Id;First name;Last name"}
		for i := range 3000 {
			late = append(late, "P"+itoa(i/100)+itoa(i%100)+";Jan;Kowalskiiiiiiii")
		}
		late = append(late, "P9999;\xa3ucja;Zi\xea\xe6ba") // windows-1250, long after the first pages
		imp := d.check(d.begin(feed.Patients, feed.Options{}, late...))
		if imp.State != feed.Rejected || !strings.Contains(imp.Fault, "--encoding") {
			d.Fatalf("%s %q", imp.State, imp.Fault)
		}
		imp, err := d.s.Settle(ctx, d.sc, imp.ID, feed.Options{Encoding: "windows-1250"})
		if err != nil || imp.State != feed.Uploaded {
			d.Fatal(imp.State, err)
		}
		if imp = d.check(imp); imp.Counts.Created != 3001 {
			d.Fatalf("%s %+v", imp.State, imp.Counts)
		}
		d.apply(imp)
		if got := d.person("P9999").Facts; got.GivenName != phi.T("Łucja") || got.FamilyName != phi.T("Zięćba") {
			d.Errorf("read as %s %s", got.GivenName.Reveal(), got.FamilyName.Reveal())
		}
		next := d.check(d.begin(feed.Patients, feed.Options{}, late...))
		if next.Options.Encoding != "windows-1250" || next.Counts.Same != 3001 {
			d.Errorf("not remembered for the source: %q %+v", next.Options.Encoding, next.Counts)
		}
	})
}

func TestARememberedEncodingDoesNotSpoilTheNextFile(t *testing.T) {
	onBoth(t, func(d *desk) {
		const header = "Id;First name;Last name"
		old := header + "\nP1;\xa3ucja;Zi\xea\xe6ba"
		d.apply(d.check(d.begin(feed.Patients, feed.Options{Encoding: "windows-1250"}, old)))
		for _, mark := range []string{"", "\ufeff"} {
			imp := d.check(d.begin(feed.Patients, feed.Options{}, mark+header+"\nP1;Łucja;Zięćba"))
			if imp.State != feed.Checked || imp.Counts.Same != 1 || imp.Options.Encoding != "utf-8" {
				d.Fatalf("%s %q %q %+v", imp.State, imp.Fault, imp.Options.Encoding, imp.Counts)
			}
			d.apply(imp)
		}
		imp := d.check(d.begin(feed.Patients, feed.Options{}, old)) // utf-8 is remembered now
		if imp.State != feed.Rejected || !strings.Contains(imp.Fault, "--encoding") {
			d.Fatalf("not asked about: %s %q %+v", imp.State, imp.Fault, imp.Counts)
		}
		imp, err := d.s.Settle(ctx, d.sc, imp.ID, feed.Options{Encoding: "windows-1250"})
		if err != nil {
			d.Fatal(err)
		}
		if imp = d.check(imp); imp.Counts.Same != 1 {
			d.Errorf("%s %+v", imp.State, imp.Counts)
		}
	})
}
