package root

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/store"
)

// This file composes command lines and experiment files from right and wrong pieces. Whatever the result, the
// answer is one line with an exit code for wrong usage, or with that of the harmless end that is arranged for
// each.

// pieces lists values that somebody may write for a flag or a field, including right ones.
var pieces = []string{
	"0", "1", "-1", "3", "7", "1e9", "0.5", "-0", "00", "9223372036854775807", "9223372036854775808", "1e400", "NaN", "Inf", "-Inf", "0x10", "1_000",
	"0s", "1ms", "1ns", "-1s", "10s", "1h", "2562047h", "9999999h", "10", "1m30", "true", "false", "yes", "null", "~",
	"lock", "queue", "lok", "session", "zklab", "broken", "broken:", "broken:x", "go-zookeeper", "process", "goroutine", "embedded", "external", "container",
	"even", "tails", "pause", "pause,expire", "kill@1h", "all", "all,-move", "none", "pause,", "lose-reply:create:nth=2", "cut@client9/acquire#1/create#1",
	"127.0.0.1:1", "127.0.0.1:1/x", "a b", "[1, 2]", "{a: b}", "", " ", "'", "\"", "#", "&a", "*a", "!!int x", "\x1b[2J", "\xff", "☃", "a\nb", "- x", ": :", strings.Repeat("x", 9000),
}

// TestWrongCommandLines takes some flags of a command, each with some value.
func TestWrongCommandLines(t *testing.T) {
	const each = 400
	known := commands(stage(t))
	all := visibleCommands()
	for _, path := range []string{"zklab run", "zklab sweep", "zklab explore", "zklab ensemble up", "zklab check", "zklab shrink"} {
		flags := visibleFlags(all[path])
		rng := rand.New(rand.NewPCG(1, uint64(len(path))))
		for range each {
			var args []string
			for range 1 + rng.IntN(4) {
				f := flags[rng.IntN(len(flags))]
				if slices.Contains(foldersAreWanted, f.Name) || slices.Contains(known[path].args, "--"+f.Name) {
					continue // with this flag the command would write, or begin to run
				}
				args = append(args, "--"+f.Name+"="+pieces[rng.IntN(len(pieces))])
			}
			end := known[path].args
			args = slices.Concat(strings.Fields(path)[1:], args, end[strings.Count(path, " "):])
			if a := answerTo(args...); !a.oneLine() || a.code != usage.ExitUsage && a.code != usage.ExitFailed {
				t.Errorf("%.300q: %d\n%.500s%.500s", args, a.code, a.stdout, a.stderr)
			}
		}
	}
}

// TestWrongExperimentFiles takes some fields, each with some value.
func TestWrongExperimentFiles(t *testing.T) {
	const all = 1500
	stage(t)
	defer os.Remove("x.yaml")
	fields := []string{"recipe", "nosuchfield", "schedule", "Recipe"}
	for f := range reflect.TypeFor[store.Experiment]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" {
			fields = append(fields, name)
		}
	}
	rng := rand.New(rand.NewPCG(2, 0))
	for range all {
		var text bytes.Buffer
		if rng.IntN(3) > 0 {
			text.WriteString("recipe: lock\n")
		}
		for range 1 + rng.IntN(4) {
			fmt.Fprintf(&text, "%s: %s\n", fields[rng.IntN(len(fields))], pieces[rng.IntN(len(pieces))])
		}
		answersFile(t, text.Bytes())
	}
}

// answersFile runs an experiment file with a store that cannot be written, so that it ends before
// anything begins.
func answersFile(t *testing.T, text []byte) {
	t.Helper()
	must.Do(t, os.WriteFile("x.yaml", text, 0o600))
	a := answerTo("run", "--config", "x.yaml", "--out", "file")
	if !a.oneLine() || a.code != usage.ExitUsage && a.code != usage.ExitFailed {
		t.Errorf("%.300q: %d\n%.500s%.500s", text, a.code, a.stdout, a.stderr)
	}
	if a.code == usage.ExitFailed && !strings.HasPrefix(a.stderr, "error: --out file: ") {
		t.Errorf("%.300q: %d, which is wrong usage: %.500s", text, a.code, a.stderr)
	}
	if a.code == usage.ExitUsage && strings.HasPrefix(a.stderr, "error: --") && !strings.HasPrefix(a.stderr, "error: --ensemble") {
		t.Errorf("%.300q: it blames a flag: %.500s", text, a.stderr)
	}
}

func FuzzExperimentFile(f *testing.F) {
	for _, text := range []string{
		"recipe: lock\n", "recipe: lock\nclients: -1\n", "recipe: lock\nschedule:\n- at: 1s\n  for: 1s\n  fault: pause:leader\n",
		"recipe: queue\nfaults: [pause, 'expire:holder+3s']\narrivals: [client1#2]\nsources: [0, 1]\nsimulate: true\n", "&a *a", "\x00", "- - -", "a: &x [*x]\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		stage(t)
		defer os.Remove("x.yaml")
		answersFile(t, text)
	})
}
