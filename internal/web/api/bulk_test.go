package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"carillon.dev/carillon/internal/store/storetest"
)

// bulk is the answer of a bulk request.
type bulk struct {
	Import                               string
	Held                                 bool
	Why                                  string
	Created, Updated, Unchanged, Refused int
	Items                                []struct {
		Outcome, ID string
		Errors      []struct{ Location, Code, Message string }
	}
}

func (w *world) bulk(t testing.TB, path string, body obj) (b bulk) {
	t.Helper()
	res, got := w.call(t, http.MethodPost, path, w.keys["admin"], body)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, res.StatusCode, got)
	}
	if err := json.Unmarshal([]byte(got), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func patients(n int, surname string) obj {
	items := make([]obj, n)
	for i := range items {
		items[i] = obj{"external_id": fmt.Sprint("p", i), "mrn": fmt.Sprint("m", i), "given_name": "Anna", "family_name": surname, "birth_date": "1980-05-31",
			"language": "pl", "mobile": fmt.Sprintf("+48501%06d", i), "location": "main",
			"consents": []obj{{"purpose": "care", "granted": true, "method": "form", "wording": "sms-care/1", "at": now.Add(-time.Hour)}}}
	}
	return obj{"source": "ehr", "items": items}
}

func visits(n, hours int) obj {
	items := make([]obj, n)
	for i := range items {
		items[i] = obj{"external_id": fmt.Sprint("v", i), "patient_external_id": fmt.Sprint("p", i), "location": "main",
			"start": now.Add(time.Duration(24*7+hours+i%3) * time.Hour), "practitioner": "Dr Lis", "visit_type": "check-up"}
	}
	return obj{"source": "ehr", "items": items}
}

func TestBulkByExternalID(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		w := setup(t, nil, open)

		began := time.Now()
		all := w.bulk(t, "/patients/bulk", patients(1000, "Nowak"))
		t.Logf("1,000 new patients in %v", time.Since(began).Round(time.Millisecond))
		if all.Created != 1000 || all.Refused != 0 || all.Items[999].ID == "" || all.Held {
			t.Fatalf("created %d, refused %d %+v", all.Created, all.Refused, all.Items[0])
		}
		began = time.Now()
		again := w.bulk(t, "/patients/bulk", patients(1000, "Nowak"))
		t.Logf("the same again in %v", time.Since(began).Round(time.Millisecond))
		if again.Unchanged != 1000 || again.Import != "" || again.Items[7].ID != all.Items[7].ID {
			t.Errorf("again: %d unchanged, import %q", again.Unchanged, again.Import)
		}
		if b := w.bulk(t, "/patients/bulk", patients(10, "Kowalska")); b.Updated != 10 || b.Items[3].ID != all.Items[3].ID {
			t.Errorf("another name: %+v", b)
		}

		first := w.bulk(t, "/appointments/bulk", visits(1000, 0))
		if first.Created != 1000 || !first.Held || first.Why != "first_import" {
			t.Fatalf("first visits: %d, held %t %q", first.Created, first.Held, first.Why)
		}
		if b := w.bulk(t, "/appointments/bulk", visits(1000, 0)); b.Unchanged != 1000 || b.Import != "" {
			t.Errorf("again: %+v", b.Unchanged)
		}
		if res, body := w.call(t, http.MethodPost, "/imports/"+first.Import+"/release", w.keys["manager"], nil); res.StatusCode != http.StatusOK {
			t.Fatalf("release: %d %s", res.StatusCode, body)
		}
		if b := w.bulk(t, "/appointments/bulk", visits(5, 1)); b.Updated != 5 || b.Held {
			t.Errorf("a few moved: %d, held %t", b.Updated, b.Held)
		}
		if b := w.bulk(t, "/appointments/bulk", visits(500, 2)); !b.Held || b.Why != "storm" {
			t.Errorf("half of them moved: held %t %q", b.Held, b.Why)
		}
	})
}

func TestABadItemDoesNotHinderTheOthers(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.bulk(t, "/patients/bulk", patients(2, "Nowak"))
	b := w.bulk(t, "/appointments/bulk", obj{"source": "ehr", "items": []obj{
		{"external_id": "a", "patient_external_id": "p0", "location": "main", "start": now.Add(48 * time.Hour)},
		{"external_id": "b", "patient_external_id": "stranger", "location": "main", "start": now.Add(48 * time.Hour)},
		{"external_id": "c", "patient_external_id": "p1", "location": "Mars", "start": now.Add(48 * time.Hour)},
		{"external_id": "a", "patient_external_id": "p1", "location": "main", "start": now.Add(48 * time.Hour)},
	}})
	want := []string{"created", "refused", "refused", "refused"}
	codes := []string{"", "no_such_patient", "no_such_location", "twice_in_file"}
	for i, item := range b.Items {
		if item.Outcome != want[i] || codes[i] != "" && item.Errors[0].Code != codes[i] {
			t.Errorf("item %d: %+v", i, item)
		}
	}
	other := w.bulk(t, "/patients/bulk", obj{"source": "ehr", "items": []obj{{"external_id": "new", "mrn": "m0", "family_name": "Double"}}})
	if other.Refused != 1 || other.Items[0].Errors[0].Code != "identifier_of_another_patient" {
		t.Errorf("another's record number: %+v", other)
	}
}

func TestAnImportFromUploadToUndo(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		w := setup(t, nil, open)
		key := w.keys["manager"]
		f := upload("kind", "patients", "source", "paper", "encoding", "utf-8", "file", "id,first name,last name,mobile\n1,Jan,Kowalski,501 222 333\n2,Ewa,Lis,12\n")
		var imp struct {
			ID, State string
			Working   bool
			Counts    struct{ Lines, Bad, Created, Undone int }
		}
		read := func(res *http.Response, body string, want int) {
			t.Helper()
			if res.StatusCode != want {
				t.Fatalf("%d %s", res.StatusCode, body)
			}
			if err := json.Unmarshal([]byte(body), &imp); err != nil {
				t.Fatal(err)
			}
		}
		until := func(state string) {
			t.Helper()
			for begun := time.Now(); imp.State != state || imp.Working; {
				if time.Since(begun) > 20*time.Second {
					t.Fatalf("the import stays %s", imp.State)
				}
				res, body := w.call(t, http.MethodGet, "/imports/"+imp.ID, key, nil)
				read(res, body, http.StatusOK)
			}
		}
		post := func(what string, body any, want int) {
			t.Helper()
			res, got := w.call(t, http.MethodPost, "/imports/"+imp.ID+"/"+what, key, body)
			read(res, got, want)
		}
		res, body := w.call(t, http.MethodPost, "/imports", key, f.body, "Content-Type", f.kind, "Idempotency-Key", "paper-1")
		read(res, body, http.StatusCreated)
		id := imp.ID
		res, body = w.call(t, http.MethodPost, "/imports", key, f.body, "Content-Type", f.kind, "Idempotency-Key", "paper-1")
		if read(res, body, http.StatusCreated); imp.ID != id {
			t.Error("the upload was taken in twice")
		}
		post("check", nil, http.StatusAccepted)
		until("checked")
		if imp.Counts.Lines != 2 || imp.Counts.Bad != 1 {
			t.Fatalf("counts %+v", imp.Counts)
		}
		if res, report := w.call(t, http.MethodGet, "/imports/"+id+"/problems", key, nil); res.Header.Get("Content-Type") != "text/csv; charset=utf-8" ||
			report != "line,column,code,problem,value\n3,mobile,bad_number,the phone number has too few digits,12\n" {
			t.Errorf("report %v\n%s", res.Header, report)
		}
		if res, _ := w.call(t, http.MethodPost, "/imports/"+id+"/apply", key, nil); res.StatusCode != http.StatusConflict {
			t.Errorf("a file with problems is applied: %d", res.StatusCode)
		}
		post("options", obj{"encoding": "utf-8", "skip_bad": true}, http.StatusOK)
		post("check", nil, http.StatusAccepted)
		until("checked")
		post("apply", nil, http.StatusAccepted)
		until("applied")
		if imp.Counts.Created != 1 {
			t.Errorf("counts %+v", imp.Counts)
		}
		post("undo", nil, http.StatusAccepted)
		until("undone")
	})
}

// The formats that times are kept in end with the year 9999 of UTC; the zero time is a value that somebody forgot.
func TestAVisitInAYearThatCannotBeIsRefusedAlone(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		w := setup(t, nil, open)
		w.bulk(t, "/patients/bulk", patients(3, "Nowak"))
		body := visits(3, 0)
		items := body["items"].([]obj)
		items[0]["start"], items[1]["start"] = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"
		got := w.bulk(t, "/appointments/bulk", body)
		if got.Refused != 2 || got.Created != 1 || got.Items[2].Outcome != "created" {
			t.Fatalf("%+v", got)
		}
	})
}
