//go:build unix

package link

import (
	"bufio"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/zklab/zklab/internal/zk/wire"
)

func TestFrozenProcessDelaysNoOther(t *testing.T) {
	s, l, _, addr := listening(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), visitorEnv+"="+addr)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	lines := bufio.NewScanner(out)
	line := func() string { lines.Scan(); return lines.Text() }
	if got := line(); got != "ok" {
		t.Fatal(got)
	}
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other := visit(t, addr)
	other.connect(0)
	for range 100 {
		other.mustDo(wire.Create, "/other")
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	before := len(s.requests())
	eventually(t, "the process goes on", func() bool { return line() == "ok" && len(s.requests()) > before+3 })
	// A killed process leaves nothing behind.
	cmd.Process.Kill()
	eventually(t, "its connection is gone", func() bool { return clients(l) == 1 })
	other.mustDo(wire.Create, "/other")
}
