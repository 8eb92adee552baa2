package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/store"
)

func (w *world) place(t *testing.T, name string) (l org.Location) {
	t.Helper()
	w.write(t, func(tx store.Tx) error {
		all, err := tx.Orgs().Locations(t.Context())
		for _, x := range all {
			if x.Name == name {
				l = x
			}
		}
		return err
	})
	return l
}

func TestASiteIsMadeAndItsHoursAreSet(t *testing.T) {
	w := setup(t).withAdmin(t)
	r := w.reader(t).signIn()
	form := url.Values{"name": {"Riverside"}, "zone": {"Europe/Berlin"}, "region": {"de"}, "subregion": {"DE-BY"}, "languages": {"de, en"},
		"phone": {"030 901820"}, "travel": {"45"}, "code": {"R"}}
	res, _ := r.post("/settings/sites/new", form)
	got := w.place(t, "Riverside")
	if res.StatusCode != http.StatusSeeOther || got.Region != "DE" || got.Subregion != "BY" || got.Travel != 45*time.Minute || got.Phone.IsZero() || len(got.Languages) != 2 {
		t.Fatalf("%d %+v", res.StatusCode, got)
	}
	at := "/settings/sites/" + got.ID.String()
	if res, body := r.post("/settings/sites/new", form); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Another location has this name.") {
		t.Errorf("a second place of the same name: %d", res.StatusCode)
	}
	hours := url.Values{"care": {"own"}, "care-holidays": {"closed"}, "marketing": {"rules"}, "holidays": {"de-be"}, "close-from": {"2026-12-24"}, "close-to": {"2026-12-26"},
		"care-1-0-from": {"08:00"}, "care-1-0-to": {"12:00"}, "care-1-1-from": {"13:00"}, "care-1-1-to": {"00:00"}}
	if res, body := r.post(at+"/hours", hours); res.StatusCode != http.StatusSeeOther {
		t.Fatal(res.StatusCode, len(body))
	}
	got = w.place(t, "Riverside")
	if care := got.Hours.Classes[purpose.ClassCare].String(); care != "Mon 08:00-12:00,13:00-24:00; holidays closed" || len(got.Hours.Classes) != 1 {
		t.Errorf("hours %q of %d classes", care, len(got.Hours.Classes))
	}
	if strings.Join(got.Hours.Regions(got.Region, got.Subregion), " ") != "DE-BY DE-BE" || len(got.Hours.Closures) != 3 {
		t.Errorf("holidays %v, closed %v", got.Hours.Holidays, got.Hours.Closures)
	}
	_, page := r.get(at)
	for _, want := range []string{`name="care-1-1-to" value="00:00"`, `value="2026-12-25"`, `value="DE-BE"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the form does not show %s", want)
		}
	}
	hours.Set("closed", "2026-12-25") // the other two days are unticked
	hours.Del("close-from")
	hours.Del("close-to")
	r.post(at+"/hours", hours)
	if got = w.place(t, "Riverside"); len(got.Hours.Closures) != 1 || got.Hours.Closures[0].String() != "2026-12-25" {
		t.Errorf("closed %v", got.Hours.Closures)
	}
	r.post(at, form) // facts again: hours stay
	if got = w.place(t, "Riverside"); len(got.Hours.Closures) != 1 || len(got.Hours.Classes) != 1 {
		t.Errorf("saving the facts lost the hours: %+v", got.Hours)
	}
}

func TestHoursThatCannotBeAreSaidBesideTheirWeek(t *testing.T) {
	w := setup(t).withAdmin(t)
	r := w.reader(t).signIn()
	if res, body := r.post("/settings/sites/new", url.Values{"name": {"Riverside"}, "zone": {"Europe/Warsaw"}, "region": {"PL"}, "languages": {"pl"}, "travel": {"120"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatal(res.StatusCode, len(body))
	}
	at := "/settings/sites/" + w.place(t, "Riverside").ID.String() + "/hours"
	for name, form := range map[string]url.Values{
		"half a stretch":   {"care": {"own"}, "care-2-0-from": {"08:00"}},
		"no hour at all":   {"care": {"own"}},
		"out of order":     {"care": {"own"}, "care-2-0-from": {"14:00"}, "care-2-0-to": {"16:00"}, "care-2-1-from": {"08:00"}, "care-2-1-to": {"10:00"}},
		"a region of none": {"holidays": {"QQ"}},
		"days backwards":   {"close-from": {"2026-05-02"}, "close-to": {"2026-05-01"}},
	} {
		if res, body := r.post(at, form); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "field-error") {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}

func TestTheOrganizationIsChanged(t *testing.T) {
	w := setup(t).withAdmin(t)
	r := w.reader(t).signIn()
	res, _ := r.post("/settings/organization", url.Values{"name": {"Linden Group"}, "region": {"pl"}, "locale": {"pl"}, "calendar": {"own"}})
	if o := w.organization(t); res.StatusCode != http.StatusSeeOther || o.Name != "Linden Group" || o.Region != "PL" || o.CalendarOwner != org.OwnCalendar {
		t.Errorf("%d %+v", res.StatusCode, o)
	}
	if res, _ := r.post("/settings/organization", url.Values{"name": {" "}, "region": {"pl"}, "locale": {"pl"}, "calendar": {"own"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a nameless organization: %d", res.StatusCode)
	}
}
