package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// This file has what the Tab key completes (see newCompletion). An argument or a flag without
// a function has no completion, not even of files: those have the function files. The
// functions read, at most, folders and files, and fail in silence.

// completes registers how a flag's value is completed.
func completes(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err) // the command has no such flag
	}
}

// completesFiles registers flags whose values are files or folders.
func completesFiles(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		completes(cmd, flag, files)
	}
}

// files leaves it to the shell, which completes names of files.
func files(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// choice completes to one of some values, each with what it is, if something is to be said.
func choice(values ...cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return beginning(toComplete, values)
	}
}

// choiceOf is choice of words.
func choiceOf[T ~string](words ...T) cobra.CompletionFunc {
	var values []cobra.Completion
	for _, w := range words {
		values = append(values, string(w))
	}
	return choice(values...)
}

// beginning are the values that begin so. The only one that is left may want more behind it.
func beginning(text string, values []cobra.Completion) ([]cobra.Completion, cobra.ShellCompDirective) {
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

// firstArgument completes the first argument of a command; there is no second one.
func firstArgument(f cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f(cmd, args, toComplete)
	}
}

// listOf completes the last of several words with commas between them.
func listOf(words func() []cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		before := toComplete[:strings.LastIndexByte(toComplete, ',')+1]
		var whole []cobra.Completion
		for _, w := range words() {
			whole = append(whole, before+w)
		}
		left, _ := beginning(toComplete, whole)
		return left, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// orFiles leaves it to the shell where there is nothing.
func orFiles(values []cobra.Completion, directive cobra.ShellCompDirective) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(values) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return values, directive
}
