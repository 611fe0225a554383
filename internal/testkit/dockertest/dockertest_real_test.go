//go:build real

package dockertest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// TestRealNeedsDocker is also run by the test below, in separate processes.
func TestRealNeedsDocker(t *testing.T) { dockertest.Require(t) }

func TestRealWithoutEngine(t *testing.T) {
	nowhere := "DOCKER_HOST=unix://" + t.TempDir() + "/none.sock"
	for setting, want := range map[string]string{"": "--- SKIP: TestRealNeedsDocker", "required": "--- FAIL: TestRealNeedsDocker"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRealNeedsDocker$", "-test.v")
		cmd.Env = append(os.Environ(), nowhere, "ZKLAB_REAL="+setting)
		out, err := cmd.CombinedOutput()
		if !strings.Contains(string(out), want) || (err != nil) != (setting == "required") {
			t.Errorf("ZKLAB_REAL=%s: %v, want %q in\n%s", setting, err, want, out)
		}
	}
}

func TestRealEnsembleIsSharedAndHealthyAgain(t *testing.T) {
	first := dockertest.Ensemble(t, 1)
	must.Do(t, first.Servers()[0].(ensemble.Pauser).Pause(t.Context()))
	again := dockertest.Ensemble(t, 1)
	if again != first {
		t.Error("started twice")
	}
	if _, err := ensemble.CheckHealth(t.Context(), again); err != nil {
		t.Error(err)
	}
}
