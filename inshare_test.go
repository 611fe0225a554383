package zklab_test

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// bell answers how often it was rung, in this process.
type bell struct{ rung *atomic.Int64 }

func (b bell) Ring(context.Context) (int64, error) { return b.rung.Add(1), nil }

// slowly is an experiment with bells one of whose properties never comes to an end. With double,
// another property finds something wrong with each bell.
func slowly(double bool) zklab.Experiment {
	ring := object.Ask("ring", bell.Ring)
	o := object.Object[bell]{
		Name: "bell", Operations: []object.Operation[bell]{ring},
		New: func(*subjects.Client, string) (bell, error) { return bell{new(atomic.Int64)}, nil },
		Rules: []object.Rule{object.Property("endless", "it never comes to an end", func(*object.Key) []object.Finding {
			<-make(chan struct{})
			return nil
		})},
	}
	if double {
		o.Rules = append([]object.Rule{object.Distinct(ring)}, o.Rules...)
	}
	x := few()
	x.Workload, x.AllowUnknown, x.Budget, x.Keys = o.Workload(), false, 4*time.Second, 1
	return x
}

// A property that does not come to an end keeps the test neither beyond its budget nor until the
// deadline of go test. The test names the property, and reports what else was found.
func TestEndlessProperty(t *testing.T) {
	switch os.Getenv(planted) {
	case "":
	case "double":
		zklab.Simulate(t, slowly(true))
		return
	default:
		zklab.Simulate(t, slowly(false))
		return
	}
	for _, c := range []struct {
		env, flag string
		want      []string
	}{
		{"1", "-test.timeout=1m", []string{
			"nothing was violated, but the checks of 3 of 3 simulations were ended, since they took longer than their share of the test's time: seeds 1, 2 and 3; ",
			"s went into your property endless",
			"47 seeds were not begun, since the checks of 3 took too long",
		}},
		{"double", "-test.timeout=20s", []string{"simulations were violated (ring-distinct in ", "s went into your property endless", "shrunk  to 0 faults, "}},
	} {
		output, err := ran(t, []string{"-test.run=^TestEndlessProperty$", c.flag}, []string{planted + "=" + c.env})
		for _, want := range c.want {
			if err == nil || !strings.Contains(string(output), want) || strings.Contains(string(output), "panic") {
				t.Errorf("%v, no %q in:\n%s", err, want, output)
			}
		}
	}
}
