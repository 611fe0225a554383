//go:build !unix

package control

import "io/fs"

// private returns true: the mode does not show it on these systems, where the folder for temporary
// files belongs to the user.
func private(fs.FileInfo) bool { return true }
