package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/store"
)

// Everything that was written is read back, including zeros that were set on purpose.
func TestExperimentRoundTrip(t *testing.T) {
	none, seed := 0, int64(1)<<40
	for name, want := range map[string]store.Experiment{
		"all": {
			Recipe: "lock", Subject: "zklab", Ensemble: "container", Image: "zookeeper:3.9", Digest: "sha256:1",
			Settings: settings.Settings{
				Nodes: 5, Clients: 7, Rate: 0.5, Keys: 2, TimeLimit: 90 * time.Second, SessionTimeout: 1500 * time.Millisecond,
				OpTimeout: 250 * time.Microsecond, FaultInterval: 7 * time.Second, Strict: true, OptionalFaults: true, Sources: []int{1, 0}, Ops: 3,
			},
			Servers: []string{"127.0.0.1:2181"}, Chroot: "/test",
			Commands: ensemble.Commands{Pause: "docker pause zk{id}", Resume: "docker unpause zk{id}", Kill: "ssh {host} 'kill -9 $(cat pid)'", Stop: "a | b", Start: "c: d # e"},
			MinLoad:  &none,
			Faults:   []string{"pause:leader", "expire"},
			Schedule: []store.Scheduled{{At: 7 * time.Second, For: 3500 * time.Millisecond, Fault: "pause:leader"}, {Point: "client1/acquire#2/create#1", For: time.Second, Fault: "cut", Seed: 1<<64 - 1, Lane: 2}},
			Seed:     &seed,
		},
		"least":  {Recipe: "queue"},
		"a rate": {Recipe: "queue", Settings: settings.Settings{Rate: 1e9}},
	} {
		path := filepath.Join(t.TempDir(), "experiment.yaml")
		must.Do(t, store.WriteExperiment(path, want))
		got := must.Get(store.ReadExperiment(path))(t)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Text that is not understood is an error of one line, with its position.
func TestExperimentStrictness(t *testing.T) {
	for text, want := range map[string]string{
		"":                                            "the file is empty: expected fields such as recipe: lock",
		"<html>\n":                                    "[1:1] \"<html>\": expected fields such as recipe: lock",
		"recipe: 5: 6\n":                              "[1:9] mapping value is not allowed in this context: an experiment file is YAML with fields such as recipe: lock",
		"recipe: lock\ncleints: 5\n":                  "[2:1] \"cleints\": unknown field; did you mean \"clients\"?",
		"recipe: lock\nxyzzyxyzzy: 5\n":               "[2:1] \"xyzzyxyzzy\": unknown field; known are recipe, subject, ",
		"recipe: lock\nschedule:\n- fro: 10s\n":       "[3:3] \"fro\": unknown field; did you mean \"for\"?",
		"recipe: lock\ntime-limit: 10\n":              "[2:13] time-limit: \"10\": expected a time with its unit, like 500ms, 10s or 1m30s",
		"recipe: lock\ntime-limit: soon\n":            "[2:13] invalid duration \"soon\": expected a time with its unit",
		"recipe: lock\nclients: many\n":               "[2:10] clients: \"many\": expected a whole number",
		"recipe: lock\nrate: fast\n":                  "[2:7] rate: \"fast\": expected a number",
		"recipe: lock\nstrict: perhaps\n":             "[2:9] strict: \"perhaps\": expected true or false",
		"recipe: lock\nsubject: [a]\n":                "[2:10] subject: a list, expected a text: write subject: a",
		"recipe: lock\nseed: 9e99\n":                  "[2:7] seed: \"9e99\": expected a whole number",
		"recipe: lock\nnodes: 99999999999999999999\n": "[2:8] nodes: \"99999999999999999999\": expected a whole number of 64 bits",
		"recipe: lock\nseed: 2.5\n":                   "[2:7] seed is 2.5: expected a whole number",
		"recipe: lock\nmin-load: 0.5\n":               "[2:11] min-load is 0.5: expected a whole number",
		"recipe: lock\nrecipe: queue\n":               "[2:1]",
		"recipe: lock\n  clients: 5\n":                "[",
		"recipe: lock\nschedule:\n- when: 10s\n":      "[3:3] \"when\": unknown field; known are at, point, for, fault, seed, lane",
		"recipe: lock\nfaults:\n  pause: 1\n":         "[3:8]",
		"recipe: lock\nschedule: !!int x\n":           "invalid YAML (", // YAML's library panics
		"recipe: lock\nfaults:\n- [pause]\n":          "[3:3] faults: ",
		"recipe: [lock]\n":                            "[1:9] recipe: a list, expected a text: write recipe: lock",
		"recipe: lock\nclients: [3]\n":                "[2:10] clients: a list, expected a whole number: write clients: 3",
		"recipe: lock\nclients:\n- 3\n":               "[3:1] clients: a list, expected a whole number: write clients: 3",
		"recipe: [lock, queue]\n":                     "[1:9] recipe: \"[\": expected a text",
		"recipe: null\n":                              "[1:9] recipe is empty: expected a recipe such as lock",
		"recipe: lock\nfaults:\n- kill: leader\n":     "[3:7] faults: a fault is one text: write kill:leader, without a space",
		"recipe: lock\nfaults: [kill: leader]\n":      "faults: a fault is one text: write kill:leader, without a space",
		"recipe: lock\n\tclients: 3\n":                "a tab: indent with spaces",
		"# mine\n---\nrecipe: lock\n---\nseed: 3\n":   "[4:1] a second document begins here: an experiment file has one",
		"recipe: lock\n...\nseed: 3\n":                "a second document begins here",
	} {
		path := filepath.Join(t.TempDir(), "experiment.yaml")
		must.Do(t, os.WriteFile(path, []byte(text), 0o644))
		_, err := store.ReadExperiment(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := store.ReadExperiment(filepath.Join(t.TempDir(), "nowhere.yaml")); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("no file: %v", err)
	}
}

// Faults may be a list or one string.
func TestExperimentFaults(t *testing.T) {
	for text, want := range map[string]string{
		"faults: pause:leader@10s+5s/30s, expire\n":      "pause:leader@10s+5s/30s, expire",
		"faults: [pause, 'expire:holder']\n":             "pause,expire:holder",
		"faults:\n- sequence:times=2\n- pause\n- kill\n": "sequence:times=2,pause,kill",
		"faults: all\n": "all",
		"faults: []\n":  "",
		"faults: ''\n":  "",
		"faults:\n":     "",
	} {
		path := filepath.Join(t.TempDir(), "experiment.yaml")
		must.Do(t, os.WriteFile(path, []byte("recipe: lock\n"+text), 0o644))
		x, err := store.ReadExperiment(path)
		if got := x.Faults.Expression(); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}

// Whatever a file contains, reading it neither panics nor exhausts memory, errors are single lines, and
// what was read can be written and read back unchanged.
func FuzzExperiment(f *testing.F) {
	for _, text := range []string{
		"recipe: lock\nclients: 5\nfaults: [pause, 'expire:holder']\n", "schedule:\n- at: 7s\n  for: 1m\n  fault: pause\n",
		"seed: 1\nmin-load: 0\nrate: .5\nservers:\n- a:1\nfaults: ''\n", "a: &a [b, b]\nc: [*a, *a]\n", "recipe: |\n  lock\n",
		"faults: [pause, 'expire:hold\ter']\nsubject-command: \"awk -F:\\t 'x'\"\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var x store.Experiment
		var err error
		allocs.Within(t, len(text), 100_000, func() { x, err = store.ParseExperiment(text) })
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatal(err)
			}
			return
		}
		written := must.Get(store.FormatExperiment(x))(t)
		again, err := store.ParseExperiment(written)
		if err != nil || !cmp.Equal(x, again, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()) {
			t.Fatalf("%+v, then %+v (%v)", x, again, err)
		}
	})
}
