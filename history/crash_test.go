package history

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// crashEnv names a file into which the test binary records until it is killed.
const crashEnv = "ZKLAB_TEST_RECORD_INTO"

// recordUntilKilled prints the index of each invoke whose Record returned.
func recordUntilKilled() {
	r, err := Create(os.Getenv(crashEnv), lockHeader)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	work(8, func(w int) {
		for {
			// One write for each line: the lines of several workers do not mix.
			fmt.Printf("%d\n", r.Record(acquire(w, Invoke)).Index)
			r.Record(acquire(w, OK))
		}
	})
}

// A crash of the harness loses no operation whose request may have left.
func TestKilledRecorderLosesNoInvoke(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashEnv+"="+path)
	out := must.Get(child.StdoutPipe())(t)
	must.Do(t, child.Start())
	last, told := 0, 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var index int
		if _, err := fmt.Sscan(lines.Text(), &index); err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		last = max(last, index)
		if told++; told == 500 {
			child.Process.Kill() // the test goes on to read what the child printed before
		}
	}
	child.Wait()

	h := must.Get(Open(path))(t)
	if h.Complete {
		t.Error("the record has an end mark")
	}
	if h.Damage != nil {
		t.Errorf("damage: %v", h.Damage)
	}
	if told < 500 || len(h.Events) <= last {
		t.Errorf("%d invokes were acknowledged up to event %d; the file has %d events", told, last, len(h.Events))
	}
}
