//go:build !unix

package filelock

import (
	"errors"
	"os"
)

// try would have to keep a second process out.
func try(*os.File) error { return errors.New("files are locked on Unix systems only") }
