//go:build unix

package dockertest

import (
	"os"
	"path/filepath"
	"syscall"
)

// lockMachine waits for a lock that only one process of the machine has at a time, until the process
// ends.
func lockMachine() (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "zklab-dockertest.lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
