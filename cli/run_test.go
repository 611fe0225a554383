package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/cli/internal/manyruns"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// A flag that was given beats the file, and the file beats the default.
func TestMerge(t *testing.T) {
	none, seed := 0, int64(9)
	path := t.TempDir() + "/x.yaml"
	err := store.WriteExperiment(path, store.Experiment{
		Recipe: "queue", Settings: settings.Settings{Clients: 7, Rate: 50, TimeLimit: 20 * time.Second, Strict: true}, MinLoad: &none, Seed: &seed, Faults: []string{"pause"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		want func(x *store.Experiment)
	}{
		"file alone": {nil, func(*store.Experiment) {}},
		"flags": {
			[]string{"--clients", "2", "--faults", "expire:any,pause", "--min-load", "3", "--seed", "4", "--strict=false"},
			func(x *store.Experiment) {
				x.Clients, x.Faults, x.Strict = 2, []string{"expire:any,pause"}, false
				*x.MinLoad, *x.Seed = 3, 4
			},
		},
		"no faults": {[]string{"--faults", "none"}, func(x *store.Experiment) { x.Faults = nil }},
		"recipe":    {[]string{"lock"}, func(x *store.Experiment) { x.Recipe = "lock" }},
	} {
		want, wantSeed, wantLoad := experiments.Defaults()
		want.Recipe, want.Clients, want.Rate, want.TimeLimit, want.Faults, want.Strict = "queue", 7, 50, 20*time.Second, []string{"pause"}, true
		want.FaultInterval = 0 // not given, so it depends on the time limit
		*wantSeed, *wantLoad = 9, 0
		tt.want(want)

		got, err := merged(append([]string{"--config", path}, tt.args...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// merged returns the experiment of a command line.
func merged(args []string) (store.Experiment, error) {
	x, seed, minLoad := experiments.Defaults()
	f := &experiments.Flags{}
	cmd := experiments.RunCommand(x, seed, minLoad, f, manyruns.Repeat(specimens.Catalog{}))
	if err := cmd.ParseFlags(args); err != nil {
		return *x, err
	}
	return experiments.Merge(cmd, f, x, cmd.Flags().Args())
}

// A run with faults is long enough for each of them, unless its length is given.
func TestTimeLimit(t *testing.T) {
	path := t.TempDir() + "/x.yaml"
	must.Do(t, store.WriteExperiment(path, store.Experiment{Recipe: "lock", Settings: settings.Settings{TimeLimit: 7 * time.Second}}))
	for name, tt := range map[string]struct {
		args []string
		want time.Duration
	}{
		"no faults":   {[]string{"lock"}, 10 * time.Second},
		"two faults":  {[]string{"lock", "--faults", "pause,expire"}, 30 * time.Second},
		"soon":        {[]string{"lock", "--faults", "pause", "--fault-interval", "1s"}, 10 * time.Second},
		"flag":        {[]string{"lock", "--faults", "pause,expire", "--time-limit", "5s"}, 5 * time.Second},
		"all":         {[]string{"lock", "--faults", "all", "--fault-interval", "1m"}, time.Duration(1+available(t)) * time.Minute},
		"three times": {[]string{"lock", "--faults", "sequence:times=3,pause+20s"}, 85 * time.Second},
		"fixed":       {[]string{"lock", "--faults", "pause@50s+20s,expire"}, 70 * time.Second},
		"file":        {[]string{"--config", path, "--faults", "pause,expire"}, 7 * time.Second},
		"flag beside": {[]string{"--config", path, "--faults", "pause,expire", "--time-limit", "5s"}, 5 * time.Second},
	} {
		stored := must.Get(merged(tt.args))(t)
		x, err := experiments.Of(stored, &experiments.Flags{})
		if err != nil {
			t.Fatal(err)
		}
		if x, err = x.Complete(); err != nil || x.TimeLimit != tt.want {
			t.Errorf("%s: %s, %v", name, x.TimeLimit, err)
		}
	}
}

// The image of an experiment file is used only for containers.
func TestImageOfFile(t *testing.T) {
	path := t.TempDir() + "/x.yaml"
	must.Do(t, store.WriteExperiment(path, store.Experiment{Recipe: "lock", Ensemble: backend.InContainers, Image: "i"}))
	for want, args := range map[string][]string{
		"i": nil, "": {"--ensemble", backend.InProcess}, "j": {"--image", "j"},
	} {
		x, err := merged(append([]string{"--config", path}, args...))
		if err != nil || x.Image != want {
			t.Errorf("%q: %q, %v", args, x.Image, err)
		}
	}
}

// available counts the faults that "all" includes on the embedded ensemble.
func available(t *testing.T) (n int) {
	var starter ensemble.Starter = embedded.Config{}
	for _, a := range plan.Mix(time.Second, plan.AllFaults()).Needs() {
		starter = starter.(ensemble.Preparer).Prepare(a)
	}
	e := must.Get(starter.(ensemble.Sketcher).Sketch())(t)
	defer e.Close()
	for _, k := range faults.Kinds() {
		if !k.Harsh && k.Plain().Available(faults.Setting{Ensemble: e}) == nil {
			n++
		}
	}
	return n
}
