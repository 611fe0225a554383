//go:build unix

package external

import (
	"os/exec"
	"syscall"
)

// ownGroup puts a command into a process group of its own: an interrupt of the terminal
// is not for it, and when its time is over all of it is ended.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
