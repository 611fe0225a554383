package root

import (
	"cmp"
	"runtime"
	"testing"
	"weak"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/specimens"
)

// Every flag whose value is a word has a completion, or is listed here as one without: a new flag needs
// one or the other.
func TestEveryFlagIsCompletedOrNot(t *testing.T) {
	without := map[string]string{ // by name, because a name means the same for all commands
		"seeds": "numbers", "shard": "numbers", "image": "an engine would have to be asked", "servers": "addresses",
		"listen": "an address", "hosts": "hosts", "advertise": "a host", "admin": "ports", "metrics": "an address", "super-digest": "a secret", "command": "commands of the shell's own",
		"host": "a name", "initial": "any value", "initial-of": "any value", "rename": "any name", "nil": "any value", "4lw-commands-whitelist": "several words", "id": "a name", "label": "a name",
		"since": "a time", "older-than": "a time", "address": "an address", "endpoint": "an address", "only": "a fault at a message of the command, as it was printed", "register --data": "any value",
	}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			switch f.Value.Type() {
			case "string", "stringArray", "stringSlice":
			default:
				return // numbers, times and bools
			}
			_, ok := cmd.GetFlagCompletionFunc(f.Name)
			switch why := cmp.Or(without[cmd.Name()+" --"+f.Name], without[f.Name]); {
			case !ok && why == "":
				t.Errorf("%s --%s has no completion: register one, or say here why there is none", cmd.CommandPath(), f.Name)
			case ok && why != "":
				t.Errorf("%s --%s has a completion, though it is to have none: %s", cmd.CommandPath(), f.Name, why)
			}
		})
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	root := New(specimens.Catalog{}, new(bool))
	usage.RegisterCompletions(root)
	walk(root)
}

// A command tree does not outlive its command line, so a process that performs many lines keeps little.
func TestTreesAreForgotten(t *testing.T) {
	tree := weak.Make(New(specimens.Catalog{}, new(bool)))
	runtime.GC()
	if tree.Value() != nil {
		t.Error("a command tree that nobody uses is kept")
	}
}
