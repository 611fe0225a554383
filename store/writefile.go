package store

import "github.com/zklab/zklab/internal/base/atomicfile"

// WriteFile replaces a file atomically: after a crash or on a full disk, the file has either its
// old content or the new.
func WriteFile(path string, content []byte) error {
	return atomicfile.Write(path, 0o644, content)
}
