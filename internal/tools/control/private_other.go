//go:build !unix

package control

import "io/fs"

// private returns true: on these systems the mode does not show who can open a folder, and the
// folder for temporary files belongs to the user.
func private(fs.FileInfo) bool { return true }
