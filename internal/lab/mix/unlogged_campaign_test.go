//go:build campaign

package mix

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/styles"
	"github.com/zklab/zklab/internal/testkit/styles/wrong"
	"github.com/zklab/zklab/workloads"
)

// rightSubjects returns zklab's own recipes, those of package styles, and the wrong ones without their mistakes.
func rightSubjects(t *testing.T, only *regexp.Regexp) (all []subject) {
	t.Helper()
	add := func(name string, w workloads.Workload) {
		if w != nil && only.MatchString(name) {
			all = append(all, subject{name, w})
		}
	}
	for _, recipe := range workloads.Recipes() {
		w, err := workloads.Named(recipe, workloads.Own)
		if err != nil {
			t.Fatal(err)
		}
		add(recipe+" "+workloads.Own, w)
	}
	for _, r := range styles.Recipes {
		add(r.Name, r.Workload)
	}
	for _, r := range wrong.Recipes {
		add(r.Name+", made right", r.Right)
	}
	return all
}

// TestWorthWithoutLog makes runs of the default test with wrong and with right recipes, and decides each of them twice: with
// the transactions of its servers, and without, as on an external ensemble. It makes the tables of docs/external.md. What
// it has measured it adds to the file ZKLAB_UNLOGGED_KEPT, so that it goes on where it ended. With ZKLAB_UNLOGGED_WATCH the runs
// have a tree watch.
func TestWorthWithoutLog(t *testing.T) {
	only := regexp.MustCompile(os.Getenv("ZKLAB_UNLOGGED_ONLY"))
	seeds, err := strconv.Atoi(cmp.Or(os.Getenv("ZKLAB_UNLOGGED_SEEDS"), "20"))
	if err != nil {
		t.Fatal(err)
	}
	kept := keptWorths(t, os.Getenv("ZKLAB_UNLOGGED_KEPT"), seeds)
	for _, s := range wrongSubjects(t, only) {
		kept.measure(t, s, false)
	}
	for _, s := range rightSubjects(t, only) {
		kept.measure(t, s, true)
	}
	text := worthText(kept.all)
	if file := os.Getenv("ZKLAB_UNLOGGED_WRITE"); file == "" {
		fmt.Print("\n", text)
	} else if err := command.WriteInto(file, "unlogged", text); err != nil {
		t.Fatal(err)
	}
}

// worths are measured values, which a file keeps.
type worths struct {
	file  string // "": none
	seeds int
	all   []worth
}

func keptWorths(t *testing.T, file string, seeds int) *worths {
	t.Helper()
	w := &worths{file: file, seeds: seeds}
	b, err := os.ReadFile(file)
	if err != nil && file != "" && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var one worth
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if one.Runs == seeds {
			w.all = append(w.all, one)
		}
	}
	return w
}

// measure makes the runs of a subject, unless they are known.
func (w *worths) measure(t *testing.T, s subject, right bool) {
	t.Helper()
	for _, known := range w.all {
		if known.Name == s.name && known.Right == right {
			return
		}
	}
	one := worth{Name: s.name, Right: right}
	for one.Runs < w.seeds {
		x := usual(t, s.workload)
		one.Runs++
		x.Seed, x.Quick = int64(one.Runs), true // as in the default test
		if os.Getenv("ZKLAB_UNLOGGED_WATCH") != "" {
			x.TreeWatch = engine.Always
		}
		t.Run(fmt.Sprint(s.name, " seed ", one.Runs), func(t *testing.T) {
			o, err := Simulate(t, x)
			if err != nil || o == nil {
				return
			}
			one.With.count(o.Result.Verdict, o.Result.Violated())
			verdict, violated := withoutLog(t, x, o)
			one.Without.count(verdict, violated)
			if right && len(violated) > 0 {
				fmt.Printf("%s is accused: %v with the log, %v without\n", t.Name(), o.Result.Violated(), violated)
			}
		})
	}
	fmt.Printf("%s: %d of %d with the log, %d without\n", one.Name, one.With.Convicted, one.Runs, one.Without.Convicted)
	w.all = append(w.all, one)
	if w.file == "" {
		return
	}
	b, err := json.Marshal(one)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(w.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(append(b, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// withoutLog decides a run without its transactions.
func withoutLog(t *testing.T, x experiment.Experiment, o *experiment.Outcome) (checker.Result, []string) {
	t.Helper()
	report := checker.Run(t.Context(), unlogged(o.History), checker.Options{Quick: true, Extra: x.Checks})
	var violated []string
	for _, v := range report.Verdicts {
		if v.Result == checker.Violation && !v.Measured {
			violated = append(violated, v.Property)
		}
	}
	return report.Verdict, violated
}
