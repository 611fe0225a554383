//go:build unix

package procgroup

import (
	"fmt"
	"syscall"
)

func signalGroup(pgid int, s syscall.Signal) error {
	if err := syscall.Kill(-pgid, s); err != nil {
		return fmt.Errorf("send %s to process group %d: %w", s, pgid, err)
	}
	return nil
}

func stopGroup(pgid int) error { return signalGroup(pgid, syscall.SIGSTOP) }

func continueGroup(pgid int) error { return signalGroup(pgid, syscall.SIGCONT) }

func killGroup(pgid int) error { return signalGroup(pgid, syscall.SIGKILL) }
