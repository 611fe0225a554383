// Package images has the recipes of container images, so that a program can build them where there is no clone of
// zklab. It imports nothing of zklab.
package images

import (
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// recipe holds the script that "make image" runs, and the files that it puts into the image.
//
//go:embed zookeeper/build zookeeper/entrypoint zookeeper/clock.c zookeeper/forced.c
var recipe embed.FS

// BuildZooKeeper builds the local image of Apache ZooKeeper with the script zookeeper/build and its options, and
// writes the script's output to out. The end of ctx ends the script after its present step, and removes its files.
func BuildZooKeeper(ctx context.Context, out io.Writer, options ...string) error {
	dir, err := os.MkdirTemp("", "zklab-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	files, err := fs.Sub(recipe, "zookeeper")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, files); err != nil {
		return err
	}
	script := exec.CommandContext(ctx, "sh", append([]string{filepath.Join(dir, "build")}, options...)...)
	script.Stdout, script.Stderr = out, out
	script.Cancel = func() error { return script.Process.Signal(syscall.SIGTERM) }
	if err := script.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("the image was not built: %w", err)
	}
	return nil
}
