//go:build real

package cli

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/zklab/zklab/ensemble"
	zklab "github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Apache's servers require a certificate from clients that use TLS, and also accept clients without
// TLS.
func TestRealShellTLS(t *testing.T) {
	t.Parallel()
	dockertest.Require(t)
	cert, key := writeCertificate(t, t.TempDir())
	other, otherKey := writeCertificate(t, t.TempDir())
	e := realTLS(t, cert, key)
	mine := []string{"--tls-ca", cert, "--tls-cert", cert, "--tls-key", key}
	large := fmt.Sprintf(`{"format":"zklab znodes","version":1,"znodes":[{"path":"","data":{"text":"%s"}}]}`, strings.Repeat("x", 1_000_000))
	export, credentials := aFile(t, "large.json", large), aFile(t, "credentials", "digest:me:two words\n")
	for _, tt := range []struct {
		name  string
		args  []string
		code  int
		wants string // part of the output, including errors
	}{
		{"a command", append(mine, "-c", "ls /"), 0, `^zookeeper\n$`},
		{"a megabyte", append(mine, "-c", "import "+export+" /large", "-c", "diff /large "+export), 0, `^created 1 znodes`},
		{"it is the same", append(mine, "-c", "cat /large"), 0, `^x{1000}`},
		{"who it is of", append(mine, "-c", "create --acl auth::cdrwa /whose x", "-c", "acl get /whose"), 0, `(?m)^x509:CN=somebody:cdrwa$`},
		{"credentials", append(mine, "--auth", "@"+credentials, "-c", "create --acl auth::cdrwa /mine secret", "-c", "whoami"), 0, `(?m)^digest:me$`},
		{"are asked for", []string{"-c", "cat /mine"}, 4, `^error: cat /mine: its permissions do not allow it`},
		{"and suffice", []string{"--auth", "digest:me:two words", "-c", "cat /mine"}, 0, `^secret$`},
		{"no certificate", []string{"--tls-ca", cert, "-c", "ls"}, 3, `the servers may require a certificate: give --tls-cert and --tls-key\n$`},
		{"a certificate of nobody's", []string{"--tls-ca", cert, "--tls-cert", other, "--tls-key", otherKey, "-c", "ls"}, 3, `the servers reject the certificate of --tls-cert\n$`},
		{"wrong authority", []string{"--tls-ca", other, "--tls-cert", cert, "--tls-key", key, "-c", "ls"}, 3, `--tls-ca must name the authorities that signed the servers' certificates\n$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			code := runZklab(append([]string{"shell", addrs(e), "--timeout", "1m"}, tt.args...), &out, &out)
			if code != tt.code || !regexp.MustCompile(tt.wants).Match(out.Bytes()) {
				t.Errorf("exit code %d, want %d and %s, got %.500q", code, tt.code, tt.wants, &out)
			}
		})
	}
	var out bytes.Buffer
	if code := runZklab(append([]string{"ensemble", "status", addrs(e)}, mine...), &out, &out); code != 0 || !strings.HasPrefix(out.String(), "healthy: 1 of 1 serve") {
		t.Errorf("%d: %s", code, &out)
	}
}

// realTLS starts a server that accepts both TLS and plain connections (Administrator's Guide,
// client.portUnification); the latter serve to observe it.
func realTLS(t *testing.T, cert, key string) ensemble.Ensemble {
	t.Helper()
	image := withFiles(t, dockertest.Ensemble(t, 1).Profile().Image, map[string][]byte{
		"tls/server.pem": append(read(t, key), read(t, cert)...), "tls/authority.pem": read(t, cert),
	})
	e, err := zklab.Config{Nodes: 1, Image: image, Settings: []string{
		"serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory", "client.portUnification=true",
		"ssl.keyStore.location=/tls/server.pem", "ssl.keyStore.type=PEM",
		"ssl.trustStore.location=/tls/authority.pem", "ssl.trustStore.type=PEM", "ssl.clientAuth=need",
		"authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider",
	}}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// aFile writes a file with a text and returns its path.
func aFile(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	must.Do(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// withFiles returns an image with more files than base, which exists until the test ends.
func withFiles(t *testing.T, base string, files map[string][]byte) (image string) {
	t.Helper()
	ctx := context.Background() // the image is removed after the test's own context has ended
	engine := must.Get(client.New(client.FromEnv))(t)
	t.Cleanup(func() { engine.Close() })
	made := must.Get(engine.ContainerCreate(ctx, client.ContainerCreateOptions{Config: &container.Config{Image: base}}))(t)
	defer func() {
		if _, err := engine.ContainerRemove(ctx, made.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			t.Error(err)
		}
	}()
	if _, err := engine.CopyToContainer(ctx, made.ID, client.CopyToContainerOptions{DestinationPath: "/", Content: archive(t, files)}); err != nil {
		t.Fatal(err)
	}
	image = fmt.Sprintf("zklab/test:%s", hex.EncodeToString([]byte(made.ID))[:16])
	if _, err := engine.ContainerCommit(ctx, made.ID, client.ContainerCommitOptions{Reference: image}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := engine.ImageRemove(ctx, image, client.ImageRemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	return image
}

func archive(t *testing.T, files map[string][]byte) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for path, data := range files {
		must.Do(t, w.WriteHeader(&tar.Header{Name: path, Mode: 0o644, Size: int64(len(data))}))
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	must.Do(t, w.Close())
	return &b
}

// Apache's servers also end a connection whose first bytes are not a client's request.
func TestRealServersEndTLS(t *testing.T) {
	t.Parallel()
	cert, _ := writeCertificate(t, t.TempDir())
	addr := addrs(dockertest.Ensemble(t, 1))
	var out, problems bytes.Buffer
	code := runZklab([]string{"shell", addr, "--timeout", "10s", "--tls-ca", cert, "-c", "ls"}, &out, &problems)
	if code != 3 || !strings.HasSuffix(problems.String(), "is a server without TLS: leave out --tls-ca\n") {
		t.Errorf("%d: %s", code, &problems)
	}
}

func addrs(e ensemble.Ensemble) string {
	var all []string
	for _, s := range e.Servers() {
		all = append(all, s.Addr())
	}
	return strings.Join(all, ",")
}
