//go:build unix

package link

import (
	"bufio"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

func TestFrozenProcessDelaysNoOther(t *testing.T) {
	s, l, _, addr := listening(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), visitorEnv+"="+addr)
	out := must.Get(cmd.StdoutPipe())(t)
	must.Do(t, cmd.Start())
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	lines := bufio.NewScanner(out)
	line := func() string { lines.Scan(); return lines.Text() }
	if got := line(); got != "ok" {
		t.Fatal(got)
	}
	must.Do(t, cmd.Process.Signal(syscall.SIGSTOP))
	other := visit(t, addr)
	other.connect(0)
	for range 100 {
		other.mustDo(wire.Create, "/other")
	}
	must.Do(t, cmd.Process.Signal(syscall.SIGCONT))
	before := len(s.requests())
	eventually(t, "the process goes on", func() bool { return line() == "ok" && len(s.requests()) > before+3 })
	// A killed process leaves nothing behind.
	cmd.Process.Kill()
	eventually(t, "its connection is gone", func() bool { return clients(l) == 1 })
	other.mustDo(wire.Create, "/other")
}
