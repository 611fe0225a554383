package reports

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/stats"
)

// The legend of a timeline names every kind of fault that came, once, and each colour once.
func TestLegendOfFaults(t *testing.T) {
	m := &material{}
	// As many kinds more as there are colours, and the first ones come again.
	for i := range 2*len(faultTints) + 2 {
		m.windows = append(m.windows, stats.Window{Kind: string(rune('a' + i%(2*len(faultTints))))})
	}
	var names []string
	for _, item := range m.faultLegend().Items {
		names = append(names, item.Name)
	}
	want := []string{"a, i", "b, j", "c, k", "d, l", "e, m", "f, n", "g, o", "h, p"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if len((&material{}).faultLegend().Items) != 0 {
		t.Error("there is a legend of no faults")
	}
}
