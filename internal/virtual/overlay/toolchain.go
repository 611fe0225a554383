package overlay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Toolchain is an installed release of Go.
type Toolchain struct {
	Version string `json:"GOVERSION"` // such as go1.26.8
	Root    string `json:"GOROOT"`    // with the source of the standard library in src
}

// Installed returns the toolchain that the go command uses in the working directory: a go.mod there may
// have chosen it.
func Installed(ctx context.Context) (Toolchain, error) {
	var t Toolchain
	out, err := exec.CommandContext(ctx, "go", "env", "-json", "GOVERSION", "GOROOT").Output()
	var failed *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return t, errors.New("no go command is in PATH: an overlay is made from its source, so install Go, or run without the overlay")
	case errors.As(err, &failed):
		return t, fmt.Errorf("go env: %s", strings.TrimSpace(string(failed.Stderr)))
	case err != nil:
		return t, fmt.Errorf("go env: %w", err)
	}
	if err := json.Unmarshal(out, &t); err != nil {
		return t, fmt.Errorf("go env: %w", err)
	}
	return t, nil
}

// source returns the path of a file of the standard library.
func (t Toolchain) source(file string) string {
	return filepath.Join(t.Root, "src", filepath.FromSlash(file))
}
