package smpp

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/sms"
)

// Config of one SMPP route. The zero value plus Host and SystemID is a careful bind: one transceiver, window 10,
// receipts asked for, UDH concatenation, version 3.4. Plain fields only, so that flags, environment and files
// can all fill it.
type Config struct {
	Host string // name or address of the SMSC
	Port int    // 2775 if 0, 3550 with TLS

	SystemID   string
	Password   phi.Text // at most 8 octets in the standard; longer ones are sent as they are, carriers take them
	SystemType string
	Bind       BindMode // transceiver if empty
	Addresses  string   // address_range of the bind, for carriers that route answers by it; usually empty

	TLS         bool
	TLSCAFile   string // PEM; the system's roots if empty
	TLSName     string // name to verify when it is not Host
	TLSInsecure bool   // do not verify: only for a carrier's test system

	Window        int           // most submits without an answer, 1 to 5000; 10 if 0
	ThrottleWait  time.Duration // Outcome.RetryAfter of a throttled submit; 1 s if 0
	SubmitTimeout time.Duration // a submit without an answer is unknown after this; 60 s if 0
	EnquireEvery  time.Duration // silence after which the line is tried with enquire_link; 30 s if 0
	EnquireWait   time.Duration // the line is dead when nothing comes for this long after it; 10 s if 0
	ConnectWait   time.Duration // for dialling and binding; 15 s if 0
	ReconnectMin  time.Duration // first wait before another try, doubled up to ReconnectMax; 1 s and 60 s if 0
	ReconnectMax  time.Duration
	Grace         time.Duration // for open submits and receipts when stopping; 5 s if 0
	MaxUnacked    int           // most receipts and texts not yet acknowledged before reading stops; 10,000 if 0

	SourceTON, SourceNPI int  // -1 and -1 (or both 0): by the sender's form
	DestTON, DestNPI     int  // both 0: 1 and 1, international E.164
	DestPlus             bool // keep the leading + of the destination

	ServiceType        string
	Alphabet           sms.DefaultAlphabet // what data_coding 0 means at this carrier: gsm7 (if empty) or latin1
	Concat             carrier.Concat
	Validity           time.Duration // default validity period; 0 leaves it to the carrier
	RegisteredDelivery int           // octet that asks for a receipt; 1 if 0
	EchoesRef          bool          // the carrier puts user_message_reference into its receipts
	Queries            bool          // the carrier answers query_sm
	QueryAfter         time.Duration // without a receipt for so long after acceptance, the carrier is asked; 15 min if 0
	ExtraTLVs          []carrier.TLV // sent with every submit

	ReceiptID   IDForm // form of the id in receipts, seen from the one in submit_sm_resp
	TrimIDZeros bool   // ids are padded with zeros in one of the two places
	ReceiptZone string // IANA zone of the dates in receipts; UTC if empty

	Simulator bool // the far side is a simulator on this machine; any other host is refused
}

// BindMode is how the route is bound.
type BindMode string

const (
	// BindTransceiver uses one connection both ways.
	BindTransceiver BindMode = "transceiver"
	// BindPair uses one connection to send and one to receive.
	BindPair BindMode = "pair"
)

// IDForm says how a receipt writes an id that submit_sm_resp gave.
type IDForm string

const (
	// IDSame: letter by letter, case aside.
	IDSame IDForm = "same"
	// IDHexToDec: the response gave decimal, the receipt says hexadecimal.
	IDHexToDec IDForm = "hex_to_dec"
	// IDDecToHex: the response gave hexadecimal, the receipt says decimal.
	IDDecToHex IDForm = "dec_to_hex"
)

// withDefaults fills what was left zero.
func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.ThrottleWait, time.Second)
	def(&c.SubmitTimeout, time.Minute)
	def(&c.EnquireEvery, 30*time.Second)
	def(&c.EnquireWait, 10*time.Second)
	def(&c.ConnectWait, 15*time.Second)
	def(&c.ReconnectMin, time.Second)
	def(&c.ReconnectMax, time.Minute)
	def(&c.Grace, 5*time.Second)
	def(&c.QueryAfter, 15*time.Minute)
	c.Port = c.Dialled()
	c.Window = orInt(c.Window, 10)
	c.MaxUnacked = orInt(c.MaxUnacked, 10_000)
	c.RegisteredDelivery = orInt(c.RegisteredDelivery, 1)
	if c.DestTON == 0 && c.DestNPI == 0 {
		c.DestTON, c.DestNPI = 1, 1
	}
	if c.SourceTON == 0 && c.SourceNPI == 0 {
		c.SourceTON, c.SourceNPI = -1, -1
	}
	c.Bind = orStr(c.Bind, BindTransceiver)
	c.Alphabet = orStr(c.Alphabet, sms.AlphabetGSM7)
	c.Concat = orStr(c.Concat, carrier.ConcatUDH)
	c.ReceiptID = orStr(c.ReceiptID, IDSame)
	c.ReceiptZone = orStr(c.ReceiptZone, "UTC")
	return c
}

// Dialled is the port that is dialled: Port, or the usual one.
func (c Config) Dialled() int { return orInt(c.Port, map[bool]int{false: 2775, true: 3550}[c.TLS]) }

func orInt(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

func orStr[T ~string](v, def T) T {
	if v == "" {
		return def
	}
	return v
}

// Validate names the first field that cannot work; defaults are applied first.
func (c Config) Validate() error {
	c = c.withDefaults()
	for _, r := range []struct {
		field   string
		ok      bool
		problem string
	}{
		{"host", okHost(c.Host), "give the name or the address of the SMSC: no path, no port, no blanks"},
		{"port", c.Port > 0 && c.Port < 65536, "a port is between 1 and 65535"},
		{"system_id", okCstr(c.SystemID, 15) && c.SystemID != "" && printable(c.SystemID), "between 1 and 15 characters, of ASCII"},
		{"password", okCstr(c.Password.Reveal(), 64), "too long, or has a zero octet"},
		{"system_type", okCstr(c.SystemType, 12), "at most 12 characters"},
		{"addresses", okCstr(c.Addresses, 40), "at most 40 characters"},
		{"service_type", okCstr(c.ServiceType, 5), "at most 5 characters"},
		{"bind", c.Bind == BindTransceiver || c.Bind == BindPair, "must be transceiver or pair"},
		{"window", c.Window >= 1 && c.Window <= 5000, "a window is between 1 and 5000 submits"},
		{"max_unacked", c.MaxUnacked >= 1, "must be positive"},
		{"alphabet", c.Alphabet == sms.AlphabetGSM7 || c.Alphabet == sms.AlphabetLatin1, "must be gsm7 or latin1"},
		{"concat", c.Concat == carrier.ConcatUDH || c.Concat == carrier.ConcatSAR || c.Concat == carrier.ConcatWhole, "must be udh, sar or whole"},
		{"receipt_id", c.ReceiptID == IDSame || c.ReceiptID == IDHexToDec || c.ReceiptID == IDDecToHex, "must be same, hex_to_dec or dec_to_hex"},
		{"registered_delivery", c.RegisteredDelivery > 0 && c.RegisteredDelivery < 256, "is one octet, and 0 would ask for no receipt"},
		{"source_ton", octetOrAuto(c.SourceTON) && octetOrAuto(c.SourceNPI), "TON and NPI are between 0 and 255, or -1"},
		{"dest_ton", okOctet(c.DestTON) && okOctet(c.DestNPI), "TON and NPI are between 0 and 255"},
		{"validity", c.Validity >= 0 && c.Validity <= maxValidity, "at most 30 days"},
		{"query_after", c.QueryAfter >= minQueryAfter && c.QueryAfter <= maxQueryAfter, "between 15m and 72h: receipts usually come by themselves"},
		{"timeouts", min(c.SubmitTimeout, c.EnquireEvery, c.EnquireWait, c.ConnectWait, c.ReconnectMin, c.ReconnectMax, c.ThrottleWait) > 0 && c.Grace >= 0, "must be positive"},
		{"simulator", !c.Simulator || isLoopback(c.Host), "a simulator is on this machine: its host is 127.0.0.1, ::1 or localhost"},
		{"tls", c.TLS || (c.TLSCAFile == "" && c.TLSName == "" && !c.TLSInsecure), "the other tls fields need tls itself"},
	} {
		if !r.ok {
			return errs.New(errs.Invalid, r.problem).At(r.field)
		}
	}
	if _, err := time.LoadLocation(c.ReceiptZone); err != nil {
		return errs.New(errs.Invalid, "is no IANA time zone such as Europe/Warsaw").At("receipt_zone")
	}
	return nil
}

// A question before receipts had their time would hide that they have stopped.
const (
	minQueryAfter = 15 * time.Minute
	maxQueryAfter = 72 * time.Hour
)

// isLoopback reports whether a host can only be this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func okCstr(s string, most int) bool { return len(s) <= most && !strings.Contains(s, "\x00") }

// okHost reports whether a host can be one: an address, or a name of at most 253 letters, digits and -_. in ASCII.
func okHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && len(host) <= 253 && !strings.ContainsFunc(host, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r))
	})
}

// printable reports whether a text is of ASCII without control characters.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

func okOctet(n int) bool     { return n >= 0 && n < 256 }
func octetOrAuto(n int) bool { return n >= -1 && n < 256 }

// address is what is dialled.
func (c *Config) address() string { return net.JoinHostPort(c.Host, fmt.Sprint(c.Port)) }

// traits are what the engine is told.
func (c *Config) traits() carrier.Traits {
	return carrier.Traits{Concat: c.Concat, Window: c.Window, EchoesRef: c.EchoesRef, Queries: c.Queries, QueryAfter: c.QueryAfter, Simulator: c.Simulator}
}
