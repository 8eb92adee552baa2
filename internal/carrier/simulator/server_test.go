package simulator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
	"carillon.dev/carillon/internal/core/sms"
)

// client is a bare SMPP client over a pipe that acknowledges everything and writes it down.
type client struct {
	t      *testing.T
	conn   net.Conn
	out    chan []byte
	hold   bool // acknowledge nothing
	closed chan struct{}

	mu  sync.Mutex
	log log
}

// log is what came.
type log struct {
	answers  map[uint32]pdu.Header
	ids      map[uint32]string
	receipts []string // number and text, in order of arrival
	texts    []string // from: text, each part on its own
	order    []string // "answer 3", "receipt"
}

// seen is a copy of the log.
func (c *client) seen() log {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.log
	l.answers, l.ids = maps.Clone(l.answers), maps.Clone(l.ids)
	l.receipts, l.texts, l.order = slices.Clone(l.receipts), slices.Clone(l.texts), slices.Clone(l.order)
	return l
}

// dial binds a client to s inside a synctest bubble.
func dial(t *testing.T, s *simulator.Server, role pdu.ID) *client { return dialAs(t, s, role, false) }

// dialAs is dial for a client that may acknowledge nothing.
func dialAs(t *testing.T, s *simulator.Server, role pdu.ID, hold bool) *client {
	t.Helper()
	near, far := net.Pipe()
	c := &client{t: t, hold: hold, conn: near, out: make(chan []byte, 1<<14), closed: make(chan struct{})}
	c.log = log{answers: map[uint32]pdu.Header{}, ids: map[uint32]string{}}
	go s.ServeConn(far)
	go c.read()
	go func() {
		for {
			select {
			case b := <-c.out:
				_, _ = near.Write(b)
			case <-c.closed:
				return
			}
		}
	}()
	c.out <- pdu.AppendBind(nil, pdu.Header{ID: role, Seq: 1}, &pdu.Bind{SystemID: "t", Password: "p"})
	synctest.Wait()
	if h, ok := c.seen().answers[1]; !ok || h.ID != role.Resp() || h.Status != 0 {
		t.Fatalf("bind answered with %+v", h)
	}
	return c
}

func (c *client) read() {
	defer close(c.closed)
	in := pdu.NewReader(c.conn)
	for {
		h, body, err := in.Next()
		if err != nil {
			return
		}
		if c.note(h, body); h.ID.IsResp() || c.hold {
			continue
		}
		c.out <- pdu.AppendMessageResp(nil, pdu.Header{ID: h.ID.Resp(), Seq: h.Seq}, nil)
	}
}

// note writes a PDU into the log.
func (c *client) note(h pdu.Header, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &c.log
	if h.ID.IsResp() {
		l.answers[h.Seq], l.ids[h.Seq] = h, string(pdu.ParseMessageResp(body))
		l.order = append(l.order, fmt.Sprintf("answer %d", h.Seq))
		return
	}
	var m pdu.Message
	if err := pdu.ParseMessage(h.ID, body, &m); err != nil {
		panic(err)
	}
	if m.ESMClass&pdu.ESMTypeMask != 0 {
		l.receipts = append(l.receipts, string(m.Source.Addr)+" "+string(m.Short))
		l.order = append(l.order, "receipt")
		return
	}
	p, err := sms.ParsePart(m.DataCoding, m.ESMClass&pdu.ESMUDHI != 0, m.Short)
	if err != nil {
		panic(err)
	}
	p.UDH.Part, p.UDH.Total = 0, 0
	text, err := p.Text(sms.AlphabetGSM7)
	if err != nil {
		panic(err)
	}
	l.texts = append(l.texts, string(m.Source.Addr)+": "+text.Reveal())
}

func (c *client) submit(seq uint32, to, text string) {
	e, err := sms.Plan(text, sms.Options{Ref: uint16(seq)})
	if err != nil {
		c.t.Fatal(err)
	}
	for i, seg := range e.Segments {
		m := pdu.Message{Source: pdu.Addr{TON: 5, Addr: []byte("CLINIC")}, Dest: pdu.Addr{TON: 1, NPI: 1, Addr: []byte(to)},
			RegisteredDelivery: 1, DataCoding: e.Coding.DataCoding(), Short: seg.ShortMessage()}
		if len(seg.UDH()) > 0 {
			m.ESMClass = pdu.ESMUDHI
		}
		c.out <- pdu.AppendMessage(nil, pdu.Header{ID: pdu.SubmitSM, Seq: seq + uint32(i)*10_000}, &m)
	}
}

// world runs f with a server whose delayed events fire.
func world(t *testing.T, cfg simulator.Config, f func(*testing.T, *simulator.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := simulator.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.RunClock(ctx); close(done) }()
		f(t, s)
		cancel()
		<-done
	})
}

const menuText = "Your visit is on Tuesday at 9:30. Reply 1 to confirm, 2 to cancel, 3 to reschedule."

func TestTheZeroValueIsFastAndHonest(t *testing.T) {
	t.Parallel()
	world(t, simulator.Config{}, func(t *testing.T, s *simulator.Server) {
		c := dial(t, s, pdu.BindTransceiver)
		defer c.conn.Close()
		for seq := range uint32(100) {
			c.submit(seq+2, fmt.Sprint(48600100200+uint64(seq)), menuText)
		}
		synctest.Wait()
		got := s.Stats()
		if got.Accepted != 100 || got.Distinct != 100 || got.Duplicates != 0 || got.ReceiptsAcked != 100 || got.TextsSent != 0 || got.Pending != 0 || got.Delivered != 100 {
			t.Fatalf("%+v", got)
		}
		for i, r := range c.seen().receipts {
			if !strings.Contains(r, "stat:DELIVRD err:000") || !strings.Contains(r, "id:"+c.seen().ids[uint32(i+2)]+" ") {
				t.Fatalf("receipt %d: %s; id %s", i, r, c.seen().ids[uint32(i+2)])
			}
		}
	})
}

func TestTheSameSeedMakesTheSameRun(t *testing.T) {
	t.Parallel()
	run := func(seed, id uint64, reverse bool) (answers map[string]uint32, receipts, texts []string) {
		cfg := simulator.Town(seed)
		cfg.Run = id
		cfg.Now = func() time.Time { return time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC) }
		world(t, cfg, func(t *testing.T, s *simulator.Server) {
			c := dial(t, s, pdu.BindTransceiver)
			defer c.conn.Close()
			for i := range uint32(400) {
				if reverse {
					i = 399 - i
				}
				c.submit(i+2, fmt.Sprint(48600100200+uint64(i)), menuText)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			answers = map[string]uint32{}
			for seq, h := range c.seen().answers {
				answers[fmt.Sprint(seq, c.seen().ids[seq])] = h.Status
			}
			receipts, texts = c.seen().receipts, c.seen().texts
		})
		slices.Sort(receipts)
		slices.Sort(texts)
		return answers, receipts, texts
	}
	a1, r1, t1 := run(5, 1, false)
	a2, r2, t2 := run(5, 1, true)
	if d := cmp.Diff(a1, a2) + cmp.Diff(stripDates(r1), stripDates(r2)) + cmp.Diff(t1, t2); d != "" {
		t.Fatalf("the same seed in another order gave another run:\n%s", d)
	}
	if len(t1) < 150 || len(r1) < 300 {
		t.Fatalf("%d texts and %d receipts of 400", len(t1), len(r1))
	}
	_, _, t3 := run(6, 1, false)
	if cmp.Equal(t1, t3) {
		t.Fatal("another seed gave the same people")
	}
	_, r4, t4 := run(5, 2, false)
	if !cmp.Equal(t1, t4) || cmp.Equal(r1, r4) {
		t.Fatal("another run must change the ids and nothing else")
	}
}

// stripDates drops what depends on delays.
func stripDates(rs []string) []string {
	out := make([]string, len(rs))
	for i, r := range rs {
		before, after, _ := strings.Cut(r, " submit date:")
		_, stat, _ := strings.Cut(after, " stat:")
		out[i] = before + stat
	}
	slices.Sort(out)
	return out
}

func TestFaultsHappenAsOftenAsConfigured(t *testing.T) {
	t.Parallel()
	const n = 4000
	for name, c := range map[string]struct {
		cfg   simulator.Config
		share func(simulator.Stats, *client) float64
		want  float64
	}{
		"throttled":         {simulator.Config{Throttled: 0.2}, func(s simulator.Stats, _ *client) float64 { return float64(s.Throttled) / n }, 0.2},
		"system errors":     {simulator.Config{SystemErrors: 0.2}, func(s simulator.Stats, _ *client) float64 { return float64(s.Refused) / n }, 0.2},
		"bad numbers":       {simulator.Config{BadNumbers: 0.2}, func(s simulator.Stats, _ *client) float64 { return float64(s.Refused) / n }, 0.2},
		"lost answers":      {simulator.Config{LostAnswers: 0.2}, func(_ simulator.Stats, c *client) float64 { return 1 - float64(len(c.seen().answers)-1)/n }, 0.2},
		"unreachable":       {simulator.Config{Unreachable: 0.2}, func(s simulator.Stats, _ *client) float64 { return float64(s.Undelivered) / n }, 0.2},
		"lost receipts":     {simulator.Config{LostReceipts: 0.2}, func(_ simulator.Stats, c *client) float64 { return 1 - float64(len(c.seen().receipts))/n }, 0.2},
		"duplicates":        {simulator.Config{Duplicates: 0.2}, func(_ simulator.Stats, c *client) float64 { return float64(len(c.seen().receipts))/n - 1 }, 0.3},
		"intermediate":      {simulator.Config{Intermediate: 0.2}, func(_ simulator.Stats, c *client) float64 { return float64(len(c.seen().receipts))/n - 1 }, 0.2},
		"wrong states":      {simulator.Config{WrongStates: 0.2}, func(_ simulator.Stats, c *client) float64 { return have(c, "UNDELIV") / n }, 0.2},
		"expired, of those": {simulator.Config{Unreachable: 0.6}, func(_ simulator.Stats, c *client) float64 { return have(c, "EXPIRED") / n }, 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world(t, c.cfg, func(t *testing.T, s *simulator.Server) {
				cl := dial(t, s, pdu.BindTransceiver)
				defer cl.conn.Close()
				for i := range uint32(n) {
					cl.submit(i+2, fmt.Sprint(48600100200+uint64(i)), "hello")
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := c.share(s.Stats(), cl); got < c.want-0.03 || got > c.want+0.03 {
					t.Fatalf("%.3f, configured %.3f", got, c.want)
				}
			})
		})
	}
}

func have(c *client, word string) (n float64) {
	for _, r := range c.seen().receipts {
		if strings.Contains(r, "stat:"+word) {
			n++
		}
	}
	return n
}

func TestReceiptsCanComeEarlyLateAndOutOfOrder(t *testing.T) {
	t.Parallel()
	world(t, simulator.Config{Early: 1, AnswerDelay: 10 * time.Millisecond}, func(t *testing.T, s *simulator.Server) {
		c := dial(t, s, pdu.BindTransceiver)
		defer c.conn.Close()
		c.submit(2, "48600100200", "hello")
		time.Sleep(time.Second)
		synctest.Wait()
		if want := []string{"answer 1", "receipt", "answer 2"}; !slices.Equal(c.seen().order, want) {
			t.Fatalf("order %v", c.seen().order)
		}
	})
	world(t, simulator.Config{Late: 1, LateBy: time.Hour, Speed: 60}, func(t *testing.T, s *simulator.Server) {
		c := dial(t, s, pdu.BindTransceiver)
		defer c.conn.Close()
		c.submit(2, "48600100200", "hello")
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if len(c.seen().receipts) != 0 {
			t.Fatal("an hour at speed 60 took less than a minute")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(c.seen().receipts) != 1 {
			t.Fatal("an hour at speed 60 took more than a minute")
		}
	})
	world(t, simulator.Config{Reordered: 0.5}, func(t *testing.T, s *simulator.Server) {
		c := dial(t, s, pdu.BindTransceiver)
		defer c.conn.Close()
		for i := range uint32(50) {
			c.submit(i+2, fmt.Sprint(48600100200+uint64(i)), "hello")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(c.seen().receipts) != 50 || slices.IsSorted(c.seen().receipts) {
			t.Fatalf("%d receipts, none overtaken", len(c.seen().receipts))
		}
	})
}

func TestDuplicatesAreCountedWhateverTheReference(t *testing.T) {
	t.Parallel()
	world(t, simulator.Config{}, func(t *testing.T, s *simulator.Server) {
		c := dial(t, s, pdu.BindTransceiver)
		defer c.conn.Close()
		long := strings.Repeat("a long text ", 20)
		c.submit(2, "48600100200", long)
		c.submit(3, "48600100200", long) // another concatenation reference
		c.submit(4, "48600100201", long)
		c.submit(5, "48600100201", "short")
		synctest.Wait()
		if got := s.Stats(); got.Accepted != 7 || got.Distinct != 5 || got.Duplicates != 2 || got.Segments != 7 {
			t.Fatalf("%+v", got)
		}
	})
}

func TestWhatIsNotAcknowledgedComesAgain(t *testing.T) {
	t.Parallel()
	world(t, simulator.Config{DeliverWin: 3}, func(t *testing.T, s *simulator.Server) {
		tx := dial(t, s, pdu.BindTransmitter)
		defer tx.conn.Close()
		for i := range uint32(5) {
			tx.submit(i+2, fmt.Sprint(48600100200+uint64(i)), "hello")
		}
		synctest.Wait()
		if len(tx.seen().receipts) != 0 || s.Stats().Pending != 5 {
			t.Fatalf("a transmitter was sent %d receipts; %+v", len(tx.seen().receipts), s.Stats())
		}
		rx := dialAs(t, s, pdu.BindReceiver, true)
		synctest.Wait()
		if len(rx.seen().receipts) != 3 {
			t.Fatalf("%d receipts without an answer in a window of 3", len(rx.seen().receipts))
		}
		_ = rx.conn.Close()
		synctest.Wait()
		again := dial(t, s, pdu.BindReceiver)
		defer again.conn.Close()
		synctest.Wait()
		if got := s.Stats(); got.ReceiptsAcked != 5 || got.Pending != 0 || got.Redelivered != 3 || len(again.seen().receipts) != 5 {
			t.Fatalf("%+v", got)
		}
	})
}

func TestALongAnswerComesInParts(t *testing.T) {
	t.Parallel()
	world(t, simulator.Config{Seed: 3, People: true, Answers: simulator.Answers{Reply: 1, Question: 1}}, func(t *testing.T, s *simulator.Server) {
		c := dial(t, s, pdu.BindTransceiver)
		defer c.conn.Close()
		for i := range uint32(60) {
			c.submit(i+2, fmt.Sprint(48600100200+uint64(i)), "Wizyta we wtorek. Odpisz 1 - potwierdzam, 2 - odwołuję.")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := s.Stats(); got.TextsSent <= 60 || got.TextsAcked != got.TextsSent {
			t.Fatalf("60 answers in %d parts, %d acknowledged", got.TextsSent, got.TextsAcked)
		}
		if !strings.Contains(strings.ToLower(strings.Join(c.seen().texts, "\n")), "na czczo") {
			t.Fatalf("nobody answered in Polish: %q", c.seen().texts)
		}
	})
}

func TestBindsAndForeignPDUs(t *testing.T) {
	t.Parallel()
	world(t, simulator.Config{SystemID: "t", Password: "p"}, func(t *testing.T, s *simulator.Server) {
		c := dial(t, s, pdu.BindReceiver)
		defer c.conn.Close()
		c.out <- pdu.AppendBind(nil, pdu.Header{ID: pdu.BindTransceiver, Seq: 2}, &pdu.Bind{SystemID: "t", Password: "p"})
		c.submit(3, "48600100200", "hello")
		c.out <- pdu.AppendEmpty(nil, pdu.Header{ID: 0x0008, Seq: 4}) // cancel_sm
		c.out <- pdu.AppendEmpty(nil, pdu.Header{ID: pdu.EnquireLink, Seq: 5})
		c.out <- pdu.AppendEmpty(nil, pdu.Header{ID: pdu.SubmitSM, Seq: 6})
		c.out <- pdu.AppendEmpty(nil, pdu.Header{ID: pdu.Unbind, Seq: 7})
		<-c.closed
		for seq, want := range map[uint32]pdu.Header{
			2: {ID: pdu.BindTransceiver.Resp(), Status: 5, Seq: 2}, 3: {ID: pdu.SubmitSM.Resp(), Status: 4, Seq: 3},
			4: {ID: pdu.GenericNack, Status: 3, Seq: 4}, 5: {ID: pdu.EnquireLink.Resp(), Seq: 5},
			6: {ID: pdu.SubmitSM.Resp(), Status: 4, Seq: 6}, 7: {ID: pdu.Unbind.Resp(), Seq: 7},
		} {
			if c.seen().answers[seq] != want {
				t.Errorf("answer %+v, want %+v", c.seen().answers[seq], want)
			}
		}
	})
	world(t, simulator.Config{SystemID: "t", Password: "other"}, func(t *testing.T, s *simulator.Server) {
		near, far := net.Pipe()
		go s.ServeConn(far)
		go func() {
			_, _ = near.Write(pdu.AppendBind(nil, pdu.Header{ID: pdu.BindTransceiver, Seq: 1}, &pdu.Bind{SystemID: "t", Password: "p"}))
		}()
		in := pdu.NewReader(near)
		if h, _, err := in.Next(); err != nil || h.Status != 0x0E {
			t.Fatalf("a wrong password was answered with %+v, %v", h, err)
		}
		if _, _, err := in.Next(); err == nil {
			t.Fatal("the connection stays open after a refused bind")
		}
	})
}

func TestStatsAreServedAsJSON(t *testing.T) {
	t.Parallel()
	s, err := simulator.New(simulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/stats", nil))
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	for _, k := range []string{"submitted", "accepted", "distinct", "duplicates", "receipts_sent", "receipts_acked"} {
		if _, ok := got[k]; !ok {
			t.Errorf("no %s in %s", k, w.Body)
		}
	}
}

func TestConfigsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for _, c := range []simulator.Config{{Throttled: 1.5}, {Speed: -1}, {Rate: -1}, {ReplyMin: time.Hour, ReplyMax: time.Minute}, {Answers: simulator.Answers{Reply: 1, Stop: -1}}} {
		if _, err := simulator.New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

// FuzzServerSession feeds bytes of a foreign client into a session: no panic, no hang, nothing pending that was not
// accepted.
func FuzzServerSession(f *testing.F) {
	bind := pdu.AppendBind(nil, pdu.Header{ID: pdu.BindTransceiver, Seq: 1}, &pdu.Bind{SystemID: "t", Password: "p"})
	m := pdu.Message{Source: pdu.Addr{TON: 5, Addr: []byte("CLINIC")}, Dest: pdu.Addr{Addr: []byte("48600100200")}, ESMClass: 0x43,
		RegisteredDelivery: 17, Short: []byte("\x05\x00\x03\x01\x02\x01Reply 1 to confirm")}
	submit := pdu.AppendMessage(bind, pdu.Header{ID: pdu.SubmitSM, Seq: 2}, &m)
	f.Add(submit)
	f.Add(append(submit, pdu.AppendMessageResp(nil, pdu.Header{ID: pdu.DeliverSM.Resp(), Seq: 1}, nil)...))
	f.Add(pdu.AppendQuery(bind, pdu.Header{ID: pdu.QuerySM, Seq: 3}, &pdu.Query{MessageID: []byte("1f")}))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		s, err := simulator.New(simulator.Config{People: true, Answers: simulator.Answers{Reply: 1, Question: 1}})
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() { s.ServeConn(far); close(done) }()
		drained := make(chan struct{})
		go func() { // whatever comes back is thrown away
			defer close(drained)
			buf := make([]byte, 4096)
			for {
				if _, err := near.Read(buf); err != nil {
					return
				}
			}
		}()
		_, _ = near.Write(stream)
		_ = near.Close()
		<-done
		<-drained
		if got := s.Stats(); got.Accepted > got.Submitted || got.Pending > 8*got.Accepted {
			t.Fatalf("%+v", got)
		}
	})
}
