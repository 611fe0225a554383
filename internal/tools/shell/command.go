package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/zk/wire"
)

// command is the declaration of one.
type command struct {
	name  string // one word, or two: "acl get"
	args  string // what follows the flags, in words: "PATH [DATA]"
	short string // what it does, in a line
	long  string // and what else is to be known, in lines
	least int    // arguments
	most  int    // of them; -1: any number
	// dataLast says that flags come before all arguments: data may begin with a dash.
	dataLast bool
	// values are what an argument can be, where it is no path.
	values []string
	// local is which argument, from 1, can be a file of this machine; 0: none.
	local int
	// lab says that it is about the servers of an ensemble of the shell's own.
	lab  bool
	bind func(f *pflag.FlagSet) run
	// op makes of it an operation of a multi; nil where there is none.
	op func(f *pflag.FlagSet) operation
}

type (
	run       func(ctx context.Context, s *Shell, args []string) error
	operation func(s *Shell, args []string) (wire.MultiOp, error)
)

// commands are all, in the order of the help. It is filled in by init, as help is one of them.
var commands []*command

func init() {
	commands = slices.Concat(reading, writing, editing, copying, exporting, comparing, finding, watching, permitting, quotas, serving, knowing, labbing, helping)
}

// lookup finds the command that a statement begins with, and how many words name it.
func lookup(words []word) (*command, int, error) {
	var names []string
	for _, c := range commands {
		first, second, two := strings.Cut(c.name, " ")
		switch {
		case words[0].text != first:
		case !two:
			return c, 1, nil
		case len(words) > 1 && words[1].text == second:
			return c, 2, nil
		default:
			names = append(names, c.name)
		}
	}
	if len(names) > 0 {
		return nil, 0, usagef("%s: write %s", words[0].text, strings.Join(names, " or "))
	}
	if here := ofZkCli[words[0].text]; here != "" {
		return nil, 0, usagef("zkCli.sh's %s is %s here; help lists what there is", words[0].text, here)
	}
	for _, c := range commands {
		names = append(names, c.name)
	}
	return nil, 0, usagef("there is no command %s%shelp lists them", quote(words[0].text), nearest.DidYouMean(words[0].text, names))
}

// ofZkCli are commands of zkCli.sh whose names are others here.
var ofZkCli = map[string]string{
	"addWatch": "watch -r", "addauth": "auth", "close": "exit", "config": "cat /zookeeper/config", "delete": "rm",
	"deleteall": "rm -r", "delquota": "quota rm", "get": "cat", "getAcl": "acl get", "getAllChildrenNumber": "count",
	"getEphemerals": "find --owner", "listquota": "quota get", "quit": "exit", "removewatches": "unwatch",
	"setAcl": "acl set", "setquota": "quota set", "version": "srvr",
}

// flagSet is an empty one for the command.
func (c *command) flagSet() *pflag.FlagSet {
	f := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.SetInterspersed(!c.dataLast)
	f.Usage = func() {}
	return f
}

// parse reads the flags and counts the arguments.
func (c *command) parse(f *pflag.FlagSet, args []string) ([]string, error) {
	if err := f.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, usagef("%s: %v: %s", c.name, inWords(err), c.usage())
	}
	n := f.NArg()
	if n < c.least || c.most >= 0 && n > c.most {
		return nil, usagef("%s takes %s, got %d: %s", c.name, c.takes(), n, c.usage())
	}
	return f.Args(), nil
}

// inWords says what a flag takes that has another value; its own error speaks of Go's
// functions.
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

// usage is its form: "ls [flags] [PATH]".
func (c *command) usage() string {
	f := c.flagSet()
	c.bindAny(f)
	parts := []string{c.name}
	if f.HasFlags() {
		parts = append(parts, "[flags]")
	}
	if c.args != "" {
		parts = append(parts, c.args)
	}
	return strings.Join(parts, " ")
}

// bindAny declares the flags of a command, also of one that only a multi has.
func (c *command) bindAny(f *pflag.FlagSet) {
	if c.bind != nil {
		c.bind(f)
		return
	}
	c.op(f)
}

// execute runs a statement that names the command.
func (c *command) execute(ctx context.Context, s *Shell, args []string) error {
	if c.bind == nil {
		return usagef("%s is for a multi", c.name)
	}
	if c.lab && s.Lab == nil {
		return usagef("%s is for an ensemble of the shell's own: start it without servers", c.name)
	}
	f := c.flagSet()
	do := c.bind(f)
	args, err := c.parse(f, args)
	if errors.Is(err, pflag.ErrHelp) {
		return s.emit(helpOf(c))
	}
	if err != nil {
		return err
	}
	return do(ctx, s, args)
}
