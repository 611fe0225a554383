//go:build unix

package cli

import (
	"net"
	"os/exec"
	"syscall"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// An interrupt ends the monitor while the first server is silent, as at any other time.
func TestMonitorIsInterruptedWhileConnecting(t *testing.T) {
	silent := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer silent.Close()
	cmd := exec.Command("zklab", "monitor", silent.Addr().String(), "--log", "--timeout", "1m")
	must.Do(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	conn, err := silent.Accept() // the monitor waits for the answer
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	must.Do(t, cmd.Process.Signal(syscall.SIGINT))
	if got := ended(t, cmd); got != 0 {
		t.Errorf("exit code %d", got)
	}
}
