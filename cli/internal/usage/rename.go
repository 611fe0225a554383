package usage

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/workloads"
)

// Rename makes the help of all commands below a root name this program instead of zklab. It returns a function
// that does so for other texts.
func Rename(root *cobra.Command) (renamed func(text string) string) {
	if root.Name() == workloads.Own {
		return func(text string) string { return text }
	}
	var commands []string
	for _, c := range root.Commands() {
		commands = append(commands, c.Name())
	}
	renamed = func(text string) string { return named(text, root.Name(), commands) }
	renameEach(root, renamed)
	return renamed
}

func renameEach(cmd *cobra.Command, renamed func(string) string) {
	cmd.Short, cmd.Long, cmd.Example = renamed(cmd.Short), renamed(cmd.Long), renamed(cmd.Example)
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = renamed(f.Usage) })
	for _, c := range cmd.Commands() {
		renameEach(c, renamed)
	}
}

// commandLine matches the beginning of a zklab command line in a text.
var commandLine = regexp.MustCompile(`\bzklab ([a-z]+)\b`)

// named replaces zklab by a program in those command lines of a text that begin with one of some
// commands.
func named(text, program string, commands []string) string {
	return commandLine.ReplaceAllStringFunc(text, func(line string) string {
		if word := strings.TrimPrefix(line, workloads.Own+" "); slices.Contains(commands, word) {
			return program + " " + word
		}
		return line
	})
}
