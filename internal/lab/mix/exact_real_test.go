//go:build real

package mix

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/overlaid"
)

// With the overlay, each seed of each mix gives the same record every time. The tests that check this
// run in a binary that was built with the overlay.
func TestRealMixesAreExact(t *testing.T) {
	dir := t.TempDir()
	flag := must.Get(overlaid.Flag(t.Context(), dir))(t)
	binary := filepath.Join(dir, "mix.test")
	if out, err := exec.Command("go", "test", "-vet=off", flag, "-c", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), binary, "-test.v", "-test.run", "^Test(Mixes|OwnSessions)Repeat$").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(everyRun)) {
		t.Errorf("%v\n%s", err, out)
	}
}
