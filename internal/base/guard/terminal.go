//go:build unix

package guard

import "golang.org/x/sys/unix"

// terminal is the controlling terminal of this process. Its zero value means that there is none.
type terminal struct {
	fd int // 0: there is none
}

// openTerminal opens the controlling terminal, if there is one.
func openTerminal() terminal {
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return terminal{}
	}
	return terminal{fd}
}

func (t terminal) exists() bool { return t.fd > 0 }

// has reports whether a process group is the foreground group of the terminal: it reads what is typed,
// and gets the signals of Ctrl-C and Ctrl-Z.
func (t terminal) has(group int) bool {
	if !t.exists() {
		return false
	}
	foreground, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && foreground == group
}

// give makes a process group the foreground group. SIGTTOU must be ignored.
func (t terminal) give(group int) error {
	return unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
}
