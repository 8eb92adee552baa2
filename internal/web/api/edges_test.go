package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
)

var update = flag.Bool("update", false, "write the golden files anew")

func phiText(s string) phi.Text { return phi.T(s) }

// golden compares with a file; -update writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s has changed: look at the difference and run the test with -update\n%s", path, firstDifference(string(want), string(got)))
	}
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("want %d lines, got %d", len(a), len(b))
}

func TestTheDescriptionChangesOnPurpose(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	res, body := w.call(t, http.MethodGet, "/openapi.json", "", nil)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/openapi+json" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(body), "", "  "); err != nil {
		t.Fatal(err)
	}
	out.WriteByte('\n')
	golden(t, "openapi.json", out.Bytes())
	if res, yaml := w.call(t, http.MethodGet, "/openapi.yaml", "", nil); res.StatusCode != http.StatusOK || !strings.Contains(yaml, "openapi: 3.1.0") {
		t.Errorf("yaml: %d", res.StatusCode)
	}
}

func TestTheDescriptionAndTheRoutesAgree(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	_, body := w.call(t, http.MethodGet, "/openapi.json", "", nil)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []obj
			Responses   map[string]any
		}
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			described[strings.ToUpper(method)+" "+path] = true
			if o.OperationID == "" || o.Responses["default"] == nil {
				t.Errorf("%s %s has no operationId or no problem", method, path)
			}
			if has := strings.Contains(fmt.Sprint(o.Parameters), "IdempotencyKey"); has != (method == "post") {
				t.Errorf("%s %s: Idempotency-Key %t", method, path, has)
			}
		}
	}
	for _, r := range w.api.Routes() {
		if !described[r.Method+" "+r.Path] {
			t.Errorf("%s %s is not described", r.Method, r.Path)
		}
		delete(described, r.Method+" "+r.Path)
	}
	if len(described) > 0 || doc.OpenAPI != "3.1.0" {
		t.Errorf("described without a route: %v", described)
	}
}

// volatile are ids and times that the server makes.
var volatile = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

func TestRequestsAtTheEdges(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	key := w.keys["admin"]
	patient := "/patients/" + w.own.rows["patient"].String()
	cases := []struct {
		name, method, path, key string
		body                    any
		headers                 []string
	}{
		{name: "no key", method: "GET", path: "/me"},
		{name: "no such path", method: "GET", path: "/nothing", key: key},
		{name: "another method", method: "PUT", path: "/patients", key: key, body: obj{}},
		{name: "a role that may not", method: "POST", path: "/patients", key: w.keys["viewer"], body: obj{"family_name": "X"}},
		{name: "an unknown field", method: "POST", path: "/patients", key: key, body: obj{"family_name": "X", "famly_name": "Y"}},
		{name: "no JSON", method: "POST", path: "/patients", key: key, body: `{"family_name": `},
		{name: "another content type", method: "POST", path: "/patients", key: key, body: `x`, headers: []string{"Content-Type", "text/plain"}},
		{name: "a field that the use-case refuses", method: "POST", path: "/patients", key: key, body: obj{"family_name": "X", "birth_date": "31.05.80"}},
		{name: "an unknown enum", method: "POST", path: "/patients", key: key, body: obj{"family_name": "X", "sex": "f"}},
		{name: "no id", method: "GET", path: "/patients/7", key: key},
		{name: "a version of yesterday", method: "PATCH", path: patient, key: key, body: obj{"version": 7, "note": "x"}},
		{name: "an unknown query", method: "GET", path: "/patients?name=Nowak", key: key},
		{name: "a page too large", method: "GET", path: "/patients?limit=501", key: key},
		{name: "an empty search", method: "POST", path: "/patients/search", key: key, body: obj{}},
		{name: "nobody found", method: "POST", path: "/patients/search", key: key, body: obj{"name": "Xyz", "birth_date": ""}},
		{name: "a number that is none", method: "POST", path: patient + "/contacts", key: key, body: obj{"number": "12345"}},
		{name: "a grant without wording", method: "POST", path: patient + "/consents", key: key, body: obj{"purposes": []string{"appointment"}, "granted": true, "method": "form"}},
		{name: "an upload that is JSON", method: "POST", path: "/imports", key: key, body: obj{}},
		{name: "a body too large", method: "POST", path: "/patients", key: key, body: obj{"note": strings.Repeat("x", 300<<10)}},
		{name: "a body too large under a key", method: "POST", path: "/patients", key: key, body: obj{"note": strings.Repeat("x", 300<<10)}, headers: []string{"Idempotency-Key", "large"}},
		{name: "a bulk without items", method: "POST", path: "/patients/bulk", key: key, body: obj{"source": "ehr", "items": []obj{}}},
		{name: "a bulk with bad items", method: "POST", path: "/patients/bulk", key: key, body: obj{"source": "ehr", "items": []obj{
			{"external_id": "1", "family_name": "Nowak", "mobile": "501 234 567"}, {"external_id": "2", "family_name": "Kowal", "mobile": "12"},
			{"external_id": "1", "family_name": "Twice"}, {"external_id": "3"}, {"external_id": "4", "family_name": "Elsewhere", "location": "Mars"}}}},
	}
	var out bytes.Buffer
	for _, c := range cases {
		res, body := w.call(t, c.method, c.path, c.key, c.body, c.headers...)
		fmt.Fprintf(&out, "# %s\n%s %s\n%d %s\n", c.name, c.method, volatile.ReplaceAllString(c.path, "ID"), res.StatusCode, res.Header.Get("Content-Type"))
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(volatile.ReplaceAllString(body, "ID")), "", "  "); err != nil {
			t.Errorf("%s: not JSON: %s", c.name, body)
		}
		fmt.Fprintf(&out, "%s\n\n", strings.TrimSpace(pretty.String()))
	}
	golden(t, "edges.txt", out.Bytes())
}

func TestNothingAboutAPatientIsLoggedOrToldToOthers(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	tokens := []string{"Kanarkowska", "Zefiryna", "kanarek-mrn-7", "+48509871234", "509871234", "1931-11-07", "kanarek song", "canaryidempotency"}
	named := entries["createPatient"]
	named.body = func(r rows) any {
		return obj{"family_name": tokens[0], "given_name": tokens[1], "birth_date": tokens[5], "note": tokens[6],
			"identifiers": []obj{{"system": "mrn", "value": tokens[2]}}}
	}
	// Bodies that hold the tokens where a text fits; the others are sent as they are.
	bodies := map[string]any{
		"searchPatients": obj{"name": tokens[0], "number": tokens[3], "identifier": tokens[2], "birth_date": tokens[5]},
		"updatePatient":  obj{"version": 1, "note": tokens[6], "family_name": tokens[0]}, "addContact": obj{"number": tokens[3]},
		"optOut": obj{"words": tokens[6]}, "recordConsent": obj{"purposes": []string{tokens[0]}, "granted": true, "method": "staff", "shown": tokens[6]},
		"writeMessage": obj{"text": tokens[6]}, "replyConversation": obj{"version": 2, "text": tokens[6]}, "previewReply": obj{"text": tokens[6]},
		"completeTask": obj{"outcome": "reached", "note": tokens[6]}, "uploadImport": upload("kind", "patients", "file", "id,last name\n"+tokens[2]+","+tokens[0]+"\n"),
		"bulkPatients":     obj{"source": "x", "items": []obj{{"external_id": tokens[2], "family_name": tokens[0], "mobile": tokens[4] + "9999"}}},
		"bulkAppointments": obj{"source": "x", "items": []obj{{"external_id": tokens[2], "patient_external_id": tokens[2], "location": tokens[0], "start": now, "reason": tokens[6]}}},
	}
	for _, r := range w.api.Routes() {
		e := entries[r.Name]
		if r.Name == "createPatient" {
			e = named
		}
		if b, ok := bodies[r.Name]; ok {
			e.body = fixed(b)
		}
		c := w.fresh(t, w.own)
		for _, key := range []string{"", w.keys["viewer"], w.keys["admin"]} {
			headers := []string{"Idempotency-Key", tokens[7] + r.Name + fmt.Sprint(len(key))}
			w.ask(t, r, e, c.rows, key, headers...)
			w.ask(t, r, e, madeUp(c.rows), key)
			if broken := e; r.Name != "uploadImport" && e.body != nil {
				broken.body = fixed(obj{tokens[0]: tokens[3]})
				w.ask(t, r, broken, c.rows, key)
			}
		}
		if strings.Contains(r.Path, "name") || strings.Contains(r.Path, "number") {
			t.Errorf("%s has room for a patient's facts", r.Path)
		}
	}
	for _, token := range tokens {
		if strings.Contains(w.log.String(), token) {
			t.Errorf("the log holds %q", token)
		}
	}
	foreign, _, err := w.login.NewKey(t.Context(), w.foreign.scope, "canary", access.Admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range w.api.Routes() {
		_, body := w.ask(t, r, entries[r.Name], w.own.rows, foreign)
		for _, token := range tokens {
			if strings.Contains(body, token) {
				t.Errorf("%s shows %q to another organization", r.Name, token)
			}
		}
	}
}
