package cli

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/securefront"
)

// fronts puts the same front before each server of an embedded ensemble, and returns the connect string.
func fronts(t *testing.T, nodes int, c securefront.Config) string {
	t.Helper()
	e := must.Get(embedded.Start(embedded.Config{Nodes: nodes}))(t)
	t.Cleanup(func() { e.Close() })
	var addrs []string
	for _, addr := range e.Addrs() {
		addrs = append(addrs, securefront.Listen(t, addr, c))
	}
	return strings.Join(addrs, ",")
}

// mutual returns a server's TLS configuration that requires client certificates.
func mutual(t *testing.T, cert, key, ca string) *tls.Config {
	t.Helper()
	pair := must.Get(tls.LoadX509KeyPair(cert, key))(t)
	c := &tls.Config{Certificates: []tls.Certificate{pair}}
	if ca != "" {
		c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		c.ClientCAs.AppendCertsFromPEM(read(t, ca))
	}
	return c
}

// secret is a password that no stored file may contain.
const secret = "hush-9f2c"

// A run on an ensemble that requires TLS with a certificate, and SASL: with faults, and replayed from its stored
// files. Neither stored files nor output contain the password. The run is in real time, since it uses the network.
func TestSecuredRun(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	cert, key := writeCertificate(t, dir)
	servers := fronts(t, 3, securefront.Config{TLS: mutual(t, cert, key, cert), Schemes: []string{"sasl"}, SASL: map[string]string{"bob": secret}})
	must.Do(t, os.WriteFile("credentials", []byte("sasl:bob:"+secret+"\n"), 0o600))
	t.Setenv("ZK_CREDENTIALS", "sasl:bob:"+secret)
	// A holder still holds when expire finds it, on a busy machine too, also where the news of a hold comes from a process.
	usual := []string{"--out", "store", "--ops", "30", "--time-limit", "2m", "--min-load", "1", "--keys", "1", "--rate", "200", "--hold", "100ms", "--session-timeout", "1s", "--faults", "expire:holder@500ms,lose-reply:create@500ms,cut@1s"}
	access := []string{"--ensemble", "external", "--servers", servers, "--tls-ca", cert, "--tls-cert", cert, "--tls-key", key}
	var all bytes.Buffer
	run := func(args ...string) {
		t.Helper()
		var out bytes.Buffer
		if code := runZklab(args, &out, &out); code != usage.ExitValid {
			t.Errorf("%s: exit code %d: %s", args, code, &out)
		}
		all.Write(out.Bytes())
	}
	processes := append(append([]string{"run", "lock", "--auth", "env:ZK_CREDENTIALS", "--clients-as", "process"}, usual...), access...)
	out, err := exec.Command("zklab", processes...).CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v: %s", processes, err, out)
	}
	all.Write(out)
	run(append(append([]string{"run", "lock", "--auth", "@credentials"}, usual...), access...)...)
	run("run", "--config", "store/latest/experiment.yaml", "--out", "store")
	run("sweep", "lock", "--seeds", "1", "--ensemble", "external", "--auth", "@credentials", "--servers", servers, "--tls-ca", cert, "--tls-cert", cert, "--tls-key", key, "--keys", "1", "--hold", "5ms", "--ops", "40", "--time-limit", "2m", "--out", "store") // on any machine, clients contend
	run("clean", "--servers", servers, "--auth", "@credentials", "--tls-ca", cert, "--tls-cert", cert, "--tls-key", key)
	for _, want := range []string{"TLS certificates to renew: --tls-ca", "no znodes of runs"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no %q in %s", want, &all)
		}
	}
	if strings.Contains(all.String(), secret) {
		t.Errorf("the password is in %s", &all)
	}
	if n := without(t, "store", secret); n < 20 {
		t.Errorf("only %d files are stored", n)
	}
}

// without fails for each file below a folder that contains a text, and returns the number of files.
func without(t *testing.T, folder, text string) (n int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		n++
		if bytes.Contains(read(t, path), []byte(text)) {
			t.Errorf("%s has %q", path, text)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return n
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b := must.Get(os.ReadFile(path))(t)
	return b
}

// If a run cannot connect, one line tells why and what to do, before anything runs.
func TestSecuredRunProblems(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	cert, key := writeCertificate(t, t.TempDir())
	other, otherKey := writeCertificate(t, t.TempDir())
	elsewhere, elsewhereKey := writeCertificate(t, t.TempDir(), "elsewhere.example")
	users := map[string]string{"bob": secret}
	oneWay := fronts(t, 1, securefront.Config{TLS: mutual(t, cert, key, "")})
	twoWay := fronts(t, 1, securefront.Config{TLS: mutual(t, cert, key, cert)})
	misnamed := fronts(t, 1, securefront.Config{TLS: mutual(t, elsewhere, elsewhereKey, "")})
	plain := fronts(t, 1, securefront.Config{Users: []string{"joe:" + secret}})
	sasl := fronts(t, 1, securefront.Config{Schemes: []string{"sasl"}, SASL: users})
	write := func(name, text string) string {
		must.Do(t, os.WriteFile(name, []byte(text), 0o600))
		return "@" + name
	}
	good, wrong := write("good", "sasl:bob:"+secret), write("wrong", "sasl:bob:"+secret+"x")
	wrongDigest, digest := write("digest", "digest:joe:"+secret+"x"), write("joe", "digest:joe:"+secret)
	t.Setenv("EMPTY", "")
	for _, tt := range []struct {
		name, servers string
		flags         []string
		code          int
		want          string
	}{
		{"wrong authority", oneWay, []string{"--tls-ca", other}, 3, `x509: .*: --tls-ca must name the authorities that signed the servers' certificates$`},
		{"wrong name", misnamed, []string{"--tls-ca", elsewhere}, 3, `x509: .*: give the servers by the names in their certificates$`},
		{"plain, and the servers are not", oneWay, nil, 3, ` speaks TLS: give --tls-ca$`},
		{"TLS, and the servers do not", plain, []string{"--tls-ca", cert}, 3, ` is a server without TLS: leave out --tls-ca$`},
		{"no certificate", twoWay, []string{"--tls-ca", cert}, 3, `: the servers may require a certificate: give --tls-cert and --tls-key$`},
		{"a certificate of nobody's", twoWay, []string{"--tls-ca", cert, "--tls-cert", other, "--tls-key", otherKey}, 3, `: the servers reject the certificate of --tls-cert$`},
		{"a certificate without its key", twoWay, []string{"--tls-ca", cert, "--tls-cert", cert}, 64, `^error: --tls-cert and --tls-key go together: give both$`},
		{"no authority", oneWay, []string{"--tls-cert", cert, "--tls-key", key}, 64, `^error: --tls-cert and --tls-key need --tls-ca$`},
		{"no file", oneWay, []string{"--tls-ca", "nowhere.pem"}, 3, `^error: --tls-ca: open nowhere.pem: no such file or directory$`},
		{"no credentials", sasl, nil, 3, `: the server requires authentication .*: give --auth @FILE`},
		{"wrong scheme", sasl, []string{"--auth", digest}, 3, `: the server requires authentication .*: give --auth @FILE`},
		{"wrong password", sasl, []string{"--auth", wrong}, 3, `authenticate as sasl user bob: the server rejects it: check the scheme, the user and the password$`},
		{"wrong digest", plain, []string{"--auth", wrongDigest}, 3, `authenticate as digest user joe: the server rejects it: check the scheme, the user and the password$`},
		{"no SASL", plain, []string{"--auth", good}, 3, `authenticate as sasl user bob: the server does not offer SASL: `},
		{"a password on the command line", sasl, []string{"--auth", "sasl:bob:" + secret}, 64, `^error: --auth takes @FILE or env:VARIABLE: `},
		{"no file of credentials", sasl, []string{"--auth", "@nowhere"}, 3, `^error: --auth: open nowhere: no such file or directory$`},
		{"no variable", sasl, []string{"--auth", "env:NOWHERE"}, 64, `^error: --auth env:NOWHERE: the environment variable is not set$`},
		{"nothing in the variable", sasl, []string{"--auth", "env:EMPTY"}, 64, `^error: --auth env:EMPTY: it has no credential: give a line such as digest:user:password$`},
		{"no line of credentials", sasl, []string{"--auth", write("noise", secret)}, 64, `^error: --auth @noise: line 1: give scheme:credential, such as digest:user:password$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, problems bytes.Buffer
			args := append([]string{"run", "lock", "--quiet", "--time-limit", "1s", "--ensemble", "external", "--servers", tt.servers}, tt.flags...)
			if code := runZklab(args, &out, &problems); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if got := problems.String(); !regexp.MustCompile(tt.want).MatchString(strings.TrimSpace(got)) || strings.Count(got, "\n") > 1 || strings.Contains(got, secret) {
				t.Errorf("want %s, got %s", tt.want, got)
			}
			if _, err := os.Stat("store"); err == nil && without(t, "store", "") > 0 {
				t.Error("something is stored")
			}
		})
	}
}
