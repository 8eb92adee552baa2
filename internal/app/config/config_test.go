package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"carillon.dev/carillon/internal/app/config"
	"carillon.dev/carillon/internal/base/errs"
)

func TestListeningBeyondTheMachineNeedsTLSOrADeclaredProxy(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		l    config.Listen
		kind errs.Kind
	}{
		"loopback":             {config.Listen{Listen: "127.0.0.1:8080"}, ""},
		"loopback by name":     {config.Listen{Listen: "localhost:8080"}, ""},
		"loopback v6":          {config.Listen{Listen: "[::1]:8080"}, ""},
		"mapped loopback":      {config.Listen{Listen: "[::ffff:127.0.0.1]:8080"}, ""},
		"every address":        {config.Listen{Listen: ":8080"}, errs.Precondition},
		"a network address":    {config.Listen{Listen: "192.0.2.7:8080"}, errs.Precondition},
		"every address, TLS":   {config.Listen{Listen: ":443", TLSCert: "c", TLSKey: "k"}, ""},
		"every address, proxy": {config.Listen{Listen: ":8080", Proxy: "10.0.0.0/24"}, ""},
		"a proxy that is none": {config.Listen{Listen: ":8080", Proxy: "yes"}, errs.Invalid},
		"half a certificate":   {config.Listen{Listen: "127.0.0.1:1", TLSCert: "c"}, errs.Invalid},
		"no port":              {config.Listen{Listen: "127.0.0.1"}, errs.Invalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := errs.KindOf(c.l.Check()); got != c.kind {
				t.Fatalf("got %q, want %q", got, c.kind)
			}
		})
	}
}

func TestADatabaseAddressMayComeFromAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(file, []byte("postgres://carillon@db/carillon\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := (config.Storage{DatabaseFile: file}).DSN(); err != nil || got != "postgres://carillon@db/carillon" {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := (config.Storage{DatabaseFile: file, Database: "x"}).DSN(); !errs.Is(err, errs.Invalid) {
		t.Fatalf("both: %v", err)
	}
	if _, err := (config.Storage{DatabaseFile: file + "missing"}).DSN(); !errs.Is(err, errs.Invalid) {
		t.Fatalf("missing: %v", err)
	}
}

func TestTheKeyIsNotKeptWithTheData(t *testing.T) {
	t.Parallel()
	s := config.Storage{Data: "/srv/carillon"}
	p, err := s.KeyPath()
	if err != nil {
		t.Fatal(err)
	}
	if rel, err := filepath.Rel(s.Data, p); err == nil && filepath.IsLocal(rel) {
		t.Fatalf("the key would be inside the data folder: %s", p)
	}
}
