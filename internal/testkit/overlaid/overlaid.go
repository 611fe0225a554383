// Package overlaid writes the overlay of package overlay for tests that build programs with it.
package overlaid

import (
	"context"
	"os"

	"github.com/zklab/zklab/internal/virtual/overlay"
)

// Flag writes the overlay for the installed toolchain into dir, and returns the flag with which the
// go command uses it.
func Flag(ctx context.Context, dir string) (string, error) {
	toolchain, err := overlay.Installed(ctx)
	if err != nil {
		return "", err
	}
	files, err := overlay.Make(toolchain, dir)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if err := os.WriteFile(f.Path, f.Text, 0o644); err != nil {
			return "", err
		}
	}
	return overlay.Flag(dir), nil
}
