package smpp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/simulator"
	"carillon.dev/carillon/internal/carrier/smpp"
)

func TestTLSIsVerifiedUnlessSaidOtherwise(t *testing.T) {
	t.Parallel()
	cert, ca := selfSigned(t, "smsc.test")
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.New(simulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		served <- sim.Serve(ctx, tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}))
	}()
	t.Cleanup(func() { cancel(); <-served })
	port := plain.Addr().(*net.TCPAddr).Port

	for name, c := range map[string]struct {
		cfg   smpp.Config
		state carrier.State
		says  string
	}{
		"our CA and the right name": {smpp.Config{TLSCAFile: ca, TLSName: "smsc.test"}, carrier.StateUp, ""},
		"our CA, another name":      {smpp.Config{TLSCAFile: ca, TLSName: "other.test"}, carrier.StateDown, "not trusted"},
		"the system's roots":        {smpp.Config{TLSName: "smsc.test"}, carrier.StateDown, "not trusted"},
		"told not to look":          {smpp.Config{TLSInsecure: true}, carrier.StateUp, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.cfg.Host, c.cfg.Port, c.cfg.SystemID, c.cfg.TLS, c.cfg.Password = "127.0.0.1", port, "clinic", true, phi.T("x")
			conn, err := smpp.New(c.cfg, slog.New(slog.DiscardHandler), nil)
			if err != nil {
				t.Fatal(err)
			}
			w := &waiting{tick: make(chan struct{}, 1000)}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- conn.Run(ctx, w) }()
			w.await(t, "the line to settle", func() bool {
				h := conn.Health()
				return h.State == carrier.StateUp || h.LastError != ""
			})
			if h := conn.Health(); h.State != c.state || !strings.Contains(h.LastError, c.says) {
				t.Errorf("health %+v", h)
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := smpp.New(smpp.Config{Host: "x", SystemID: "y", TLS: true, TLSCAFile: filepath.Join(t.TempDir(), "none.pem")}, slog.New(slog.DiscardHandler), nil); !errs.Is(err, errs.Invalid) {
		t.Errorf("a CA file that is not there: %v", err)
	}
}

// selfSigned makes a certificate that is its own CA, and a file with it.
func selfSigned(t *testing.T, name string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}
