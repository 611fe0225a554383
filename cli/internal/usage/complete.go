package usage

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// This file has the functions for the Tab key (see NewCompletion). An argument or a flag without a
// function has no completion, not even of files: for those, use the function Files. The functions read,
// at most, folders and files, and ignore errors.

// completions has the functions that complete the flags of a command, by the names of the flags. The command's
// context keeps them until RegisterCompletions.
type completions map[string]cobra.CompletionFunc

// completionsKey is the key of a command's completions in its context.
type completionsKey struct{}

// completionsOf returns the completions of a command. It returns nil if the command has none.
func completionsOf(cmd *cobra.Command) completions {
	if cmd.Context() == nil {
		return nil
	}
	all, _ := cmd.Context().Value(completionsKey{}).(completions)
	return all
}

// Completes says how a flag's value is completed.
func Completes(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if cmd.Flag(flag) == nil {
		panic(cmd.Name() + " has no flag --" + flag)
	}
	all := completionsOf(cmd)
	if all == nil {
		all = completions{}
		cmd.SetContext(context.WithValue(context.Background(), completionsKey{}, all))
	}
	all[flag] = f
}

// Share gives a command a flag of another one, and what completes its value.
func Share(cmd, of *cobra.Command, f *pflag.Flag) {
	cmd.Flags().AddFlag(f)
	if complete := completionsOf(of)[f.Name]; complete != nil {
		Completes(cmd, f.Name, complete)
	}
}

// IsCompletion reports whether the arguments are those of a shell that asks for completions.
func IsCompletion(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// RegisterCompletions gives cobra the completions of a command and of all commands below it. Cobra keeps them, and
// with them the whole command tree, until the process ends. So only a process that completes calls it, once.
func RegisterCompletions(cmd *cobra.Command) {
	for flag, f := range completionsOf(cmd) {
		if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
			panic(err) // the flag has two functions
		}
	}
	for _, sub := range cmd.Commands() {
		RegisterCompletions(sub)
	}
}

// CompletesFiles says that the values of these flags are files or folders.
func CompletesFiles(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		Completes(cmd, flag, Files)
	}
}

// Files leaves it to the shell, which completes names of files.
func Files(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// Choice completes to one of some values, each with a description if there is one.
func Choice(values ...cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return Beginning(toComplete, values)
	}
}

// ChoiceOf is like Choice, for words without descriptions.
func ChoiceOf[T ~string](words ...T) cobra.CompletionFunc {
	var values []cobra.Completion
	for _, w := range words {
		values = append(values, string(w))
	}
	return Choice(values...)
}

// Beginning returns the values that begin with a text. If only one is left and it ends with a
// colon, the shell adds no space, since more must follow.
func Beginning(text string, values []cobra.Completion) ([]cobra.Completion, cobra.ShellCompDirective) {
	var left []cobra.Completion
	for _, v := range values {
		if strings.HasPrefix(v, text) {
			left = append(left, v)
		}
	}
	if len(left) == 1 {
		if value, _, _ := strings.Cut(left[0], "\t"); strings.HasSuffix(value, ":") {
			return left, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
	}
	return left, cobra.ShellCompDirectiveNoFileComp
}

// FirstArgument completes the first argument of a command; there is no second one.
func FirstArgument(f cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f(cmd, args, toComplete)
	}
}

// ListOf completes the last of several words with commas between them.
func ListOf(words func() []cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		before := toComplete[:strings.LastIndexByte(toComplete, ',')+1]
		var whole []cobra.Completion
		for _, w := range words() {
			whole = append(whole, before+w)
		}
		left, _ := Beginning(toComplete, whole)
		return left, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// OrFiles lets the shell complete files if there are no values.
func OrFiles(values []cobra.Completion, directive cobra.ShellCompDirective) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(values) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return values, directive
}
