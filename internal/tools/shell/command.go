package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/zk/wire"
)

// command is the declaration of a command.
type command struct {
	name  string // one word, or two: "acl get"
	args  string // the arguments after the flags, for the help: "PATH [DATA]"
	short string // what the command does, in one line
	long  string // further help, in lines
	least int    // number of arguments
	most  int    // number of arguments; -1: any number
	// dataLast means that flags come before all arguments: data may begin with a dash.
	dataLast bool
	// values are the possible values of an argument that is not a path.
	values []string
	// local is the number of the argument, from 1, that can be a file on this machine; 0 means
	// none.
	local int
	// lab means that the command needs an ensemble of the shell's own.
	lab bool
	do  run // nil if bind returns it, and if the command works only in a multi
	// bind declares the flags, and returns the function that runs the command with them.
	bind func(f *pflag.FlagSet) run
	// op declares the flags of the command in a multi, and returns the function that makes an
	// operation; nil if the command does not work in a multi.
	op func(f *pflag.FlagSet) operation
}

type (
	run       func(s *Shell, ctx context.Context, args []string) error
	operation func(s *Shell, args []string) (wire.MultiOp, error)
)

// lookup finds the command that a statement begins with, and returns the words after its name.
func lookup(words []string) (*command, []string, error) {
	var names []string
	for _, c := range commands {
		first, second, two := strings.Cut(c.name, " ")
		switch {
		case words[0] != first:
		case !two:
			return c, words[1:], nil
		case len(words) > 1 && words[1] == second:
			return c, words[2:], nil
		default:
			names = append(names, c.name)
		}
	}
	if len(names) > 0 {
		return nil, nil, usagef("%s: write %s", words[0], strings.Join(names, " or "))
	}
	if here := ofZkCli[words[0]]; here != "" {
		return nil, nil, usagef("zkCli.sh's %s is %s here; help lists all commands", words[0], here)
	}
	for _, c := range commands {
		names = append(names, c.name)
	}
	return nil, nil, usagef("there is no command %s%shelp lists them", quote(words[0]), nearest.DidYouMean(words[0], names))
}

// ofZkCli has the commands of zkCli.sh that have other names here.
var ofZkCli = map[string]string{
	"addWatch": "watch -r", "addauth": "auth", "close": "exit", "config": "cat /zookeeper/config", "delete": "rm",
	"deleteall": "rm -r", "delquota": "quota rm", "get": "cat", "getAcl": "acl get", "getAllChildrenNumber": "count",
	"getEphemerals": "find --owner", "listquota": "quota get", "quit": "exit", "removewatches": "unwatch",
	"setAcl": "acl set", "setquota": "quota set", "version": "srvr",
}

// flags returns the flags of the command and the function that runs it with them, nil if the
// command works only in a multi.
func (c *command) flags() (*pflag.FlagSet, run) {
	f := c.noFlags()
	switch {
	case c.bind != nil:
		return f, c.bind(f)
	case c.op != nil:
		c.op(f)
	}
	return f, c.do
}

// noFlags returns an empty set of flags for the command.
func (c *command) noFlags() *pflag.FlagSet {
	f := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.SetInterspersed(!c.dataLast)
	f.Usage = func() {}
	return f
}

// parse reads the flags and counts the arguments.
func (c *command) parse(f *pflag.FlagSet, args []string) ([]string, error) {
	if err := f.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return nil, askedHelp(c.name)
	} else if err != nil {
		return nil, usagef("%s: %v: %s", c.name, inWords(err), c.usage())
	}
	n := f.NArg()
	if n < c.least || c.most >= 0 && n > c.most {
		return nil, usagef("%s takes %s, got %d: %s", c.name, c.takes(), n, c.usage())
	}
	return f.Args(), nil
}

// inWords turns the error of a flag with an invalid value into one that says what the flag
// expects: pflag's own error names functions of Go.
func inWords(err error) error {
	var value *pflag.InvalidValueError
	if !errors.As(err, &value) {
		return err
	}
	kinds := map[string]string{
		"int": "a whole number", "int64": "a whole number", "version": "a whole number from 0",
		"duration": "a time with its unit, like 500ms or 10s", "bool": "true or false",
	}
	want, ok := kinds[value.GetFlag().Value.Type()]
	if !ok {
		return err
	}
	return fmt.Errorf("--%s %s: expected %s", value.GetFlag().Name, quote(value.GetValue()), want)
}

func (c *command) takes() string {
	switch {
	case c.most == 0:
		return "no argument"
	case c.most < 0:
		return fmt.Sprintf("%d or more arguments", c.least)
	case c.least == c.most:
		return fmt.Sprintf("%d arguments", c.least)
	}
	return fmt.Sprintf("%d to %d arguments", c.least, c.most)
}

// usage returns the syntax of the command: "ls [flags] [PATH]".
func (c *command) usage() string {
	f, _ := c.flags()
	parts := []string{c.name}
	if f.HasFlags() {
		parts = append(parts, "[flags]")
	}
	if c.args != "" {
		parts = append(parts, c.args)
	}
	return strings.Join(parts, " ")
}

// execute runs a statement that names the command.
func (c *command) execute(ctx context.Context, s *Shell, args []string) error {
	f, do := c.flags()
	if do == nil {
		return usagef("%s works only in a multi", c.name)
	}
	if c.lab && s.Lab == nil {
		return usagef("%s needs an ensemble of the shell's own: start the shell without servers", c.name)
	}
	args, err := c.parse(f, args)
	if err != nil {
		return err
	}
	return do(s, ctx, args)
}
