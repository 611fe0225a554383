package zklab_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects/broken"
	"github.com/zklab/zklab/workloads"
)

// fakeTest is a test that remembers what was reported to it.
type fakeTest struct {
	testing.TB // for the methods that Test does not use
	ctx        context.Context
	logs       []string
	errors     []string
	fatal      bool
	cleanups   []func()
}

func (f *fakeTest) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }

func (*fakeTest) Helper()                    {}
func (*fakeTest) Name() string               { return "TestMine/with a+b" }
func (f *fakeTest) Context() context.Context { return f.ctx }

func (f *fakeTest) Logf(format string, args ...any) {
	f.logs = append(f.logs, fmt.Sprintf(format, args...))
}

func (f *fakeTest) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *fakeTest) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	f.fatal = true
	panic(f)
}

// fake runs an experiment as a fake test, in virtual time.
func fake(t *testing.T, x zklab.Experiment) (f *fakeTest, o *zklab.Outcome) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	return fakeHere(t, x)
}

// fakeHere is fake in the temporary folder as it is.
func fakeHere(t *testing.T, x zklab.Experiment) (f *fakeTest, o *zklab.Outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f = &fakeTest{ctx: t.Context()}
		defer func() {
			for _, c := range f.cleanups {
				c()
			}
			if p := recover(); p != nil && p != any(f) {
				panic(p)
			}
		}()
		o = zklab.Test(f, x)
	})
	return f, o
}

// left returns the folders in which failed runs are kept.
func left(t *testing.T) []string {
	t.Helper()
	return must.Get(filepath.Glob(filepath.Join(os.TempDir(), "zklab-*")))(t)
}

func TestTestOfASoundLock(t *testing.T) {
	f, o := fake(t, zklab.Experiment{Workload: ownLock(), Seed: 1})
	if len(f.errors) > 0 || o == nil || len(left(t)) > 0 {
		t.Errorf("errors %q, outcome %v, left %v", f.errors, o, left(t))
	}
	if len(f.logs) != 1 || !strings.Contains(f.logs[0], "valid, seed 1, ") {
		t.Errorf("logs %q", f.logs)
	}
}

// A failure says what happened, how to see it again and where everything is.
func TestTestOfABrokenLock(t *testing.T) {
	f, o := fake(t, zklab.Experiment{Workload: workloads.Lock{New: broken.CheckThenCreate}, Seed: 3})
	if len(f.errors) != 1 || f.fatal || o == nil {
		t.Fatalf("errors %q, fatal %v, outcome %v", f.errors, f.fatal, o)
	}
	text := f.errors[0]
	t.Log(text)
	if lines := strings.Count(text, "\n"); lines > 40 {
		t.Errorf("%d lines", lines)
	}
	for _, want := range []string{
		`^zklab: exclusion is violated\n`,
		`\n +- Client \d asked for k\d at [0-9.]+ s and was granted it`,
		`\n +client \d +├`,
		`\n  seed    3\n`,
		`\n  replay  ZKLAB_SEED=3 go test -run '\^TestMine\$/\^with a\\\+b\$' github.com/zklab/zklab\n`,
		`\n  run     ` + regexp.QuoteMeta(os.TempDir()) + `/zklab-TestMine-with-a-b-\d+/lock/`,
		`\n  report  .*/report\.html\n`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("lacks %s", want)
		}
	}
	if len(left(t)) != 1 {
		t.Errorf("left %v", left(t))
	}
	complete(t, o.Run)
}

// An undecided run is no success, unless AllowUnknown is set.
func TestTestThatDecidesNothing(t *testing.T) {
	alone := zklab.Experiment{Workload: ownLock(), Clients: 1, TimeLimit: 2 * time.Second}
	f, _ := fake(t, alone)
	if len(f.errors) != 1 || f.fatal || !strings.Contains(f.errors[0], "not everything was decided") || !strings.Contains(f.errors[0], "exclusion: ") {
		t.Errorf("errors %q", f.errors)
	}
	if len(left(t)) != 1 {
		t.Errorf("left %v", left(t))
	}
	alone.AllowUnknown = true
	f, _ = fake(t, alone)
	if len(f.errors) > 0 || len(f.logs) != 2 || !strings.Contains(f.logs[0], "exclusion: ") || len(left(t)) > 0 {
		t.Errorf("errors %q, logs %q, left %v", f.errors, f.logs, left(t))
	}
}

// A test that fails again and again does not fill the disk: only the newest of its runs are
// kept.
func TestFailuresAreNotKeptForEver(t *testing.T) {
	alone := zklab.Experiment{Workload: ownLock(), Clients: 1, TimeLimit: time.Second}
	t.Setenv("TMPDIR", t.TempDir())
	var kept []string
	for range store.ScratchKept + 2 {
		_, o := fakeHere(t, alone)
		kept = append(kept, filepath.Dir(filepath.Dir(o.Run.Dir)))
	}
	newest := kept[len(kept)-store.ScratchKept:]
	slices.Sort(newest)
	if d := cmp.Diff(newest, left(t)); d != "" {
		t.Error(d)
	}
	if removed, spared, err := store.CleanScratch(time.Now(), true); err != nil || len(removed) != store.ScratchKept || len(spared)+len(left(t)) > 0 {
		t.Errorf("removed %q, spared %q, %v", removed, spared, err)
	}
}

func TestTestThatCannotBeRun(t *testing.T) {
	for name, x := range map[string]zklab.Experiment{
		"no workload":     {},
		"no such servers": {Workload: ownLock(), Ensemble: dead{closed: new(int)}},
	} {
		if f, _ := fake(t, x); !f.fatal || len(f.errors) != 1 || len(left(t)) > 0 {
			t.Errorf("%s: %q, left %v", name, f.errors, left(t))
		}
	}
}

func TestSeedOfTheEnvironment(t *testing.T) {
	x := zklab.Experiment{Workload: ownLock(), Seed: 1, TimeLimit: time.Second, AllowUnknown: true}
	t.Setenv(zklab.SeedVariable, "77")
	if f, o := fake(t, x); o == nil || o.Result.Seed != 77 {
		t.Errorf("%q", f.errors)
	}
	for _, wrong := range []string{"nonsense", "-5"} {
		t.Setenv(zklab.SeedVariable, wrong)
		if f, _ := fake(t, x); !f.fatal || !strings.Contains(f.errors[0], wrong) {
			t.Errorf("%q", f.errors)
		}
	}
}

// Out is where the run stays, even if it passes.
func TestTestKeepsWhatIsAskedFor(t *testing.T) {
	out := t.TempDir()
	_, o := fake(t, zklab.Experiment{Workload: ownLock(), Seed: 1, Out: out})
	if o == nil || !strings.HasPrefix(o.Run.Dir, out) {
		t.Fatal("kept elsewhere")
	}
	complete(t, o.Run)
}

// A Go test that uses zklab, or its recipes alone, compiles neither a client of Docker nor what draws plots. If it does,
// the error is the shortest chain of imports that brings some of it in.
func TestLightImports(t *testing.T) {
	out := must.Get(exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`, ".", "./recipes").Output())(t)
	heavy := regexp.MustCompile(`ensemble/container|docker|moby|testcontainers|gonum`).MatchString
	by := map[string]string{} // the last package in the list that imports another one: go list names a package after its imports
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		for _, imported := range words[1:] {
			by[imported] = words[0]
		}
	}
	var shortest []string
	for pkg := range by {
		if !heavy(pkg) {
			continue
		}
		chain := []string{pkg}
		for importer := by[pkg]; importer != ""; importer = by[importer] {
			chain = slices.Insert(chain, 0, importer)
		}
		if shortest == nil || len(chain) < len(shortest) {
			shortest = chain
		}
	}
	if shortest != nil {
		t.Error(strings.Join(shortest, " > "))
	}
}
