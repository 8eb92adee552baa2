package api_test

import (
	"net/http"
	"testing"

	"carillon.dev/carillon/internal/store/storetest"
)

// PostgreSQL refuses a text with U+0000 as a fault of the statement; the caller's mistake must not look like ours.
func TestTextsWithTheNulCharacterAreTheCallersMistake(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		w := setup(t, nil, open)
		body := patients(1, "Nowak")
		body["source"] = "e\x00hr"
		if res, got := w.call(t, http.MethodPost, "/patients/bulk", w.keys["admin"], body); res.StatusCode != http.StatusBadRequest {
			t.Errorf("a source's name: %d %s", res.StatusCode, got)
		}
		body["source"] = `C:\\u0000` // backslashes and letters, not the escape
		if b := w.bulk(t, "/patients/bulk", body); b.Created != 1 {
			t.Errorf("a name with backslashes: %+v", b)
		}
	})
}
