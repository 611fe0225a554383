package clients

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

// openEditor opens a file in the editor that the environment names, which may be a command with
// arguments, and waits until it ends. The editor uses the terminal, and handles Ctrl-C itself.
func openEditor(_ context.Context, file string) error {
	editor := cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi")
	unheard := make(chan os.Signal, 1) // this process also gets the signal, and a second one would end the shell
	signal.Notify(unheard, os.Interrupt)
	defer signal.Stop(unheard)
	cmd := exec.Command("sh", "-c", editor+` "$1"`, "sh", file)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the editor %s: %w", editor, err)
	}
	return nil
}
