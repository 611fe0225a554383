//go:build unix

package control

import (
	"io/fs"
	"os"
	"syscall"
)

// private reports whether only the user of this process can open a folder.
func private(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid() && info.Mode().Perm()&0o077 == 0
}
