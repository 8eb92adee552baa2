package api_test

import (
	"net/http"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

func TestAGuestListIsSentWholeAndItsWrongNumberIsNamed(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	route := w.own.rows["route"]
	path, key := "/routes/"+route.String()+"/guests", w.keys["admin"]
	set := func(body string) (int, string) {
		res, got := w.call(t, http.MethodPost, path, key, body)
		return res.StatusCode, got
	}
	guests := func() (all []phone.Number) {
		if err := w.store.Read(t.Context(), w.own.scope, func(tx store.Tx) (err error) {
			all, err = tx.Routes().ListGuests(t.Context(), route)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if code, got := set(`{"numbers":["+48 601 234 567"]}`); code != http.StatusNoContent {
		t.Fatalf("a list: %d %s", code, got)
	}
	for _, c := range []struct{ body, says string }{
		{`{"numbers":null}`, "numbers"},
		{`{}`, "numbers"},
		{`{"numbers":["+48 601 234 568","12"]}`, "body.numbers[1]"},
	} {
		if code, got := set(c.body); code != http.StatusUnprocessableEntity || !strings.Contains(got, c.says) {
			t.Errorf("%s: %d %s", c.body, code, got)
		}
	}
	if n := len(guests()); n != 1 {
		t.Errorf("%d guests after lists that are none", n)
	}
	if code, got := set(`{"numbers":[]}`); code != http.StatusNoContent || len(guests()) != 0 {
		t.Errorf("nobody: %d %s", code, got)
	}
}
