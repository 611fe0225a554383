package samples

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/stats/measured"
)

// The samples of two runs add up, and stay the same when they are written.
func TestSamplesAddUp(t *testing.T) {
	second := func(n ...int) *measured.Times {
		var times measured.Times
		for _, n := range n {
			times.Add(measured.Bound{Time: time.Duration(n) * time.Second}, 1)
		}
		return &times
	}
	first := &Samples{
		Runs:       1,
		Operations: map[string]*Operation{"acquire": {OK: 2, Fail: 1, Latency: second(1, 2)}},
		Faults:     map[string]*Fault{"kill:leader": {Verified: 2, Felt: 1, Failovers: second(3)}},
	}
	other := &Samples{
		Runs: 2,
		Operations: map[string]*Operation{
			"acquire": {OK: 1, Info: 4, Latency: second(2)}, "release": {OK: 1, Latency: second(5)},
		},
		Faults:    map[string]*Fault{"kill:leader": {Verified: 1, Felt: 1, Failovers: second(4), Affected: second(9)}},
		HandOvers: second(1),
	}
	text := must.Get(json.Marshal(other))(t)
	var read, sum Samples
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	sum.Merge(first)
	sum.Merge(&read)
	sum.Merge(nil)
	want := Samples{
		Runs: 3,
		Operations: map[string]*Operation{
			"acquire": {OK: 3, Fail: 1, Info: 4, Latency: second(1, 2, 2)}, "release": {OK: 1, Latency: second(5)},
		},
		Faults:    map[string]*Fault{"kill:leader": {Verified: 3, Felt: 2, Failovers: second(3, 4), Affected: second(9)}},
		HandOvers: second(1),
	}
	if diff := cmp.Diff(want, sum); diff != "" {
		t.Error(diff)
	}
	if n, _ := first.Operations["acquire"].Latency.Count(); n != 2 {
		t.Errorf("adding changed what was added: %d times", n)
	}
}
