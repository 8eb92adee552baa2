package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carillon.dev/carillon/internal/app/lines"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/audience"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/content"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/core/quiet"
	"carillon.dev/carillon/internal/core/rules"
	"carillon.dev/carillon/internal/core/schedule"
	tests "carillon.dev/carillon/internal/core/selftest"
	"carillon.dev/carillon/internal/ehr/table"
	audiences "carillon.dev/carillon/internal/engine/audience"
	"carillon.dev/carillon/internal/engine/desk"
	"carillon.dev/carillon/internal/engine/exchange"
	"carillon.dev/carillon/internal/engine/explain"
	"carillon.dev/carillon/internal/engine/inbound"
	"carillon.dev/carillon/internal/engine/inbox"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/engine/login"
	"carillon.dev/carillon/internal/engine/outbox"
	"carillon.dev/carillon/internal/engine/plan"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/engine/route"
	"carillon.dev/carillon/internal/engine/selftest"
	"carillon.dev/carillon/internal/engine/send"
	"carillon.dev/carillon/internal/engine/settings"
	"carillon.dev/carillon/internal/engine/texts"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/storetest"
	"carillon.dev/carillon/internal/web/api"
)

// now is a Wednesday morning on both clocks.
var now = time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)

// world is an API over a real database with two organizations of the same shape.
type world struct {
	api     *api.API
	url     string
	store   store.Store
	login   *login.Service
	clock   *clock.Fixed
	log     *logged
	own     clinic
	foreign clinic
	imports *intake.Service
	numbers atomic.Int64
	keys    map[string]string // by role; "revoked" is one that was ended
}

// clinic is an organization with one row of every kind.
type clinic struct {
	scope   access.Scope
	rows    map[string]id.ID
	numbers *atomic.Int64 // every patient of a run has a number of their own
}

// logged keeps everything that was logged.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// setup serves an API; change may tune it.
func setup(t *testing.T, change func(*api.Options), open ...storetest.Open) *world {
	t.Helper()
	w := &world{clock: clock.NewFixed(now), log: &logged{}, keys: map[string]string{}}
	make := storetest.SQLite
	if len(open) > 0 {
		make = open[0]
	}
	w.store = make(t, w.clock)
	var err error
	if w.login, err = login.New(w.store, w.clock, login.Options{}); err != nil {
		t.Fatal(err)
	}
	opt := api.Options{Rate: 1e6, Burst: 1e6}
	if change != nil {
		change(&opt)
	}
	w.imports = intake.New(w.store, table.Reader{}, w.clock)
	w.api, w.url = w.serve(t, w.store, opt)
	w.own, w.foreign = w.clinic(t, "Own"), w.clinic(t, "Foreign")
	for _, role := range access.Roles() {
		w.keys[string(role)] = w.key(t, role)
	}
	w.keys["revoked"] = w.revoked(t)
	return w
}

// serve is the API over a store; the log-in stands on the world's own.
func (w *world) serve(t testing.TB, s store.Store, opt api.Options) (*api.API, string) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	suppressed := send.NewSuppressed(w.clock)
	box, rec := newOutbox(t, s), record.New(s, suppressed)
	a, err := api.New(api.Needs{Login: w.login, Desk: desk.New(s, nil), Record: rec, Inbox: inbox.New(s, box, suppressed),
		Meanings: inbox.NewMeanings(s, rec, suppressed), Imports: intake.New(s, table.Reader{}, w.clock), Explain: explain.New(box),
		Plan: plan.New(s, box, w.clock, log), Texts: newTexts(t, s, box), Switch: send.NewSwitchboard(s, suppressed, log),
		SelfTest: selftest.New(s, box, w.clock, w.clock, tests.Limits{}), Settings: settings.New(s), Routes: route.NewManager(s, lines.Configs{}),
		Exchange: exchange.New(s, w.clock), Audiences: newAudiences(t, s, box)}, log, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	return a, server.URL + api.Prefix
}

func (w *world) key(t *testing.T, role access.Role) string {
	t.Helper()
	secret, _, err := w.login.NewKey(t.Context(), w.own.scope, "test "+string(role), role)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func (w *world) revoked(t *testing.T) string {
	t.Helper()
	secret, key, err := w.login.NewKey(t.Context(), w.own.scope, "old", access.Admin)
	if err == nil {
		err = w.login.RevokeKey(t.Context(), w.own.scope, key.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func newAudiences(t testing.TB, s store.Store, box *outbox.Outbox) *audiences.Service {
	t.Helper()
	service, err := audiences.New(s, box, clock.Real{})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// newOutbox is the real decider with the shipped texts and rules.
func newOutbox(t testing.TB, s store.Store) *outbox.Outbox {
	t.Helper()
	book, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	holidays, err := quiet.Holidays()
	if err != nil {
		t.Fatal(err)
	}
	library, err := content.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	inForce, err := outbox.NewTexts(library)
	if err != nil {
		t.Fatal(err)
	}
	return outbox.New(s, book, holidays, outbox.Options{Templates: inForce, Questions: inbound.Questions{}})
}

// newTexts is the real desk of texts.
func newTexts(t testing.TB, s store.Store, o *outbox.Outbox) *texts.Service {
	t.Helper()
	book, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	library, err := content.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return texts.New(s, o, book, library)
}

// clinic makes an organization with one row of every kind that a route may name.
func (w *world) clinic(t testing.TB, name string) clinic {
	t.Helper()
	o := org.Organization{ID: id.New(), Name: name, Region: "PL", Locale: "pl", CalendarOwner: org.OwnCalendar}
	c := clinic{scope: access.ForCommand(o.ID, "api test"), rows: map[string]id.ID{}, numbers: &w.numbers}
	storetest.Write(t, w.store, c.scope, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Orgs().Create(ctx, o)
		return err
	})
	return w.fresh(t, c)
}

// fresh adds another row of every kind to an organization.
func (w *world) fresh(t testing.TB, c clinic) clinic {
	t.Helper()
	c.rows = map[string]id.ID{}
	storetest.Write(t, w.store, c.scope, func(ctx context.Context, tx store.Tx) error { return c.fill(ctx, tx) })
	imp, err := w.imports.Begin(t.Context(), c.scope, intake.Upload{Kind: feed.Patients, Source: "practice", Options: feed.Options{Encoding: "utf-8"},
		File: strings.NewReader("id,first name,last name\n1,Jan,Kowalski\n")})
	if err != nil {
		t.Fatal(err)
	}
	c.rows["import"], c.rows["source"] = imp.ID, imp.Source
	return c
}

func (c *clinic) fill(ctx context.Context, tx store.Tx) error {
	site, err := tx.Orgs().SaveLocation(ctx, org.Location{Name: "Main", Zone: "Europe/Warsaw", Region: "PL", Languages: []string{"pl"}, ExternalID: "main"})
	if err != nil {
		return err
	}
	record := id.New()
	people, err := tx.People().Create(ctx, []patient.Person{{Kind: patient.Patient, Status: patient.Active, Language: "pl", Location: site.ID,
		Facts: patient.Facts{GivenName: phi.T("Anna"), FamilyName: phi.T("Nowak"), BirthDate: phi.T("1980-05-31"),
			Identifiers: []patient.Identifier{{System: intake.RecordSystem, Value: phi.T(record.String())}}}}})
	if err != nil {
		return err
	}
	person := people[0].ID
	number, err := phone.FromStored(fmt.Sprintf("+48501%06d", c.numbers.Add(1)))
	if err != nil {
		return err
	}
	points, err := tx.People().SavePoints(ctx, patient.SMS, []phone.Number{number})
	if err != nil {
		return err
	}
	point := points[0].ID
	if err := tx.People().Link(ctx, []store.ContactLink{{Person: person, Point: point, Use: patient.Mobile, Rank: 1, Relationship: patient.Self}}); err != nil {
		return err
	}
	if _, err := tx.Consents().Append(ctx, []consent.Entry{{Person: person, Channel: patient.SMS, Purpose: consent.AllCare, Status: consent.Granted,
		Method: consent.Form, Wording: "sms-care/1", By: access.Command, At: now.Add(-time.Hour)}}); err != nil {
		return err
	}
	visits, err := tx.Visits().Create(ctx, []schedule.Appointment{{Person: person, Location: site.ID, Status: schedule.Booked,
		Start: now.Add(72 * time.Hour), Length: 15 * time.Minute, Zone: site.Zone, Wall: "2026-03-07T10:30", BookedAt: now}})
	if err != nil {
		return err
	}
	for k, v := range map[string]id.ID{"record": record, "location": site.ID, "patient": person, "contact": point, "appointment": visits[0].ID} {
		c.rows[k] = v
	}
	return c.fillTexts(ctx, tx, number)
}

// fillTexts adds a route, a message, a conversation, a task and an import.
func (c *clinic) fillTexts(ctx context.Context, tx store.Tx, number phone.Number) error {
	r, err := tx.Routes().Save(ctx, store.Route{Name: "simulator", Kind: store.RouteSMPP, Channel: patient.SMS, State: store.RouteOpen, Simulator: true, Config: phi.T(`{"host":"127.0.0.1","port":2775,"system_id":"sim","password":"secret","simulator":true}`)})
	if err != nil {
		return err
	}
	s, err := tx.Routes().SaveSender(ctx, store.Sender{Route: r.ID, Address: "48799000111", TwoWay: true})
	if err != nil {
		return err
	}
	m := store.Draft{Message: message.Message{ID: id.New(), Purpose: purpose.Appointment, Priority: purpose.Care, Origin: message.Origin{Kind: message.FromStaff},
		Person: c.rows["patient"], Point: c.rows["contact"], Channel: patient.SMS, To: number, Location: c.rows["location"], Body: phi.T("See you soon"),
		Locale: "pl", Segments: 1, Coding: "gsm7", Route: r.ID, Sender: s.ID, State: message.Queued, DueAt: now, PlannedAt: now, ExpiresAt: now.Add(time.Hour)}}
	if _, err := tx.Messages().Insert(ctx, []store.Draft{m}, nil); err != nil {
		return err
	}
	thread, err := tx.Conversations().Thread(ctx, c.rows["contact"], c.rows["location"])
	if err != nil {
		return err
	}
	thread.State, thread.WaitsFrom, thread.LastIn = conversation.Open, now, now
	if thread, err = tx.Conversations().UpdateThread(ctx, thread); err != nil {
		return err
	}
	in, err := tx.Conversations().PutInbound(ctx, conversation.Inbound{Route: r.ID, Sender: s.ID, Point: c.rows["contact"], Conversation: thread.ID,
		From: number, Text: phi.T("czy mogę przyjść wcześniej?"), Parts: 1, ReceivedAt: now, Intent: "question", Outcome: conversation.ToPerson})
	if err != nil {
		return err
	}
	task := conversation.Task{ID: id.New(), Kind: conversation.CallPatient, Person: c.rows["patient"], Location: c.rows["location"], Appointment: c.rows["appointment"], Reason: "no_number"}
	if err := tx.Tasks().Add(ctx, []conversation.Task{task}); err != nil {
		return err
	}
	saved, err := tx.Audiences().Save(ctx, audience.Audience{Name: "Everybody " + m.ID.String(), Kind: audience.ByRule, Rule: `kind == "patient"`, Purpose: purpose.Event, By: access.Command})
	if err != nil {
		return err
	}
	run, err := tx.Audiences().AddRun(ctx, audience.Run{Audience: saved.ID, Version: 1, Rule: saved.Rule, Purpose: purpose.Event, By: access.Command, SeenAt: tx.Now()})
	if err != nil {
		return err
	}
	run.State, run.Result.Sample = audience.Counting, []id.ID{c.rows["patient"]}
	if _, err := tx.Audiences().SetRun(ctx, run); err != nil {
		return err
	}
	c.rows["audience"], c.rows["count"] = saved.ID, run.ID
	for k, v := range map[string]id.ID{"route": r.ID, "sender": s.ID, "message": m.ID, "conversation": thread.ID, "inbound": in.ID, "task": task.ID} {
		c.rows[k] = v
	}
	return nil
}

// call makes one request; body is a value, raw bytes, or nil.
func (w *world) call(t testing.TB, method, path, key string, body any, headers ...string) (*http.Response, string) {
	t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		r = bytes.NewReader(b)
	case string:
		r = bytes.NewReader([]byte(b))
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	q, err := http.NewRequestWithContext(t.Context(), method, w.url+path, r)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		q.Header.Set("Authorization", "Bearer "+key)
	}
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(got)
}
