package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/engine/exchange"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
	"carillon.dev/carillon/internal/web/api"
)

func (w *world) people(t *testing.T) (n int) {
	t.Helper()
	err := w.store.Read(t.Context(), w.own.scope, func(tx store.Tx) (err error) {
		n, err = tx.People().Count(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOneKeyIsOneEffect(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		w := setup(t, nil, open)
		key, body := w.keys["admin"], obj{"family_name": "Zieliński"}

		t.Run("fifty at once make one patient and get one answer", func(t *testing.T) {
			before := w.people(t)
			answers := make([]string, 50)
			var wg sync.WaitGroup
			for i := range answers {
				wg.Go(func() {
					res, got := w.call(t, http.MethodPost, "/patients", key, body, "Idempotency-Key", "fifty")
					if res.StatusCode != http.StatusCreated {
						t.Errorf("status %d: %s", res.StatusCode, got)
					}
					answers[i] = got
				})
			}
			wg.Wait()
			for _, got := range answers {
				if got != answers[0] {
					t.Fatalf("answers differ:\n%s\n%s", answers[0], got)
				}
			}
			if n := w.people(t) - before; n != 1 {
				t.Errorf("%d patients were made", n)
			}
		})
		t.Run("a repeated request says so", func(t *testing.T) {
			res, _ := w.call(t, http.MethodPost, "/patients", key, body, "Idempotency-Key", "fifty")
			if res.Header.Get("Idempotency-Replayed") != "true" || res.Header.Get("Content-Type") != "application/json" {
				t.Errorf("headers %v", res.Header)
			}
		})
		t.Run("the same key for another body is refused", func(t *testing.T) {
			res, got := w.call(t, http.MethodPost, "/patients", key, obj{"family_name": "Wójcik"}, "Idempotency-Key", "fifty")
			if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got, "header.Idempotency-Key") {
				t.Errorf("%d %s", res.StatusCode, got)
			}
		})
		t.Run("the same key for another path is refused", func(t *testing.T) {
			res, _ := w.call(t, http.MethodPost, "/patients/search", key, body, "Idempotency-Key", "fifty")
			if res.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%d", res.StatusCode)
			}
		})
		t.Run("another caller's equal key is another key", func(t *testing.T) {
			before := w.people(t)
			res, _ := w.call(t, http.MethodPost, "/patients", w.keys["manager"], body, "Idempotency-Key", "fifty")
			if res.StatusCode != http.StatusCreated || w.people(t) != before+1 {
				t.Errorf("%d", res.StatusCode)
			}
		})
		t.Run("a refusal is repeated too", func(t *testing.T) {
			first, a := w.call(t, http.MethodPost, "/patients", key, obj{"note": "no name"}, "Idempotency-Key", "bad")
			again, b := w.call(t, http.MethodPost, "/patients", key, obj{"note": "no name"}, "Idempotency-Key", "bad")
			if first.StatusCode != http.StatusUnprocessableEntity || a != b || again.Header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("%d %d\n%s\n%s", first.StatusCode, again.StatusCode, a, b)
			}
		})
		t.Run("a key that is too long is refused", func(t *testing.T) {
			res, _ := w.call(t, http.MethodPost, "/patients", key, body, "Idempotency-Key", strings.Repeat("x", exchange.MaxKey+1))
			if res.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%d", res.StatusCode)
			}
		})
		t.Run("after a day the key is free again", func(t *testing.T) {
			before := w.people(t)
			w.clock.Advance(exchange.Life + time.Second)
			res, _ := w.call(t, http.MethodPost, "/patients", key, body, "Idempotency-Key", "fifty")
			if res.StatusCode != http.StatusCreated || res.Header.Get("Idempotency-Replayed") != "" || w.people(t) != before+1 {
				t.Errorf("%d", res.StatusCode)
			}
		})
	})
}

func TestAPanicFreesTheKeyAndShowsNothing(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	scope, err := w.login.Key(t.Context(), w.keys["admin"])
	if err != nil {
		t.Fatal(err)
	}
	x := exchange.New(w.store, w.clock)
	ask := exchange.Ask{Key: phiText("p"), Request: []byte("digest")}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _, _ = x.Once(t.Context(), scope, ask, func(context.Context, id.ID) exchange.Answer { panic("Nowak") })
	}()
	done, again, err := x.Once(t.Context(), scope, ask, func(context.Context, id.ID) exchange.Answer { return exchange.Answer{Status: 200, Final: true} })
	if err != nil || again || done.Status != 200 {
		t.Errorf("%v %t %v", done, again, err)
	}
}

func TestCursors(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		w := setup(t, nil, open)
		for range 4 {
			w.fresh(t, w.own)
		}
		key := w.keys["admin"]
		type list struct {
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
			Next string `json:"next_cursor"`
		}
		read := func(path string) (l list) {
			t.Helper()
			res, body := w.call(t, http.MethodGet, path, key, nil)
			if res.StatusCode != http.StatusOK {
				t.Fatalf("%s: %d %s", path, res.StatusCode, body)
			}
			if err := json.Unmarshal([]byte(body), &l); err != nil {
				t.Fatal(err)
			}
			return l
		}
		for _, path := range []string{"/patients", "/messages", "/imports", "/tasks", "/audit"} {
			whole, seen := read(path+"?limit=500"), map[string]bool{}
			l := read(path + "?limit=2")
			first := l.Next
			for pages := 0; ; pages++ {
				for _, x := range l.Items {
					if seen[x.ID] {
						t.Fatalf("%s shows a row twice", path)
					}
					seen[x.ID] = true
				}
				if l.Next == "" || pages > 500 {
					break
				}
				l = read(path + "?limit=2&cursor=" + l.Next)
			}
			if len(seen) < len(whole.Items) || len(whole.Items) < 5 {
				t.Errorf("%s: %d rows by pages, %d at once", path, len(seen), len(whole.Items))
			}
			flipped := []byte(first)
			flipped[len(flipped)/2] ^= 1
			for what, cursor := range map[string]string{"changed": string(flipped), "made up": "AAAA", "no base64": "!!", "long": strings.Repeat("A", 290)} {
				if res, _ := w.call(t, http.MethodGet, path+"?cursor="+cursor, key, nil); res.StatusCode != http.StatusUnprocessableEntity {
					t.Errorf("%s takes a cursor that was %s: %d", path, what, res.StatusCode)
				}
			}
		}
		cursor := read("/messages?limit=2").Next
		for what, path := range map[string]string{"of another list": "/patients?cursor=", "of another filter": "/messages?state=held&cursor="} {
			if res, _ := w.call(t, http.MethodGet, path+cursor, key, nil); res.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("a cursor %s fits: %d", what, res.StatusCode)
			}
		}
		foreign, _, err := w.login.NewKey(t.Context(), w.foreign.scope, "f", access.Admin)
		if err != nil {
			t.Fatal(err)
		}
		if res, _ := w.call(t, http.MethodGet, "/messages?cursor="+cursor, foreign, nil); res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("another organization's cursor fits: %d", res.StatusCode)
		}
	})
}

func TestAKeyThatAsksTooOftenWaits(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *api.Options) { o.Rate, o.Burst = 0.001, 3 })
	for range 3 {
		if res, _ := w.call(t, http.MethodGet, "/me", w.keys["viewer"], nil); res.StatusCode != http.StatusOK {
			t.Fatalf("%d", res.StatusCode)
		}
	}
	res, body := w.call(t, http.MethodGet, "/me", w.keys["viewer"], nil)
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" || !strings.Contains(body, `"too_many"`) {
		t.Errorf("%d %v %s", res.StatusCode, res.Header, body)
	}
	if res, _ := w.call(t, http.MethodGet, "/me", w.keys["admin"], nil); res.StatusCode != http.StatusOK {
		t.Errorf("another key waits too: %d", res.StatusCode)
	}
}
