//go:build unix

package external

import (
	"os/exec"
	"syscall"
)

// ownGroup puts a command into a process group of its own, so that an interrupt of the terminal does
// not reach it, and the whole group is ended when its time is over.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
