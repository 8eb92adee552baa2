package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/core/journey"
)

func TestTextsArePublishedByPrograms(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	key := w.keys["manager"]
	const body = "{{ clinic.name }}: {{ visit.on_day }}, {{ visit.time }}. Call {{ clinic.phone }}"
	draft := func(base int, text string) obj {
		return obj{"base": base, "texts": obj{"en": text}, "note": "shorter", "accept_warnings": true}
	}
	res, answer := w.call(t, http.MethodPost, "/templates/booking", key, draft(1, body+"\n{{ visit.tim }}"))
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(answer, `"location":"body.texts.en, line 2"`) || !strings.Contains(answer, "visit.time") {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
	if res, answer = w.call(t, http.MethodPost, "/templates/booking", key, draft(1, body)); res.StatusCode != http.StatusOK || !strings.Contains(answer, `"version":2,"own":true`) {
		t.Fatalf("%d %s", res.StatusCode, answer)
	}
	if res, answer = w.call(t, http.MethodPost, "/templates/booking", key, draft(1, body+"!")); res.StatusCode != http.StatusConflict {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
	if res, answer = w.call(t, http.MethodGet, "/templates/booking/versions/2", key, nil); res.StatusCode != http.StatusOK || !strings.Contains(answer, "shorter") {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
	if _, answer = w.call(t, http.MethodGet, "/templates", key, nil); !strings.Contains(answer, "{{ visit.on_day }}, {{ visit.time }}. Call") {
		t.Errorf("the list has not the text in force: %s", answer)
	}
	res, answer = w.call(t, http.MethodPost, "/templates/booking/preview", key, obj{"texts": obj{"en": body + " – bye"}, "people": 10})
	if res.StatusCode != http.StatusOK || !strings.Contains(answer, `"dear":["–"]`) || !strings.Contains(answer, `"tried":1`) {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
	if res, answer = w.call(t, http.MethodPost, "/templates/booking/shipped", key, obj{"base": 2}); res.StatusCode != http.StatusOK || !strings.Contains(answer, `"version":3,"own":false`) {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
}

func TestJourneysAreSavedByPrograms(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	key := w.keys["manager"]
	source := strings.Replace(string(journey.ShippedFiles()[0]), "enabled: false", "enabled: true", 1)
	if res, answer := w.call(t, http.MethodPost, "/journeys", key, obj{"source": source, "base": 1}); res.StatusCode != http.StatusOK || !strings.Contains(answer, `"version":2`) {
		t.Fatalf("%d %s", res.StatusCode, answer)
	}
	if res, answer := w.call(t, http.MethodPost, "/journeys", key, obj{"source": source, "base": 1}); res.StatusCode != http.StatusConflict {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
	if res, answer := w.call(t, http.MethodGet, "/journeys/appointment-reminder/versions/1", key, nil); res.StatusCode != http.StatusOK || !strings.Contains(answer, `"shipped":true`) {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
	res, answer := w.call(t, http.MethodPost, "/journeys/check", key, obj{"source": strings.Replace(source, "at: -7d", "at: soon", 1)})
	if res.StatusCode != http.StatusOK || !strings.Contains(answer, `"good":false`) || !strings.Contains(answer, `"path":"steps[1].at"`) {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
	res, answer = w.call(t, http.MethodPost, "/journeys/try", key, obj{"source": source, "start": now.Add(20 * 24 * time.Hour)})
	var told struct {
		Items []struct {
			Step string
			Due  time.Time `json:"due_at"`
		}
	}
	if err := json.Unmarshal([]byte(answer), &told); err != nil || res.StatusCode != http.StatusOK || len(told.Items) != 4 || told.Items[0].Due.IsZero() {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
}
