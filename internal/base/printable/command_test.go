package printable_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A shell reads the same words from the command.
func TestCommandIsReadAgain(t *testing.T) {
	words := []string{"plain", "", "with a space", "it's", `a "b" $c \ d`, "läufe/ü", "--faults=cut@client1/acquire#2", "*", "~", "a;b", "two\nlines"}
	out := must.Get(exec.Command("sh", "-c", printable.Command(append([]string{"printf", `%s\0`}, words...)...)).Output())(t)
	if got := strings.Join(words, "\x00") + "\x00"; got != string(out) {
		t.Errorf("%q, want %q", out, got)
	}
	if got := printable.Command("zklab", "run", "--faults", "cut@client1/acquire#2"); got != "zklab run --faults 'cut@client1/acquire#2'" {
		t.Error(got)
	}
}
