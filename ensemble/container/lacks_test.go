package container

import (
	"errors"
	"testing"

	"github.com/zklab/zklab/ensemble"
)

func TestHelperImageChoice(t *testing.T) {
	for _, test := range []struct{ config, env, want string }{
		{"", "", localImage},
		{"", "a:1", "a:1"},
		{"b:2", "a:1", "b:2"},
	} {
		t.Setenv(helperVariable, test.env)
		if got := (Config{HelperImage: test.config}).helperImage(); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// A sketch shows what containers offer in principle, and does nothing.
func TestSketch(t *testing.T) {
	e, err := Config{}.Sketch()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []ensemble.Ability{ensemble.CanPartition, ensemble.CanDelay, ensemble.CanLose, ensemble.CanFillDisk} {
		if err := e.(ensemble.Limited).Lacks(a); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	s := e.Servers()[0].(ensemble.Stopper)
	for _, err := range []error{s.Kill(t.Context()), s.Start(t.Context()), e.(ensemble.Partitioner).Cut(t.Context(), 1, 2)} {
		if !errors.Is(err, errSketch) {
			t.Errorf("error %v", err)
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestPrepareKeepsTheConfigurationItCameFrom(t *testing.T) {
	plain := Config{Nodes: 5}
	with := plain.Prepare(ensemble.CanPartition).(Config).Prepare(ensemble.CanFillDisk).(Config)
	again := with.Prepare(ensemble.CanPartition).(Config)
	if len(plain.Abilities) != 0 || len(with.Abilities) != 2 || len(again.Abilities) != 2 || again.Nodes != 5 {
		t.Errorf("%v, %v, %v", plain, with, again)
	}
}
