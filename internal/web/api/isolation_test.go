package api_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/journey"
	"carillon.dev/carillon/internal/store/storetest"
	"carillon.dev/carillon/internal/web/api"
)

// entry is how a test calls a route: the ids in its path, and its body. Rows are those of one organization.
type entry struct {
	path []string // rows that fill the path's ids, in order
	body func(rows map[string]id.ID) any
	// inBody says that an id in the body, not the path, names a row: a foreign one is refused like a missing one.
	inBody bool
	want   int           // of an administrator's own; 0 is any 2xx
	admin  access.Action // what the use-case asks beyond the route's own needs
}

type rows = map[string]id.ID

func fixed(v any) func(rows) any { return func(rows) any { return v } }

type obj = map[string]any

// entries has one line for each route of the table; a route without one fails the test.
var entries = map[string]entry{
	"getMe": {}, "getOrganization": {}, "getSending": {}, "listPatients": {}, "listAppointments": {}, "listMessages": {}, "listConversations": {},
	"listImports": {}, "listTasks": {}, "listJourneys": {}, "listTemplates": {}, "listRoutes": {}, "listAudit": {}, "stopSending": {}, "resumeSending": {},
	"getJourney":         {path: []string{"journey"}, want: http.StatusNotFound},
	"getJourneyVersion":  {path: []string{"journey", "=1"}, want: http.StatusNotFound},
	"checkJourney":       {body: fixed(obj{"source": "journey: x"})},
	"saveJourney":        {body: fixed(obj{"source": "journey: x"}), want: http.StatusUnprocessableEntity},
	"tryJourney":         {body: fixed(obj{"source": string(journey.ShippedFiles()[0]), "start": now.Add(240 * time.Hour)})},
	"getTemplate":        {path: []string{"journey"}, want: http.StatusNotFound},
	"getTemplateVersion": {path: []string{"journey", "=1"}, want: http.StatusNotFound},
	"saveTemplate":       {path: []string{"=booking"}, body: fixed(obj{"base": 1, "texts": obj{"en": "{{ nobody }}"}}), want: http.StatusUnprocessableEntity},
	"revertTemplate":     {path: []string{"=booking"}, body: fixed(obj{"base": 1}), want: http.StatusUnprocessableEntity},
	"previewTemplate":    {path: []string{"=booking"}, body: fixed(obj{"texts": obj{"en": "{{ clinic.name }}"}, "people": 5})},
	"createPatient":      {body: func(r rows) any { return obj{"family_name": "Nowak", "location": r["location"]} }, inBody: true},
	"searchPatients":     {body: fixed(obj{"name": "Nowak"})},
	"getPatient":         {path: []string{"patient"}},
	"updatePatient":      {path: []string{"patient"}, body: fixed(obj{"version": 1, "note": "stairs"})},
	"markDeceased":       {path: []string{"patient"}},
	"markAlive":          {path: []string{"patient"}},
	"addContact":         {path: []string{"patient"}, body: fixed(obj{"number": "502 111 222"})},
	"removeContact":      {path: []string{"patient", "contact"}},
	"checkContact":       {path: []string{"contact"}},
	"optOut":             {path: []string{"contact"}, body: fixed(obj{"words": "no more"})},
	"listConsents":       {path: []string{"patient"}},
	"recordConsent":      {path: []string{"patient"}, body: fixed(obj{"purposes": []string{"appointment"}, "granted": true, "method": "staff", "shown": "May we text you?"})},
	"bulkPatients":       {body: fixed(obj{"source": "ehr", "items": []obj{{"external_id": "1", "family_name": "Nowak"}}})},
	"bulkAppointments":   {body: fixed(obj{"source": "ehr", "items": []obj{{"external_id": "1", "patient_external_id": "none", "location": "Main", "start": "2026-03-09T10:00:00+01:00"}}})},
	"bookAppointment": {inBody: true, body: func(r rows) any {
		return obj{"patient": r["patient"], "location": r["location"], "start": now.Add(48 * time.Hour)}
	}},
	"getAppointment":    {path: []string{"appointment"}},
	"moveAppointment":   {path: []string{"appointment"}, body: fixed(obj{"version": 1, "start": now.Add(96 * time.Hour)})},
	"cancelAppointment": {path: []string{"appointment"}, body: fixed(obj{"version": 1})},
	"markAppointment":   {path: []string{"appointment"}, body: fixed(obj{"version": 1, "status": "arrived"})},
	"answerAppointment": {path: []string{"appointment"}, body: fixed(obj{"version": 1, "answer": "accepted"})},
	"getMessage":        {path: []string{"message"}},
	"explainMessage":    {path: []string{"message"}},
	"writeMessage":      {path: []string{"patient"}, body: fixed(obj{"text": "Please bring your card"})},
	"getConversation":   {path: []string{"conversation"}},
	"replyConversation": {path: []string{"conversation"}, body: fixed(obj{"version": 2, "text": "Yes, come at ten"})},
	"previewReply":      {path: []string{"conversation"}, body: fixed(obj{"text": "Yes, come at ten"})},
	"claimConversation": {path: []string{"conversation"}, body: fixed(obj{"version": 2})},
	"closeConversation": {path: []string{"conversation"}, body: fixed(obj{"version": 2})},
	"markMeaning":       {path: []string{"inbound"}, body: fixed(obj{"meaning": "nothing"})},
	"uploadImport":      {body: fixed(upload("kind", "patients", "file", "id,last name\n7,Nowak\n"))},
	"getImport":         {path: []string{"import"}},
	"settleImport":      {path: []string{"import"}, body: fixed(obj{"encoding": "utf-8"})},
	"checkImport":       {path: []string{"import"}},
	"applyImport":       {path: []string{"import"}, want: http.StatusConflict},
	"listAbsent":        {path: []string{"import"}, want: http.StatusConflict},
	"agreeAbsent":       {path: []string{"import"}, body: fixed(obj{"absent": 0}), want: http.StatusConflict},
	"getHeld":           {path: []string{"import"}},
	"releaseImport":     {path: []string{"import"}, want: http.StatusConflict},
	"undoImport":        {path: []string{"import"}, want: http.StatusConflict},
	"listProblems":      {path: []string{"import"}},
	"completeTask":      {path: []string{"task"}, body: fixed(obj{"outcome": "reached"})},
	"listSelfTests":     {}, "listIncidents": {}, "getBudget": {}, "listPlainLetters": {},
	"setPlainLetters":    {body: fixed(obj{"language": "pl", "on": true})},
	"setBudget":          {body: fixed(obj{"day": 2, "week": 6})},
	"changeOrganization": {body: fixed(obj{"calendar_owner": "own"})},
	"createLocation":     {body: func(rows) any { return obj{"name": id.New().String(), "zone": "Europe/Warsaw"} }},
	"updateLocation": {path: []string{"location"}, body: func(rows) any {
		return obj{"name": id.New().String(), "external_id": id.New().String(), "subregion": "BY"}
	}},
	"expectSource":   {path: []string{"source"}, body: fixed(obj{"every_hours": 24})},
	"setHours":       {path: []string{"location"}, body: fixed(obj{"care": "Mon-Fri 08:00-13:00,14:00-18:00; holidays closed", "closures": []string{"2026-12-24"}})},
	"setSelfTest":    {path: []string{"route"}, body: fixed(obj{"phone": "+48 601 234 567", "every_minutes": 60})},
	"runSelfTest":    {path: []string{"route"}, want: http.StatusNotFound},
	"getRoute":       {path: []string{"route"}},
	"updateRoute":    {path: []string{"route"}, body: func(rows) any { return obj{"rate": 20, "name": "Route " + id.New().String()} }},
	"setGuests":      {path: []string{"route"}, body: fixed(obj{"numbers": []string{"+48 601 234 567"}})},
	"updateSender":   {path: []string{"route", "sender"}, body: fixed(obj{"disabled": true})},
	"setRouteState":  {path: []string{"route"}, body: fixed(obj{"state": "open"}), admin: access.ManageRoutes},
	"listAudiences":  {},
	"createAudience": {body: func(r rows) any { return obj{"name": id.New().String(), "rule": "age >= 50", "purpose": "recall"} }},
	"getAudience":    {path: []string{"audience"}},
	"saveAudience": {path: []string{"audience"}, body: func(r rows) any {
		return obj{"version": 1, "name": id.New().String(), "rule": "age >= 50", "purpose": "recall"}
	}},
	"listAudienceVersions": {path: []string{"audience"}},
	"archiveAudience":      {path: []string{"audience"}},
	"uploadAudience": {inBody: true, body: func(r rows) any {
		return obj{"name": "List " + id.New().String(), "purpose": "event", "items": []obj{{"mrn": r["record"].String()}, {"mrn": "nobody's"}}}
	}},
	"countAudience":       {path: []string{"audience"}},
	"countRule":           {body: fixed(obj{"rule": "age >= 50", "purpose": "recall"})},
	"getAudienceCount":    {path: []string{"count"}},
	"cancelAudienceCount": {path: []string{"count"}},
	"sampleAudience":      {path: []string{"count"}},
	"callAudience":        {path: []string{"audience"}},
	"letterAudience":      {path: []string{"audience"}},
}

// form is a multipart body.
type form struct {
	kind string
	body []byte
}

func upload(fields ...string) form {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "file" {
			w, _ := m.CreateFormFile("file", "x.csv")
			_, _ = w.Write([]byte(fields[i+1]))
			continue
		}
		_ = m.WriteField(fields[i], fields[i+1])
	}
	_ = m.Close()
	return form{m.FormDataContentType(), b.Bytes()}
}

var inPath = regexp.MustCompile(`\{[^}]+\}`)

// pathOf fills a route's path.
func pathOf(r api.Route, e entry, rows rows) string {
	n := 0
	return inPath.ReplaceAllStringFunc(r.Path, func(string) string {
		n++
		if e.path[n-1] == "journey" {
			return "no-such-journey"
		}
		if fixed, ok := strings.CutPrefix(e.path[n-1], "="); ok {
			return fixed
		}
		return rows[e.path[n-1]].String()
	})
}

// ask calls a route with an entry's path and body.
func (w *world) ask(t testing.TB, r api.Route, e entry, rows rows, key string, headers ...string) (*http.Response, string) {
	t.Helper()
	var body any
	if e.body != nil {
		body = e.body(rows)
	}
	if f, ok := body.(form); ok {
		return w.call(t, r.Method, pathOf(r, e, rows), key, f.body, append(headers, "Content-Type", f.kind)...)
	}
	return w.call(t, r.Method, pathOf(r, e, rows), key, body, headers...)
}

// madeUp are ids that nobody has.
func madeUp(like rows) rows {
	out := rows{}
	for k := range like {
		out[k] = id.New()
	}
	return out
}

// shape is an answer without what differs between any two requests.
func shape(t testing.TB, status int, body string) string {
	t.Helper()
	var m obj
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("status %d: not JSON: %s", status, body)
	}
	delete(m, "request_id")
	b, _ := json.Marshal(m)
	return string(b)
}

func TestEveryRouteKeepsRolesAndOrganizationsApart(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open storetest.Open) {
		w := setup(t, nil, open)
		for _, r := range w.api.Routes() {
			e, ok := entries[r.Name]
			if !ok {
				t.Errorf("%s %s has no entry: say how the test calls %s", r.Method, r.Path, r.Name)
				continue
			}
			t.Run(r.Name, func(t *testing.T) { w.isolated(t, r, e) })
		}
		if len(entries) != len(w.api.Routes()) {
			t.Errorf("%d entries for %d routes", len(entries), len(w.api.Routes()))
		}
	})
}

func (w *world) isolated(t *testing.T, r api.Route, e entry) {
	for _, key := range []string{"", "carillon_nonsense", w.keys["revoked"]} {
		if res, _ := w.ask(t, r, e, w.own.rows, key); res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("without a valid key: %d", res.StatusCode)
		}
	}
	for _, role := range access.Roles() {
		key := w.keys[string(role)]
		foreign, foreignBody := w.ask(t, r, e, w.foreign.rows, key)
		missing, missingBody := w.ask(t, r, e, madeUp(w.own.rows), key)
		if e.named() {
			a, b := shape(t, foreign.StatusCode, foreignBody), shape(t, missing.StatusCode, missingBody)
			if a != b || foreign.StatusCode != missing.StatusCode {
				t.Errorf("%s tells a foreign row from a missing one: %s against %s", role, a, b)
			}
		}
		own, body := w.ask(t, r, e, w.fresh(t, w.own).rows, key)
		allowed := (r.Needs == "" || role.Allows(r.Needs)) && (e.admin == "" || role.Allows(e.admin))
		switch {
		case !allowed:
			if own.StatusCode != http.StatusForbidden || e.named() && foreign.StatusCode != http.StatusForbidden && e.admin == "" {
				t.Errorf("%s may not, but gets %d and %d", role, own.StatusCode, foreign.StatusCode)
			}
		case e.want != 0 && own.StatusCode != e.want, e.want == 0 && own.StatusCode/100 != 2:
			t.Errorf("%s asks for their own and gets %d: %s", role, own.StatusCode, body)
		case e.inPath() && foreign.StatusCode != http.StatusNotFound:
			t.Errorf("%s gets %d for a foreign row: %s", role, foreign.StatusCode, foreignBody)
		case e.inBody && foreign.StatusCode/100 == 2:
			t.Errorf("%s gets %d with a foreign row in the body: %s", role, foreign.StatusCode, foreignBody)
		}
		if own.Header.Get("Cache-Control") != "no-store" || own.Header.Get("Request-Id") == "" || own.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("headers: %v", own.Header)
		}
		if strings.Contains(foreignBody, "Nowak") && e.named() {
			t.Errorf("%s reads a foreign patient: %s", role, foreignBody)
		}
	}
}

// named: the route names a row.
func (e entry) named() bool { return e.inPath() || e.inBody }

// inPath: a part of the path is a row and no fixed word, which begins with =.
func (e entry) inPath() bool {
	return slices.ContainsFunc(e.path, func(p string) bool { return !strings.HasPrefix(p, "=") })
}
