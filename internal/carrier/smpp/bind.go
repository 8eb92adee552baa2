package smpp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"time"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier/smpp/pdu"
)

// keepBound binds in one role again and again until ctx ends. The wait doubles from ReconnectMin to
// ReconnectMax and is cut at random by up to half, so that the nodes of a region do not come back together; a
// session that has lived for ReconnectMax starts the count afresh.
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
		err = errs.New(errs.Unavailable, "the carrier did not answer the bind in time")
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
		return errs.Wrap(errs.Unavailable, "the connection broke during the bind", err)
	}
	for {
		h, _, err := in.Next()
		if err != nil {
			return errs.Wrap(errs.Unavailable, "no answer to the bind", err)
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
		return errs.New(errs.Unavailable, "the carrier says this account is already bound (0x05): close the other bind, or wait until the carrier notices that it is gone")
	case 0x0D:
		return errs.New(errs.Unavailable, "the carrier refused the bind (0x0D): check system_id, password, the source address and the number of binds allowed")
	case 0x0E:
		return errs.New(errs.Unavailable, "the carrier refused the password (0x0E): check it and restart")
	case 0x0F:
		return errs.New(errs.Unavailable, "the carrier does not know this system_id (0x0F)")
	default:
		return errs.Newf(errs.Unavailable, "the carrier refused the bind with status 0x%02X", status)
	}
}

// dialError says in plain words why there is no connection; host names and addresses are no secrets, but the
// sentence is the same for all, so that pages can show it.
func dialError(err error) error {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &cert):
		return errs.Wrap(errs.Unavailable, "the carrier's TLS certificate is not trusted: check tls_ca_file and tls_name", err)
	case errors.As(err, &dns):
		return errs.Wrap(errs.Unavailable, "the carrier's host name does not resolve", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return errs.Wrap(errs.Unavailable, "the carrier refuses connections on this port", err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return errs.Wrap(errs.Unavailable, "the carrier cannot be reached: check host, port, firewall and VPN", err)
	default:
		return errs.Wrap(errs.Unavailable, "no connection to the carrier", err)
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
