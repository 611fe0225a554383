package benchtable

import (
	"strings"
	"testing"
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
	costs, err := readSpecs(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	const head, tail = "before\n" + specBegin, specEnd + "after\n"
	page, err := insertSpecs([]byte(head+"old\n"+tail), costs)
	want := head + "| state | 1,000 calls | 10,000 calls | 100,000 calls |\n|---|--:|--:|--:|\n| number | 1.5 × | – | – |\n| map of 1,000 | 0.5 × | – | – |\n" + tail
	if err != nil || string(page) != want {
		t.Errorf("%v\n%s", err, page)
	}
	if _, err := insertSpecs([]byte("nothing\n"), costs); err == nil {
		t.Error("a page without the lines")
	}
	if _, err := readSpecs(strings.NewReader("PASS\n")); err == nil {
		t.Error("no results")
	}
}
