package store

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/zklab/zklab/internal/base/atomicfile"
)

// WriteFile replaces a file atomically: after a crash or on a full disk, the file has either its
// old content or the new.
func WriteFile(path string, content []byte) error {
	if err := atomicfile.Write(path, 0o644, content); err != nil {
		var named *fs.PathError
		if errors.As(err, &named) { // it has this path, too, or that of the unfinished file
			err = named.Err
		}
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
