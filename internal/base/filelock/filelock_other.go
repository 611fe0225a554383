//go:build !unix

package filelock

import (
	"errors"
	"os"
)

// try fails, since it could not keep a second process out.
func try(*os.File) error { return errors.New("files are locked on Unix systems only") }
