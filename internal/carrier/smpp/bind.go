package smpp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// keepBound binds in one role again and again until ctx ends. The wait doubles from ReconnectMin to
// ReconnectMax and is cut at random by up to half, so that the nodes of a region do not come back together; a
// session that has lived for ReconnectMax starts the count afresh. A carrier that refuses the account is asked rarely:
// it may lock an account that shows a wrong password too often.
func (c *Connector) keepBound(ctx context.Context, role pdu.ID) {
	wait := c.cfg.ReconnectMin
	for ctx.Err() == nil {
		began := time.Now()
		err := c.serveOnce(ctx, role)
		if ctx.Err() != nil {
			return
		}
		c.log.Warn("carrier line lost", "protocol", "smpp", "role", roleName(role), "reason", errs.Safe(err))
		if time.Since(began) >= c.cfg.ReconnectMax {
			wait = c.cfg.ReconnectMin
		}
		if refused(err) {
			wait = refusedTimes * c.cfg.ReconnectMax
		}
		pause := time.NewTimer(wait/2 + rand.N(wait/2+1))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		wait = min(2*wait, c.cfg.ReconnectMax)
	}
}

// refusedTimes: a carrier that refuses the account is tried again after so many times the longest usual wait. Whoever
// mends the settings need not wait: a changed route connects at once.
const refusedTimes = 5

func roleName(role pdu.ID) string {
	switch role {
	case pdu.BindReceiver:
		return "receiver"
	case pdu.BindTransmitter:
		return "transmitter"
	default:
		return "transceiver"
	}
}

// serveOnce connects, binds and serves one session to its end.
func (c *Connector) serveOnce(ctx context.Context, role pdu.ID) error {
	s, err := c.connect(ctx, role)
	if err != nil {
		c.lost(role, err)
		return err
	}
	c.bound(role, s)
	err = s.run(ctx)
	c.lost(role, err)
	return err
}

func (c *Connector) connect(ctx context.Context, role pdu.ID) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConnectWait)
	defer cancel()
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, dialError(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	in := pdu.NewReader(conn)
	err = c.bind(conn, in, role)
	if !stop() && err == nil {
		err = broken(carrier.FaultUnreachable, "the carrier did not answer the bind in time", nil)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return newSession(&c.cfg, c.zone, conn, in, c.h, &c.odd), nil
}

// bind sends the request with sequence number 1 and waits for its answer; anything before it is dropped, and a
// carrier repeats what was not acknowledged.
func (c *Connector) bind(conn net.Conn, in *pdu.Reader, role pdu.ID) error {
	_, err := conn.Write(pdu.AppendBind(nil, pdu.Header{ID: role, Seq: 1}, &pdu.Bind{
		SystemID: c.cfg.SystemID, Password: c.cfg.Password.Reveal(), SystemType: c.cfg.SystemType, Version: pdu.Version,
		AddressRange: c.cfg.Addresses,
	}))
	if err != nil {
		return broken(carrier.FaultCut, "the connection broke during the bind", err)
	}
	for {
		h, _, err := in.Next()
		if err != nil {
			return broken(carrier.FaultUnreachable, "no answer to the bind", err)
		}
		switch {
		case h.ID == role.Resp() && h.Status == statusOK:
			return nil
		case h.ID == role.Resp(), h.ID == pdu.GenericNack:
			return bindError(h.Status)
		}
	}
}

func bindError(status uint32) error {
	switch status {
	case 0x05:
		return broken(carrier.FaultBound, "the carrier says this account is already bound (0x05): close the other bind, or wait until the carrier notices that it is gone", nil)
	case 0x0D:
		return broken(carrier.FaultBind, "the carrier refused the bind (0x0D): check system_id, password, the source address and the number of binds allowed", nil)
	case 0x0E:
		return broken(carrier.FaultPassword, "the carrier refused the password (0x0E): check it in the route's settings", nil)
	case 0x0F:
		return broken(carrier.FaultAccount, "the carrier does not know this system_id (0x0F): check it in the route's settings", nil)
	default:
		return broken(carrier.FaultBind, fmt.Sprintf("the carrier refused the bind with status 0x%02X: ask it what that means", status), nil)
	}
}

// dialError says in plain words why there is no connection; host names and addresses are no secrets, but the
// sentence is the same for all, so that pages can show it.
func dialError(err error) error {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &cert):
		return broken(carrier.FaultCertificate, "the carrier's TLS certificate is not trusted: check tls_ca_file and tls_name", err)
	case errors.As(err, &dns):
		return broken(carrier.FaultName, "the carrier's host name does not resolve", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return broken(carrier.FaultPort, "the carrier refuses connections on this port", err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return broken(carrier.FaultUnreachable, "the carrier cannot be reached: check host, port, firewall and VPN", err)
	default:
		return broken(carrier.FaultUnreachable, "no connection to the carrier", err)
	}
}

// dialer makes the dialer for TCP or TLS.
func (c *Config) dialer() (Dialer, error) {
	addr, plain := c.address(), &net.Dialer{KeepAlive: 30 * time.Second}
	if !c.TLS {
		return func(ctx context.Context) (net.Conn, error) { return plain.DialContext(ctx, "tcp", addr) }, nil
	}
	conf := &tls.Config{ServerName: orStr(c.TLSName, c.Host), MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.TLSInsecure}
	if c.TLSCAFile != "" {
		pem, err := os.ReadFile(c.TLSCAFile)
		if err != nil {
			return nil, errs.Wrap(errs.Invalid, "tls_ca_file cannot be read", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errs.New(errs.Invalid, "tls_ca_file holds no PEM certificate").At("tls_ca_file")
		}
	}
	d := &tls.Dialer{NetDialer: plain, Config: conf}
	return func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }, nil
}
