package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

// openEditor has a file edited with what the environment names, a command with arguments
// perhaps, and waits for it. It has the terminal, and Ctrl-C is its own.
func openEditor(_ context.Context, file string) error {
	editor := cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi")
	unheard := make(chan os.Signal, 1) // it comes here, too, and the second one would end the shell
	signal.Notify(unheard, os.Interrupt)
	defer signal.Stop(unheard)
	cmd := exec.Command("sh", "-c", editor+` "$1"`, "sh", file)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the editor %s: %w", editor, err)
	}
	return nil
}
