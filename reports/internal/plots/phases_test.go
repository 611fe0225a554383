package plots

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

func TestPhases(t *testing.T) {
	var elected measured.Times
	elected.Add(measured.Bound{Time: 200 * time.Millisecond}, 2)
	s := &samples.Samples{Faults: map[string]*samples.Fault{
		"kill:leader": {Phases: &samples.Phases{Clients: 2, Noticed: 0, Paused: 2 * time.Second, Serving: 20 * time.Millisecond, Elected: &elected}},
		"reset":       {Phases: &samples.Phases{Clients: 1, Noticed: time.Millisecond}},
		"expire":      {}, // no affected client had a success
	}}
	want := []string{"kill:leader: client library pauses 1 s, until the first success 10 ms", "reset: old connection 1 ms"}
	if d := cmp.Diff(want, words.Phases(s)); d != "" {
		t.Error(d)
	}
	f, absent := Phases(s)
	if f == nil {
		t.Fatal(absent)
	}
	if last := f.Legend[len(f.Legend)-1].Name; !strings.HasPrefix(last, "new leader") || f.XMax < 1010 {
		t.Errorf("the last in the legend is %q, and the axis ends at %v ms", last, f.XMax)
	}
	if svg := string(f.SVG()); !strings.Contains(svg, "kill:leader, 2") {
		t.Error("no bar has the name of the fault")
	}
	if f, absent := Phases(&samples.Samples{}); f != nil || absent != "" {
		t.Errorf("a figure without phases, or %q", absent)
	}
	if f, absent := Phases(nil); f != nil || absent != "" {
		t.Errorf("a figure without samples, or %q", absent)
	}
}
