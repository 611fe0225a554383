package external

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/securefront"
)

// certified returns a certificate for 127.0.0.1 that ends at a time, and a file with it.
func certified(t *testing.T, until time.Time) (tls.Certificate, string) {
	t.Helper()
	key := must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: until.Add(-1000 * time.Hour), NotAfter: until,
	}
	der := must.Get(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))(t)
	path := filepath.Join(t.TempDir(), "ca.pem")
	must.Do(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}

func secured(t *testing.T, cert tls.Certificate) string {
	t.Helper()
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
	t.Cleanup(func() { e.Close() })
	return securefront.Listen(t, e.Addrs()[0], securefront.Config{
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}}, Schemes: []string{"sasl"}, SASL: map[string]string{"bob": "hidden"},
	})
}

// A program reaches a secured ensemble by files, or by what it has itself. The profile, which is stored, has the users
// and the names of the files, and no password.
func TestSecured(t *testing.T) {
	cert, ca := certified(t, time.Now().Add(1000*time.Hour))
	addr := secured(t, cert)
	file := filepath.Join(t.TempDir(), "credentials")
	must.Do(t, os.WriteFile(file, []byte("sasl:bob:hidden"), 0o600))
	pool := x509.NewCertPool()
	text, _ := os.ReadFile(ca)
	pool.AppendCertsFromPEM(text)
	for name, c := range map[string]Config{
		"files":  {Access: ensemble.Access{TLSCA: ca, Auth: []string{"@" + file}}},
		"values": {TLS: &tls.Config{RootCAs: pool}, Credentials: []string{"sasl:bob:hidden"}},
	} {
		c.Servers = []string{addr}
		e, err := c.Start(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		defer e.Close()
		p := e.Profile()
		stored, err := json.Marshal(p)
		if err != nil || strings.Contains(string(stored), "hidden") || strings.Contains(string(stored), file) != (name == "files") {
			t.Errorf("%s: %s, %v", name, stored, err)
		}
		if !slices.Contains(p.Settings, "clients use TLS") || !slices.Contains(p.Settings, "clients authenticate as sasl user bob") || len(p.Warnings) > 0 {
			t.Errorf("%s: %q, %q", name, p.Settings, p.Warnings)
		}
		if _, err := ensemble.CheckHealth(t.Context(), e); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if found, err := Leftovers(t.Context(), c); err != nil || len(found) > 0 {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

// One warning has all certificates that expire soon. One that has expired is an error.
func TestExpiring(t *testing.T) {
	until := time.Now().Add(200 * time.Hour)
	cert, ca := certified(t, until)
	c := Config{Servers: []string{secured(t, cert)}, Access: ensemble.Access{TLSCA: ca}, Credentials: []string{"sasl:bob:hidden"}}
	e := must.Get(c.Start(t.Context()))(t)
	defer e.Close()
	day := until.UTC().Format(time.DateOnly)
	want := "TLS certificates to renew: --tls-ca " + ca + " expires on " + day + "; that of " + c.Servers[0] + " expires on " + day
	if got := e.Profile().Warnings; !slices.Equal(got, []string{want}) {
		t.Errorf("got %q, want %q", got, want)
	}
	cert, ca = certified(t, time.Now().Add(-time.Hour))
	c.Servers, c.Access.TLSCA = []string{secured(t, cert)}, ca
	if _, err := c.Start(t.Context()); err == nil || !strings.HasSuffix(err.Error(), "the servers need new certificates, or the clock of this machine is wrong") || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
}

// A client's own certificate that has expired is named, whatever the server says of it.
func TestOwnCertificateExpired(t *testing.T) {
	server, ca := certified(t, time.Now().Add(1000*time.Hour))
	own, cert := certified(t, time.Now().Add(-48*time.Hour))
	der := must.Get(x509.MarshalPKCS8PrivateKey(own.PrivateKey))(t)
	key := filepath.Join(t.TempDir(), "key.pem")
	must.Do(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
	defer e.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(mustParse(t, own.Certificate[0]))
	c := Config{Access: ensemble.Access{TLSCA: ca, TLSCert: cert, TLSKey: key}}
	c.Servers = []string{securefront.Listen(t, e.Addrs()[0], securefront.Config{
		TLS: &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted},
	})}
	want := "--tls-cert " + cert + " expired on " + time.Now().Add(-48*time.Hour).UTC().Format(time.DateOnly) + ": the servers reject it"
	if _, err := c.Start(t.Context()); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

func mustParse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c := must.Get(x509.ParseCertificate(der))(t)
	return c
}

// Nothing but the name of a file or a variable is taken for a run, and a wrong one is not repeated.
func TestAccessNamesNoSecret(t *testing.T) {
	for auth, want := range map[string]string{
		"sasl:bob:hidden": "--auth takes @FILE or env:VARIABLE",
		"hidden":          "--auth takes @FILE or env:VARIABLE",
		"@":               "--auth takes @FILE or env:VARIABLE",
		"env:":            "--auth takes @FILE or env:VARIABLE",
		"env:NO_SUCH_VAR": "the environment variable is not set",
	} {
		err := Config{Servers: []string{"a:1"}, Access: ensemble.Access{Auth: []string{auth}}}.Validate()
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want %s", auth, err, want)
		}
	}
	err := Config{Servers: []string{"a:1"}, Credentials: []string{"sasl:hidden"}}.Validate()
	if !errors.Is(err, ErrConfig) || strings.Contains(err.Error(), "hidden") {
		t.Error(err)
	}
}
