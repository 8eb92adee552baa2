package smpp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/carrier/smpp"
	"carillon.dev/carillon/internal/core/sms"
)

// The connector and the simulator share a codec, and two ends that share code can share a mistake: here each talks to
// node-smpp, which shares nothing.

const interopDir = "testdata/interop"

// installNode puts node-smpp beside the scripts, once; make test has done it already.
var installNode = sync.OnceValue(func() error {
	if _, err := os.Stat(interopDir + "/node_modules/smpp/package.json"); err == nil {
		return nil
	}
	cmd := exec.Command("npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = interopDir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in internal/carrier/smpp/%s: %w\n%s\nthese tests need Node 18 or later and the npm registry; go test -short leaves them out", interopDir, err, out)
	}
	return nil
})

// node runs a script and yields the objects that it prints, until it ends or the test does.
func node(t *testing.T, script string, args ...string) <-chan map[string]any {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Node and node-smpp")
	}
	if err := installNode(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", append([]string{script}, args...)...)
	cmd.Dir, cmd.Stderr = interopDir, os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan map[string]any, 1000)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(stdout); in.Scan(); {
			var o map[string]any
			if json.Unmarshal(in.Bytes(), &o) != nil {
				o = map[string]any{"event": "noise", "line": in.Text()}
			}
			lines <- o
		}
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, stdout)
		_ = cmd.Wait()
	})
	return lines
}

// next is the next object of an event; others before it are dropped.
func next(t *testing.T, lines <-chan map[string]any, event string) map[string]any {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case o, ok := <-lines:
			if !ok {
				t.Fatalf("node ended before %s", event)
			}
			if o["event"] == "error" {
				t.Fatalf("node-smpp objects: %v", o)
			}
			if o["event"] == event {
				return o
			}
		case <-limit:
			t.Fatalf("no %s from node", event)
		}
	}
}

// waiting is a desk whose test can wait.
type waiting struct {
	desk
	tick chan struct{}
}

func (w *waiting) HandleOutcomes(b []carrier.Outcome) { w.desk.HandleOutcomes(b); w.tick <- struct{}{} }
func (w *waiting) HandleReceipts(b []carrier.Receipt) { w.desk.HandleReceipts(b); w.tick <- struct{}{} }
func (w *waiting) HandleInbound(in carrier.Inbound)   { w.desk.HandleInbound(in); w.tick <- struct{}{} }
func (w *waiting) HandleState(h carrier.Health)       { w.desk.HandleState(h); w.tick <- struct{}{} }

func (w *waiting) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit, far := time.After(20*time.Second), time.NewTicker(2*time.Millisecond) // what happens far away is not announced
	defer far.Stop()
	for {
		w.mu.Lock()
		done := ok()
		w.mu.Unlock()
		if done {
			return
		}
		select {
		case <-w.tick:
		case <-far.C:
		case <-limit:
			t.Fatalf("waited in vain for %s: %d outcomes, %d receipts, %d texts", what, len(w.outcomes), len(w.receipts), len(w.inbound))
		}
	}
}

// runAgainst runs a connector against a port until the test ends or stop is called.
func runAgainst(t *testing.T, port int, tweak func(*smpp.Config)) (*smpp.Connector, *waiting, func()) {
	t.Helper()
	cfg := smpp.Config{Host: "127.0.0.1", Port: port, SystemID: "carillon", Password: phi.T("s3cret"), SystemType: "clinic", Queries: true, EchoesRef: true, Validity: 36 * time.Hour}
	if tweak != nil {
		tweak(&cfg)
	}
	c, err := smpp.New(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &waiting{tick: make(chan struct{}, 10_000)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, w) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	w.await(t, "the line to be up", func() bool { return len(w.states) > 0 && w.states[len(w.states)-1] == carrier.StateUp })
	return c, w, stop
}

// asSubmits plans a text as the engine does.
func asSubmits(t *testing.T, ref uint64, to, text string) []carrier.Submit {
	t.Helper()
	enc, err := sms.Plan(text, sms.Options{Ref: 9})
	if err != nil {
		t.Fatal(err)
	}
	var out []carrier.Submit
	for i, seg := range enc.Segments {
		s := carrier.Submit{Ref: ref + uint64(i), From: carrier.Address{Addr: "CLINIC"}, To: phi.T(to), UDH: seg.UDH(), Payload: seg.Payload(), UserRef: uint16(ref)}
		if enc.Coding == sms.UCS2 {
			s.Coding = carrier.UCS2
		}
		out = append(out, s)
	}
	return out
}

func TestNodeSMPPAsCarrierUnderstandsTheConnector(t *testing.T) {
	t.Parallel()
	lines := node(t, "smsc.js")
	port := int(next(t, lines, "listening")["port"].(float64))
	c, w, stop := runAgainst(t, port, nil)
	if b := next(t, lines, "bind_transceiver"); b["system_id"] != "carillon" || b["version"] != float64(0x34) || b["system_type"] != "clinic" {
		t.Fatalf("bind %v", b)
	}

	plain := "Dear Zoé, at 9:30 [room 5] it costs 20€ ~ ok?"
	c.Submit(t.Context(), asSubmits(t, 1, "+48600100200", plain))
	got := next(t, lines, "submit_sm")
	for k, want := range map[string]any{"text": plain, "from": "CLINIC", "from_ton": 5.0, "to": "48600100200", "to_ton": 1.0, "data_coding": 0.0,
		"esm_class": 0.0, "registered": 1.0, "ref": 1.0, "udh": "", "payload": false} {
		if got[k] != want {
			t.Errorf("%s is %v, want %v", k, got[k], want)
		}
	}
	if v, _ := got["validity"].(string); v == "" {
		t.Error("no validity period was understood")
	}
	polish := "Żółw: wizyta jutro 😀"
	c.Submit(t.Context(), asSubmits(t, 2, "+48600100201", polish))
	if got = next(t, lines, "submit_sm"); got["text"] != polish || got["data_coding"] != 8.0 {
		t.Errorf("UCS-2: %v", got)
	}
	long := strings.Repeat("A long text in parts. ", 10)
	c.Submit(t.Context(), asSubmits(t, 3, "+48600100202", long))
	one, two := next(t, lines, "submit_sm"), next(t, lines, "submit_sm")
	if one["text"].(string)+two["text"].(string) != long || one["esm_class"] != float64(0x40) || !strings.Contains(two["udh"].(string), "090202") {
		t.Errorf("parts: %v, %v", one, two)
	}
	c.Submit(t.Context(), asSubmits(t, 5, "+48600100258", "too fast"))
	c.Submit(t.Context(), asSubmits(t, 6, "+48600100211", "bad number"))
	c.Submit(t.Context(), asSubmits(t, 7, "+48600100203", "say Tak, będę"))
	w.await(t, "outcomes, receipts and the answer", func() bool { return len(w.outcomes) == 7 && len(w.receipts) == 5 && len(w.inbound) == 1 })

	classes := map[uint64]carrier.Class{}
	ids := map[string]bool{}
	for _, o := range w.outcomes {
		classes[o.Ref] = o.Class
		if o.Class == carrier.Accepted {
			ids[o.ProviderID] = true
		}
	}
	if classes[5] != carrier.Throttle || classes[6] != carrier.Permanent || len(ids) != 5 {
		t.Errorf("classes %v, ids %v", classes, ids)
	}
	for _, r := range w.receipts {
		if !ids[r.ProviderID] || r.State != carrier.ReceiptDelivered || r.UserRef == 0 || r.DoneAt.Minute() != 16 {
			t.Errorf("receipt %+v", r)
		}
	}
	in := w.inbound[0]
	text, err := sms.Decode(in.DataCoding, false, in.Payload, in.Alphabet)
	if err != nil || text.Reveal() != "Tak, będę" || in.To != phi.T("4455") || in.From != phi.T("48600100203") {
		t.Errorf("the phone's answer: %+v %v", in, err)
	}
	if ack := next(t, lines, "deliver_sm_resp"); ack["status"] != 0.0 {
		t.Errorf("acknowledgement %v", ack)
	}
	if r, err := c.Query(t.Context(), "abc1", carrier.Address{Addr: "CLINIC"}); err != nil || r.State != carrier.ReceiptDelivered {
		t.Errorf("query: %+v %v", r, err)
	}
	stop()
	next(t, lines, "unbind")
}

func TestNodeSMPPUnderstandsEveryWayToCarryLongTexts(t *testing.T) {
	t.Parallel()
	lines := node(t, "smsc.js")
	port := int(next(t, lines, "listening")["port"].(float64))
	long := strings.Repeat("A long text in parts. ", 14)
	c, _, _ := runAgainst(t, port, func(c *smpp.Config) { c.Concat = carrier.ConcatSAR; c.Bind = smpp.BindPair })
	parts := asSubmits(t, 1, "+48600100202", long)
	c.Submit(t.Context(), parts)
	joined := ""
	for range parts {
		got := next(t, lines, "submit_sm")
		joined += got["text"].(string)
		if got["sar"] != float64(len(parts)) || got["udh"] != "" || got["esm_class"] != 0.0 {
			t.Errorf("sar: %v", got)
		}
	}
	if joined != long {
		t.Errorf("sar parts say %q", joined)
	}
	c, _, _ = runAgainst(t, port, func(c *smpp.Config) { c.Concat = carrier.ConcatWhole })
	enc, err := sms.Plan(long, sms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Submit(t.Context(), []carrier.Submit{{Ref: 9, To: phi.T("+48600100202"), Payload: enc.Whole().Payload()}})
	if got := next(t, lines, "submit_sm"); got["text"] != long || got["payload"] != true {
		t.Errorf("message_payload: %v", got)
	}
}

func TestNodeSMPPAsClientUnderstandsTheSimulator(t *testing.T) {
	t.Parallel()
	sim, addr := startSimulator(t, simulator.Config{Seed: 1, SystemID: "node", Password: "s3cret", EchoRef: true, People: true, Speed: 100_000,
		Answers: simulator.Answers{Reply: 1, Confirm: 1}})
	lines := node(t, "client.js", addr[strings.LastIndex(addr, ":")+1:])
	if b := next(t, lines, "bind_resp"); b["status"] != 0.0 || b["version"] != float64(0x34) {
		t.Fatalf("bind %v", b)
	}
	ids, receipts, texts := map[string]bool{}, 0, 0
	for o := range lines {
		switch o["event"] {
		case "submit_sm_resp":
			if o["status"] != 0.0 {
				t.Errorf("refused: %v", o)
			}
			ids[o["id"].(string)] = true
		case "deliver_sm":
			if o["receipt"] == false {
				texts++
				if o["from"] != "48600100201" || o["to"] != "CLINIC" || o["text"] == "" {
					t.Errorf("a person's answer: %v", o)
				}
				continue
			}
			receipts++
			if !strings.Contains(o["text"].(string), "stat:DELIVRD") || o["state"] != 2.0 || !strings.Contains(o["text"].(string), fmt.Sprint("id:", o["id"])) {
				t.Errorf("receipt: %v", o)
			}
		case "query_sm_resp":
			if o["status"] != 0.0 || o["state"] != 2.0 || !ids[fmt.Sprint(o["id"])] {
				t.Errorf("query: %v", o)
			}
		case "enquire_link_resp", "unbind_resp":
			if o["status"] != 0.0 {
				t.Errorf("%v", o)
			}
		case "error", "noise":
			t.Errorf("node-smpp objects: %v", o)
		}
	}
	if len(ids) != 5 || receipts != 5 || texts < 1 {
		t.Fatalf("%d ids, %d receipts, %d texts", len(ids), receipts, texts)
	}
	if s := sim.Stats(); s.Accepted != 5 || s.Segments != 7 || s.ReceiptsAcked != 5 || s.TextsAcked != int64(texts) {
		t.Errorf("counted at the carrier: %+v", s)
	}
}
