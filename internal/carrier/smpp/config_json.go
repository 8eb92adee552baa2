package smpp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/core/sms"
)

// wireConfig is Config as it is kept with a route and written by hand. Only host and system_id must be there.
type wireConfig struct {
	Host          string              `json:"host"`
	Port          int                 `json:"port,omitempty"`
	SystemID      string              `json:"system_id"`
	Password      string              `json:"password,omitempty"`
	SystemType    string              `json:"system_type,omitempty"`
	Bind          BindMode            `json:"bind,omitempty"`
	Addresses     string              `json:"addresses,omitempty"`
	TLS           bool                `json:"tls,omitempty"`
	TLSCAFile     string              `json:"tls_ca_file,omitempty"`
	TLSName       string              `json:"tls_name,omitempty"`
	TLSInsecure   bool                `json:"tls_insecure,omitempty"`
	Window        int                 `json:"window,omitempty"`
	ThrottleWait  span                `json:"throttle_wait,omitempty"`
	SubmitTimeout span                `json:"submit_timeout,omitempty"`
	EnquireEvery  span                `json:"enquire_every,omitempty"`
	EnquireWait   span                `json:"enquire_wait,omitempty"`
	ConnectWait   span                `json:"connect_wait,omitempty"`
	ReconnectMin  span                `json:"reconnect_min,omitempty"`
	ReconnectMax  span                `json:"reconnect_max,omitempty"`
	Grace         span                `json:"grace,omitempty"`
	MaxUnacked    int                 `json:"max_unacked,omitempty"`
	SourceTON     int                 `json:"source_ton,omitempty"`
	SourceNPI     int                 `json:"source_npi,omitempty"`
	DestTON       int                 `json:"dest_ton,omitempty"`
	DestNPI       int                 `json:"dest_npi,omitempty"`
	DestPlus      bool                `json:"dest_plus,omitempty"`
	ServiceType   string              `json:"service_type,omitempty"`
	Alphabet      sms.DefaultAlphabet `json:"alphabet,omitempty"`
	Concat        carrier.Concat      `json:"concat,omitempty"`
	Validity      span                `json:"validity,omitempty"`
	Registered    int                 `json:"registered_delivery,omitempty"`
	EchoesRef     bool                `json:"echoes_ref,omitempty"`
	Queries       bool                `json:"queries,omitempty"`
	QueryAfter    span                `json:"query_after,omitempty"`
	ExtraTLVs     []wireTLV           `json:"extra_tlvs,omitempty"`
	ReceiptID     IDForm              `json:"receipt_id,omitempty"`
	TrimIDZeros   bool                `json:"trim_id_zeros,omitempty"`
	ReceiptZone   string              `json:"receipt_zone,omitempty"`
	Simulator     bool                `json:"simulator,omitempty"`
}

// span is a duration written as people write it: "30s", "2h".
type span time.Duration

// MarshalText writes the duration.
func (s span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads the duration.
func (s *span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if err != nil {
		return errs.New(errs.Invalid, "write durations such as 30s, 5m or 2h")
	}
	*s = span(d)
	return nil
}

type wireTLV struct {
	Tag uint16 `json:"tag"`
	Hex string `json:"hex"`
}

// ParseConfig reads a route's configuration from JSON. A field that does not exist is an error, so that a typing
// mistake does not silently become a default. The result is validated.
func ParseConfig(b []byte) (Config, error) {
	var w wireConfig
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return Config{}, errs.Wrap(errs.Invalid, "the route's configuration is no JSON object of the known fields; see docs/smpp-route.md", err)
	}
	c := w.config()
	for _, t := range w.ExtraTLVs {
		v, err := hex.DecodeString(strings.ReplaceAll(t.Hex, " ", ""))
		if err != nil {
			return Config{}, errs.New(errs.Invalid, "write the value as hexadecimal digits").At("extra_tlvs")
		}
		c.ExtraTLVs = append(c.ExtraTLVs, carrier.TLV{Tag: t.Tag, Value: v})
	}
	return c, c.Validate()
}

// JSON writes what ParseConfig reads. It holds the password: seal it.
func (c Config) JSON() phi.Text {
	w := wireConfig{
		Host: c.Host, Port: c.Port, SystemID: c.SystemID, Password: c.Password.Reveal(), SystemType: c.SystemType, Bind: c.Bind, Addresses: c.Addresses,
		TLS: c.TLS, TLSCAFile: c.TLSCAFile, TLSName: c.TLSName, TLSInsecure: c.TLSInsecure,
		Window: c.Window, ThrottleWait: span(c.ThrottleWait), SubmitTimeout: span(c.SubmitTimeout), EnquireEvery: span(c.EnquireEvery),
		EnquireWait: span(c.EnquireWait), ConnectWait: span(c.ConnectWait), ReconnectMin: span(c.ReconnectMin), ReconnectMax: span(c.ReconnectMax),
		Grace: span(c.Grace), MaxUnacked: c.MaxUnacked, SourceTON: c.SourceTON, SourceNPI: c.SourceNPI, DestTON: c.DestTON, DestNPI: c.DestNPI,
		DestPlus: c.DestPlus, ServiceType: c.ServiceType, Alphabet: c.Alphabet, Concat: c.Concat, Validity: span(c.Validity),
		Registered: c.RegisteredDelivery, EchoesRef: c.EchoesRef, Queries: c.Queries, QueryAfter: span(c.QueryAfter), ReceiptID: c.ReceiptID, TrimIDZeros: c.TrimIDZeros,
		ReceiptZone: c.ReceiptZone, Simulator: c.Simulator,
	}
	for _, t := range c.ExtraTLVs {
		w.ExtraTLVs = append(w.ExtraTLVs, wireTLV{Tag: t.Tag, Hex: hex.EncodeToString(t.Value)})
	}
	b, err := json.Marshal(w)
	if err != nil {
		panic("smpp: a configuration of plain fields does not encode: " + err.Error())
	}
	return phi.T(string(b))
}

func (w *wireConfig) config() Config {
	return Config{
		Host: w.Host, Port: w.Port, SystemID: w.SystemID, Password: phi.T(w.Password), SystemType: w.SystemType, Bind: w.Bind, Addresses: w.Addresses,
		TLS: w.TLS, TLSCAFile: w.TLSCAFile, TLSName: w.TLSName, TLSInsecure: w.TLSInsecure,
		Window: w.Window, ThrottleWait: time.Duration(w.ThrottleWait), SubmitTimeout: time.Duration(w.SubmitTimeout),
		EnquireEvery: time.Duration(w.EnquireEvery), EnquireWait: time.Duration(w.EnquireWait), ConnectWait: time.Duration(w.ConnectWait),
		ReconnectMin: time.Duration(w.ReconnectMin), ReconnectMax: time.Duration(w.ReconnectMax), Grace: time.Duration(w.Grace),
		MaxUnacked: w.MaxUnacked, SourceTON: w.SourceTON, SourceNPI: w.SourceNPI, DestTON: w.DestTON, DestNPI: w.DestNPI,
		DestPlus: w.DestPlus, ServiceType: w.ServiceType, Alphabet: w.Alphabet, Concat: w.Concat, Validity: time.Duration(w.Validity),
		RegisteredDelivery: w.Registered, EchoesRef: w.EchoesRef, Queries: w.Queries, QueryAfter: time.Duration(w.QueryAfter), ReceiptID: w.ReceiptID, TrimIDZeros: w.TrimIDZeros,
		ReceiptZone: w.ReceiptZone, Simulator: w.Simulator,
	}
}
