package benchtable

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// The table of specifications has a row for each kind of state, and a dash for a missing measurement.
func TestSpecTable(t *testing.T) {
	const output = `goos: linux
BenchmarkSpecification/state=number/calls=1000/by=zklab-2         	     100	   3000000 ns/op
BenchmarkSpecification/state=number/calls=1000/by=porcupine-2     	     100	   2000000 ns/op
BenchmarkSpecification/state=map-of-1,000/calls=1000/by=zklab-2   	     100	   5000000 ns/op
BenchmarkSpecification/state=map-of-1,000/calls=1000/by=porcupine-2  	 100	  10000000 ns/op
PASS
`
	got := specTable(must.Get(readSpecs(strings.NewReader(output)))(t))
	const want = "| state | 1,000 calls | 10,000 calls | 100,000 calls |\n|---|--:|--:|--:|\n| number | 1.5 × | – | – |\n| map of 1,000 | 0.5 × | – | – |\n"
	if got != want {
		t.Error(got)
	}
	if _, err := readSpecs(strings.NewReader("PASS\n")); err == nil {
		t.Error("no results")
	}
}
