package usage

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/zk/serversettings"
)

// WrongFlag returns an error that says in words of the command line what is wrong with a flag.
func WrongFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		return unknownFlag(cmd, unknown.GetSpecifiedName())
	case errors.As(err, &value):
		return wrongValue(value)
	}
	return err
}

// unknownFlag suggests the flag that was meant: the flag for the ZooKeeper setting with that name, or the
// nearest one. For a command whose flags stand for settings, it says so if a setting has no flag.
func unknownFlag(cmd *cobra.Command, written string) error {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	ofSettings := SettingFlags(cmd)
	setting := serversettings.Named(written)
	offer := cmp.Or(ofSettings[setting], nearest.To(written, names))
	switch {
	case setting != "" && len(ofSettings) > 0 && ofSettings[setting] == "":
		return fmt.Errorf("--%s: an embedded ensemble has no setting %s; see docs/ensemble.md and %s --help", written, setting, cmd.CommandPath())
	case offer != "":
		offer = " did you mean --" + offer + "?"
	}
	return fmt.Errorf("unknown flag: --%s;%s see %s --help", written, offer, cmd.CommandPath())
}

// settingIn finds the ZooKeeper setting that the text of a flag names.
var settingIn = regexp.MustCompile(`ZooKeeper's ([0-9A-Za-z.]*[A-Za-z])`)

// SettingFlags returns the flags of a command that stand for ZooKeeper settings, by the names of
// the settings.
func SettingFlags(cmd *cobra.Command) map[string]string {
	flags := map[string]string{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if m := settingIn.FindStringSubmatch(f.Usage); m != nil {
			flags[m[1]] = f.Name
		}
	})
	return flags
}

// wrongValue says which values a flag accepts. Flags with types of their own say so themselves.
func wrongValue(err *pflag.InvalidValueError) error {
	kinds := map[string]string{
		"int": "a whole number", "int64": "a whole number", "uint64": "a whole number from 0", "float64": "a number",
		"duration": "a time with its unit, like 500ms, 10s or 1m30s", "bool": "true or false",
	}
	want, ok := kinds[err.GetFlag().Value.Type()]
	switch {
	case !ok:
		return err
	case tooLarge(err.GetFlag().Value.Type(), err.GetValue()):
		want += " of 64 bits"
	}
	return fmt.Errorf("--%s %q: expected %s", err.GetFlag().Name, err.GetValue(), want)
}

// tooLarge reports whether a value is a number that does not fit into 64 bits, which pflag does not
// say.
func tooLarge(kind, value string) bool {
	var err error
	switch kind {
	case "int", "int64":
		_, err = strconv.ParseInt(value, 0, 64)
	case "uint64":
		_, err = strconv.ParseUint(value, 0, 64)
	case "float64":
		_, err = strconv.ParseFloat(value, 64)
	}
	return errors.Is(err, strconv.ErrRange)
}

// OneOf accepts at most one argument, which must be one of some names. what says what the names
// are, for errors.
func OneOf(what string, names []string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return TooMany(cmd, args)
		}
		if len(args) == 0 || slices.Contains(names, args[0]) {
			return nil
		}
		return fmt.Errorf("unknown %s %q%sknown are %s", what, args[0], nearest.DidYouMean(args[0], names), strings.Join(names, ", "))
	}
}

// AtMostOne accepts at most one argument.
func AtMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return TooMany(cmd, args)
	}
	return nil
}

// TooMany returns the error for more than one argument.
func TooMany(cmd *cobra.Command, args []string) error {
	return fmt.Errorf("%s takes one argument, got %q", cmd.CommandPath(), args)
}

// NoArgs is for commands without arguments, including commands that only have subcommands.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasAvailableSubCommands() {
		return fmt.Errorf("%s takes no argument, got %q", cmd.CommandPath(), args[0])
	}
	if meant := commandMeant(cmd, args[0]); meant != "" {
		return fmt.Errorf("unknown command %.60q; did you mean %q?", args[0], meant)
	}
	return fmt.Errorf("unknown command %.60q; %s has %s", args[0], cmd.CommandPath(), strings.Join(commandsOf(cmd), ", "))
}

func commandsOf(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// commandMeant returns the command line that the user may have meant by an unknown command; "" if
// there is none.
func commandMeant(cmd *cobra.Command, written string) string {
	root := cmd.Root()
	switch {
	case slices.Contains(argumentsOf(root, "run", written), written):
		return root.Name() + " run " + written
	case slices.Contains(argumentsOf(root, "list", written), written):
		return root.Name() + " list " + written
	case written == "version":
		return root.Name() + " --version"
	}
	for _, c := range root.Commands() {
		if slices.ContainsFunc(c.ValidArgs, func(value string) bool { name, _, _ := strings.Cut(value, "\t"); return name == written }) {
			return c.CommandPath() + " " + written
		}
	}
	for _, parent := range append(root.Commands(), root) {
		if c, _, err := parent.Find([]string{written}); parent != cmd && parent.IsAvailableCommand() && err == nil && c != parent && c.IsAvailableCommand() {
			return c.CommandPath()
		}
	}
	if near := nearest.To(written, commandsOf(cmd)); near != "" {
		return cmd.CommandPath() + " " + near
	}
	return ""
}

// argumentsOf returns the first arguments of a command that begin with a text, as the command completes them: those of
// run are recipes.
func argumentsOf(root *cobra.Command, command, written string) (names []string) {
	c, _, err := root.Find([]string{command})
	if err != nil || c.ValidArgsFunction == nil {
		return nil
	}
	values, _ := c.ValidArgsFunction(c, nil, written)
	for _, value := range values {
		name, _, _ := strings.Cut(value, "\t")
		names = append(names, name)
	}
	return names
}

// NoneEmpty returns an error for a flag with an empty text, which may come from an unset shell
// variable.
func NoneEmpty(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		if err == nil && slices.ContainsFunc(textsOf(f.Value), func(s string) bool { return strings.TrimSpace(s) == "" }) {
			err = fmt.Errorf("--%s is empty: give a value, or leave it out", f.Name)
		}
	})
	return err
}

// textsOf returns the texts that a flag was given.
func textsOf(v pflag.Value) []string {
	list, many := v.(pflag.SliceValue)
	switch {
	case many && len(list.GetSlice()) > 0:
		return list.GetSlice()
	case many:
		return []string{""}
	case v.Type() == "string":
		return []string{v.String()}
	}
	return nil
}
