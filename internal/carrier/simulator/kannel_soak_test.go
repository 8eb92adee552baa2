//go:build soak

package simulator_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carillon.dev/carillon/internal/carrier/simulator"
)

// kannelConf is bearerbox and smsbox in one file; the values are the ports of this run.
const kannelConf = `
group = core
admin-port = %[1]d
admin-password = x
admin-interface = 127.0.0.1
smsbox-port = %[2]d
smsbox-interface = 127.0.0.1
dlr-storage = internal
sms-outgoing-queue-limit = 1000000
log-file = "%[6]s/bearerbox.log"
log-level = 2

group = smsc
smsc = smpp
smsc-id = sim
host = 127.0.0.1
port = %[3]d
transceiver-mode = true
smsc-username = kannel
smsc-password = s3cret
system-type = ""
max-pending-submits = 100

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %[4]d
sendsms-interface = 127.0.0.1
log-file = "%[6]s/smsbox.log"
log-level = 2

group = sendsms-user
username = u
password = p
max-messages = 5
concatenation = true

group = sms-service
keyword = default
max-messages = 0
catch-all = true
get-url = "http://127.0.0.1:%[5]d/mo?from=%%p&text=%%a"
`

// kannelBox finds a program of Debian's package kannel, or of KANNEL_SBIN (with LD_LIBRARY_PATH as needed).
func kannelBox(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{os.Getenv("KANNEL_SBIN"), "/usr/sbin", "/usr/local/sbin"} {
		if p := filepath.Join(dir, name); dir != "" {
			if _, err := os.Stat(p); err == nil {
				return p
			}
		}
	}
	t.Skip("needs Kannel: apt-get install kannel (and stop the service that it starts), or set KANNEL_SBIN to a folder with bearerbox and smsbox")
	return ""
}

// TestSoakKannelAsClient sends through Kannel, an SMPP client that shares nothing with ours: every text arrives once,
// every receipt comes back to its caller, and what people answer is read as they wrote it.
func TestSoakKannelAsClient(t *testing.T) {
	bearer, smsbox := kannelBox(t, "bearerbox"), kannelBox(t, "smsbox")
	const texts = 3000
	sim, smsc := serveTCP(t, simulator.Config{Seed: 9, SystemID: "kannel", Password: "s3cret", People: true, Speed: 10_000,
		Answers: simulator.Answers{Reply: 0.5, Confirm: 3, Question: 1, Digits: 0.5}})
	var delivered, failed, answers, empty atomic.Int64
	t.Cleanup(func() {
		t.Logf("at the carrier %+v; receipts to callers: %d delivered, %d failed; %d answers", sim.Stats(), delivered.Load(), failed.Load(), answers.Load())
	})
	mux := http.NewServeMux()
	mux.HandleFunc("/dlr", func(_ http.ResponseWriter, r *http.Request) {
		switch r.FormValue("type") {
		case "1":
			delivered.Add(1)
		case "2", "16":
			failed.Add(1)
		}
	})
	mux.HandleFunc("/mo", func(_ http.ResponseWriter, r *http.Request) {
		if answers.Add(1); strings.TrimSpace(r.FormValue("text")) == "" {
			empty.Add(1)
		}
	})
	back := listen(t)
	hooks := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = hooks.Serve(back) }()
	t.Cleanup(func() { _ = hooks.Close() })

	dir, sendsms := t.TempDir(), freePort(t)
	conf := filepath.Join(dir, "kannel.conf")
	text := fmt.Sprintf(kannelConf, freePort(t), freePort(t), smsc, sendsms, portOf(back), dir)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	startBox(t, dir, bearer, conf)
	until(t, "Kannel to bind", func() bool { return sim.Stats().Sessions == 1 })
	startBox(t, dir, smsbox, conf)
	send := func(i int, text string) error { return sendSMS(sendsms, portOf(back), i, text) }
	until(t, "smsbox to listen", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", sendsms))
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})

	began := time.Now()
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := w; i < texts; i += 16 {
				text := fmt.Sprintf("Visit %d on Tuesday at 9:30. Reply 1 to confirm, 2 to cancel.", i)
				if i%10 == 0 {
					text += strings.Repeat(" Bring your papers.", 8) // two parts
				}
				if err := send(i, text); err != nil {
					t.Errorf("text %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	const parts = texts + texts/10
	// Kannel asks for a receipt of one part only.
	until(t, "every receipt", func() bool { return sim.Stats().ReceiptsAcked >= texts && delivered.Load() >= texts })
	t.Logf("%d texts through Kannel in %v", texts, time.Since(began).Round(time.Millisecond))
	until(t, "every answer", func() bool { s := sim.Stats(); return s.Pending == 0 && s.TextsAcked == s.TextsSent })
	s := sim.Stats()
	if s.Accepted != parts || s.Distinct != parts || s.Duplicates != 0 || s.BadPDU != 0 || failed.Load() != 0 {
		t.Errorf("at the carrier: %+v; %d failed receipts", s, failed.Load())
	}
	until(t, "Kannel to pass the answers on", func() bool { return answers.Load() > 0 && answers.Load()*2 >= texts*8/10 })
	if empty.Load() != 0 {
		t.Errorf("%d of %d answers were empty", empty.Load(), answers.Load())
	}
}

// sendSMS hands one text to smsbox and asks for all receipts.
func sendSMS(port, back, i int, text string) error {
	q := url.Values{"username": {"u"}, "password": {"p"}, "from": {"4455"}, "to": {fmt.Sprintf("+486001%05d", i)}, "text": {text},
		"dlr-mask": {"31"}, "dlr-url": {fmt.Sprintf("http://127.0.0.1:%d/dlr?id=%d&type=%%d", back, i)}}
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/cgi-bin/sendsms?%s", port, q.Encode()))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

func startBox(t *testing.T, dir, box, conf string) {
	t.Helper()
	cmd := exec.Command(box, "-v", "4", conf) // errors only
	var said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(box), said.String())
		}
	})
}

func serveTCP(t *testing.T, cfg simulator.Config) (*simulator.Server, int) {
	t.Helper()
	s, err := simulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() { cancel(); <-done })
	return s, portOf(ln)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

func portOf(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

// freePort is a port that was free a moment ago: Kannel cannot be told to choose one.
func freePort(t *testing.T) int {
	t.Helper()
	ln := listen(t)
	defer ln.Close()
	return portOf(ln)
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for began := time.Now(); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
