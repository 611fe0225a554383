package shell

import (
	"context"
	"strings"
)

// askedHelp is the error of a statement that asks for the help of a command, or of all commands
// if it is "". The command itself does not print the help, because the list of commands would then
// refer to itself.
type askedHelp string

func (askedHelp) Error() string { return "help was asked for" }

func (*Shell) help(_ context.Context, args []string) error { return askedHelp(strings.Join(args, " ")) }

func (*Shell) exit(context.Context, []string) error { return ErrExit }

// helpOn prints the help of a command, or of all commands whose first word is the name.
func (s *Shell) helpOn(name string) error {
	if name == "" {
		return s.emit(helpAll(s.Lab != nil))
	}
	var some helpResult
	for _, c := range commands {
		if c.name == name || strings.HasPrefix(c.name, name+" ") {
			some.Commands = append(some.Commands, helpOf(c))
		}
	}
	if len(some.Commands) == 0 {
		return usagef("there is no command %s: help lists them", quote(name))
	}
	return s.emit(some)
}

// helpResult is the help of some commands.
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

func helpOf(c *command) commandHelp {
	f, _ := c.flags()
	return commandHelp{c.name, c.usage(), c.short, c.long, f.FlagUsages()}
}

// helpAll returns the help of all commands. It leaves out those that need an ensemble of the
// shell's own if the shell has none.
func helpAll(lab bool) (all helpList) {
	for _, c := range commands {
		if lab || !c.lab {
			all.Commands = append(all.Commands, helpOf(c))
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

// helpList is a help with only one line for each command.
type helpList helpResult

func (r helpList) text(p *page) {
	for _, c := range r.Commands {
		p.printf("%-34s %s\n", c.Usage, c.Short)
	}
	p.printf("\nhelp COMMAND explains a command. Quote words with spaces or ;. # begins a comment.\n")
}
