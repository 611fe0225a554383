package usage

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/base/program"
)

// Rename has the help of all commands below a root name this program. It returns the names of the commands.
func Rename(root *cobra.Command) (commands []string) {
	for _, c := range root.Commands() {
		commands = append(commands, c.Name())
	}
	renameEach(root, commands)
	return commands
}

func renameEach(cmd *cobra.Command, commands []string) {
	cmd.Short, cmd.Long, cmd.Example = renamed(cmd.Short, commands), renamed(cmd.Long, commands), renamed(cmd.Example, commands)
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = renamed(f.Usage, commands) })
	for _, c := range cmd.Commands() {
		renameEach(c, commands)
	}
}

// commandLine is the beginning of a command line of zklab's in a text.
var commandLine = regexp.MustCompile(`\bzklab ([a-z]+)\b`)

// renamed has the command lines in a text name this program, if they begin with one of some commands.
func renamed(text string, commands []string) string {
	if program.Name() == program.Zklab {
		return text
	}
	return commandLine.ReplaceAllStringFunc(text, func(line string) string {
		if word := strings.TrimPrefix(line, program.Zklab+" "); slices.Contains(commands, word) {
			return program.Name() + " " + word
		}
		return line
	})
}
