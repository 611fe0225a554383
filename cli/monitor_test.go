//go:build unix

package cli

import (
	"net"
	"os/exec"
	"syscall"
	"testing"
)

// An interrupt ends the monitor while the first server is silent, as at any other time.
func TestMonitorIsInterruptedWhileConnecting(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cmd := exec.Command("zklab", "monitor", silent.Addr().String(), "--log", "--timeout", "1m")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	conn, err := silent.Accept() // the monitor waits for the answer
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got := ended(t, cmd); got != 0 {
		t.Errorf("exit code %d", got)
	}
}
