//go:build unix

package store

import (
	"io/fs"
	"syscall"
)

// madeBy reports whether a file belongs to a user, by the user's number.
func madeBy(info fs.FileInfo, user int) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == user
}
