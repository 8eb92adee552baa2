package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"carillon.dev/carillon/internal/app"
	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/base/clock"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/core/access"
	"carillon.dev/carillon/internal/core/consent"
	"carillon.dev/carillon/internal/core/org"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/core/schedule"
	"carillon.dev/carillon/internal/store"
	"carillon.dev/carillon/internal/store/postgres/pgtest"
)

// noon is a Monday at noon in Warsaw, far from every quiet hour.
var noon = time.Date(2026, time.May, 4, 10, 0, 0, 0, time.UTC)

// patience is how long a test waits for one thing to happen: it is spent only when the thing does not.
const patience = 2 * time.Minute

// both runs a test on either database, each in a place of its own.
func both(t *testing.T, test func(t *testing.T, where config.Storage)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		test(t, config.Storage{Data: filepath.Join(dir, "data"), KeyFile: filepath.Join(dir, "keys", "keyring")})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		test(t, config.Storage{Data: filepath.Join(dir, "data"), Database: pgtest.DSN(t), KeyFile: filepath.Join(dir, "keys", "keyring")})
	})
}

// smsc is a simulated operator at a loopback port; nobody there answers unless the test writes.
type smsc struct {
	*simulator.Server
	host string
	port int
}

func operator(t *testing.T, domain *clock.Fast) *smsc {
	t.Helper()
	server, err := simulator.New(simulator.Config{Seed: 7, Now: domain.Now, Speed: 1, EchoRef: true, ReceiptDelay: 20 * time.Millisecond})
	must(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(ctx, ln) }()
	t.Cleanup(func() { stop(); <-ended })
	at := ln.Addr().(*net.TCPAddr) //nolint:forcetypeassert // it listens on TCP
	return &smsc{server, at.IP.String(), at.Port}
}

// config is a route's settings for this operator under an account of its own.
func (o *smsc) config(account string, simulated bool) phi.Text {
	return smpp.Config{Host: o.host, Port: o.port, SystemID: account, Password: phi.T("linden-9"), Window: 20, EchoesRef: true, Simulator: simulated}.JSON()
}

// running is a node that serves.
type running struct {
	*app.System
	node *app.Node
	stop func()
}

// serve opens the place and runs a node on it until stop or the end of the test.
func serve(t *testing.T, where config.Storage, domain clock.Clock, log *slog.Logger) *running {
	t.Helper()
	return serveWith(t, where, app.Options{Domain: domain, Log: log})
}

// serveWith is serve with more options.
func serveWith(t *testing.T, where config.Storage, o app.Options) *running {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	sys, err := app.Open(context.Background(), where, o)
	must(t, err)
	node, err := app.NewNode(sys, config.Serve{Storage: where, Listen: config.Listen{Listen: "127.0.0.1:0"}, Metrics: "127.0.0.1:0", StopWait: 5 * time.Second})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- node.Run(ctx) }()
	stopped := false
	r := &running{System: sys, node: node}
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the node ended with %v (%v)", err, causeOf(err))
		}
		must(t, sys.Close())
	}
	t.Cleanup(r.stop)
	return r
}

// until waits for the store to be so, woken by its changes.
func (r *running) until(t *testing.T, scope access.Scope, what string, so func(ctx context.Context, tx store.Tx) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	sub := r.Store.Subscribe()
	defer sub.Close()
	for {
		done := false
		must(t, r.Store.Read(ctx, scope, func(tx store.Tx) (err error) {
			done, err = so(ctx, tx)
			return err
		}))
		if done {
			return
		}
		if _, err := sub.Next(ctx); err != nil {
			t.Fatalf("never happened: %s; %s", what, r.states(scope))
		}
	}
}

// states are how many messages are in which state, and why.
func (r *running) states(scope access.Scope) string {
	n := map[string]int{}
	_ = r.Store.Read(context.Background(), scope, func(tx store.Tx) error {
		all, err := tx.Messages().List(context.Background(), store.MessageFilter{}, store.Page{Limit: 500})
		for _, m := range all {
			n[m.Template+" "+string(m.State)+" "+string(m.Reason)]++
		}
		return err
	})
	return fmt.Sprint(n)
}

// clinic is one organization with one site, one route and patients who agreed to texts.
type clinic struct {
	scope    access.Scope
	location id.ID
	route    store.Route
	sender   string
	account  string
	patients []visitor
}

// visitor is a patient with a number and a visit.
type visitor struct {
	person, point, visit id.ID
	number               phone.Number
}

// plan of a clinic.
type wanted struct {
	demo     bool
	real     bool // the route is no simulator, as far as the clinic knows
	patients int
	rate     int
	numbers  string // first digits of the patients' numbers
	sender   string
	facts    func(i int) patient.Facts
}

// found makes a clinic whose patients are due their day-before reminder a few domain minutes from now.
func (r *running) found(t *testing.T, o *smsc, w wanted) *clinic {
	t.Helper()
	own := org.Organization{ID: id.New(), Name: "Linden Clinic", Region: "PL", Locale: "en", CalendarOwner: org.OwnCalendar, Demo: w.demo}
	c := &clinic{scope: access.ForCommand(own.ID, "test"), sender: w.sender, account: "acc" + w.sender}
	ctx := context.Background()
	must(t, r.Store.InTx(ctx, c.scope, func(tx store.Tx) error {
		if _, err := tx.Orgs().Create(ctx, own); err != nil {
			return err
		}
		desk, err := phone.FromStored("+48221234567")
		if err != nil {
			return err
		}
		l, err := tx.Orgs().SaveLocation(ctx, org.Location{Name: "Linden", Address: "12 Linden Street", Zone: "Europe/Warsaw", Region: "PL",
			Languages: []string{"en"}, Phone: desk, Travel: 2 * time.Hour})
		if err != nil {
			return err
		}
		c.location = l.ID
		c.route, err = tx.Routes().Save(ctx, store.Route{Name: "operator", Kind: store.RouteSMPP, Channel: patient.SMS, State: store.RouteOpen,
			Simulator: !w.real, Rank: 1, Rate: w.rate, Config: o.config(c.account, !w.real)})
		if err != nil {
			return err
		}
		_, err = tx.Routes().SaveSender(ctx, store.Sender{Route: c.route.ID, Address: w.sender, TON: 1, NPI: 1, TwoWay: true})
		return err
	}))
	for i := range w.patients {
		c.patients = append(c.patients, r.visitor(t, c, w, i))
	}
	return c
}

// visitor makes a patient; the reminder of the visit is due five minutes after the patient was made.
func (r *running) visitor(t *testing.T, c *clinic, w wanted, i int) visitor {
	t.Helper()
	n, err := phone.FromStored(w.numbers + fmt.Sprintf("%04d", i))
	must(t, err)
	v := visitor{number: n}
	facts := patient.Facts{GivenName: phi.T("Zofia"), FamilyName: phi.T("Nowak" + strconv.Itoa(i)), BirthDate: phi.T("1980-05-17")}
	if w.facts != nil {
		facts = w.facts(i)
	}
	ctx := context.Background()
	must(t, r.Store.InTx(ctx, c.scope, func(tx store.Tx) error {
		made, err := tx.People().Create(ctx, []patient.Person{{Kind: patient.Patient, Status: patient.Active, Location: c.location, Language: "en", Facts: facts}})
		if err != nil {
			return err
		}
		points, err := tx.People().SavePoints(ctx, patient.SMS, []phone.Number{n})
		if err != nil {
			return err
		}
		v.person, v.point = made[0].ID, points[0].ID
		if err := tx.People().Link(ctx, []store.ContactLink{{Person: v.person, Point: v.point, Use: patient.Mobile, Rank: 1, Relationship: patient.Self}}); err != nil {
			return err
		}
		if _, err := tx.Consents().Append(ctx, []consent.Entry{{Person: v.person, Channel: patient.SMS, Purpose: consent.AllCare, Status: consent.Granted,
			Method: consent.Form, Wording: "sms-care/1", Language: "en", By: access.Command, At: tx.Now().AddDate(0, -1, 0)}}); err != nil {
			return err
		}
		v.visit, err = book(ctx, tx, c, v.person)
		return err
	}))
	return v
}

// book writes a visit that was booked days ago.
func book(ctx context.Context, tx store.Tx, c *clinic, person id.ID) (id.ID, error) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		return id.ID{}, err
	}
	start := tx.Now().Add(24*time.Hour + 5*time.Minute).Truncate(time.Minute)
	made, err := tx.Visits().Create(ctx, []schedule.Appointment{{Person: person, Location: c.location, Status: schedule.Booked, Start: start,
		Length: 20 * time.Minute, Zone: "Europe/Warsaw", Wall: start.In(warsaw).Format("2006-01-02T15:04"), BookedAt: tx.Now().AddDate(0, 0, -3)}})
	if err != nil {
		return id.ID{}, err
	}
	return made[0].ID, tx.Journeys().Touch(ctx, []store.Touch{{Visit: made[0].ID, Version: made[0].Version, At: tx.Now()}})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v (%v)", err, causeOf(err))
	}
}

// causeOf digs out what an error wraps, which only a test may show.
func causeOf(err error) error {
	for {
		u := errors.Unwrap(err)
		if u == nil {
			return err
		}
		err = u
	}
}
