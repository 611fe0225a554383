package conformance

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

var update = flag.Bool("update", false, "write docs/conform.md, and what clients of Apache ZooKeeper see to testdata/apache")

// recording is a list of scripts, with what clients of Apache ZooKeeper saw when they ran
// them: testdata/apache/<name>.txtar has a section for each script. TestRealDifferential
// compares the recordings with real servers, and writes them with -update.
type recording struct {
	name    string
	scripts []Script
	config  embedded.Config // of the embedded ensemble that must show the same
	shared  bool            // all scripts run on one ensemble, one after the other
}

// never is a time between two sweeps for empty containers that is longer than any script.
const never = 1000 * time.Hour

// halfSecond is a time between two sweeps that scripts wait for.
const halfSecond = 500 * time.Millisecond

var (
	manual        = recording{"by-hand", byName(byHand()), embedded.Config{Sweep: never, SuperDigest: digest("super")}, false}
	generated     = recording{"generated", generatedScripts(300), manual.config, false}
	sweeping      = recording{"swept", byName(swept), embedded.Config{Sweep: halfSecond}, false}
	reconfiguring = recording{"reconfigured", reconfigured, embedded.Config{Reconfig: true, SuperDigest: digest("super")}, true}
)

// byName sorts scripts.
func byName(scripts []Script) []Script {
	return slices.SortedFunc(slices.Values(scripts), func(a, b Script) int { return strings.Compare(a.Name, b.Name) })
}

// generatedScripts returns the scripts of the first n seeds.
func generatedScripts(n int) (list []Script) {
	for seed := range n {
		list = append(list, Script{Name: fmt.Sprint("seed ", seed), steps: someScript.Example(seed)})
	}
	return list
}

func (r recording) file() string { return filepath.Join("testdata", "apache", r.name+".txtar") }

// traces holds what Apache's clients saw, by the names of the scripts.
func (r recording) traces(t *testing.T) map[string]string {
	t.Helper()
	archive := must.Get(txtar.ParseFile(r.file()))(t)
	traces := map[string]string{}
	for _, f := range archive.Files {
		traces[f.Name] = string(f.Data)
	}
	return traces
}

// place starts the embedded ensemble of a recording, in memory, for the bubble of a test.
func (r recording) place(t *testing.T) *place {
	t.Helper()
	c := r.config
	c.InMemory = true
	return newRunning(t, c)
}

func newRunning(t testing.TB, s ensemble.Starter) *place {
	t.Helper()
	e := must.Get(s.Start(t.Context()))(t)
	p := must.Get(newPlace(t.Context(), place{dial: e.Dial, addrs: leaderLast(t, e), patience: usualPatience, stretch: 1, own: e}))(t)
	t.Cleanup(p.close)
	return p
}

// leaderLast returns the addresses of the servers, the leader's last.
func leaderLast(t testing.TB, e ensemble.Ensemble) (addrs []string) {
	t.Helper()
	leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Servers() {
		if s.ID() != leader.ID() {
			addrs = append(addrs, s.Addr())
		}
	}
	return append(addrs, leader.Addr())
}

// TestDifferential runs scripts on embedded ensembles and compares what their clients see with what
// those of Apache ZooKeeper saw. A difference that clients can see is a defect of the embedded
// ensemble, unless the package's documentation lists it.
func TestDifferential(t *testing.T) {
	for _, r := range []recording{manual, generated, sweeping, reconfiguring} {
		t.Run(r.name, r.compare)
	}
}

func (r recording) compare(t *testing.T) {
	want := r.traces(t)
	if r.shared {
		synctest.Test(t, func(t *testing.T) {
			p := r.place(t)
			for _, s := range r.scripts {
				s.compare(t, want[s.Name], p)
			}
		})
		return
	}
	for _, s := range r.scripts {
		t.Run(s.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { s.compare(t, want[s.Name], r.place(t)) })
		})
	}
}

func (s Script) compare(t *testing.T, want string, p *place) {
	t.Helper()
	if d := cmp.Diff(want, s.play(t.Context(), p).String()); d != "" {
		t.Errorf("%s (-Apache +here):\n%s", s.Name, d)
	}
}
