package usage

import (
	"strings"

	"github.com/spf13/cobra"
)

// This file has the functions for the Tab key (see NewCompletion). An argument or a flag without a
// function has no completion, not even of files: for those, use the function Files. The functions read,
// at most, folders and files, and ignore errors.

// Completes registers how a flag's value is completed.
func Completes(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err) // the command has no such flag
	}
}

// CompletesFiles registers flags whose values are files or folders.
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
