//go:build real

package embedded_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

var update = flag.Bool("update", false, "write what clients of Apache ZooKeeper see to testdata/apache")

// TestRealReadOnly plays the script of read-only mode with Apache's servers.
func TestRealReadOnly(t *testing.T) { readOnlyOnApache(t, true) }

// readOnlyOnApache compares the transcript with Apache's servers, or writes it again. With a majority,
// an ephemeral makes their local sessions global, if local sessions are allowed at all.
func readOnlyOnApache(t *testing.T, local bool) {
	dockertest.Require(t)
	e, err := container.Config{
		Settings: []string{
			"4lw.commands.whitelist=*", fmt.Sprintf("localSessionsEnabled=%v", local), fmt.Sprintf("localSessionsUpgradingEnabled=%v", local),
		},
		JVMFlags: []string{"-Dzookeeper.forceSync=no", "-Dreadonlymode.enabled=true"},
	}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	saw := playLonely(t, e)
	if *update {
		must.Do(t, os.WriteFile(transcript(local), []byte(saw), 0o666))
	}
	if d := cmp.Diff(readTranscript(t, local), saw); d != "" {
		t.Errorf("(-transcript +Apache):\n%s", d)
	}
}
