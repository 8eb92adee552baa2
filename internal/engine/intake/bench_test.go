package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/ehr/table"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
)

// bigFile is how many lines a benchmark's file has.
const bigFile = 100_000

var (
	someGiven  = []string{"Anna", "Jan", "Maria", "Piotr", "Katarzyna", "Tomasz", "Agnieszka", "Paweł", "Zofia", "Łukasz", "Ewa", "Michał"}
	someFamily = []string{"Nowak", "Kowalska", "Wiśniewski", "Wójcik", "Kamińska", "Lewandowski", "Zielińska", "Szymański", "Woźniak", "Dąbrowska"}
)

// patientsFile has n patients with everything that an export usually has.
func patientsFile(n int) []byte {
	var b bytes.Buffer
	b.WriteString("Id;First name;Last name;Date of birth;Sex;Language;Mobile;Consent;Consent date;Consent method\n")
	for i := range n {
		fmt.Fprintf(&b, "P-%06d;%s;%s%s;%d-%02d-%02d;f;pl;+4860%07d;yes;2025-05-%02d;form\n", i, someGiven[i%len(someGiven)],
			someFamily[i%len(someFamily)], suffix(i), 1940+i%70, 1+i%12, 1+i%28, i, 1+i%28)
	}
	return b.Bytes()
}

// suffix makes family names as varied as those of a town.
func suffix(i int) string { return string(rune('a'+i%26)) + string(rune('a'+i/26%26)) }

// visitsFile has n appointments of the patients that patientsFile makes.
func visitsFile(n int) []byte {
	var b bytes.Buffer
	b.WriteString("Appointment id;Patient id;Start;Minutes;Doctor;Type;Booked at\n")
	for i := range n {
		day := storetest.Start.AddDate(0, 0, 3+i%200)
		fmt.Fprintf(&b, "A-%06d;P-%06d;%s %02d:%02d;20;Dr %s;Check-up %d;2026-02-%02d 10:00\n", i, i, day.Format(time.DateOnly),
			8+i%10, i%4*15, someFamily[i%len(someFamily)], i%7, 1+i%28)
	}
	return b.Bytes()
}

func importFile(tb testing.TB, s *intake.Service, sc access.Scope, kind feed.Kind, file []byte) feed.Import {
	tb.Helper()
	ctx := context.Background()
	imp, err := s.Begin(ctx, sc, intake.Upload{Kind: kind, Source: "main", File: bytes.NewReader(file)})
	if err != nil {
		tb.Fatal(err)
	}
	if imp, err = s.Check(ctx, sc, imp.ID, nil); err != nil || imp.State != feed.Checked || imp.Counts.Bad > 0 {
		tb.Fatalf("%s %s, %d bad: %v", imp.State, imp.Fault, imp.Counts.Bad, err)
	}
	if imp, err = s.Apply(ctx, sc, imp.ID, nil); err != nil {
		tb.Fatal(err)
	}
	return imp
}

func benchmark(b *testing.B, file func(st store.Store, s *intake.Service, sc access.Scope) (feed.Kind, []byte)) {
	for name, open := range map[string]storetest.Open{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				st := open(b, clock.NewFixed(storetest.Start))
				sc := storetest.NewOrg(b, st)
				site(b, st, sc)
				s := intake.New(st, table.Reader{}, clock.Real{})
				kind, data := file(st, s, sc)
				b.StartTimer()
				imp := importFile(b, s, sc, kind, data)
				b.StopTimer()
				if imp.Counts.Created != bigFile {
					b.Fatalf("%+v", imp.Counts)
				}
				w := st.WriteStats()
				b.ReportMetric(float64(w.Max.Microseconds())/1000, "max-write-ms")
				b.ReportMetric(float64(w.P99.Microseconds())/1000, "p99-write-ms")
				b.StartTimer()
			}
			b.ReportMetric(bigFile*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkImportPatients(b *testing.B) {
	file := patientsFile(bigFile)
	benchmark(b, func(store.Store, *intake.Service, access.Scope) (feed.Kind, []byte) { return feed.Patients, file })
}

func BenchmarkImportAppointments(b *testing.B) {
	people, visits := patientsFile(bigFile), visitsFile(bigFile)
	benchmark(b, func(_ store.Store, s *intake.Service, sc access.Scope) (feed.Kind, []byte) {
		importFile(b, s, sc, feed.Patients, people)
		return feed.Appointments, visits
	})
}
