package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zklab/zklab/cli/internal/root"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/ownobjects"
	"github.com/zklab/zklab/store"
)

// ownObjects is a command that declares all objects of package ownobjects, each with a subject for each life.
// Without arguments, it runs the command lines of its input, one after the other, which takes half as long as
// one process for each.
const ownObjects = "ownobjects"

func ownObjectsProgram() {
	var all []Recipe
	for _, o := range ownobjects.All {
		s := Subjects{Recipe: o.Made(ownobjects.Lives[0], false)}
		for _, life := range ownobjects.Lives {
			s.Others = append(s.Others,
				Subject{Name: "right:" + life.Name, Recipe: o.Made(life, false)},
				Subject{Name: "broken:" + life.Name, Recipe: o.Made(life, true), Property: o.Breaks, Faults: o.Faults})
		}
		all = append(all, s)
	}
	if len(os.Args) > 1 {
		Main(all...)
	}
	catalog, err := catalogOf(programName(), all)
	if err != nil {
		panic(err)
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var args []string
		if in.Decode(&args) != nil {
			os.Exit(usage.ExitValid)
		}
		var text bytes.Buffer
		code := root.Execute(catalog, args, &text, &text)
		_ = out.Encode(commandOutput{text.String(), code})
	}
}

// commandOutput has the output and the exit code of a command line.
type commandOutput struct {
	Text string
	Code int
}

// commandLines starts a process of ownObjects that runs command lines in a folder until the test ends.
func commandLines(t *testing.T, dir string) func(args []string) outputOf {
	ask := asked[[]string, commandOutput](t, ownObjects, dir)
	return func(args []string) outputOf {
		o := ask(args)
		return outputOf{o.Text, o.Code}
	}
}

// asked starts a process of a program in a folder, which runs until the test ends, and returns a
// function that sends it a question and returns its answer.
func asked[Q, A any](t *testing.T, program, dir string) func(Q) A {
	cmd := exec.Command(program)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	must.Do(t, errors.Join(inErr, outErr, cmd.Start()))
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	ask, answers := json.NewEncoder(in), json.NewDecoder(out)
	return func(q Q) (a A) {
		if err := errors.Join(ask.Encode(q), answers.Decode(&a)); err != nil {
			t.Fatalf("%v: %v", q, err)
		}
		return a
	}
}

// All commands reach the same verdict about user-defined objects, whatever they promise and however their
// clients live: none accuses a correct object, and each convicts a wrong one of what it breaks. Each command
// is tried with each kind of object and each life.
func TestOwnObjectsAtAllDoors(t *testing.T) {
	t.Parallel()
	for i, o := range ownobjects.All {
		for j, subject := range []string{"right", "broken"} {
			t.Run(o.Name+"/"+subject, func(t *testing.T) {
				t.Parallel()
				life := ownobjects.Lives[(i+3*j)%len(ownobjects.Lives)]
				dir := t.TempDir()
				c := ownCell{zklabIn{t: t, dir: dir, done: map[string]outputOf{}, by: commandLines(t, dir)}, o, life, subject == "broken"}
				code := c.run()
				formats := exportDoors()
				doors := append(slices.Clone(storedDoors[:len(storedDoors)-len(formats)]), formats[(i+j)%len(formats)])
				for k, d := range doors {
					if d.always || (i+j+k)%2 == 0 {
						d.open(c.zklabIn, code)
					}
				}
				for k, d := range ownDoors {
					if (i+j+k)%2 == 0 {
						d(c)
					}
				}
			})
		}
	}
}

// ownCell is an object that all doors are tried with.
type ownCell struct {
	zklabIn
	o     ownobjects.Object
	life  ownobjects.Life
	wrong bool
}

// what returns the arguments that name the subject, its life and its load.
func (c ownCell) what() []string {
	as, kind := "goroutine", "right:"
	if c.life.Processes {
		as = "process"
	}
	if c.wrong {
		kind = "broken:"
	}
	return []string{c.o.Name, "--subject", kind + c.life.Name, "--clients-as", as, "--clients", "3", "--keys", "2", "--quiet"}
}

// load returns the flags of runs with faults.
func (c ownCell) load() []string {
	faults := c.o.Faults
	switch {
	case !c.wrong && c.life.Processes:
		faults = "crash,lose-reply"
	case !c.wrong:
		faults = "expire,lose-reply"
	}
	if faults == "" {
		faults = "none"
	}
	return []string{"--time-limit", "3s", "--fault-interval", "1s", "--min-load", "0", "--faults", faults}
}

// run stores a run and returns its exit code. For a wrong object it stores a run with a violation.
func (c ownCell) run() int {
	c.t.Helper()
	for seed := 1; ; seed++ {
		args := slices.Concat([]string{"run"}, c.what(), c.load(), []string{"--simulate", "--seed", strconv.Itoa(seed)})
		out, code := c.zklab(args...)
		violated := c.violated()
		switch {
		case code > usage.ExitUnknown || !c.wrong && code == usage.ExitViolation || c.wrong && seed == 5:
			c.t.Fatalf("exit code %d, violated: %q\n%s", code, violated, out)
		case !c.wrong:
			return code
		case slices.Contains(violated, c.o.Breaks):
			if again := violatedIn(c.t, []byte(c.output("check", "store/latest", "--json"))); !slices.Equal(again, violated) {
				c.t.Errorf("check finds %q violated, and run %q", again, violated)
			}
			return code
		}
	}
}

// violated returns the properties that the latest run violated.
func (c ownCell) violated() []string {
	text, err := os.ReadFile(filepath.Join(c.dir, "store/latest/result.json"))
	if err != nil {
		c.t.Fatal(err)
	}
	return violatedIn(c.t, text)
}

// violatedIn returns the violated properties in a result.
func violatedIn(t *testing.T, text []byte) []string {
	t.Helper()
	var r store.Result
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return r.Violated()
}

func (c ownCell) output(args ...string) string {
	out, _ := c.zklab(args...)
	return out
}

// ownDoors lists the commands that run more than one experiment.
var ownDoors = []func(ownCell){
	func(c ownCell) { // sweep
		seeds := []string{"--seeds", "1..2"}
		if c.wrong { // a mistake may need more runs
			seeds = []string{"--seeds", "1..4", "--until-violations", "1"}
		}
		c.runsMany("sweep", append([]string{"--simulate", "--swarm=false", "--jobs", "1"}, seeds...)...)
	},
	func(c ownCell) {
		out, code := c.zklab(slices.Concat([]string{"explore"}, c.what(), []string{"--singles", "--first", "--faults", "lose-reply", "--ops", "4", "--keys", "1", "--for", "10m", "--jobs", "1"})...)
		c.decided("explore", out, code)
	},
	func(c ownCell) { // shrink
		if c.wrong {
			c.exits(usage.ExitViolation, "shrink", "store/latest", "--property", c.o.Breaks, "--runs", "10", "--quiet")
			c.exits(usage.ExitViolation, "check", "store/latest/shrunk")
		}
	},
}

func (c ownCell) runsMany(command string, more ...string) {
	out, code := c.zklab(slices.Concat([]string{command}, c.what(), c.load(), more)...)
	c.decided(command, out, code)
}

// decided asserts what a command found.
func (c ownCell) decided(command, out string, code int) {
	c.t.Helper()
	if wrong := code == usage.ExitViolation; code > usage.ExitUnknown || wrong != c.wrong || c.wrong && !strings.Contains(out, c.o.Breaks) {
		c.t.Errorf("%s: exit code %d\n%s", command, code, out)
	}
}
