package experiment

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/settings"
)

// A run that is stopped while its report is written has no outcome, and the rest of the report is not written.
func TestStoppedWhileReporting(t *testing.T) {
	x := least()
	x.Ensemble, x.Seed, x.Settings = embedded.Config{InMemory: true}, 1, settings.Settings{TimeLimit: 2 * time.Second}
	for name, perform := range map[string]func(*testing.T, Experiment) (*Outcome, error){
		"run": func(t *testing.T, x Experiment) (o *Outcome, err error) {
			synctest.Test(t, func(t *testing.T) {
				o, err = stoppedAt("junit.xml", func(ctx context.Context) (*Outcome, error) { return x.Run(ctx) })
			})
			return o, err
		},
		"simulation": func(t *testing.T, x Experiment) (*Outcome, error) {
			return stoppedAt("junit.xml", func(ctx context.Context) (*Outcome, error) { return x.Simulate(ctx, t) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := x
			x.Out = t.TempDir()
			if o, err := perform(t, x); o != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("%v, %v", o, err)
			}
			page := filepath.Join(x.Out, "lock", "*", "report.html")
			if written, err := filepath.Glob(page); len(written) > 0 || err != nil {
				t.Errorf("%q, %v", written, err)
			}
			if left, err := os.ReadDir(filepath.Join(x.Out, "lock")); len(left) != 1 || err != nil {
				t.Errorf("%v, %v", left, err)
			}
		})
	}
}

// stoppedAt performs a run whose context ends when a file of the given name is written.
func stoppedAt(name string, run func(context.Context) (*Outcome, error)) (*Outcome, error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	defer atomicfile.Refuse(func(path string) error {
		if filepath.Base(path) == name {
			stop()
		}
		return nil
	})()
	return run(ctx)
}
