//go:build !unix

package control

import "io/fs"

// private cannot be told from the mode here; the folder for temporary files is the
// user's own on these systems.
func private(fs.FileInfo) bool { return true }
