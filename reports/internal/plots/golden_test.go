package plots

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/stats/samples"
)

var update = flag.Bool("update", false, "write the golden figures in testdata anew")

// goldenRuns returns runs that together have every plot of the list.
func goldenRuns() (runs []*material.Run) {
	for _, h := range []*history.History{probedLock(), sample.Queue(2*time.Second, 1), semaphore()} {
		r := sample.Result(h)
		many := sample.PlantedTimes()
		many.Faults["kill:leader"].Outages = sample.Took(sample.UpTo(20)...)
		many.BeliefWindows = sample.Took(100, 200, 300, 400, 500, 600)
		r.Stats.Samples.Merge(many)
		r.Stats.Belief = &samples.Belief{Windows: 6}
		runs = append(runs, material.Of("", h, r))
	}
	return runs
}

// probedLock is a lock with faults, to which a probe wrote every 50 ms, with an outage in its middle.
func probedLock() *history.History {
	h := sample.ShortRun()
	p := history.Probe{From: 500 * time.Millisecond, Every: 50 * time.Millisecond}
	for i := range 380 {
		took := int64(2000 + 37*i)
		if i >= 160 && i < 180 {
			took = -30_000
		}
		p.Took = append(p.Took, took)
	}
	last := h.Events[len(h.Events)-1]
	h.Events = append(h.Events, history.Event{
		Index: len(h.Events), Time: last.Time, Process: history.Nemesis, Type: history.Info, F: history.FProbe, Value: history.Value(p),
	})
	return h
}

// semaphore is a semaphore with two leases, of which clients hold up to two at a time.
func semaphore() *history.History {
	b := historytest.New(models.Semaphore.Name)
	for client, from := range []float64{1000, 2000, 3000} {
		b.Op(client, models.FAcquire, "k", from-10, from, history.OK, nil, models.Grant{Token: history.ID(client + 1)})
		b.Op(client, models.FRelease, "k", from+1500, from+1510, history.OK, models.Held{Held: true}, nil)
	}
	h := b.History()
	h.Header.Params.Leases = 2
	return h
}

// Every plot of the list is byte for byte the same as its golden figure in testdata; -update writes
// the golden figures anew. Look at what changed before you commit it.
func TestGoldenFigures(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range goldenRuns() {
		for _, d := range Of(m) {
			if d.Figure == nil || seen[d.File] {
				continue
			}
			seen[d.File] = true
			path := filepath.Join("testdata", d.File+".svg")
			if *update {
				must.Do(t, os.WriteFile(path, d.Figure.SVG(), 0o644))
				continue
			}
			want, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if !bytes.Equal(want, d.Figure.SVG()) {
				t.Errorf("%s is not as in %s; see -update", d.File, path)
			}
		}
	}
	for _, p := range list {
		if !seen[p.file] {
			t.Errorf("no golden run draws %s", p.file)
		}
	}
	golden := must.Get(filepath.Glob("testdata/*.svg"))(t)
	for _, path := range golden {
		if name := strings.TrimSuffix(filepath.Base(path), ".svg"); !seen[name] {
			t.Errorf("%s belongs to no plot of the list", path)
		}
	}
}

// The gallery of the documentation explains every plot of the list.
func TestPlotsAreInTheGallery(t *testing.T) {
	gallery := must.Get(os.ReadFile("../../../docs/gallery.md"))(t)
	for _, name := range Names() {
		if !bytes.Contains(gallery, []byte("`"+name+"`")) {
			t.Errorf("docs/gallery.md does not explain the plot %s", name)
		}
	}
}
