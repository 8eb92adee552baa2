package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/conversation"
	"carillon.dev/carillon/internal/core/feed"
	"carillon.dev/carillon/internal/core/message"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/purpose"
	"carillon.dev/carillon/internal/engine/intake"
	"carillon.dev/carillon/internal/engine/jobs"
	"carillon.dev/carillon/internal/engine/login"
	"carillon.dev/carillon/internal/engine/record"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/postgres/pgtest"
	"carillon.dev/carillon/internal/store/sqlite"
	"carillon.dev/carillon/internal/store/storetest"
)

// secrets makes tokens that stand for what nobody may find: each is used in one place only.
type secrets struct{ all []string }

// word is a token for a name or a text.
func (s *secrets) word(where string) string {
	token := fmt.Sprintf("Kanarek%sZq%d", where, 4001+len(s.all))
	s.all = append(s.all, token)
	return token
}

// known adds a token of a form of its own, such as a number or a date.
func (s *secrets) known(token string) string {
	s.all = append(s.all, token)
	return token
}

// notes gathers what is written down: log lines, the standard streams, errors, links.
type notes struct {
	mu sync.Mutex
	bytes.Buffer
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Buffer.Write(b)
}

func (n *notes) text() []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return bytes.Clone(n.Bytes())
}

// refused keeps an error as every face could print it; no error at all is a fault of the test.
func (n *notes) refused(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: was taken", what)
		return
	}
	_, _ = fmt.Fprintf(n, "%s: %v %+v %s\n", what, err, err, errs.Safe(err))
	slog.New(slog.NewTextHandler(n, nil)).Error("refused", "error", err)
}

// careless is a job that meets somebody's name and drops it.
type careless struct{ Panic bool }

func (careless) Kind() string { return "test.careless" }

func (careless) JobOptions() store.EnqueueOptions { return store.EnqueueOptions{MaxAttempts: 1} }

// TestNothingAboutAPatientIsWrittenInTheClear drives a whole node with tokens in every place that holds something
// about a person, and then looks at everything that somebody could read without the keys. It changes the standard
// streams, so it runs alone.
func TestNothingAboutAPatientIsWrittenInTheClear(t *testing.T) {
	for name, where := range map[string]func(*testing.T) config.Storage{
		"sqlite": func(t *testing.T) config.Storage { t.Helper(); return config.Storage{} },
		"postgres": func(t *testing.T) config.Storage {
			t.Helper()
			return config.Storage{Database: pgtest.DSN(t)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			place := where(t)
			dir := t.TempDir()
			place.Data, place.KeyFile = filepath.Join(dir, "data"), filepath.Join(dir, "keys", "keyring")
			must(t, os.MkdirAll(filepath.Join(dir, "tmp"), 0o700))
			t.Setenv("TMPDIR", filepath.Join(dir, "tmp"))
			w := &watched{secrets: &secrets{}, written: &notes{}, place: place, dir: dir}
			streams := w.streams(t)
			w.run(t)
			streams()
			w.look(t)
		})
	}
}

// watched is a node all of whose words are kept.
type watched struct {
	*secrets
	written *notes
	place   config.Storage
	dir     string
	r       *running
	c       *clinic
	sim     *smsc
}

// streams turns standard output and error into a file until it is called.
func (w *watched) streams(t *testing.T) (back func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(w.dir, "streams"))
	must(t, err)
	out, err2 := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = f, f
	return func() {
		os.Stdout, os.Stderr = out, err2
		must(t, f.Close())
		b, err := os.ReadFile(f.Name())
		must(t, err)
		_, _ = w.written.Write(b)
	}
}

func (w *watched) log() *slog.Logger {
	return slog.New(slog.NewJSONHandler(w.written, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
}

func (w *watched) run(t *testing.T) {
	domain := clock.NewFast(noon, speed)
	w.sim = operator(t, domain)
	w.r = serve(t, w.place, domain, w.log())
	for _, n := range []string{"500770000", "500 770 000", "500770001", "500 770 001"} {
		w.known(n)
	}
	w.known("1911-11-17")
	w.c = w.r.found(t, w.sim, wanted{demo: true, patients: 2, numbers: "+4850077", sender: "48732100600", facts: func(i int) patient.Facts {
		f := patient.Facts{GivenName: phi.T(w.word("given")), FamilyName: phi.T(w.word("family")), BirthDate: phi.T("1911-11-17"), Note: phi.T(w.word("note"))}
		return f
	}})
	w.conversation(t)
	w.desk(t)
	w.imports(t)
	w.faces(t)
	w.figures(t)
	w.r.stop()
	w.jobs(t, domain)
}

// conversation lets phones write what hurts.
func (w *watched) conversation(t *testing.T) {
	for _, v := range w.c.patients {
		w.r.until(t, w.c.scope, "the reminder's receipt is durable", told(v, message.Delivered, message.Failed))
	}
	v := w.c.patients[0]
	v.says(t, w.sim, w.c, w.word("reply")+" may I come later?")
	v.says(t, w.sim, w.c, strings.Repeat(w.word("long")+" ", 12)) // several parts
	v.says(t, w.sim, w.c, "\x00\x1b"+w.word("control"))
	must(t, w.sim.Text(w.c.account, "999", w.c.sender, w.word("stranger")))
	must(t, w.sim.Text(w.c.account, w.word("sender")[:11], w.c.sender, "hello"))
	w.r.until(t, w.c.scope, "the texts are taken in", heard(v, 3))
	w.r.until(t, w.c.scope, "the inbox has them", func(ctx context.Context, tx store.Tx) (bool, error) {
		n, err := tx.Conversations().CountWaiting(ctx)
		return n > 0, err
	})
	staff := phi.T(w.word("staff") + ": yes, of course")
	_, err := w.reply(v, phi.T(strings.Repeat(w.word("toolong"), 100)))
	w.written.refused(t, "a reply that is too long", err)
	for { // texts of the phone may still come in between reading and answering
		if _, err = w.reply(v, staff); !errs.Is(err, errs.Conflict) {
			break
		}
	}
	must(t, err)
	w.r.until(t, w.c.scope, "the answer left", func(ctx context.Context, tx store.Tx) (bool, error) {
		all, err := tx.Messages().AnswersTo(ctx, v.point, 10)
		for _, m := range all {
			if m.State == message.Delivered {
				return true, err
			}
		}
		return false, err
	})
}

// reply answers the patient's conversation as it is now.
func (w *watched) reply(v visitor, text phi.Text) (id.ID, error) {
	threads, err := w.r.Inbox.List(context.Background(), w.c.scope, id.ID{})
	for _, th := range threads {
		if th.Point.ID == v.point {
			return w.r.Inbox.Reply(context.Background(), w.c.scope, th.ID, th.Version, text, false)
		}
	}
	return id.ID{}, errors.Join(err, errors.New("the conversation does not wait"))
}

// desk writes facts down, and facts that cannot be.
func (w *watched) desk(t *testing.T) {
	ctx, v := context.Background(), w.c.patients[1]
	must(t, w.r.Record.Consent(ctx, w.c.scope, record.Consent{Person: v.person, Channel: patient.SMS, Purposes: []purpose.Purpose{purpose.Recall},
		Granted: true, Method: "staff", Wording: "sms-care/1", Shown: phi.T(w.word("shown")), Language: "en"}))
	must(t, w.r.Record.OptOut(ctx, w.c.scope, v.point, phi.T(w.word("optout"))))
	must(t, w.r.Store.InTx(ctx, w.c.scope, func(tx store.Tx) error {
		return tx.Tasks().Add(ctx, []conversation.Task{{Kind: conversation.CallPatient, Person: v.person, Point: v.point, CreatedAt: tx.Now(), DueAt: tx.Now(), Note: phi.T(w.word("task"))}})
	}))
	_, err := w.r.Record.AddContact(ctx, w.c.scope, record.Contact{Person: v.person, Number: phi.T("12" + w.word("number")), Region: "PL", Use: patient.Mobile})
	w.written.refused(t, "a number that is none", err)
	_, err = w.r.Record.CreatePatient(ctx, w.c.scope, patient.Person{Facts: patient.Facts{FamilyName: phi.T(w.word("nobody")), BirthDate: phi.T(w.word("born"))}})
	w.written.refused(t, "a birth date that is none", err)
}

// imports takes in good lines, bad lines and a file without a header.
func (w *watched) imports(t *testing.T) {
	head := "Patient number,First name,Surname,DOB,Mobile,Consent,Consent date,Consent method\n"
	w.known("500888321")
	good := fmt.Sprintf("%s,%s,%s,1912-12-13,+48500888321,,,\n", w.word("mrn"), w.word("csvgiven"), w.word("csvfamily"))
	w.known("1912-12-13")
	bad := fmt.Sprintf("%s,%s,%s,%s,%s,%s,,\n", w.word("badmrn"), w.word("badgiven"), w.word("badfamily"), w.word("badborn"), w.word("badmobile"), w.word("badconsent"))
	if w.take(t, feed.Patients, head+good+bad); !bytes.Contains(w.written.text(), []byte("import applied: 1 good, 1 bad")) {
		t.Error("the file with one good and one bad line was not taken in like that")
	}
	w.take(t, feed.Patients, good+bad)
	w.take(t, feed.Appointments, "Appointment ID,Patient ID,Appointment Time,Duration\n"+fmt.Sprintf("%s,%s,%s,%s\n", w.word("visit"), w.word("visitor"), w.word("time"), w.word("length")))
	w.take(t, feed.Appointments, w.word("onecell")+"\x00\xff\xfe\n")
}

func (w *watched) take(t *testing.T, kind feed.Kind, file string) {
	t.Helper()
	ctx := context.Background()
	imp, err := w.r.Intake.Begin(ctx, w.c.scope, intake.Upload{Kind: kind, Source: "main", File: strings.NewReader(file), Options: feed.Options{SkipBad: true, Location: w.c.location}})
	if err == nil {
		imp, err = w.r.Intake.Check(ctx, w.c.scope, imp.ID, func(int) {})
	}
	if err == nil && imp.State != feed.Rejected {
		imp, err = w.r.Intake.Apply(ctx, w.c.scope, imp.ID, func(int) {})
	}
	_, _ = fmt.Fprintf(w.written, "import %s: %d good, %d bad %s %v\n", imp.State, imp.Counts.Created, imp.Counts.Bad, imp.Fault, err)
}

// links are the addresses in a page: what a browser's history and a proxy's log would keep.
var links = regexp.MustCompile(`(?:href|src|action|hx-get|hx-post)="([^"]*)"`)

// faces looks at pages and asks the API, well and badly.
func (w *watched) faces(t *testing.T) {
	ctx, v := context.Background(), w.c.patients[0]
	_, err := w.r.Login.AddUser(ctx, w.c.scope, login.NewUser{Login: "e.lis", Name: "Ewa Lis", Password: "linden-bells-ring", Role: access.Admin, Locale: "en"})
	must(t, err)
	secret, _, err := w.r.Login.NewKey(ctx, w.c.scope, "calendar", access.Admin)
	must(t, err)
	jar, err := cookiejar.New(nil)
	must(t, err)
	web := &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		_, _ = fmt.Fprintln(w.written, "redirected to", r.URL)
		return nil
	}}
	base := "http://" + w.r.node.Address()
	page := func(r *http.Response, err error) []byte {
		t.Helper()
		must(t, err)
		defer func() { _ = r.Body.Close() }()
		b, err := io.ReadAll(r.Body)
		must(t, err)
		for _, l := range links.FindAllSubmatch(b, -1) {
			if !bytes.HasPrefix(l[1], []byte("tel:")) { // the call list's: it dials, no server or history gets it
				_, _ = fmt.Fprintf(w.written, "link %s\n", l[1])
			}
		}
		return b
	}
	page(web.PostForm(base+"/login", url.Values{"login": {w.word("login")}, "password": {w.word("password")}}))
	page(web.PostForm(base+"/login", url.Values{"login": {"e.lis"}, "password": {"linden-bells-ring"}}))
	for _, path := range []string{"/", "/inbox", "/messages", "/patients/" + v.person.String(), "/calls", "/due", "/imports", "/carriers", "/settings", "/patients/nobody"} {
		page(web.Get(base + path))
	}
	if b := page(web.Get(base + "/patients/" + v.person.String())); !bytes.Contains(b, []byte("Kanarekgiven")) {
		t.Error("the patient's page does not show the patient: the test is not logged in")
	}
	page(web.PostForm(base+"/patients", url.Values{"q": {w.word("search")}}))
	page(web.PostForm(base+"/patients", url.Values{"q": {"500770000"}}))
	page(web.PostForm(base+"/patients/"+v.person.String()+"/consent", url.Values{"shown": {w.word("form")}, "method": {w.word("method")}}))
	for path, body := range map[string]string{
		"/patients":        `{"givenName":"` + w.word("apigiven") + `","birthDate":"` + w.word("apiborn") + `"}`,
		"/patients/search": `{"name":"` + w.word("apisearch") + `","number":"` + w.word("apinumber") + `"}`,
		"/nowhere":         `{` + w.word("apijunk"),
	} {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1"+path, strings.NewReader(body))
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+secret)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", id.New().String())
		page(web.Do(r))
	}
}

// family is a figure's name in what Prometheus reads.
var family = regexp.MustCompile(`(?m)^# TYPE (carillon_\w+) `)

// figures reads what Prometheus reads. Each name is in the document, and the document names no other.
func (w *watched) figures(t *testing.T) {
	r, err := http.Get("http://" + w.r.node.MetricsAddress() + "/metrics")
	must(t, err)
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	must(t, err)
	_, _ = w.written.Write(b)
	document, err := os.ReadFile("../../docs/metrics.md")
	must(t, err)
	there := map[string]bool{}
	for _, f := range family.FindAllSubmatch(b, -1) {
		there[string(f[1])] = true
		if !bytes.Contains(document, append([]byte("`"), f[1]...)) {
			t.Errorf("docs/metrics.md does not tell of %s", f[1])
		}
	}
	for _, name := range []string{"carillon_handoff_delay_seconds", "carillon_outcomes_total", "carillon_receipts_total", "carillon_receipt_commit_seconds",
		"carillon_inbound_deliveries_total", "carillon_http_request_seconds", "carillon_job_seconds", "carillon_line_up", "carillon_recent_messages",
		"carillon_recent_inbound_texts", "carillon_opted_out_numbers", "carillon_write_transaction_seconds", "carillon_open_conversations"} {
		if !there[name] {
			t.Errorf("no %s after texts, receipts, answers and requests", name)
		}
	}
	for _, want := range []string{`carillon_census_failed 0`, `pattern="GET /patients/{id}"`, `pattern="POST /api/v1/patients"`, `pattern="none"`} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("the figures lack %s", want)
		}
	}
}

// jobs lets a worker panic and fail with somebody's name in hand.
func (w *watched) jobs(t *testing.T, domain clock.Clock) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	sys, err := app.Open(ctx, w.place, app.Options{Domain: domain, Log: w.log()})
	must(t, err)
	defer func() { must(t, sys.Close()) }()
	met := make(chan struct{}, 4)
	name := w.word("panic")
	work, err := jobs.Start(ctx, sys.Host, jobs.Options{Log: w.log()}, jobs.Do(func(_ context.Context, j careless) error {
		defer func() { met <- struct{}{} }()
		if j.Panic {
			panic(name)
		}
		return errs.Wrap(errs.Unavailable, "the patient could not be reached", errors.New(name))
	}))
	must(t, err)
	must(t, sys.Store.InTx(ctx, w.c.scope, func(tx store.Tx) error {
		return errors.Join(tx.Enqueue(ctx, careless{Panic: true}), tx.Enqueue(ctx, careless{}))
	}))
	for range 2 {
		select {
		case <-met:
		case <-ctx.Done():
			t.Fatal("the jobs were never worked")
		}
	}
	must(t, work.Stop(ctx))
	if db, ok := sys.Store.(*sqlite.Store); ok {
		must(t, db.Backup(ctx, filepath.Join(w.dir, "backup", "monday.db")))
	}
}

// look searches everything that is not the key file.
func (w *watched) look(t *testing.T) {
	storetest.Find(t, "logs, streams, errors and links", w.written.text(), w.all)
	if n := bytes.Count(w.written.text(), []byte("\n")); n < 50 {
		t.Errorf("only %d lines were written: the test looks at too little", n)
	}
	must(t, filepath.WalkDir(w.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Base(path) == "keyring" {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && len(b) > 0 {
			storetest.Find(t, strings.TrimPrefix(path, w.dir), b, w.all)
		}
		return err
	}))
	if w.place.Database != "" {
		dump := pgtest.Dump(t, w.place.Database, "plain")
		if !bytes.Contains(dump, []byte("test.careless")) || !bytes.Contains(dump, []byte("audit_events")) {
			t.Error("the dump holds no jobs or no audit rows")
		}
		storetest.Find(t, "dump", dump, w.all)
	}
}
