package external

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/zklab/zklab/ensemble"
)

// commandTimeout is how long a command may take: a graceful stop of a server, or the
// start of a JVM on a busy machine.
const commandTimeout = 30 * time.Second

// validateCommands wants those together that belong together.
func validateCommands(c ensemble.Commands, servers int) error {
	for _, x := range []struct{ flag, text string }{
		{"--pause-command", c.Pause},
		{"--resume-command", c.Resume},
		{"--kill-command", c.Kill},
		{"--stop-command", c.Stop},
		{"--start-command", c.Start},
		{"--where-command", c.Where},
	} {
		if err := validateCommand(x.flag, x.text, servers); err != nil {
			return err
		}
	}
	switch {
	case c.Pause != "" && c.Resume == "":
		return wrong("--pause-command needs --resume-command: zklab must resume what it paused")
	case c.Pause == "" && c.Resume != "":
		return wrong("--resume-command needs --pause-command")
	case c.Kill != "" && c.Start == "":
		return wrong("--kill-command needs --start-command: zklab must start again what it killed")
	case c.Stop != "" && c.Start == "":
		return wrong("--stop-command needs --start-command: zklab must start again what it stopped")
	case c.Start != "" && c.Kill == "" && c.Stop == "":
		return wrong("--start-command needs --kill-command or --stop-command")
	}
	return nil
}

// placeholder matches the placeholders in a command. Other braces are the shell's.
var placeholder = regexp.MustCompile(`\{(id|ordinal|host|port)\}`)

// dollared matches placeholders that a shell would replace.
var dollared = regexp.MustCompile(`\$` + placeholder.String())

func validateCommand(flag, text string, servers int) error {
	switch {
	case text == "":
		return nil
	case strings.TrimSpace(text) == "" || strings.ContainsRune(text, 0):
		return wrong("%s names no command", flag)
	case dollared.MatchString(text):
		return wrong("%s %q: write {id}, {ordinal}, {host} or {port} without a dollar sign", flag, text)
	case servers > 1 && !placeholder.MatchString(text):
		return wrong("%s %q is the same for all %d servers: use {id}, {ordinal}, {host} or {port} to select one", flag, text, servers)
	}
	return nil
}

// values replaces the placeholders; see hostPattern for why a shell takes the values as
// they are.
func values(id int, host, port string) *strings.Replacer {
	return strings.NewReplacer("{id}", strconv.Itoa(id), "{ordinal}", strconv.Itoa(id-1), "{host}", host, "{port}", port)
}

// errUnended means that a command did not end in time, so that its effect is unknown.
var errUnended = fmt.Errorf("it did not end within %s", commandTimeout)

// run runs a command for a server.
func run(ctx context.Context, text string) error {
	_, err := output(ctx, text)
	return err
}

// output runs a command for a server, and returns what it printed. ctx does not cut it short, since the command would
// have its effect anyway. If it fails, the last line that it printed is the reason. Its output is a file, and not a
// pipe: a server that it starts in the background may go on writing.
func output(ctx context.Context, text string) (string, error) {
	out, err := os.CreateTemp("", "zklab-command-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), commandTimeout, errUnended)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", text)
	cmd.Stdout, cmd.Stderr = out, out
	ownGroup(cmd)
	err = cmd.Run()
	switch {
	case err == nil:
		printed, err := os.ReadFile(out.Name())
		return string(printed), err
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	if last := lastLine(out.Name()); last != "" {
		return "", fmt.Errorf("%q: %w: %s", text, err, last)
	}
	return "", fmt.Errorf("%q: %w", text, err)
}

// lastLine returns the last line of a file that has a letter: docker-compose may print a number after its reason.
func lastLine(path string) string {
	b, _ := os.ReadFile(path)
	lines := strings.Split(string(b), "\n")
	for _, line := range slices.Backward(lines) {
		if strings.ContainsFunc(line, unicode.IsLetter) {
			return fmt.Sprintf("%.200s", strings.TrimSpace(line))
		}
	}
	return ""
}

// given returns an error if the command is missing.
func given(command, what, flags string) error {
	if command == "" {
		return fmt.Errorf("%s servers of an external ensemble needs your own commands: give %s, or --control", what, flags)
	}
	return nil
}
