package schemas

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/schemas"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

func TestSchemasAreCurrent(t *testing.T) {
	all := must.Get(All("../../.."))(t)
	for name, now := range map[string][]byte{"experiment.schema.json": schemas.Experiment, "result.schema.json": schemas.Result} {
		if d := cmp.Diff(string(all[name]), string(now)); d != "" {
			t.Errorf("schemas/%s is old (go run ./internal/dev schemas):\n%s", name, d)
		}
	}
	if len(all) != 2 {
		t.Errorf("a schema that this test does not know: %v", slices.Collect(maps.Keys(all)))
	}
}

func compiled(t *testing.T, schema []byte) *jsonschema.Schema {
	t.Helper()
	doc := must.Get(jsonschema.UnmarshalJSON(bytes.NewReader(schema)))(t)
	c := jsonschema.NewCompiler()
	must.Do(t, c.AddResource("schema.json", doc))
	return must.Get(c.Compile("schema.json"))(t)
}

// fromYAML returns a file in the form in which a validator gets it and editors read it.
func fromYAML(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	must.Do(t, yaml.Unmarshal(text, &v))
	return fromJSON(t, must.Get(json.Marshal(v))(t))
}

func fromJSON(t *testing.T, text []byte) any {
	t.Helper()
	return must.Get(jsonschema.UnmarshalJSON(bytes.NewReader(text)))(t)
}

// The files of runs follow the schemas: runs of many kinds of objects, with faults of all kinds and without
// faults, with a violation, a gate and probes.
func TestFilesOfRunsFollowTheSchemas(t *testing.T) {
	experiment, result := compiled(t, schemas.Experiment), compiled(t, schemas.Result)
	out := t.TempDir()
	simulate := func(recipe, subject, faults string, gates ...string) {
		w, err := specimens.Named(recipe, subject)
		if err != nil {
			t.Fatal(err)
		}
		var schedule plan.Schedule
		if faults != "" {
			if schedule, err = plan.Parse(faults, time.Second); err != nil {
				t.Fatal(err)
			}
		}
		x := zklab.Experiment{Workload: w, Subject: subject, Seed: 4, Faults: schedule, TimeLimit: 15 * time.Second, Gates: gates, Label: "of a test", Probe: 5, Out: out}
		must.Get(zklab.SimulateIn(t, x))(t)
	}
	for _, recipe := range []string{"lock", "queue", "cache", "two-phase-commit", "session"} {
		simulate(recipe, specimens.Subjects(recipe)[0].Name, "all")
	}
	simulate("lock", specimens.Broken, "", "latency(acquire).p99<1ms")
	all, err := filepath.Glob(filepath.Join(out, "*", "*", "result.json"))
	if err != nil || len(all) < 6 {
		t.Fatalf("%d runs, %v", len(all), err)
	}
	verdicts := map[string]bool{}
	for _, path := range all {
		text := must.Get(os.ReadFile(path))(t)
		if err := result.Validate(fromJSON(t, text)); err != nil {
			t.Errorf("%s: %#v", path, err)
		}
		r, err := store.ParseResult(text)
		if err != nil {
			t.Fatal(err)
		}
		verdicts[string(r.Verdict)] = true
		if text, err = os.ReadFile(filepath.Join(filepath.Dir(path), "experiment.yaml")); err != nil {
			t.Fatal(err)
		}
		if err := experiment.Validate(fromYAML(t, text)); err != nil {
			t.Errorf("%s: %#v", path, err)
		}
	}
	if !verdicts["valid"] || !verdicts["violation"] {
		t.Errorf("only %v", verdicts)
	}
}

// The schema of experiments refuses and accepts the same files as zklab.
func TestExperimentSchema(t *testing.T) {
	s := compiled(t, schemas.Experiment)
	for text, right := range map[string]bool{
		"recipe: lock\n": true,
		"recipe: lock\ntime-limit: 1m30s\nrate: 12.5\nclients: 7\nsimulate: true\nseed: 5\n": true,
		"recipe: lock\nfaults: pause,expire\nop-timeout: 1.5s\n":                             true,
		"recipe: lock\nfaults: [pause, kill]\nsources: [3, 1]\n":                             true,
		"recipe: lock\nschedule:\n- at: 3s\n  for: 2s\n  fault: pause:leader\n  seed: 3\n":   true,
		"recipe: lock\nclients-as: process\nservers: ['a:1']\n":                              true,
		"cleints: 5\n":                     false,
		"clients: five\n":                  false,
		"clients: 2.5\n":                   false,
		"time-limit: 10\n":                 false,
		"time-limit: soon\n":               false,
		"strict: perhaps\n":                false,
		"subject: [a]\n":                   false,
		"clients-as: thread\n":             false,
		"schedule:\n- when: 10s\n":         false,
		"faults:\n- [pause]\n":             false,
		"schedule:\n- at: 3s\n  lane: b\n": false,
	} {
		err := s.Validate(fromYAML(t, []byte(text)))
		if (err == nil) != right {
			t.Errorf("%q: %v", text, err)
		}
		// zklab checks clients-as later.
		if _, err := store.ParseExperiment([]byte(text)); (err == nil) != right && !strings.HasPrefix(text, "clients-as: thread") {
			t.Errorf("zklab itself, %q: %v", text, err)
		}
	}
}

// A result with a field of the wrong type is refused; one with more fields is accepted.
func TestResultSchema(t *testing.T) {
	s := compiled(t, schemas.Result)
	text := must.Get(json.Marshal(store.Result{Verdict: "valid", Verdicts: []checker.Verdict{}, Assumptions: []checker.Assumption{}, Recipe: "lock"}))(t)
	for change, right := range map[[2]string]bool{
		{`"seed":0`, `"seed":0`}:             true,
		{`"seed":0`, `"seed":0,"more":{}`}:   true,
		{`"seed":0`, `"seed":"0"`}:           false,
		{`"seed":0,`, ``}:                    false,
		{`"verdicts":[]`, `"verdicts":[{}]`}: false,
	} {
		changed := strings.Replace(string(text), change[0], change[1], 1)
		if err := s.Validate(fromJSON(t, []byte(changed))); (err == nil) != right {
			t.Errorf("%s: %v", change[1], err)
		}
	}
}
