package clients

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/term"

	"github.com/zklab/zklab/internal/tools/shell"
)

// interact runs the commands that the user types. Ctrl-C ends a command, not the shell.
func interact(ctx context.Context, s *shell.Shell) error {
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	unheard := make(chan os.Signal, 1) // between two commands Ctrl-C ends nothing
	signal.Notify(unheard, os.Interrupt)
	defer signal.Stop(unheard)
	in := int(os.Stdin.Fd())
	history, err := shell.OpenHistory(historyPath())
	if err != nil {
		fmt.Fprintf(os.Stderr, "cannot save the history of lines: %v\n", err)
	}
	defer history.Close()
	screen := shell.Screen{
		In: os.Stdin, Out: s.Out, History: history,
		Raw: func() (func(), error) {
			state, err := term.MakeRaw(in)
			if err != nil {
				return nil, err
			}
			return func() { _ = term.Restore(in, state) }, nil
		},
		Interruptible: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return signal.NotifyContext(ctx, os.Interrupt)
		},
	}
	resized := make(chan os.Signal, 1)
	notifyResized(resized)
	defer signal.Stop(resized)
	screen.Size, screen.Resized = func() (int, int, error) { return term.GetSize(in) }, resized
	fmt.Fprintln(s.Out, "help lists the commands, Tab completes, exit or Ctrl-D ends the shell")
	return s.Interact(ctx, screen)
}

// historyPath returns the path of the history, in the folder for the state of programs (XDG Base
// Directory Specification).
func historyPath() string {
	folder := os.Getenv("XDG_STATE_HOME")
	if home, err := os.UserHomeDir(); folder == "" && err == nil {
		folder = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(folder, "zklab", "shell_history")
}
