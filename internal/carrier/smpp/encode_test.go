package smpp

import (
	"bytes"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
	"carillon.dev/carillon/internal/core/sms"
)

func encoded(t *testing.T, c Config, s carrier.Submit) (pdu.Message, bool) {
	t.Helper()
	c = c.withDefaults()
	b, ok := newEncoder(&c).append(nil, 2, &s)
	if !ok {
		return pdu.Message{}, false
	}
	var m pdu.Message
	if err := pdu.ParseMessage(pdu.SubmitSM, b[pdu.HeaderLen:], &m); err != nil {
		t.Fatal(err)
	}
	return m, true
}

func TestSendersGetTheirTypeOfNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from     carrier.Address
		cfg      Config
		ton, npi uint8
		addr     string
	}{
		{carrier.Address{Addr: "Clinic North"}, Config{}, 5, 0, "Clinic North"},
		{carrier.Address{Addr: "+48221234567"}, Config{}, 1, 1, "48221234567"},
		{carrier.Address{Addr: "48221234567"}, Config{}, 1, 1, "48221234567"},
		{carrier.Address{Addr: "4455"}, Config{}, 3, 0, "4455"},
		{carrier.Address{}, Config{}, 0, 0, ""},
		{carrier.Address{Addr: "4455", TON: 6, NPI: 9}, Config{}, 6, 9, "4455"},
		{carrier.Address{Addr: "4455"}, Config{SourceTON: 2, SourceNPI: 8}, 2, 8, "4455"},
	} {
		m, ok := encoded(t, c.cfg, carrier.Submit{From: c.from, To: phi.T("+48600100200")})
		if !ok || m.Source.TON != c.ton || m.Source.NPI != c.npi || string(m.Source.Addr) != c.addr {
			t.Errorf("%+v became %+v (%v)", c.from, m.Source, ok)
		}
		if m.Dest.TON != 1 || m.Dest.NPI != 1 || string(m.Dest.Addr) != "48600100200" {
			t.Errorf("destination %+v", m.Dest)
		}
	}
	if m, _ := encoded(t, Config{DestPlus: true, DestTON: 2, DestNPI: 3}, carrier.Submit{To: phi.T("+48600100200")}); string(m.Dest.Addr) != "+48600100200" || m.Dest.TON != 2 {
		t.Errorf("destination %+v", m.Dest)
	}
}

func TestUserDataIsPlacedAsTheRouteWants(t *testing.T) {
	t.Parallel()
	udh := carrier.Octets{5, 0, 3, 42, 2, 1}
	national := carrier.Octets{8, 0x25, 1, 1, 0, 3, 42, 2, 1} // locking shift table, then concatenation
	long := carrier.Octets(bytes.Repeat([]byte("x"), 400))
	for name, c := range map[string]struct {
		concat  carrier.Concat
		s       carrier.Submit
		short   string
		payload int // length of message_payload
		esm     uint8
		dc      uint8
		sar     bool
	}{
		"plain":                   {"", carrier.Submit{Payload: carrier.Octets("hi")}, "hi", 0, 0, 0, false},
		"UCS-2":                   {"", carrier.Submit{Coding: carrier.UCS2, Payload: carrier.Octets("\x04\x10")}, "\x04\x10", 0, 0, 8, false},
		"Latin-1":                 {"", carrier.Submit{Coding: carrier.Latin1, Payload: carrier.Octets("\xe9")}, "\xe9", 0, 0, 3, false},
		"binary":                  {"", carrier.Submit{Coding: carrier.Binary, Payload: carrier.Octets("\x00")}, "\x00", 0, 0, 4, false},
		"part by UDH":             {carrier.ConcatUDH, carrier.Submit{UDH: udh, Payload: carrier.Octets("hi")}, string(udh) + "hi", 0, 0x40, 0, false},
		"part by sar":             {carrier.ConcatSAR, carrier.Submit{UDH: udh, Payload: carrier.Octets("hi")}, "hi", 0, 0, 0, true},
		"national table by sar":   {carrier.ConcatSAR, carrier.Submit{UDH: national, Payload: carrier.Octets("hi")}, "\x03\x25\x01\x01hi", 0, 0x40, 0, true},
		"whole, short":            {carrier.ConcatWhole, carrier.Submit{Payload: long[:160]}, string(long[:160]), 0, 0, 0, false},
		"whole, long":             {carrier.ConcatWhole, carrier.Submit{Payload: long[:161]}, "", 161, 0, 0, false},
		"whole, long UCS-2":       {carrier.ConcatWhole, carrier.Submit{Coding: carrier.UCS2, Payload: long[:142]}, "", 142, 0, 8, false},
		"too long for short":      {"", carrier.Submit{Payload: long}, "", 400, 0, 0, false},
		"a header that is no UDH": {carrier.ConcatSAR, carrier.Submit{UDH: carrier.Octets{9, 0, 3}, Payload: carrier.Octets("hi")}, "\x09\x00\x03hi", 0, 0x40, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.s.To = phi.T("48600100200")
			m, ok := encoded(t, Config{Concat: c.concat}, c.s)
			p, _ := m.Params.Get(pdu.TagMessagePayload)
			if !ok || string(m.Short) != c.short || len(p) != c.payload || m.ESMClass != c.esm || m.DataCoding != c.dc {
				t.Fatalf("short %q, payload %d, esm %#x, data_coding %d", m.Short, len(p), m.ESMClass, m.DataCoding)
			}
			if part := sarPart(m.Params); c.sar != (part == carrier.Part{Ref: 42, Number: 1, Total: 2}) {
				t.Fatalf("sar %+v", part)
			}
		})
	}
}

func TestRoutesThatTakeLatin1ForTheDefault(t *testing.T) {
	t.Parallel()
	// "é[ @" in septets: 05, escape 3C, 20, 00.
	m, ok := encoded(t, Config{Alphabet: sms.AlphabetLatin1}, carrier.Submit{To: phi.T("1"), Payload: carrier.Octets{0x05, 0x1B, 0x3C, 0x20, 0x00}})
	if !ok || string(m.Short) != "\xe9[ @" || m.DataCoding != 0 {
		t.Fatalf("%q %d %v", m.Short, m.DataCoding, ok)
	}
	for _, lost := range []carrier.Octets{{0x1B, 0x65}, {0x10}, {0x80}, {0x1B}} { // euro, Greek delta, no septet, half an escape
		if _, ok := encoded(t, Config{Alphabet: sms.AlphabetLatin1}, carrier.Submit{To: phi.T("1"), Payload: lost}); ok {
			t.Errorf("% x was sent as something else", []byte(lost))
		}
	}
}

func TestOptionsOfASubmit(t *testing.T) {
	t.Parallel()
	cfg := Config{EchoesRef: true, Validity: 36 * time.Hour, ServiceType: "CMT", RegisteredDelivery: 17, ExtraTLVs: []carrier.TLV{{Tag: 0x1401, Value: []byte("acct")}}}
	m, _ := encoded(t, cfg, carrier.Submit{To: phi.T("1"), UserRef: 515, Priority: 9, TLVs: []carrier.TLV{{Tag: 0x1400, Value: []byte{1}}}})
	ref, _ := m.Params.Uint16(pdu.TagUserMessageReference)
	own, _ := m.Params.Get(0x1401)
	one, _ := m.Params.Get(0x1400)
	if ref != 515 || string(own) != "acct" || len(one) != 1 || m.Priority != 3 || m.RegisteredDelivery != 17 || string(m.ServiceType) != "CMT" {
		t.Fatalf("%+v", m)
	}
	if string(m.Validity) != "000001120000000R" {
		t.Fatalf("36 hours are %q", m.Validity)
	}
	m, _ = encoded(t, cfg, carrier.Submit{To: phi.T("1"), NoReceipt: true, Validity: 90*time.Minute + time.Second})
	if m.RegisteredDelivery != 0 || string(m.Validity) != "000000013001000R" {
		t.Fatalf("registered_delivery %d, validity %q", m.RegisteredDelivery, m.Validity)
	}
	m, _ = encoded(t, Config{}, carrier.Submit{To: phi.T("1"), UserRef: 515})
	if _, ok := m.Params.Get(pdu.TagUserMessageReference); ok || len(m.Validity) != 0 {
		t.Fatal("a route that does not echo the reference got one, or a validity that nobody set")
	}
}

func TestSubmitsThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]carrier.Submit{
		"no destination":       {},
		"destination too long": {To: phi.T("123456789012345678901")},
		"zero in a sender":     {To: phi.T("1"), From: carrier.Address{Addr: "a\x00b"}},
		"sender too long":      {To: phi.T("1"), From: carrier.Address{Addr: "123456789012345678901a"}},
		"too much text":        {To: phi.T("1"), Payload: make(carrier.Octets, 70_000)},
	} {
		if _, ok := encoded(t, Config{}, s); ok {
			t.Errorf("%s: encoded", name)
		}
	}
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := Config{Host: "smsc.example", SystemID: "clinic"}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for field, bad := range map[string]func(*Config){
		"host":                func(c *Config) { c.Host = "" },
		"port":                func(c *Config) { c.Port = 70000 },
		"system_id":           func(c *Config) { c.SystemID = "sixteen-letters!" },
		"window":              func(c *Config) { c.Window = 5001 },
		"bind":                func(c *Config) { c.Bind = "both" },
		"alphabet":            func(c *Config) { c.Alphabet = "ebcdic" },
		"concat":              func(c *Config) { c.Concat = "glue" },
		"receipt_id":          func(c *Config) { c.ReceiptID = "octal" },
		"registered_delivery": func(c *Config) { c.RegisteredDelivery = 256 },
		"validity":            func(c *Config) { c.Validity = 31 * 24 * time.Hour },
		"receipt_zone":        func(c *Config) { c.ReceiptZone = "Mars/Olympus" },
		"tls":                 func(c *Config) { c.TLSInsecure = true },
		"simulator":           func(c *Config) { c.Simulator = true },
		"timeouts":            func(c *Config) { c.SubmitTimeout = -1 },
	} {
		c := good
		bad(&c)
		err := c.Validate()
		if !errs.Is(err, errs.Invalid) || !bytes.HasPrefix([]byte(err.Error()), []byte(field+": ")) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestInboundCodings(t *testing.T) {
	t.Parallel()
	for dc, want := range map[uint8]carrier.Coding{
		0x00: carrier.GSM7, 0x01: carrier.Latin1, 0x03: carrier.Latin1, 0x04: carrier.Binary, 0x06: carrier.Binary, 0x08: carrier.UCS2,
		0x10: carrier.GSM7, 0x14: carrier.Binary, 0x18: carrier.UCS2, 0xC8: carrier.GSM7, 0xE0: carrier.UCS2, 0xF0: carrier.GSM7, 0xF4: carrier.Binary,
	} {
		c := Config{}.withDefaults()
		if got := c.inboundCoding(dc); got != want {
			t.Errorf("data_coding %#x is %s, want %s", dc, got, want)
		}
	}
	latin := Config{Alphabet: sms.AlphabetLatin1}.withDefaults()
	if got := latin.inboundCoding(0); got != carrier.Latin1 {
		t.Errorf("data_coding 0 on a Latin-1 route is %s", got)
	}
}

func TestEncodingASubmitDoesNotAllocate(t *testing.T) {
	c := Config{Host: "x", SystemID: "y", Validity: time.Hour}.withDefaults()
	e, buf := newEncoder(&c), make([]byte, 0, 1024)
	s := carrier.Submit{From: carrier.Address{Addr: "CLINIC"}, To: phi.T("+48600100200"), UDH: carrier.Octets{5, 0, 3, 1, 2, 1}, Payload: carrier.Octets("hello")}
	if n := testing.AllocsPerRun(100, func() { e.append(buf, 2, &s) }); n != 0 {
		t.Fatalf("%v allocations a submit", n)
	}
}
