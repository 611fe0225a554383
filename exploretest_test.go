package zklab_test

import (
	"os"
	"strings"
	"testing"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/workloads"
)

// explored is a counter that two clients change.
func explored(t *testing.T, subject string) zklab.Experiment {
	t.Helper()
	w, err := workloads.Named("counter", subject)
	if err != nil {
		t.Fatal(err)
	}
	return zklab.Experiment{Workload: w, Clients: 2, AllowUnknown: true}
}

// A counter that writes again what was not answered is wrong where a reply to a write is lost,
// and nowhere else; zklab's own is right at each message.
func TestExplore(t *testing.T) {
	if os.Getenv(planted) != "" {
		zklab.Explore(t, explored(t, "broken:retries-set-after-loss"))
		return
	}
	zklab.Explore(t, explored(t, workloads.Own))
	text := string(failing(t, "^TestExplore$"))
	for _, want := range []string{"single faults at the ", "lose-reply at add/setData/reply", "linearizable is violated", "  shrunk  to "} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not print %q:\n%s", want, text)
		}
	}
}
