//go:build real

package cli

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Apache ZooKeeper's own server that requires authentication (enforce.auth.enabled): each command that connects tells
// this, and how to authenticate. With authentication, a lock can be acquired.
func TestRealEnforcedAuthentication(t *testing.T) {
	t.Parallel()
	servers := enforcing(t)
	for command := range connecting {
		if command == "zklab ensemble status" { // this command opens no session
			continue
		}
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			code, said := connects(t, command, servers)
			if code == usage.ExitValid || !strings.Contains(said, wire.SessionClosedAuth.Advice()) || strings.Contains(said, "unknown error") || strings.Contains(said, "remove") {
				t.Errorf("exit code %d: %s", code, said)
			}
		})
	}
	var out strings.Builder
	if code := runZklab([]string{"lock", "/a", "--servers", servers, "--auth", "digest:u:p", "--", "true"}, &out, &out); code != usage.ExitValid {
		t.Errorf("with --auth: exit code %d: %s", code, &out)
	}
}

// enforcing returns the address of a server that requires authentication by digest, once it answers.
func enforcing(t *testing.T) string {
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
	id := docker("run", "--detach", "--rm", "--label=zklab.enforced", "--publish=127.0.0.1::2181",
		"--env=ZOO_CFG_EXTRA=enforce.auth.enabled=true enforce.auth.schemes=digest", image)
	t.Cleanup(func() { docker("rm", "--force", "--volumes", id) })
	servers := docker("port", id, "2181/tcp")
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if code, _ := connects(t, "zklab ensemble status", servers); code == usage.ExitValid {
			return servers
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("no answer of the server: %s", docker("logs", id))
		}
	}
}
