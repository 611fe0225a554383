package guard

import "syscall"

// programAttributes returns attributes that put the program into a group of its own, and make the
// kernel kill it when the thread that started it ends.
func programAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// executable returns a path that leads to this program even after its file was replaced.
func executable() (string, error) { return "/proc/self/exe", nil }
