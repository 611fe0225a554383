package experiments

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/virtual/overlay"
	"github.com/zklab/zklab/store"
)

func newOverlay() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "overlay",
		Short: "Print the go flag that makes simulated runs repeat exactly",
		Long: "Overlay writes modified copies of some files of the Go runtime, and prints the flag that makes the\n" +
			"go command use them instead of the originals: go test $(zklab overlay) ./...\n" +
			"In binaries built with it, the runtime's random choices in testing/synctest bubbles (select,\n" +
			"maps, math/rand, timers) follow from the seed. The toolchain is not changed. It is that of the\n" +
			"working directory, and must be a Go release that zklab supports.",
		Example: `  zklab overlay --dir overlay
  go test $(zklab overlay) ./...`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			return printOverlay(ctx, cmd, dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder for the files (default: one in the user's cache)")
	usage.CompletesFiles(cmd, "dir")
	return cmd
}

// printOverlay writes the overlay for the installed toolchain. It prints the go flag to standard
// output, for programs, and the rest for people.
func printOverlay(ctx context.Context, cmd *cobra.Command, dir string) error {
	toolchain, err := overlay.Installed(ctx)
	if err != nil {
		return err
	}
	if dir, err = overlayDir(dir, toolchain.Version); err != nil {
		return err
	}
	if err := usage.Writable("--dir", dir); err != nil {
		return err
	}
	files, err := overlay.Make(toolchain, dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := store.WriteFile(f.Path, f.Text); err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "the overlay for %s, %s, is in %s\n", toolchain.Version, prose.Count(len(files), "file"), dir)
	fmt.Fprintln(cmd.ErrOrStderr(), "to use it: go test $(zklab overlay) ./...  (the first time this rebuilds the standard library)")
	_, err = fmt.Fprintln(cmd.OutOrStdout(), overlay.Flag(dir))
	return err
}

// overlayDir returns the absolute path of the folder that the user asked for or, if there is none,
// of the folder for a version of Go in the user's cache.
func overlayDir(asked, version string) (string, error) {
	if asked != "" {
		return filepath.Abs(asked)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", errors.New("the user has no cache folder: give a folder with --dir")
	}
	return filepath.Join(cache, "zklab", "overlay", version), nil
}
