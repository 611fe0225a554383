package main

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// bashScript is not cobra's, which completes no word in a list with commas, none behind
// an "=" within a value, and nothing at all without the package bash-completion.
//
//go:embed completion.bash
var bashScript string

// shells are those for which there is a script.
var shells = []struct {
	name  string
	write func(root *cobra.Command, w io.Writer) error
}{
	{"bash", func(_ *cobra.Command, w io.Writer) error { _, err := io.WriteString(w, bashScript); return err }},
	{"zsh", writeZsh},
	{"fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }},
	{"powershell", (*cobra.Command).GenPowerShellCompletionWithDesc},
}

// writeZsh writes cobra's script, which takes all up to the last "=" of any word with a "-" for
// a flag: lose-reply:who=all is none.
func writeZsh(root *cobra.Command, w io.Writer) error {
	var script strings.Builder
	if err := root.GenZshCompletion(&script); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Replace(script.String(), "=~ '-.*='", "=~ '^-[^=]*='", 1))
	return err
}

func newCompletion() *cobra.Command {
	var names []string
	for _, s := range shells {
		names = append(names, s.name)
	}
	known := oneOf("shell", names)
	return &cobra.Command{
		Use:   "completion " + strings.Join(names, "|"),
		Short: "Print a script with which a shell completes zklab's command lines",
		Long: "Completion prints a script for a shell. Once the shell has read it, the Tab key completes commands,\n" +
			"flags and their values, recipes, subjects, faults with their arguments, and stored runs\n" +
			"(latest, lock/2026-01-31T12-00-00.000Z). Nothing is run for that.\n\n" +
			"To try it in the shell that is open, and to keep it for shells to come:\n\n" +
			"  bash        source <(zklab completion bash)\n" +
			"              zklab completion bash > ~/.local/share/bash-completion/completions/zklab\n" +
			"              The folder is read by the package bash-completion; without it, put the first\n" +
			"              line into ~/.bashrc.\n" +
			"  zsh         source <(zklab completion zsh)\n" +
			"              zklab completion zsh > \"${fpath[1]}/_zklab\"\n" +
			"              Both need autoload -U compinit; compinit in ~/.zshrc.\n" +
			"  fish        zklab completion fish | source\n" +
			"              zklab completion fish > ~/.config/fish/completions/zklab.fish\n" +
			"  powershell  zklab completion powershell | Out-String | Invoke-Expression\n" +
			"              To keep it, put this line into the file that $PROFILE names.",
		Example: "  source <(zklab completion bash)\n  zklab completion zsh > \"${fpath[1]}/_zklab\"",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("completion needs the name of a shell: one of %s", strings.Join(names, ", "))
			}
			return known(cmd, args)
		},
		ValidArgsFunction: firstArgument(choiceOf(names...)),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range shells {
				if s.name == args[0] {
					return s.write(cmd.Root(), exact(cmd.OutOrStdout()))
				}
			}
			return nil
		},
	}
}
