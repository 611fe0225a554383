package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/zklab/zklab/cli/internal/root"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/specimens"
)

// oddNumbers returns a recipe of numbers whose program wrongly promises that none of them is even.
func oddNumbers(name string) Recipe {
	o := ownNumbers(name, "next", false)
	o.Rules = []object.Rule{object.Property("odd", "no number is even", func(k *object.Key) (found []object.Finding) {
		for c := range k.Of("next") {
			var n int64
			if json.Unmarshal(c.Answer, &n) == nil && n > 0 && n%2 == 0 {
				return []object.Finding{{Why: "a number is even", Show: []*object.Did{c}}}
			}
		}
		return nil
	})}
	return o
}

// twoPrograms is a process with two programs whose catalogs have different objects with the same name. It reads pairs
// of command lines, runs both at the same time, and writes their results.
const twoPrograms = "twoprograms"

// ids is the name of the objects of both programs.
const ids = "ids"

func twoProgramsProgram() {
	first, err := catalogOf("first", []Recipe{ownNumbers(ids, "next", false)})
	second, other := catalogOf("second", []Recipe{oddNumbers(ids)})
	if err := errors.Join(err, other); err != nil {
		panic(err)
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var args [2][]string
		if in.Decode(&args) != nil {
			os.Exit(usage.ExitValid)
		}
		var done [2]commandOutput
		var wg sync.WaitGroup
		for i, catalog := range []specimens.Catalog{first, second} {
			wg.Go(func() {
				var text bytes.Buffer
				done[i].Code = root.Execute(catalog, args[i], &text, &text)
				done[i].Text = text.String()
			})
		}
		wg.Wait()
		_ = out.Encode(done)
	}
}

// Two programs that declare different objects under one name run in one process at the same time. Each program
// knows and names its own object, and judges runs by its own promise, even those that the other program stored.
func TestTwoProgramsInOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ask := asked[[2][]string, [2]commandOutput](t, twoPrograms, dir)
	both := func(args func(program string) []string, codes [2]int, says [2]string) {
		t.Helper()
		all := [2][]string{args("first"), args("second")}
		for i, got := range ask(all) {
			if got.Code != codes[i] || !strings.Contains(got.Text, says[i]) {
				t.Errorf("%q: exit code %d, want %d and %q\n%s", all[i], got.Code, codes[i], says[i], got.Text)
			}
		}
	}
	own := [2]int{usage.ExitValid, usage.ExitViolation} // correct numbers, of which some are even
	load := func(program string, args ...string) []string {
		return append(args, ids, "--out", program, "--time-limit", "3s", "--min-load", "0", "--quiet", "--simulate")
	}
	both(func(p string) []string { return append(load(p, "run"), "--seed", "1") }, own, [2]string{"first replay ", "second replay "})
	both(func(p string) []string { return []string{"check", "latest", "--out", p} }, own, [2]string{"sequential", "odd"})
	both(func(p string) []string { return []string{"replay", "latest", "--out", p, "--times", "1"} }, own, [2]string{"replays 1 of 1", "replays 1 of 1"})
	both(func(p string) []string { return []string{"report", "latest", "--out", p} }, [2]int{}, [2]string{"report.html", "report.html"})
	both(func(p string) []string {
		return append(load(p, "sweep"), "--seeds", "1..3", "--swarm=false", "--jobs", "1")
	}, own, [2]string{"sequential", "odd"})
	both(func(p string) []string { return []string{"list", "recipes"} }, [2]int{}, [2]string{"\n" + ids + " ", "\n" + ids + " "})
	other := map[string]string{"first": "second", "second": "first"}
	both(func(p string) []string { return []string{"check", "latest", "--out", other[p]} },
		[2]int{usage.ExitUnknown, usage.ExitViolation}, [2]string{"odd", "odd"})
}
