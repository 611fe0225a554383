//go:build unix

package dockertest

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// betweenTries is how long to wait while other processes have all locks.
const betweenTries = 20 * time.Millisecond

// lockOneOf waits for one of some locks, which are named. The caller holds it until release, or
// until its process ends, and nobody else on the machine does.
func lockOneOf(names ...string) (release func(), err error) {
	for {
		for _, name := range names {
			if release, err = tryLock(name); !errors.Is(err, syscall.EWOULDBLOCK) {
				return release, err
			}
		}
		time.Sleep(betweenTries)
	}
}

// tryLock returns EWOULDBLOCK if another process has the lock.
func tryLock(name string) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "zklab-dockertest-"+name+".lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
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
