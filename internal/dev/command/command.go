// Package command runs the zklab command for campaigns. It must not import the packages that make up
// the command.
package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/zklab/zklab/store"
)

// Zklab is the path of the zklab command. It is safe for concurrent use.
type Zklab string

// Run runs the command and returns what it printed to its standard output. Exit codes of verdicts (0, 1 and
// 2) are not errors. When ctx ends, Run interrupts the command, which then ends its run properly, and returns
// the error of ctx.
func (z Zklab) Run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, string(z), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 2) {
		return nil, fmt.Errorf("zklab %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(messages.Bytes()))
	}
	return out.Bytes(), nil
}

// JSON runs the command and decodes the JSON that it prints.
func (z Zklab) JSON(ctx context.Context, into any, args ...string) error {
	out, err := z.Run(ctx, args...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("zklab %s printed no JSON: %w", strings.Join(args, " "), err)
	}
	return nil
}

// Stored runs "zklab run" with a store in dir and returns the stored run.
func (z Zklab) Stored(ctx context.Context, dir string, args ...string) (*store.Run, error) {
	if _, err := z.Run(ctx, append(args[:len(args):len(args)], "--quiet", "--out", dir)...); err != nil {
		return nil, err
	}
	return store.Open(dir, "latest")
}
