package shell

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

var helping = []*command{
	{
		name: "help", args: "[COMMAND]", short: "list the commands, or say more of one", most: 2, values: []string{},
		bind: func(*pflag.FlagSet) run {
			return func(_ context.Context, s *Shell, args []string) error {
				if len(args) == 0 {
					return s.emit(helpAll(s.Lab != nil))
				}
				name := strings.Join(args, " ")
				var some helpResult
				for _, c := range commands {
					if c.name == name || strings.HasPrefix(c.name, name+" ") {
						some.Commands = append(some.Commands, helpOf(c).Commands...)
					}
				}
				if len(some.Commands) == 0 {
					return usagef("there is no command %s: help lists them", quote(name))
				}
				return s.emit(some)
			}
		},
	},
	{
		name: "exit", short: "end the shell and its session",
		bind: func(*pflag.FlagSet) run {
			return func(context.Context, *Shell, []string) error { return ErrExit }
		},
	},
}

// helpResult is what is to be known of commands.
type helpResult struct {
	Commands []commandHelp `json:"commands"`
}

type commandHelp struct {
	Name  string `json:"name"`
	Usage string `json:"usage"`
	Short string `json:"short"`
	Long  string `json:"long,omitempty"`
	Flags string `json:"flags,omitempty"`
}

func helpOf(c *command) helpResult {
	f := c.flagSet()
	c.bindAny(f)
	return helpResult{[]commandHelp{{c.name, c.usage(), c.short, c.long, f.FlagUsages()}}}
}

// helpAll is that of all commands, without those that are for ensembles of the shell's own
// where it has none.
func helpAll(lab bool) (all helpList) {
	for _, c := range commands {
		if lab || !c.lab {
			all.Commands = append(all.Commands, helpOf(c).Commands...)
		}
	}
	return all
}

func (r helpResult) text(p *page) {
	for _, c := range r.Commands {
		p.printf("%s\n  %s\n", c.Usage, c.Short)
		for line := range strings.Lines(c.Long) {
			p.printf("  %s", line)
		}
		if c.Long != "" {
			p.printf("\n")
		}
		p.printf("%s", c.Flags)
	}
}

// helpList is a line for each command.
type helpList helpResult

func (r helpList) text(p *page) {
	for _, c := range r.Commands {
		p.printf("%-34s %s\n", c.Usage, c.Short)
	}
	p.printf("\nhelp COMMAND says more. Words with spaces or ; stand in quotes; # begins a comment.\n")
}

// Table is a line of Markdown for each command, for the guide.
func Table() string {
	var b strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.usage(), c.short)
	}
	return b.String()
}
