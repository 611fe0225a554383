package testmain

import (
	"errors"
	"flag"
	"slices"
	"testing"
)

type tests func() int

func (f tests) Run() int { return f() }

func TestRunCallsWhatWasLeftForTheEnd(t *testing.T) {
	var order []string
	for _, test := range []struct {
		code int
		fail error
		want int
	}{{0, nil, 0}, {0, errors.New("planted"), 1}, {2, errors.New("planted"), 2}, {1, nil, 1}} {
		order = nil
		got := Run(tests(func() int {
			for _, name := range []string{"first", "second"} {
				AtExit(func() error { order = append(order, name); return test.fail })
			}
			order = append(order, "tests")
			return test.code
		}))
		if got != test.want || !slices.Equal(order, []string{"tests", "first", "second"}) {
			t.Errorf("code %d, %v: got %d, in order %v", test.code, test.fail, got, order)
		}
	}
}

// seed stands for the flag of package rapid.
var seed = flag.Uint64("rapid.seed", 0, "")

func TestRunFixesTheSeed(t *testing.T) {
	*seed = 0
	if Run(tests(func() int { return 0 })); *seed == 0 {
		t.Error("rapid draws something else each time")
	}
}
