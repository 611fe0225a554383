package usage

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/workloads"
)

// bashScript stands in for cobra's script for bash. That script needs the package bash-completion,
// and completes neither a list with commas nor what follows an "=" within a value.
//
//go:embed completion.bash
var bashScript string

// shells lists the shells for which there is a script.
var shells = []struct {
	name  string
	write func(root *cobra.Command, w io.Writer) error
}{
	{"bash", func(root *cobra.Command, w io.Writer) error {
		_, err := io.WriteString(w, strings.ReplaceAll(bashScript, workloads.Own, root.Name()))
		return err
	}},
	{"zsh", writeZsh},
	{"fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }},
	{"powershell", (*cobra.Command).GenPowerShellCompletionWithDesc},
}

// writeZsh corrects cobra's script for zsh. That script looks for a "-" before an "=" anywhere in a
// word, and so takes the value lose-reply:who=all for a flag.
func writeZsh(root *cobra.Command, w io.Writer) error {
	var script strings.Builder
	if err := root.GenZshCompletion(&script); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Replace(script.String(), "=~ '-.*='", "=~ '^-[^=]*='", 1))
	return err
}

// NewCompletion returns the command that prints scripts for shells.
func NewCompletion() *cobra.Command {
	var names []string
	for _, s := range shells {
		names = append(names, s.name)
	}
	known := OneOf("shell", names)
	return &cobra.Command{
		Use:   "completion " + strings.Join(names, "|"),
		Short: "Print a completion script for a shell",
		Long: "Completion prints a script for a shell. After the shell has read it, the Tab key completes commands,\n" +
			"flags and their values, recipes, subjects, faults with their arguments, and stored runs\n" +
			"(latest, lock/2026-01-31T12-00-00.000Z). It starts no ensemble.\n\n" +
			"In each pair of commands the first enables completion in the current shell, the second in\n" +
			"new shells:\n\n" +
			"  bash        source <(zklab completion bash)\n" +
			"              zklab completion bash > ~/.local/share/bash-completion/completions/zklab\n" +
			"              The package bash-completion reads this folder. Without the package, add the\n" +
			"              first line to ~/.bashrc.\n" +
			"  zsh         source <(zklab completion zsh)\n" +
			"              zklab completion zsh > \"${fpath[1]}/_zklab\"\n" +
			"              Both need the line \"autoload -U compinit; compinit\" in ~/.zshrc.\n" +
			"  fish        zklab completion fish | source\n" +
			"              zklab completion fish > ~/.config/fish/completions/zklab.fish\n" +
			"  powershell  zklab completion powershell | Out-String | Invoke-Expression\n" +
			"              For every new shell, add this line to the file that $PROFILE names.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("completion needs the name of a shell: one of %s", strings.Join(names, ", "))
			}
			return known(cmd, args)
		},
		ValidArgsFunction: FirstArgument(ChoiceOf(names...)),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range shells {
				if s.name == args[0] {
					return s.write(cmd.Root(), terminal.Exact(cmd.OutOrStdout()))
				}
			}
			return nil
		},
	}
}
