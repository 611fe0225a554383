package conformance

import (
	"crypto/sha1"
	"fmt"
	"maps"
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
)

// namedScript is a script, under the name of what it is about.
type namedScript struct {
	name string
	script
}

// root is where the script runs. It is the same on every ensemble, since the orders of some
// lists come from hashes of paths, and as long for every script, since sizes of requests count.
func (s namedScript) root() string {
	sum := sha1.Sum([]byte(s.name))
	return fmt.Sprintf("/%x", sum[:5])
}

// recording is a list of scripts, with what clients of Apache ZooKeeper saw when they ran
// them: testdata/apache/<name>.txtar has a section for each script. TestRealDifferential
// compares the recordings with real servers, and writes them with -update.
type recording struct {
	name    string
	scripts []namedScript
	config  embedded.Config // of the embedded ensemble that must show the same
	shared  bool            // all scripts run on one ensemble, one after the other
}

// never is a time between two sweeps for empty containers that no script lasts.
const never = 1000 * time.Hour

// halfSecond is a time between two sweeps that scripts wait for.
const halfSecond = 500 * time.Millisecond

var (
	byHand        = recording{"by-hand", byNames(byName), embedded.Config{Sweep: never, SuperDigest: digest("super")}, false}
	generated     = recording{"generated", generatedScripts(300), byHand.config, false}
	sweeping      = recording{"swept", byNames(swept), embedded.Config{Sweep: halfSecond}, false}
	reconfiguring = recording{"reconfigured", reconfigured, embedded.Config{Reconfig: true, SuperDigest: digest("super")}, true}
)

func byNames(scripts map[string]script) (list []namedScript) {
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		list = append(list, namedScript{name, scripts[name]})
	}
	return list
}

// generatedScripts are the scripts of the first n seeds.
func generatedScripts(n int) (list []namedScript) {
	for seed := range n {
		list = append(list, namedScript{fmt.Sprint("seed ", seed), someScript.Example(seed)})
	}
	return list
}

func (r recording) file() string { return filepath.Join("testdata", "apache", r.name+".txtar") }

// traces holds what Apache's clients saw, by the names of the scripts.
func (r recording) traces(t *testing.T) map[string]string {
	t.Helper()
	archive, err := txtar.ParseFile(r.file())
	if err != nil {
		t.Fatal(err)
	}
	traces := map[string]string{}
	for _, f := range archive.Files {
		traces[f.Name] = string(f.Data)
	}
	return traces
}

// trace plays a script and returns what its clients see.
func (s namedScript) trace(t *testing.T, p *place) string {
	return strings.Join(play(t.Context(), p, s.script, s.root()), "\n") + "\n"
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
	e, err := s.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlace(t.Context(), e)
	if err != nil {
		e.Close()
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

// TestDifferential runs scripts on embedded ensembles and compares what their clients see
// with what those of Apache ZooKeeper saw. What clients can tell apart is a defect of the
// embedded one, but for what the package's documentation lists.
func TestDifferential(t *testing.T) {
	for _, r := range []recording{byHand, generated, sweeping, reconfiguring} {
		t.Run(r.name, r.compare)
	}
}

func (r recording) compare(t *testing.T) {
	want := r.traces(t)
	if r.shared {
		synctest.Test(t, func(t *testing.T) {
			p := r.place(t)
			for _, s := range r.scripts {
				s.compare(t, want[s.name], p)
			}
		})
		return
	}
	for _, s := range r.scripts {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { s.compare(t, want[s.name], r.place(t)) })
		})
	}
}

func (s namedScript) compare(t *testing.T, want string, p *place) {
	t.Helper()
	if d := cmp.Diff(want, s.trace(t, p)); d != "" {
		t.Errorf("%s (-Apache +here):\n%s", s.name, d)
	}
}
