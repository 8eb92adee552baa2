// Package config is what can be set from outside: one struct that is flags, environment and help at once.
// A secret may also come from a file whose name is given, so that it stands in no process list. It refuses to
// read any other file and to have a setting without a sentence that says what it does.
package config

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"carillon.dev/carillon/internal/base/errs"
)

// Storage says where data and keys are. Every command that opens the database takes it.
type Storage struct {
	Data         string `help:"Folder of the embedded database." default:"./data" env:"CARILLON_DATA" type:"path" placeholder:"DIR"`
	Database     string `help:"PostgreSQL address such as postgres://carillon@db/carillon; empty uses the embedded SQLite." env:"CARILLON_DATABASE" placeholder:"URL"`
	DatabaseFile string `help:"File that holds the PostgreSQL address, to keep its password out of the process list." env:"CARILLON_DATABASE_FILE" type:"path" placeholder:"FILE"`
	KeyFile      string `help:"File of the encryption keys; made on the first run, readable by its owner only. Keep a copy away from the data's backups. Empty: carillon/keyring in the user's configuration folder." env:"CARILLON_KEY_FILE" type:"path" placeholder:"FILE"`
}

// Listen says how the console and the API are reached.
type Listen struct {
	Listen    string `help:"Address and port of the console and the API." default:"127.0.0.1:8080" env:"CARILLON_LISTEN" placeholder:"HOST:PORT"`
	PublicURL string `help:"Address under which people reach the console, such as https://carillon.example.org; needed behind a proxy." env:"CARILLON_PUBLIC_URL" placeholder:"URL"`
	TLSCert   string `help:"Certificate chain (PEM)." env:"CARILLON_TLS_CERT" type:"path" placeholder:"FILE"`
	TLSKey    string `help:"Key of the certificate (PEM)." env:"CARILLON_TLS_KEY" type:"path" placeholder:"FILE"`
	Proxy     string `help:"Address or network of the proxy that speaks TLS for us, such as 10.0.0.5 or 10.0.0.0/24. Only its X-Forwarded-For is believed." env:"CARILLON_PROXY" placeholder:"NET"`
}

// Log says what the log looks like.
type Log struct {
	LogLevel  string `help:"Least level that is logged: debug, info, warn or error." default:"info" enum:"debug,info,warn,error" env:"CARILLON_LOG_LEVEL"`
	LogFormat string `help:"text for people, json for collectors." default:"text" enum:"text,json" env:"CARILLON_LOG_FORMAT"`
}

// Serve is everything a serving node can be told.
type Serve struct {
	Storage
	Listen
	Log
	Metrics  string        `help:"Address and port on which Prometheus reads this node's figures, such as 127.0.0.1:9464; empty is off. Whoever reaches it may read them: counts and times, nothing about a person." env:"CARILLON_METRICS" placeholder:"HOST:PORT"`
	Idle     time.Duration `name:"session-idle" help:"How long a log-in that nobody uses stays open, from 2m to 12h. A page that renews itself is not use." default:"15m" env:"CARILLON_SESSION_IDLE"`
	StopWait time.Duration `help:"How long a stopping node waits for answers of carriers." default:"10s" env:"CARILLON_STOP_WAIT"`
}

// DSN is the PostgreSQL address, empty for SQLite.
func (s Storage) DSN() (string, error) {
	if s.DatabaseFile == "" {
		return s.Database, nil
	}
	if s.Database != "" {
		return "", errs.New(errs.Invalid, "give the database's address or the file that holds it, not both").At("--database-file")
	}
	b, err := os.ReadFile(s.DatabaseFile)
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "the file with the database's address cannot be read", err).(*errs.Error).At("--database-file")
	}
	return strings.TrimSpace(string(b)), nil
}

// SQLitePath is the embedded database's file.
func (s Storage) SQLitePath() string { return filepath.Join(s.Data, "carillon.db") }

// KeyPath is where the keys are: never inside the data folder unless somebody says so, because a copy of the
// folder would then be a copy of the patients.
func (s Storage) KeyPath() (string, error) {
	if s.KeyFile != "" {
		return s.KeyFile, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "there is no home folder for the key file; name a place for it", err).(*errs.Error).At("--key-file")
	}
	return filepath.Join(dir, "carillon", "keyring"), nil
}

// Check refuses to listen where passwords and patients would cross a network in the clear.
func (l Listen) Check() error {
	host, _, err := net.SplitHostPort(l.Listen)
	if err != nil {
		return errs.New(errs.Invalid, "write it as HOST:PORT, such as 127.0.0.1:8080").At("--listen")
	}
	if (l.TLSCert == "") != (l.TLSKey == "") {
		return errs.New(errs.Invalid, "a certificate needs its key and a key its certificate").At("--tls-cert")
	}
	if _, err := l.ProxyNet(); err != nil {
		return err
	}
	if l.TLSCert != "" || l.Proxy != "" || loopback(host) {
		return nil
	}
	return errs.New(errs.Precondition, "beyond this machine the console is served with TLS only: give --tls-cert and --tls-key, or name the proxy that speaks TLS with --proxy").At("--listen")
}

// Check refuses addresses that cannot be, and those of Listen.Check.
func (s Serve) Check() error {
	if s.Metrics != "" {
		if _, _, err := net.SplitHostPort(s.Metrics); err != nil {
			return errs.New(errs.Invalid, "write it as HOST:PORT, such as 127.0.0.1:9464").At("--metrics")
		}
	}
	if s.Idle != 0 && (s.Idle < 2*time.Minute || s.Idle > 12*time.Hour) {
		return errs.New(errs.Invalid, "an unused log-in stays open for 2 minutes at least and 12 hours at most").At("--session-idle")
	}
	return s.Listen.Check()
}

// ProxyNet is the declared proxy's network; the zero prefix is no proxy.
func (l Listen) ProxyNet() (netip.Prefix, error) {
	if l.Proxy == "" {
		return netip.Prefix{}, nil
	}
	if a, err := netip.ParseAddr(l.Proxy); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(l.Proxy)
	if err != nil {
		return netip.Prefix{}, errs.New(errs.Invalid, "write an address such as 10.0.0.5 or a network such as 10.0.0.0/24").At("--proxy")
	}
	return p, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
