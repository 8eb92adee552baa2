package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const ownReminder = "{{ clinic.name }}: visit {{ visit.on_day }} at {{ visit.time }}. Reply {{ reply.confirm }} to confirm. Call {{ clinic.phone }}"

func TestATextIsPublishedAndNothingIsLostOnAMistake(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	if _, body := r.get("/texts"); !strings.Contains(body, "/texts/reminder-24h") || !strings.Contains(body, "Arabic") {
		t.Error("the list lacks texts or languages")
	}
	form := url.Values{"base": {"1"}, "text.en": {ownReminder + "\n{{ visit.tim }}"}, "note": {"shorter & clear"}}
	res, body := r.post("/texts/reminder-24h", form)
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Line 2:") || !strings.Contains(body, "visit.time?") ||
		!strings.Contains(body, "{{ visit.tim }}</textarea>") || !strings.Contains(body, "shorter &amp; clear") {
		t.Errorf("%d, with a mistake on line 2", res.StatusCode)
	}
	form.Set("text.en", ownReminder+" – thanks")
	res, body = r.post("/texts/reminder-24h", form)
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Publish anyway") {
		t.Errorf("%d, with a warning", res.StatusCode)
	}
	form.Set("plain", "en")
	if res, body = r.post("/texts/reminder-24h", form); res.StatusCode != http.StatusOK || !strings.Contains(body, "{{ clinic.phone }} - thanks</textarea>") {
		t.Errorf("%d, with plain letters", res.StatusCode)
	}
	form.Del("plain")
	form.Set("seen", "yes")
	if res, _ = r.post("/texts/reminder-24h", form); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("published: %d", res.StatusCode)
	}
	form.Set("text.en", ownReminder+" Ada")
	res, body = r.post("/texts/reminder-24h", form)
	if res.StatusCode != http.StatusConflict || !strings.Contains(body, "Ada</textarea>") || !strings.Contains(body, `name="base" value="2"`) || !strings.Contains(body, "<ins>Ada") {
		t.Errorf("%d, published by somebody else meanwhile", res.StatusCode)
	}
	if _, body = r.get("/texts/reminder-24h/versions/2"); !strings.Contains(body, "shorter &amp; clear") || !strings.Contains(body, "Ada Wi") || !strings.Contains(body, "<del>") {
		t.Error("the version does not say who changed what")
	}
	if res, _ = r.post("/texts/reminder-24h/shipped", url.Values{"base": {"2"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("back to what ships: %d", res.StatusCode)
	}
	for _, path := range []string{"/texts/nothing", "/texts/reminder-24h/versions/9", "/texts/BAD%20KEY?new=yes", "/journeys/nothing", "/journeys/appointment-reminder/versions/9"} {
		if res, _ := r.get(path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

func TestPlainLettersAreChosenOnThePageOfTexts(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	if _, body := r.get("/texts"); strings.Count(body, `action="/plain-letters"`) == 0 || strings.Contains(body, `name="language" value="ar"`) {
		t.Error("the choice is not offered, or for Arabic")
	}
	if res, _ := r.post("/plain-letters", url.Values{"language": {"pl"}, "on": {"yes"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("chosen: %d", res.StatusCode)
	}
	if _, body := r.get("/texts"); !strings.Contains(body, "Use all letters: Polish") {
		t.Error("the choice is not shown")
	}
	if res, _ := r.post("/plain-letters", url.Values{"language": {"ar"}, "on": {"yes"}}); res.StatusCode < 400 {
		t.Errorf("Arabic in plain letters: %d", res.StatusCode)
	}
	_, body := r.get("/texts/booking")
	if !strings.Contains(body, "The first text to a number also says:") || !strings.Contains(body, "Reply STOP for no more texts.") {
		t.Error("the preview does not tell of the first text")
	}
	if !strings.Contains(body, " as written, ") {
		t.Error("the preview does not set both prices side by side")
	}
}

func TestANewTextBeginsWithItsName(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	for key, want := range map[string]int{"Bad Name": 422, "booking": 422, "bring-your-card": 303} {
		if res, body := r.post("/texts", url.Values{"key": {key}}); res.StatusCode != want || want == 422 && !strings.Contains(body, `value="`+key+`"`) {
			t.Errorf("%s: %d", key, res.StatusCode)
		}
	}
	if res, body := r.get("/texts/bring-your-card?new=yes"); res.StatusCode != 200 || !strings.Contains(body, "text.en") {
		t.Errorf("the editor: %d", res.StatusCode)
	}
	form := url.Values{"base": {"1"}, "seen": {"yes"}, "new_locale": {"klingon!"}, "new_text": {"Qapla'"}}
	if res, body := r.post("/texts/bring-your-card", form); res.StatusCode != 422 || !strings.Contains(body, "no language code") {
		t.Errorf("a name of no language: %d", res.StatusCode)
	}
	form = url.Values{"base": {"1"}, "seen": {"yes"}, "new_locale": {"en_GB"}, "new_text": {"{{ clinic.name }}: {{ visit.on_day }}, {{ visit.time }}. Call {{ clinic.phone }}"}}
	if res, body := r.post("/texts/bring-your-card", form); res.StatusCode != 303 {
		t.Errorf("published: %d %s", res.StatusCode, body)
	}
	if _, body := r.get("/texts"); !strings.Contains(body, "bring-your-card") {
		t.Error("the list lacks the new text")
	}
}

func TestAJourneyIsChangedByAFormAndAsText(t *testing.T) {
	t.Parallel()
	w := setup(t).withAdmin(t)
	w.seed(t)
	r := w.reader(t).signIn()
	_, page := r.get("/journeys/appointment-reminder")
	if !strings.Contains(page, "Try it") || !strings.Contains(page, "minutes") {
		t.Fatal("no form")
	}
	form := url.Values{"base": {"1"}, "day": {"2026-05-20"}, "time": {"09:00"}}
	for _, step := range []string{"booking", "week-before", "day-before", "hours-before"} {
		form.Set("on."+step, "yes")
	}
	for field, v := range map[string]string{"n.booking": "0", "unit.booking": "h", "until.booking": "1", "until_unit.booking": "h",
		"n.week-before": "5", "unit.week-before": "d", "until.week-before": "9", "until_unit.week-before": "d",
		"n.day-before": "24", "unit.day-before": "h", "until.day-before": "2", "until_unit.day-before": "h",
		"n.hours-before": "2", "unit.hours-before": "h", "until.hours-before": "30", "until_unit.hours-before": "m"} {
		form.Set(field, v)
	}
	res, body := r.post("/journeys/appointment-reminder/steps", form)
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "nearer to the visit") || !strings.Contains(body, `value="9"`) {
		t.Errorf("%d with a text that goes after its use", res.StatusCode)
	}
	form.Set("until.week-before", "2")
	form.Set("act", "try")
	if res, body = r.post("/journeys/appointment-reminder/steps", form); res.StatusCode != 200 || !strings.Contains(body, "15 May 2026") {
		t.Errorf("%d trying it", res.StatusCode)
	}
	form.Del("act")
	if res, _ = r.post("/journeys/appointment-reminder/steps", form); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("saved: %d", res.StatusCode)
	}
	if res, body = r.post("/journeys/appointment-reminder/steps", form); res.StatusCode != http.StatusConflict || !strings.Contains(body, "version 2") {
		t.Errorf("%d saving an old version", res.StatusCode)
	}
	if _, body = r.get("/journeys/appointment-reminder/versions/2"); !strings.Contains(body, "<ins>") || !strings.Contains(body, "at: -5d") {
		t.Error("the version does not show its change")
	}
	for path, want := range map[string]int{"/journeys/appointment-reminder": 422, "/journeys/appointment-reminder/check": 200} {
		res, body := r.post(path, url.Values{"base": {"2"}, "source": {"journey: appointment-reminder\r\nnonsense: 1\r\n"}})
		if res.StatusCode != want || !strings.Contains(body, "Line 2:") {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}
