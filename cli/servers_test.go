package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/ensembles"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

const digest = "super:D/InIHSb7yEEbrWz8b9l71RjZJU="

// started returns the ensemble that "zklab ensemble up" would start.
func started(args ...string) (ensemble.Starter, error) {
	b := backend.Backend{Nodes: 3, Host: backend.Loopback}
	cmd := ensembles.UpCommand(&b, new(ensembles.UpFlags))
	if err := cmd.ParseFlags(args); err != nil {
		return nil, err
	}
	if err := b.Servers.Validate(cmd, b); err != nil {
		return nil, err
	}
	return b.Starter()
}

// Each flag sets the field with its name for both kinds of servers.
func TestServerFlags(t *testing.T) {
	const half = 500 * time.Millisecond
	inProcess := func(change func(*embedded.Config)) ensemble.Starter {
		c := embedded.Config{Nodes: 3, Tick: half, InitLimit: 20, SyncLimit: 4, Addrs: []string{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}}
		change(&c)
		return c
	}
	containers := func(change func(*container.Config)) ensemble.Starter {
		c := container.Config{Nodes: 3, Tick: half, InitLimit: 20, SyncLimit: 4}
		change(&c)
		return c
	}
	for _, tt := range []struct {
		args []string
		want ensemble.Starter
	}{
		{nil, inProcess(func(*embedded.Config) {})},
		{[]string{"--tick", "2s", "--init-limit", "5", "--sync-limit", "2"}, inProcess(func(c *embedded.Config) {
			c.Tick, c.InitLimit, c.SyncLimit = 2*time.Second, 5, 2
		})},
		{[]string{"--min-session-timeout", "100ms", "--max-session-timeout", "40s"}, inProcess(func(c *embedded.Config) {
			c.MinSession, c.MaxSession = 100*time.Millisecond, 40*time.Second
		})},
		{[]string{"--super-digest", digest, "--reconfig", "--ttl=false"}, inProcess(func(c *embedded.Config) {
			c.SuperDigest, c.Reconfig, c.NoTTL = digest, true, true
		})},
		{[]string{"--ttl"}, inProcess(func(*embedded.Config) {})},
		{[]string{"--jute-maxbuffer", "4096", "--enforce-quota"}, inProcess(func(c *embedded.Config) { c.MaxRequest, c.EnforceQuota = 4096, true })},
		{[]string{"--max-client-cnxns", "7", "--4lw-commands-whitelist", "ruok,stat"}, inProcess(func(c *embedded.Config) {
			c.MaxConnections, c.Words = 7, []string{"ruok", "stat"}
		})},
		{[]string{"--ensemble", "container", "--jute-maxbuffer", "4096", "--enforce-quota"}, containers(func(c *container.Config) {
			c.Settings, c.JVMFlags = []string{"enforceQuota=true"}, []string{"-Djute.maxbuffer=4096"}
		})},
		{[]string{"--read-only-mode", "--local-sessions"}, inProcess(func(c *embedded.Config) { c.ReadOnly, c.LocalSessions = true, true })},
		{[]string{"--ensemble", "container", "--read-only-mode", "--local-sessions"}, containers(func(c *container.Config) {
			c.Settings = []string{"localSessionsEnabled=true", "localSessionsUpgradingEnabled=true"}
			c.JVMFlags = []string{"-Dreadonlymode.enabled=true"}
		})},
		{[]string{"--data", "d", "--fsync"}, inProcess(func(c *embedded.Config) { c.Data, c.Fsync = "d", true })},
		{[]string{"--observers", "1"}, inProcess(func(c *embedded.Config) {
			c.Observers = 1
			c.Addrs = append(c.Addrs, "127.0.0.1:0")
		})},

		{[]string{"--ensemble", "container"}, containers(func(*container.Config) {})},
		{[]string{"--ensemble", "container", "--tick", "2s", "--init-limit", "5", "--sync-limit", "2", "--reconfig"}, containers(func(c *container.Config) {
			c.Tick, c.InitLimit, c.SyncLimit, c.Settings = 2*time.Second, 5, 2, []string{"reconfigEnabled=true"}
		})},
		{[]string{"--ensemble", "container", "--min-session-timeout", "1s", "--max-session-timeout", "40s"}, containers(func(c *container.Config) {
			c.Settings = []string{"minSessionTimeout=1000", "maxSessionTimeout=40000"}
		})},
		{[]string{"--ensemble", "container", "--super-digest", digest, "--ttl"}, containers(func(c *container.Config) {
			c.JVMFlags = []string{"-Dzookeeper.DigestAuthenticationProvider.superDigest=" + digest, "-Dzookeeper.extendedTypesEnabled=true"}
		})},
	} {
		got, err := started(tt.args...)
		if err != nil {
			t.Errorf("%v: %v", tt.args, err)
			continue
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%v: %s", tt.args, d)
		}
	}
}

// The files of --tls-cert and similar flags are passed to the servers, or an error names the flag.
func TestTLSFlags(t *testing.T) {
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir)
	noise := filepath.Join(dir, "noise")
	must.Do(t, os.WriteFile(noise, []byte("x"), 0o600))
	s, err := started("--tls-cert", cert, "--tls-key", key)
	if err != nil {
		t.Fatal(err)
	}
	if c := s.(embedded.Config).TLS; len(c.Certificates) != 1 || c.ClientAuth != tls.NoClientCert {
		t.Errorf("%+v", c)
	}
	if s, err = started("--tls-cert", cert, "--tls-key", key, "--tls-client-ca", cert); err != nil {
		t.Fatal(err)
	}
	if c := s.(embedded.Config).TLS; c.ClientAuth != tls.RequireAndVerifyClientCert || c.ClientCAs == nil {
		t.Errorf("%+v", c)
	}
	for _, ca := range []string{noise, filepath.Join(dir, "nowhere")} {
		if _, err := started("--tls-cert", cert, "--tls-key", key, "--tls-client-ca", ca); err == nil || !strings.HasPrefix(err.Error(), "--tls-client-ca") {
			t.Errorf("%s: %v", ca, err)
		}
	}
}

// writeCertificate writes a self-signed certificate for servers at 127.0.0.1 or with the given names,
// and its key. It returns the paths.
func writeCertificate(t *testing.T, dir string, names ...string) (cert, key string) {
	t.Helper()
	private := must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, Subject: pkix.Name{CommonName: "somebody"}, // Java accepts no certificate without a subject
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if names == nil {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der := must.Get(x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private))(t)
	keyDER := must.Get(x509.MarshalPKCS8PrivateKey(private))(t)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		must.Do(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	}
	return cert, key
}
