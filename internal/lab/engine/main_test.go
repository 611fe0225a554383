package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// instead, if set, makes this process a client of a test that runs in another process. It reports
// whether it did.
var instead func() bool

func TestMain(m *testing.M) {
	if instead != nil && instead() {
		return
	}
	testmain.ManyAtOnce(4)
	testmain.Main(childless{m})
}

// childless runs tests, and fails if they leave processes.
type childless struct{ *testing.M }

func (m childless) Run() int {
	code := m.M.Run()
	if left := children(); code == 0 && len(left) > 0 {
		fmt.Fprintf(os.Stderr, "processes are left: %q\n", left)
		return 1
	}
	return code
}

// children returns the processes that this process has started.
func children() (all []string) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(b), ") ") // state, parent, …
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(os.Getpid()) {
			all = append(all, string(b[:min(len(b), 60)]))
		}
	}
	return all
}

// usual returns the configuration with defaults for what a test left out.
func usual(c engine.Config) (engine.Config, error) {
	if c.Ensemble == nil {
		c.Ensemble = embedded.Config{InMemory: true, Latency: 200 * time.Microsecond}
	}
	c.Clients = cmp.Or(c.Clients, 5)
	c.Rate = cmp.Or(c.Rate, 100)
	c.Keys = cmp.Or(c.Keys, 3)
	c, err := c.Sketched()
	c.TimeLimit = cmp.Or(c.TimeLimit, max(10*time.Second, c.Faults.Length()))
	c.SessionTimeout = cmp.Or(c.SessionTimeout, 4*time.Second)
	c.OpTimeout = cmp.Or(c.OpTimeout, 5*time.Second)
	c.MinLoad = max(0, cmp.Or(c.MinLoad, c.UsualLoad()))
	return c, err
}

// launching returns the configuration with l to start clients' processes.
func launching(c engine.Config, l engine.Launch) engine.Config {
	c.Command, c.Launch = []string{"played"}, l
	return c
}

// decided runs a configuration, and decides the record.
func decided(ctx context.Context, c engine.Config) (*zklab.Outcome, error) {
	c, err := usual(c)
	if err != nil {
		return nil, err
	}
	done, err := engine.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	r, err := zklab.Judge(ctx, done.Run, checker.Options{})
	if err != nil {
		return nil, err
	}
	r.Warnings = slices.Concat(done.Warnings, r.Warnings)
	return &zklab.Outcome{Run: done.Run, Result: r}, nil
}

// virtually runs a configuration as an exact simulation, whose course follows from the seed, and
// decides the record.
func virtually(t *testing.T, c engine.Config) *zklab.Outcome {
	t.Helper()
	c, err := usual(c)
	if err != nil {
		t.Fatal(err)
	}
	if servers, ok := c.Ensemble.(embedded.Config); ok {
		servers.Seed = uint64(c.Seed)
		c.Ensemble = servers
	}
	c.Virtual = true
	var done *engine.Finished
	if u := bubble.Run(t, uint64(c.Seed), func(func()) { done, err = engine.Run(context.Background(), c) }); u != nil {
		t.Fatal(u)
	}
	if err != nil {
		t.Fatal(err)
	}
	must.Do(t, done.Keep(t.TempDir(), time.Now()))
	return judged(t.Context(), t, done)
}

// judged decides the record of a run.
func judged(ctx context.Context, t *testing.T, done *engine.Finished) *zklab.Outcome {
	t.Helper()
	r := must.Get(zklab.Judge(ctx, done.Run, checker.Options{}))(t)
	r.Warnings = slices.Concat(done.Warnings, r.Warnings)
	return &zklab.Outcome{Run: done.Run, Result: r}
}

// valid requires the verdict valid.
func valid(t *testing.T, o *zklab.Outcome) *zklab.Outcome {
	t.Helper()
	if o.Result.Verdict != checker.Valid {
		t.Errorf("verdict %s", o.Result.Verdict)
		runtest.Explain(t, o.Result)
	}
	return o
}

// few returns the cases of a test, or only the first if tests are to be short: with the race detector,
// each takes ten times as long.
func few[T any](all []T) []T {
	if testing.Short() {
		return all[:1]
	}
	return all
}

// recipes lists zklab's recipes, or only the lock if tests are to be short.
func recipes() []string {
	if testing.Short() {
		return []string{models.Lock.Name}
	}
	return specimens.Recipes()
}

// live runs a configuration in real time.
func live(t *testing.T, c engine.Config) (*zklab.Outcome, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // only a guard
	defer cancel()
	c.Out = t.TempDir()
	return decided(ctx, c)
}

// inTime runs a configuration in real time, and requires that the run ends normally.
func inTime(t *testing.T, c engine.Config) *zklab.Outcome {
	t.Helper()
	return must.Get(live(t, c))(t)
}

// ownRecipes returns zklab's own recipes.
func ownRecipes() map[string]subjects.Maker {
	all := map[string]subjects.Maker{}
	for _, recipe := range specimens.Recipes() {
		if w, err := specimens.Named(recipe, workloads.Own); err == nil {
			if s, ok := w.(workloads.Served); ok {
				all[recipe] = s.Maker()
			}
		}
	}
	return all
}
