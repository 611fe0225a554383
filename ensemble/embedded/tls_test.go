package embedded_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// certificate returns a self-signed certificate, and a pool with it for clients.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key := must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der := must.Get(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))(t)
	parsed := must.Get(x509.ParseCertificate(der))(t)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// connectTLS opens a session over TLS.
func connectTLS(t *testing.T, addr string, c *tls.Config) (*zkclient.Conn, error) {
	t.Helper()
	conn, err := zkclient.Connect(t.Context(), zkclient.Config{Dial: func(ctx context.Context) (net.Conn, error) {
		d := tls.Dialer{Config: c}
		return d.DialContext(ctx, "tcp", addr)
	}})
	if err == nil {
		t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

func TestTLS(t *testing.T) {
	cert, pool := certificate(t)
	e := start(t, embedded.Config{Addrs: embedded.ReservePorts(t, 3), TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	trusting := &tls.Config{RootCAs: pool}
	c := must.Get(connectTLS(t, e.Addrs()[0], trusting))(t)
	r := makeOf("/a", wire.Persistent)
	r.Data = make([]byte, 500<<10)
	do(t, c, wire.Create, r)
	if got := dataOf(t, c, "/a").(wire.DataReply); len(got.Data) != len(r.Data) {
		t.Errorf("%d bytes", len(got.Data))
	}

	// The ensemble's owner needs no certificate, and servers can be killed as usual.
	if _, err := ensemble.WaitHealthy(t.Context(), e, time.Minute); err != nil {
		t.Error(err)
	}
	must.Do(t, e.Server(1).Kill(t.Context()))
	if _, err := c.Next(t.Context()); err == nil {
		t.Error("the connection outlives its server")
	}
	if _, err := e.Server(1).Status(t.Context()); err == nil {
		t.Error("a server that is down has a status")
	}
	must.Do(t, e.Server(1).Start(t.Context()))
	if _, err := ensemble.WaitHealthy(t.Context(), e, time.Minute); err != nil {
		t.Error(err)
	}

	// Answers to words end as TLS requires, so that clients do not take them for truncated.
	d := tls.Dialer{Config: trusting}
	nc := must.Get(d.DialContext(t.Context(), "tcp", e.Addrs()[1]))(t)
	defer nc.Close()
	io.WriteString(nc, "srvr")
	if b, err := io.ReadAll(nc); err != nil || !strings.Contains(string(b), "Mode: ") {
		t.Errorf("%q, %v", b, err)
	}
}

// A client that does not use TLS, or does not trust the server, gets no session.
func TestTLSRefuses(t *testing.T) {
	cert, pool := certificate(t)
	other, _ := certificate(t)
	e := start(t, embedded.Config{Nodes: 1, TLS: &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}})
	addr := e.Addrs()[0]
	if _, err := connectTLS(t, addr, &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]*tls.Config{
		"no certificate":     {RootCAs: pool},
		"a foreign one":      {RootCAs: pool, Certificates: []tls.Certificate{other}},
		"trust in no server": {Certificates: []tls.Certificate{cert}},
	} {
		if _, err := connectTLS(t, addr, c); err == nil {
			t.Errorf("%s: a session", name)
		}
	}
	_, err := zkclient.Connect(t.Context(), zkclient.Config{Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", addr)
	}})
	if err == nil {
		t.Error("a session without TLS")
	}
	if _, err := embedded.Start(embedded.Config{InMemory: true, TLS: &tls.Config{}}); !errors.Is(err, embedded.ErrConfig) {
		t.Errorf("in memory: %v", err)
	}
}
