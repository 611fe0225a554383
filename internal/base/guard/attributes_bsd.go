//go:build unix && !linux

package guard

import (
	"os"
	"syscall"
)

// programAttributes returns attributes that put the program into a group of its own.
func programAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func executable() (string, error) { return os.Executable() }
