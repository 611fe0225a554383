//go:build real

package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Apache ZooKeeper's own server that requires TLS with a certificate, and authentication by SASL or by digest: runs
// and other commands need only files for this, and without them each tells what is missing.
func TestRealSecuredRun(t *testing.T) {
	t.Parallel()
	for scheme, credential := range map[string]string{"sasl": "sasl:bob:" + secret, "digest": "digest:joe:" + secret} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cert, key := writeCertificate(t, dir)
			aFileAt(t, filepath.Join(dir, "credentials"), "# who may write\n"+credential+"\n")
			aFileAt(t, filepath.Join(dir, "wrong"), "sasl:bob:other\n")
			servers := securedServer(t, cert, key, scheme, credential)
			tls := []string{"--tls-ca", cert, "--tls-cert", cert, "--tls-key", key}
			external := append([]string{"--ensemble", "external", "--servers", servers, "--out", "store", "--quiet", "--time-limit", "8s", "--min-load", "20"}, tls...)
			for _, tt := range []struct {
				name string
				args []string
				code int
				want string
			}{
				{"a run", append([]string{"run", "counter", "--auth", "@credentials", "--faults", "expire@4s,cut@5s"}, external...), usage.ExitValid, "VALID"},
				{"again", []string{"run", "--config", "store/latest/experiment.yaml", "--quiet"}, usage.ExitValid, "VALID"},
				{"leftovers", append([]string{"clean", "--servers", servers, "--auth", "@credentials"}, tls...), usage.ExitValid, "no znodes of runs"},
				{"the shell", append([]string{"shell", servers, "--auth", "@credentials", "-c", "whoami"}, tls...), usage.ExitValid, strings.Join(strings.Split(credential, ":")[:2], ":")},
				{"the state", append([]string{"ensemble", "status", servers}, tls...), usage.ExitValid, "healthy: 1 of 1 serve"},
				{"nobody", append([]string{"run", "counter"}, external...), usage.ExitFailed, "give --auth @FILE"},
				{"a wrong password", append([]string{"run", "counter", "--auth", "@wrong"}, external...), usage.ExitFailed, "authenticate as sasl user bob: the server rejects it"},
				{"without TLS", []string{"run", "counter", "--auth", "@credentials", "--ensemble", "external", "--servers", servers, "--quiet"}, usage.ExitFailed, "speaks TLS: give --tls-ca"},
				{"without a certificate", []string{"run", "counter", "--ensemble", "external", "--servers", servers, "--tls-ca", cert, "--quiet"}, usage.ExitFailed, "give --tls-cert and --tls-key"},
			} {
				cmd := exec.Command("zklab", tt.args...)
				cmd.Dir = dir
				out, _ := cmd.CombinedOutput() // the exit code tells
				said, code := string(out), cmd.ProcessState.ExitCode()
				if code != tt.code || !strings.Contains(said, tt.want) || strings.Contains(said, secret) {
					t.Errorf("%s: exit code %d, want %d and %q: %s", tt.name, code, tt.code, tt.want, said)
				}
				if tt.code != usage.ExitValid && strings.Count(said, "\n") != 1 {
					t.Errorf("%s: more than a line: %s", tt.name, said)
				}
			}
			without(t, filepath.Join(dir, "store"), secret)
		})
	}
}

func aFileAt(t *testing.T, path, text string) {
	t.Helper()
	must.Do(t, os.WriteFile(path, []byte(text), 0o644))
}

// securedServer returns the secure address of a server that enforces authentication by a scheme, once it has opened a
// session: the first one of a new process takes seconds on a busy machine.
func securedServer(t *testing.T, cert, key, scheme, credential string) string {
	t.Helper()
	dockertest.Require(t)
	image := os.Getenv("ZKLAB_IMAGE")
	if image == "" {
		image = "zklab/zookeeper:3.9"
	}
	docker := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("docker", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("docker %s: %v: %s", args[0], err, out)
		}
		return strings.TrimSpace(string(out))
	}
	files := filepath.Join(t.TempDir(), "tls")
	must.Do(t, os.Mkdir(files, 0o755))
	aFileAt(t, filepath.Join(files, "server.pem"), string(read(t, key))+string(read(t, cert)))
	aFileAt(t, filepath.Join(files, "ca.pem"), string(read(t, cert)))
	aFileAt(t, filepath.Join(files, "jaas.conf"), "Server {\n org.apache.zookeeper.server.auth.DigestLoginModule required\n user_bob=\""+secret+"\";\n};\n")
	id := docker("create", "--label=zklab.enforced", "--publish=127.0.0.1::2281",
		"--env=JVMFLAGS=-Djava.security.auth.login.config=/tls/jaas.conf",
		"--env=ZOO_CFG_EXTRA=secureClientPort=2281 serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory "+
			"ssl.keyStore.location=/tls/server.pem ssl.keyStore.type=PEM ssl.trustStore.location=/tls/ca.pem ssl.trustStore.type=PEM "+
			"authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider enforce.auth.enabled=true enforce.auth.schemes="+scheme, image)
	t.Cleanup(func() { docker("rm", "--force", "--volumes", id) })
	docker("cp", files, id+":/")
	docker("start", id)
	servers := docker("port", id, "2281/tcp")
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		var out bytes.Buffer
		if runZklab([]string{"shell", servers, "--tls-ca", cert, "--tls-cert", cert, "--tls-key", key, "--auth", credential, "-c", "whoami"}, &out, &out) == usage.ExitValid {
			return servers
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("no answer of the server: %s: %s", &out, docker("logs", id))
		}
	}
}
