package cli

import (
	"bytes"
	"crypto/tls"
	"regexp"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

// If TLS cannot be negotiated, the shell tells in one line why, and what can be done.
func TestShellTLS(t *testing.T) {
	cert, key := writeCertificate(t, t.TempDir())
	other, otherKey := writeCertificate(t, t.TempDir())
	elsewhere, elsewhereKey := writeCertificate(t, t.TempDir(), "elsewhere.example")
	secret := serving(t, "--tls-cert", cert, "--tls-key", key)
	misnamed := serving(t, "--tls-cert", elsewhere, "--tls-key", elsewhereKey)
	asking := serving(t, "--tls-cert", cert, "--tls-key", key, "--tls-client-ca", cert)
	plain := serving(t)
	ending := endsConnections(t, cert, key)
	for _, tt := range []struct {
		name, servers string
		flags         []string
		code          int
		want          string
	}{
		{"trusted", secret, []string{"--tls-ca", cert}, 0, ``},
		{"trusted, with a certificate", asking, []string{"--tls-ca", cert, "--tls-cert", cert, "--tls-key", key}, 0, ``},
		{"wrong authority", secret, []string{"--tls-ca", other}, 3, `^error: no server answers: [^;]*x509: [^;]*: --tls-ca must name the authorities that signed the servers' certificates\n$`},
		{"wrong name", misnamed, []string{"--tls-ca", elsewhere}, 3, `x509: .*: give the servers by the names in their certificates\n$`},
		{"plain, and the servers are not", secret, nil, 3, `no connection within 300ms: .* speaks TLS: give --tls-ca\n$`},
		{"TLS, and the servers do not", plain, []string{"--tls-ca", cert}, 3, `no connection within 1s: .*EOF: .* is a server without TLS: leave out --tls-ca\n$`},
		{"TLS, and no majority", ending, []string{"--tls-ca", cert}, 3, `no connection within 300ms: .*EOF: servers close connections like this if they have no majority, or`},
		{"no certificate", asking, []string{"--tls-ca", cert}, 3, `certificate required: the servers may require a certificate: give --tls-cert and --tls-key\n$`},
		{"a certificate of nobody's", asking, []string{"--tls-ca", cert, "--tls-cert", other, "--tls-key", otherKey}, 3, `the servers reject the certificate of --tls-cert\n$`},
		{"a certificate without its key", asking, []string{"--tls-ca", cert, "--tls-cert", cert}, 64, `^error: --tls-cert and --tls-key go together: give both\n$`},
		{"a key of another", asking, []string{"--tls-ca", cert, "--tls-cert", cert, "--tls-key", otherKey}, 3, `^error: --tls-cert .*: tls: private key does not match public key\n$`},
		{"no authority", secret, []string{"--tls-ca", key}, 3, `^error: --tls-ca .*: the file has no certificate\n$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// A server that expects TLS ends a plain connection without an answer, and so does a server
			// without a majority, for which the shell waits.
			flags := append([]string{"shell", tt.servers, "--timeout", "1m", "-c", "ls"}, tt.flags...)
			if strings.Contains(tt.want, "no connection within 300ms") {
				flags[3] = "300ms"
			}
			var out, problems bytes.Buffer
			if code := runZklab(flags, &out, &problems); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if got := problems.String(); !regexp.MustCompile(tt.want).MatchString(got) || strings.Count(got, "\n") > 1 {
				t.Errorf("want %s, got %s", tt.want, got)
			}
			if tt.code == 0 && (out.String() != "zookeeper\n" || problems.Len() > 0) {
				t.Errorf("%s%s", &out, &problems)
			}
		})
	}
}

// endsConnections starts a server that negotiates TLS, reads a request, and ends the connection without
// an answer.
func endsConnections(t *testing.T, cert, key string) (addr string) {
	t.Helper()
	pair := must.Get(tls.LoadX509KeyPair(cert, key))(t)
	l := must.Get(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}}))(t)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 1))
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// serving starts what "zklab ensemble up" would start, and returns its addresses.
func serving(t *testing.T, args ...string) string {
	t.Helper()
	config := must.Get(started(append(args, "--listen", "127.0.0.1:0")...))(t)
	e := must.Get(embedded.Start(config.(embedded.Config)))(t)
	t.Cleanup(func() { e.Close() })
	return strings.Join(e.Addrs(), ",")
}
