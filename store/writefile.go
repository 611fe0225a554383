package store

import (
	"fmt"

	"github.com/zklab/zklab/internal/base/atomicfile"
)

// WriteFile replaces a file by a whole new one, or leaves it as it was: a crash
// or a full disk leaves no half of a file.
func WriteFile(path string, content []byte) error {
	if err := atomicfile.Write(path, 0o644, content); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
